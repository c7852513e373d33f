"""What makes a stage. Structs alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.kept import LaneRecord
from streams.partition.partition import Partition
from streams.partition.work import Work

Place = Callable[[bytes, int], int]
"""Which of so many partitions a key goes to."""


class Output(NamedTuple):
    """A topic that a stage writes. place: None where a message goes to the partition number that wrote it."""

    topic: str
    place: Place | None = None


class Stage(NamedTuple):
    """Keyed state worked exactly once: topics in, a Partition a number, topics out, a changelog."""

    name: str
    title: str  # what one of its partitions is called in logs, before its number
    group: str  # the consumer group whose offsets it commits
    ids: str  # what its transactional ids begin with, before the number
    inputs: Sequence[str]  # by topic number
    outputs: Mapping[str, Output]  # by the names that its partitions use
    changelog: str
    open: Callable[[int, dict[bytes, bytes], LaneRecord], Partition]  # number, packed states, how far it is
    always: Sequence[str] = ()  # outputs that every transaction writes to, beside the changelog
    telling: Sequence[str] = ()  # outputs by whose messages it shows whether a transaction was seen
    backfill: bool = False  # what is there at the first start is history
    sleeps: bool = False  # until a first record is there: nothing is taken over for a stage that nobody uses
    committed: Callable[[Work], None] = lambda _: None  # called with every committed Work
