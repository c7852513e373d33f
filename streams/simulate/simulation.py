"""The worker's engine offline: one partition, one event clock, events in the order in which they are handed in.

It is the very Partition that a worker runs, without Kafka around it. There is no wall clock: the same events give the
same outputs, byte for byte, however they are cut into chunks.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import msgspec

from streams.contracts.lines import FILE_PREFIX
from streams.contracts.packing import unpack_header
from streams.engine.events import TOPICS
from streams.engine.policy import Policy
from streams.entries import Entry
from streams.partition import NO_LIMITS, Limits, Partition, Work
from streams.rules import PartitionRules

SOURCE = "/tierflow/simulate"
# Outputs are always called this, as inputs are in the file.
CHANGES = "tier.changes"
DEAD_LETTERS = "tier.dead-letters"
_PARTITION = 0
# The time in a dead letter is the wall clock's, and here there is none: it is the epoch.
_WALL_MS = 0
_TOPICS = tuple(FILE_PREFIX + name for name in TOPICS)
_NUMBERS = {topic: number for number, topic in enumerate(_TOPICS)}
# What a million customers who fall due at one midnight give is not to be in memory at once.
DUE_LIMIT = 50_000

# The number of its topic, its key and its value: an EventLine, or a record of an input topic.
Given = tuple[int, bytes | None, bytes | None]


class Line(NamedTuple):
    """A line of the file as a record: its offset counts the lines of its topic."""

    offset: int
    key: bytes | None
    value: bytes | None


class Output(NamedTuple):
    """What a subscriber of an output topic would read."""

    topic: str
    value: bytes


class Chunk(NamedTuple):
    """Events that were worked together, and what came of them."""

    events: Sequence[Given]
    first_offsets: Sequence[int]
    work: Work

    def outputs(self) -> Iterator[Output]:
        """All that subscribers would read, in the order in which it was decided.

        `tier.current` repeats `tier.changes`, and `tier.order` tells of transactions: neither is here.
        """
        changes = [(_lines_worked(value), Output(CHANGES, value)) for _, value, _ in self.work.changes]
        numbers = self._line_numbers() if self.work.dead_letters else {}
        letters = [(numbers[_place(value)], Output(DEAD_LETTERS, value)) for _, value in self.work.dead_letters]
        # Letters first: what time alone decides after a line has that line's number, too.
        for _, output in merge(letters, changes, key=itemgetter(0)):
            yield output

    def _line_numbers(self) -> dict[tuple[int, int], int]:
        """By topic number and offset: the number of the line, over all chunks, empty lines left out."""
        next_offsets = list(self.first_offsets)
        numbers = {}
        for number, (topic, _, _) in enumerate(self.events, sum(self.first_offsets) + 1):
            numbers[topic, next_offsets[topic]] = number
            next_offsets[topic] += 1
        return numbers


class Simulation:
    """One partition that owns every customer. Thousands of events at a time are quick: a customer is packed once."""

    def __init__(self, policy: Policy) -> None:
        rules = PartitionRules(
            partition=_PARTITION, policy=policy, clock="event", topics=_TOPICS, source=SOURCE, owns=lambda _: True
        )
        self.policy = policy
        self.partition = Partition(rules)

    def work(self, events: Sequence[Given]) -> Chunk:
        """Works the events in their order, and all that falls due on the way."""
        (chunk,) = self._chunks(events, NO_LIMITS)
        return chunk

    def work_in_parts(self, events: Sequence[Given], due_limit: int = DUE_LIMIT) -> Iterator[Chunk]:
        """The same, in chunks of at most so many decisions by time alone: memory stays small whatever falls due."""
        return self._chunks(events, Limits(due_limit, 0))

    def tier(self, customer: bytes) -> str | None:
        """The tier that this customer is served now."""
        packed = self.partition.packed.get(customer)
        return None if packed is None else unpack_header(packed).tier

    def _chunks(self, events: Sequence[Given], limits: Limits) -> Iterator[Chunk]:
        partition, entries, done = self.partition, self._decoded(events), 0
        while True:
            first_offsets = tuple(partition.next_offsets)
            worked = partition.work_some(islice(entries, done, None), _WALL_MS, limits)
            work = partition.pack(partition.next_offsets)
            partition.merge(work)
            yield Chunk(events[done : done + worked], first_offsets, work)
            done += worked
            if done == len(entries):
                return

    def _decoded(self, events: Sequence[Given]) -> list[Entry]:
        next_offsets = list(self.partition.next_offsets)
        lines: list[list[Line]] = [[] for _ in TOPICS]
        for topic, key, value in events:
            lines[topic].append(Line(next_offsets[topic], key, value))
            next_offsets[topic] += 1
        decoded = [iter(self.partition.decode(topic, found)) for topic, found in enumerate(lines)]
        return [next(decoded[topic]) for topic, _, _ in events]


class _Positions(msgspec.Struct):
    positions: Mapping[str, int]


class _Place(msgspec.Struct):
    topic: str
    offset: int


_decode_positions = msgspec.json.Decoder(_Positions).decode
_decode_place = msgspec.json.Decoder(_Place).decode


def _lines_worked(change: bytes) -> int:
    """How many lines were worked when the change was decided, that of its cause included."""
    return sum(offset + 1 for offset in _decode_positions(change).positions.values())


def _place(letter: bytes) -> tuple[int, int]:
    place = _decode_place(letter)
    return _NUMBERS[place.topic], place.offset
