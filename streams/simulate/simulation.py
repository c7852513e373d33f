"""The worker's engine offline: one partition, one event clock, events in the order in which they are handed in.

It is the very Partition that a worker runs, without Kafka around it. There is no wall clock: the same events give the
same outputs, byte for byte, however they are cut into chunks.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from streams.contracts.lines import FILE_PREFIX
from streams.contracts.packing import unpack_header
from streams.partition.budgets import Budgets
from streams.partition.customers import Customers
from streams.partition.entries import Entry
from streams.partition.setup import PartitionSetup
from streams.partition.work import CAMPAIGNS, CANDIDATES, CURRENT, NO_LIMIT, ORDER, Message, Quota, Work
from streams.policy.policy import Policy
from streams.values.events import TOPICS

SOURCE = "/tierflow/simulate"
# Outputs are always called this, as inputs are in the file.
OUTPUT_PREFIX = "tier."
_PARTITION = 0
# The time in a dead letter is the wall clock's, and here there is none: it is the epoch.
_WALL_MS = 0
# `tier.current` repeats `tier.changes`, and `tier.order` tells of transactions.
_NOT_SHOWN = {CURRENT, ORDER}
_TOPICS = tuple(FILE_PREFIX + name for name in TOPICS)
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
    """Events that were worked together, and what came of them.

    outputs: all that subscribers would read, in the order in which it was decided. `tier.current` repeats
    `tier.changes`, and `tier.order` tells of transactions: neither is here.
    """

    events: Sequence[Given]
    work: Work
    outputs: Sequence[Output]


class Simulation:
    """One partition that owns every customer. Thousands of events at a time are quick: a customer is packed once."""

    def __init__(self, policy: Policy) -> None:
        rules = PartitionSetup(
            partition=_PARTITION, policy=policy, clock="event", topics=_TOPICS, source=SOURCE, owns=lambda _: True
        )
        self.policy = policy
        self.partition = Customers(rules)
        self._budgets = Budgets()

    def work(self, events: Sequence[Given]) -> Chunk:
        """Works the events in their order, and all that falls due on the way."""
        (chunk,) = self._chunks(events, NO_LIMIT)
        return chunk

    def work_in_parts(self, events: Sequence[Given], due_limit: int = DUE_LIMIT) -> Iterator[Chunk]:
        """The same, in chunks of at most so many decisions by time alone: memory stays small whatever falls due."""
        return self._chunks(events, Quota(due_limit, 0))

    def tier(self, customer: bytes) -> str | None:
        """The tier that this customer is served now."""
        packed = self.partition.packed.get(customer)
        return None if packed is None else unpack_header(packed).tier

    def _chunks(self, events: Sequence[Given], quota: Quota) -> Iterator[Chunk]:
        partition, entries, done = self.partition, self._decoded(events), 0
        while True:
            worked = partition.work_some(islice(entries, done, None), _WALL_MS, quota)
            work = partition.pack(partition.next_offsets)
            partition.merge(work)
            yield Chunk(events[done : done + worked], work, list(self._outputs(work)))
            done += worked
            if done == len(entries):
                return

    def _outputs(self, work: Work) -> Iterator[Output]:
        for output, message in work.messages:
            if output == CANDIDATES:
                for _, granted in self._granted(message):
                    yield Output(OUTPUT_PREFIX + CAMPAIGNS, granted.value or b"")
            elif output not in _NOT_SHOWN:
                yield Output(OUTPUT_PREFIX + output, message.value or b"")

    def _granted(self, candidate: Message) -> list[tuple[str, Message]]:
        """Asks the budgets at once: here nobody else spends."""
        budgets = self._budgets
        [offset] = budgets.next_offsets
        budgets.work_some(budgets.decode(0, [Line(offset, candidate.key, candidate.value)]), _WALL_MS, NO_LIMIT)
        work = budgets.pack([offset + 1])
        budgets.merge(work)
        return work.messages

    def _decoded(self, events: Sequence[Given]) -> list[Entry]:
        next_offsets = list(self.partition.next_offsets)
        lines: list[list[Line]] = [[] for _ in TOPICS]
        for topic, key, value in events:
            lines[topic].append(Line(next_offsets[topic], key, value))
            next_offsets[topic] += 1
        decoded = [iter(self.partition.decode(topic, found)) for topic, found in enumerate(lines)]
        return [next(decoded[topic]) for topic, _, _ in events]
