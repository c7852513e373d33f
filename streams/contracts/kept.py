"""What is kept in the changelog beside a customer's state. Structs alone; packing.py makes bytes of them."""

import msgspec

from streams.engine.outcomes import Direction, Reason
from streams.values.events import Cause


class LaneRecord(msgspec.Struct, frozen=True):
    """What goes into the changelog with every transaction under LANE_KEY: the truth about how far a partition is."""

    next_offsets: tuple[int, ...]  # by the topic numbers of events.TOPICS
    counter: int
    clock_ms: int
    backfill: bool = False  # whether the log is worked from its start and not yet up to its end


class KeptChange(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A customer's newest tier change as the state keeps it: enough to write the very message again.

    Figures are text, a fraction as "n/d", since they pass 64 bits; policy_mark says under which policy it was decided.
    """

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    standing: str | None
    cause: Cause | None
    measures: tuple[str, ...]
    parts: tuple[str, str, str]
    next_offsets: tuple[int, ...]
    policy_mark: int
    backfill: bool = False
