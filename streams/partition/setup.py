"""What the partitions of customers work by: all of it handed in, nothing looked up."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.policy.policy import Policy
from streams.values.calendar import Clock


class PartitionSetup(NamedTuple):
    """The rules and the place of one partition of customers."""

    partition: int
    policy: Policy
    clock: Clock
    topics: Sequence[str]  # the real names of the input topics, by topic number
    source: str  # ce_source of the messages
    owns: Callable[[bytes], bool]  # whether the partitioner puts a key into this partition
