"""What makes a stage (docs/architecture.md#stages). Structs alone."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.kept import ANY_NUMBER, KnownTopic, LaneRecord
from streams.partition.entries import Record
from streams.partition.partition import Partition
from streams.partition.seals import Seals
from streams.partition.work import Work

Place = Callable[[bytes, int], int]
"""Gives the partition of a key. Called with the key and the number of partitions."""


Prepare = Callable[[Iterable[Record]], Awaitable[None] | None]
"""Gives what has to be awaited before records can be decoded, such as their schemas; None where nothing has to be."""


class Output(NamedTuple):
    """A topic that a stage writes.

    place: where a message goes, by its key; None: to the partition number that wrote it.
    """

    topic: str
    place: Place | None = None


class Wait(NamedTuple):
    """How long the records of an input topic wait for what other topics have by then, from their arrival.

    topic: its number.
    """

    topic: int
    ms: int


class Stage(NamedTuple):
    """Keyed state worked exactly once: topics in, a Partition for each partition number, topics out, a changelog."""

    name: str
    title: str  # what logs call one of its partitions, before the number
    group: str  # the consumer group whose offsets it commits
    ids_prefix: str  # the beginning of its transactional ids; the partition number and -a or -b follow
    inputs: Sequence[str]  # topics, by topic number
    outputs: Mapping[str, Output]  # by the output names that its Partition uses
    changelog: str
    # Of a number, packed states by key, a lane record. The caller goes through taking_up() of what it gives.
    open: Callable[[int, dict[bytes, bytes], LaneRecord], Partition]
    place: Place | None = None  # where the state of a key belongs; None: nobody knows, so states cannot be moved
    moved: Callable[[bytes, int], bytes] = lambda packed, _: packed  # a state as another partition keeps it; the former
    beside: Sequence[str] = ()  # other topics that its work depends on
    always: Sequence[str] = ()  # outputs that every transaction writes to, beside the changelog
    witnesses: Sequence[str] = ()  # outputs whose messages tell whether anybody saw a leftover transaction
    backfill: bool = False  # whether records that are there at the first start count as history
    wait: Wait | None = None  # for the topic whose decisions are not taken back
    elastic: bool = False  # whether a process may go on with other partition counts: its start sees what may not change
    sleeps: bool = False  # whether nothing is taken over before a first record comes
    committed: Callable[[Work], None] = lambda _: None  # called with each Work after its commit
    # Of the keys of a partition's customers as they are in the topic of keys; None: nothing is sealed.
    seals: Callable[[Mapping[bytes, bytes]], Seals] | None = None
    prepare: Prepare = lambda _: None  # called with records until it gives None; then they are decoded

    @property
    def topics(self) -> set[str]:
        """The names of all its topics."""
        outputs = (output.topic for output in self.outputs.values())
        return {*self.inputs, *outputs, self.changelog, *self.beside}

    def noted(self, topics: Mapping[str, KnownTopic]) -> Mapping[str, KnownTopic]:
        """Gives what lane records note of its topics as they are. Where counts may change, offsets have to stay."""
        if not self.elastic:
            return topics
        kept = (*self.inputs, self.changelog)
        return {name: known._replace(partitions=ANY_NUMBER) for name, known in topics.items() if name in kept}

    def written_by(self, number: int) -> Sequence[tuple[str, int | None]]:
        """Gives what the transactions of a partition may write to: topics, each with its number; None: all of them."""
        placed = ((output.topic, number if output.place is None else None) for output in self.outputs.values())
        return [(self.changelog, number), *placed]
