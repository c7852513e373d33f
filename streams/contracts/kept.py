"""What the changelog holds beside the fields of a customer's state. Structs alone.

packing.py makes bytes of them, and newest_change.py of the newest change.
"""

from typing import NamedTuple, get_args

import msgspec

from streams.engine.outcomes import Direction, Reason, Unrated
from streams.policy.rates import DayRate
from streams.values.events import Cause

MOVED_TO = "tierflow_moved_to"
"""The header of a tombstone on `tier.current`: the customer is in another partition since a growth."""

ANY_NUMBER = 0
"""As the partitions of a KnownTopic: the state does not depend on their number."""


class KnownTopic(NamedTuple):
    """A topic as a state was made with it."""

    id: str  # as Kafka's own tools write it; empty where the broker does not tell
    partitions: int


class LaneRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a lane is. Every transaction writes it to the changelog, under packing.LANE_KEY.

    After a take-over it counts, not the group's offsets: it is in the same partition as the state
    (docs/architecture.md#state).
    """

    next_offsets: tuple[int, ...]  # by topic number, in the order of Stage.inputs: the offset to read next
    counter: int  # the number of the newest transaction; 0 before the first
    clock_ms: int  # the partition's clock; it never goes back
    backfill: bool = False  # whether it still works history: what the inputs held at the first start
    topics: dict[str, KnownTopic] = {}  # all topics of the stage, by name; those of before 0.2.0 are not noted
    # Where rates are of a topic: the offset that it was read up to when the newest transaction was worked.
    rates: int | msgspec.UnsetType = msgspec.UNSET
    looking: bool | msgspec.UnsetType = msgspec.UNSET  # whether customers are left to be looked at since it was read


class Growing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The marker of a partition that is given other customers: nobody works it before the growth is finished.

    It is a changelog record under packing.GROWING_KEY (docs/adr/0007).
    """

    before: int  # how many partitions there were
    after: int  # and are to be
    clock_ms: int  # the latest clock of the partitions that customers have come from; it goes on from there


WrittenFigure = int | str | None
"""A figure as it is packed (newest_change.py)."""


class PackedCause(NamedTuple):
    """The cause of the newest change, as it is packed."""

    event_id: str
    topic: int
    before_ms: int  # its own time, before the decision
    offset: int | None  # None: the newest that was applied of its topic


class PackedChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A customer's newest tier change as it is packed: without what the state knows, and its key (newest_change.py).

    The fields are those of KeptChange, if they say nothing else. `parts` is None where activity and credit are 0, and
    assets are the first measure. An array of 15 is a change of release 0.1.0: another number has to be left out.
    """

    direction: int
    reason: int
    previous_tier: str | None
    earned_tier: str | None
    standing: str | None
    cause: PackedCause | None
    measures: tuple[int | str, ...]
    parts: tuple[WrittenFigure, WrittenFigure, WrittenFigure] | None
    next_offsets: tuple[int, ...]
    policy_mark: int
    backfill: bool = False
    unrated: tuple[Unrated, ...] = ()
    decided_in: int | None = None
    rates: tuple[DayRate, ...] = ()


class MergedInto(NamedTuple):
    """What stands in place of the newest change under a former id: the id that its customer has now, and since when."""

    into: str
    at_ms: int


class KeptChange(msgspec.Struct, frozen=True):
    """A customer's newest tier change as the state keeps it, complete enough to write the same message again.

    `direction` and `reason` are numbers of DIRECTIONS and REASONS. `earned_tier` is None where it is the tier. Figures
    are ten-thousandths where they are whole ones within 64 bits, else the text of an integer, or of a fraction "n/d",
    of 10**-16. `parts` are assets, activity and credit, the first None where it is the first measure. `policy_mark` is
    the mark of the policy that decided. `next_offsets` are by topic number.
    """

    customer_id: str
    sequence: int
    direction: int
    reason: int
    previous_tier: str | None
    tier: str
    earned_tier: str | None
    decided_at_ms: int
    standing: str | None
    cause: Cause | None
    measures: tuple[int | str, ...]
    parts: tuple[WrittenFigure, WrittenFigure, WrittenFigure]
    next_offsets: tuple[int, ...]
    policy_mark: int
    backfill: bool = False
    unrated: tuple[Unrated, ...] = ()
    decided_in: int | None = None  # the partition that it was decided in, if that is another than holds it now
    rates: tuple[DayRate, ...] = ()


DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
REASONS: tuple[Reason, ...] = get_args(Reason)
"""By number, as they are packed: a new one comes last."""
