"""What a partition works by: all of it handed in, nothing looked up."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from streams.engine.policy import Policy

Clock = Literal["wall", "event"]


class PartitionRules(NamedTuple):
    """What a partition works by: all of it handed in, nothing looked up."""

    partition: int
    policy: Policy
    clock: Clock
    topics: Sequence[str]  # the real names of the input topics, by topic number
    source: str  # ce_source of the tier changes
    owns: Callable[[bytes], bool]  # whether the partitioner puts a key into this partition
    backfill: bool = False  # whether a log that is worked from its start is history, until its end is reached
