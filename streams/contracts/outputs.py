"""The messages of the output topics (docs/messages.md#outputs), and candidates. Structs alone.

JSON Schemas are made from them: the structs' docstrings are the schemas' descriptions (schemas.py). So are the
templates by which the writers beside them write (templates.py).
"""

from collections.abc import Mapping, Sequence

import msgspec

from streams.policy.services import ServiceKind

CHANGE_TYPE = "tierflow.tier.changed.v1"
TRIGGER_TYPE = "tierflow.campaign.triggered.v1"
DECISION_TYPE = "tierflow.risk.decided.v1"
ALERT_TYPE = "tierflow.risk.alerted.v1"
ERASED_TYPE = "tierflow.customer.erased.v1"
# Raised with every change of what an event decodes to or what is decided about it, once a release has used this one:
# the audit of a log says by which it was worked, and recomputes only its own.
ENGINE_VERSION = 2

IN_FORCE = "in-force"


# --- in several messages ---


class PolicyName(msgspec.Struct, frozen=True):
    """Which rules decided."""

    name: str
    version: int
    digest: str


class CauseMessage(msgspec.Struct, frozen=True):
    """The event that led to it, and where that stands in the log."""

    event_id: str
    topic: str
    partition: int
    offset: int
    occurred_at: int


# --- tier.changes, tier.current ---


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule that was looked at: the measure, what it is, what it is held against, and whether it is met."""

    measure: str
    is_: str = msgspec.field(name="is")
    at_least: str | None = None
    is_not: str | None = None
    tier: str | None = None
    rule: str | None = None
    met: bool | None = None


class NextTier(msgspec.Struct, frozen=True):
    """The tier above, and what its floor wants in addition."""

    tier: str
    missing: str | None


class Components(msgspec.Struct, frozen=True):
    """What the value is made of."""

    assets: str
    activity: str
    credit: str


class WithoutRate(msgspec.Struct, frozen=True):
    """What the customer holds in a currency that the policy has no rate for, in that currency. It counts as nothing."""

    currency: str
    assets: str
    loans: str


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One service of a tier, in the bank's words; from a local day on, and until one, if these are given."""

    id: str
    kind: ServiceKind
    name: Mapping[str, str]
    valid_from: str | None = None
    valid_until: str | None = None


class Strategy(msgspec.Struct, frozen=True):
    """What the new tier is for, and what it grants and withdraws against the former one."""

    needs: Sequence[str]
    services: Sequence[object]
    campaigns: Sequence[str]
    risk_controls: Sequence[str]
    granted: Sequence[str]
    withdrawn: Sequence[str]


class RateOfDay(msgspec.Struct, frozen=True):
    """A rate that a decision was made with: what one unit of a currency was worth, and the local day it is of."""

    currency: str
    rate: str
    day: str


class TierChangeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.changes` and `tier.current`: one change of a customer's served tier."""

    id: str
    customer_id: str
    sequence: int
    direction: str
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: str
    decided_at: str
    backfill: bool
    value: str | None
    currency: str
    components: Components
    without_rate: Sequence[WithoutRate] | msgspec.UnsetType = msgspec.UNSET
    rates: Sequence[RateOfDay] | msgspec.UnsetType = msgspec.UNSET
    conditions: Sequence[Condition]
    next_tier: NextTier | None
    policy: PolicyName
    strategy: Strategy
    cause: CauseMessage | None
    positions: Mapping[str, int]


# --- tier.campaigns, and candidates ---


class CampaignMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.campaigns`: a campaign is to act for a customer, or, where the group is held out, is not."""

    id: str
    customer_id: str
    campaign: str
    kind: str
    sequence: int
    tier: str
    group: str
    triggered_at: str
    period: str | None
    amount: str | None
    currency: str
    missing: str | None
    due: str | None
    cause: CauseMessage | None
    policy: PolicyName


class BudgetMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a campaign's budget for one period is, spent or not; None: no limit."""

    campaign: str
    period: str  # such as 2026-11, as long as the budget's `per` needs; empty: ever
    triggers: int | None
    amount_e4: int | None = None
    amount_cents: int | msgspec.UnsetType | None = msgspec.UNSET  # instead of amount_e4, in an older candidate


class CandidateMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trigger that waits for its campaign's budget: all that the stage of budgets needs to grant or refuse it.

    It carries the limits, so that the stage need not know a policy (docs/adr/0005-a-budget-is-spent-in-one-place.md).
    """

    customer_id: str
    id: str
    spends: bool  # false for a held-out trigger: it costs nothing
    amount_e4: int = 0
    amount_cents: int | msgspec.UnsetType = msgspec.UNSET  # instead of amount_e4, in an older candidate
    budget: BudgetMessage
    at: str
    trigger: msgspec.Raw


# --- tier.risk ---


class RiskCondition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that was looked at: what the measure is, what it is held against, and what a loan is if it is met.

    Amounts are in the policy's currency, shares parts of 1.
    """

    measure: str
    is_: str = msgspec.field(name="is")
    at_least: str | None = None
    more_than: str | None = None
    at_most: str | None = None
    equals: str | None = None
    tier: str | None = None
    outcome: str | None = None
    met: bool | None = None


class LoanRiskMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.risk`: a loan application is decided (kind decision), or something has become worse (kind alert)."""

    id: str
    customer_id: str
    loan_id: str
    kind: str
    outcome: str | msgspec.UnsetType = msgspec.UNSET  # of a decision
    customer: str | msgspec.UnsetType = msgspec.UNSET  # of a decision: known, or new
    reason: str | msgspec.UnsetType = msgspec.UNSET  # of an alert
    tier: str
    amount: str
    currency: str
    decided_at: str
    backfill: bool
    monitored_until: str | None
    rates: Sequence[RateOfDay] | msgspec.UnsetType = msgspec.UNSET
    conditions: Sequence[RiskCondition]
    cause: CauseMessage | None
    policy: PolicyName
    positions: Mapping[str, int]


# --- tier.erasures ---


class ErasureMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.erasures`: a customer is to be forgotten. It holds nothing of the customer but the id.

    `erased_at` is the own time of the erase: what is not later is forgotten. `last_sequence` is the number of the
    customer's last tier change before it, 0 where there was none: those up to it are void.
    """

    id: str
    customer_id: str
    erased_at: str
    decided_at: str
    last_sequence: int
    cause: CauseMessage
    positions: Mapping[str, int]


# --- tier.order, tier.dead-letters, tier.policies ---


class GrownMessage(msgspec.Struct, frozen=True, kw_only=True):
    """That customers were moved to other partitions: how many partitions there were, and are.

    `candidates`: the offset before which this partition's candidates for budgets were worked.
    """

    before: int
    after: int
    candidates: int


class OrderMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.order`: one transaction's work, enough to replay it exactly.

    `positions` has, for each input topic, the first offset worked and the one after the last. `clock_ms` is the
    partition's clock at the end of the batch (on the wall clock also throughout it). `wall_ms` is the wall clock's time
    that events were held against (`future_event`); older logs lack it. `due` is how many decisions of
    the batch were by time alone; those that an event of their customer brought forward are not counted. `rerated` is
    how many customers were rated anew under another policy than before, again without those whose event came first.
    `backfill`: the batch was history, for which no campaign is to fire. `remembered_ids`: how many events of a customer
    and topic are remembered at least; 64 where it is left out. `partitioner` says which keys belong here, and `tzdata`
    which version of the time zone data the local days went by; older logs lack them. `rates`: where they are of a
    topic, the offset that it was read up to. `looks`: from this
    batch on, all who have other currencies are looked at once. `grown`: it is no work, customers
    moved to and from this partition (docs/adr/0007).
    """

    partition: int
    counter: int
    clock: str
    clock_ms: int
    wall_ms: int | msgspec.UnsetType = msgspec.UNSET
    policy: str
    engine_version: int
    partitioner: str | msgspec.UnsetType = msgspec.UNSET
    tzdata: str | msgspec.UnsetType = msgspec.UNSET
    due: int = 0
    rerated: int = 0
    backfill: bool = False
    remembered_ids: int | msgspec.UnsetType = msgspec.UNSET
    rates: int | msgspec.UnsetType = msgspec.UNSET
    looks: bool | msgspec.UnsetType = msgspec.UNSET
    positions: dict[str, tuple[int, int]]
    grown: GrownMessage | msgspec.UnsetType = msgspec.UNSET


class DeadLetterMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.dead-letters`: an input that could not be used, with its original bytes.

    A key or a value that is too large to be handed on whole is null: `…_first_base64`, `…_bytes` and `…_sha256` hold
    its first bytes, its size and its digest. Size and digest are missing where not all of it was read.
    """

    topic: str
    partition: int
    offset: int
    key_base64: str | None
    value_base64: str | None
    reason: str
    detail: str
    at: str
    key_first_base64: str | msgspec.UnsetType = msgspec.UNSET
    key_bytes: int | msgspec.UnsetType = msgspec.UNSET
    key_sha256: str | msgspec.UnsetType = msgspec.UNSET
    value_first_base64: str | msgspec.UnsetType = msgspec.UNSET
    value_bytes: int | msgspec.UnsetType = msgspec.UNSET
    value_sha256: str | msgspec.UnsetType = msgspec.UNSET


class SourceDeadLetterMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.source-dead-letters`: a record of a source, or a row of it, that could not be mapped, with its bytes.

    `source` is its name in the mapping, and `mapping` the mark of that. `field` is the input and its field, such as
    transactions.amount, `path` what was read for it, `item` the number of the row where the record holds several.
    `timestamp_ms` is that of the source's record. Large keys and values are as in `tier.dead-letters`.
    """

    source: str
    mapping: str
    topic: str
    partition: int
    offset: int
    item: int | msgspec.UnsetType = msgspec.UNSET
    key_base64: str | None
    value_base64: str | None
    reason: str
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET
    timestamp_ms: int | msgspec.UnsetType = msgspec.UNSET
    key_first_base64: str | msgspec.UnsetType = msgspec.UNSET
    key_bytes: int | msgspec.UnsetType = msgspec.UNSET
    key_sha256: str | msgspec.UnsetType = msgspec.UNSET
    value_first_base64: str | msgspec.UnsetType = msgspec.UNSET
    value_bytes: int | msgspec.UnsetType = msgspec.UNSET
    value_sha256: str | msgspec.UnsetType = msgspec.UNSET


class PolicyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.policies`, key: the digest. A policy document as it was put to use."""

    name: str
    version: int
    digest: str
    document: str


class InForceMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.policies`, key: in-force. The digest of the policy that is in force from here on."""

    digest: str
