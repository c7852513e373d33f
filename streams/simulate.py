"""The worker's engine offline, on a file of events: one partition, one event clock, the order of the lines.

It is the very Partition that a worker runs, without Kafka around it. There is no wall clock: the same events give the
same outputs, byte for byte, however they are cut into chunks.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

import msgspec

from streams.contracts.lines import FILE_PREFIX, EventLine
from streams.engine.events import TOPICS
from streams.engine.policy import Policy
from streams.partition import Partition, PartitionRules, Work

SOURCE = "/tierflow/simulate"
# Outputs are always called this, as inputs are in the file.
CHANGES = "tier.changes"
DEAD_LETTERS = "tier.dead-letters"
_PARTITION = 0
# The time in a dead letter is the wall clock's, and here there is none: it is the epoch.
_WALL_MS = 0
_TOPICS = tuple(FILE_PREFIX + name for name in TOPICS)
_NUMBERS = {topic: number for number, topic in enumerate(_TOPICS)}


class Line(NamedTuple):
    """A line of the file as a record: its offset counts the lines of its topic."""

    offset: int
    key: bytes | None
    value: bytes


class Output(NamedTuple):
    """What a subscriber of an output topic would read."""

    topic: str
    value: bytes


class Chunk(NamedTuple):
    """Events that were worked together, and what came of them."""

    events: Sequence[EventLine]
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
        for number, event in enumerate(self.events, sum(self.first_offsets) + 1):
            numbers[event.topic, next_offsets[event.topic]] = number
            next_offsets[event.topic] += 1
        return numbers


class Simulation:
    """Works chunk after chunk of events, as one partition that owns every customer."""

    def __init__(self, policy: Policy) -> None:
        rules = PartitionRules(
            partition=_PARTITION, policy=policy, clock="event", topics=_TOPICS, source=SOURCE, owns=lambda _: True
        )
        self.partition = Partition(rules)

    def work(self, events: Sequence[EventLine]) -> Chunk:
        """Works the events in their order. Thousands at a time are quick: a customer is packed once a chunk."""
        first_offsets = tuple(self.partition.next_offsets)
        next_offsets = list(first_offsets)
        lines: list[list[Line]] = [[] for _ in TOPICS]
        for topic, key, value in events:
            lines[topic].append(Line(next_offsets[topic], key, value))
            next_offsets[topic] += 1
        decoded = [iter(self.partition.decode(topic, found)) for topic, found in enumerate(lines)]
        work = self.partition.work((next(decoded[event.topic]) for event in events), next_offsets, _WALL_MS)
        self.partition.merge(work)
        return Chunk(events, first_offsets, work)


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
