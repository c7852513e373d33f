"""What is read of an output message to show it to people. Structs alone; display.py puts it into words.

Unknown fields and words are no error: the reader may be of an older release than the worker.
"""

from collections.abc import Sequence

import msgspec

from streams.contracts.outputs import Condition, NextTier, RiskCondition


class ShownCause(msgspec.Struct, frozen=True):
    """What is read of a cause: the time of the event, in epoch milliseconds."""

    occurred_at: int


class ShownChange(msgspec.Struct, frozen=True):
    """What is read of a tier change."""

    customer_id: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    decided_at: str
    value: str | None
    currency: str
    next_tier: NextTier | None
    conditions: Sequence[Condition] = ()
    cause: ShownCause | None = None


class ShownTrigger(msgspec.Struct, frozen=True):
    """What is read of a campaign trigger."""

    id: str
    customer_id: str
    campaign: str
    kind: str
    tier: str
    group: str
    triggered_at: str
    currency: str
    period: str | None = None
    amount: str | None = None
    missing: str | None = None
    due: str | None = None


class ShownRisk(msgspec.Struct, frozen=True):
    """What is read of a loan decision or of an alert."""

    id: str
    customer_id: str
    loan_id: str
    kind: str
    amount: str
    currency: str
    decided_at: str
    conditions: Sequence[RiskCondition] = ()
    outcome: str | None = None
    reason: str | None = None
    customer: str | None = None


class ShownErasure(msgspec.Struct, frozen=True):
    """What is read of an erasure."""

    customer_id: str
    decided_at: str
    last_sequence: int


class ShownPolicy(msgspec.Struct, frozen=True):
    """What is read of the policy by which something was decided."""

    digest: str


class ShownDecided(msgspec.Struct, frozen=True):
    """What is read of any output to find the names that its policy gives."""

    policy: ShownPolicy | None = None


decode_decided = msgspec.json.Decoder(ShownDecided).decode
decode_change = msgspec.json.Decoder(ShownChange).decode
decode_trigger = msgspec.json.Decoder(ShownTrigger).decode
decode_risk = msgspec.json.Decoder(ShownRisk).decode
decode_erasure = msgspec.json.Decoder(ShownErasure).decode
