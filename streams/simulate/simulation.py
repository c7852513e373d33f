"""The worker's engine offline: one partition, one event clock, events worked in the order in which they are given.

`Simulation` runs the same `Customers` and `Budgets` as a worker, without Kafka. No wall clock is read: the same events
give the same outputs, byte for byte, however they are cut into chunks.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from streams.contracts.lines import FILE_PREFIX
from streams.contracts.packing import unpack_header
from streams.contracts.rates import take_rate
from streams.contracts.rates_read import NOTHING_READ
from streams.contracts.rejection import Rejection
from streams.partition.budgets import Budgets
from streams.partition.customers import Customers
from streams.partition.entries import Entry
from streams.partition.setup import PartitionSetup
from streams.partition.work import CAMPAIGNS, CANDIDATES, NO_LIMIT, ORDER, Message, Quota, Work
from streams.policy.day_rates import with_rates
from streams.policy.policy import Policy
from streams.simulate.spent import Spent
from streams.values.calendar import DAY_MS
from streams.values.events import IN_FILES, RATES, TOPICS
from streams.values.fingerprint import REMEMBERED_AT_LEAST

SOURCE = "/tierflow/simulate"
# Fixed, whatever TIERFLOW_OUTPUT_PREFIX says: the input topics of a file have a fixed prefix too.
OUTPUT_PREFIX = "tier."
_PARTITION = 0
# A dead letter carries the wall clock's time. A simulation has no wall clock, so it is the epoch.
_WALL_MS = 0
_TOPICS = tuple(FILE_PREFIX + name for name in TOPICS)
# A file of history may pause for a year; a record that is further ahead than that has a wrong year.
AHEAD_DAYS = 400
# A million customers may fall due at one midnight: their outputs must not all be in memory at once.
DUE_LIMIT = 50_000

# An input record: the topic's number, the key and the value. An EventLine is one.
InputRecord = tuple[int, bytes | None, bytes | None]


class PartitionRecord(NamedTuple):
    """An input record as a partition takes it. The offset of an event is the number of earlier events of its topic."""

    offset: int
    key: bytes | None
    value: bytes | None


class Output(NamedTuple):
    """A message of an output topic, as a subscriber would read it.

    value: JSON; null stands for a tombstone. tombstone_of: the key of a tombstone, since no value says whose it is.
    """

    topic: str
    value: bytes
    tombstone_of: bytes | None = None


class Chunk(NamedTuple):
    """Events that were worked together, and the result.

    outputs: what subscribers would read, in the order of the decisions. `tier.order` is not there: it tells of
        transactions, which a simulation has not.
    """

    events: Sequence[InputRecord]
    work: Work
    outputs: Sequence[Output]


class Simulation:
    """One partition that owns every customer.

    Give it thousands of events at a time: each customer is packed once a chunk, however many events there were.
    ahead_days: an event further ahead of the newest time so far is refused. remembered_ids: so many events of a
    customer and topic are remembered at least.
    """

    def __init__(self, policy: Policy, ahead_days: int = AHEAD_DAYS, remembered_ids: int = REMEMBERED_AT_LEAST) -> None:
        rules = PartitionSetup(
            partition=_PARTITION,
            policy=policy,
            clock="event",
            topics=_TOPICS,
            source=SOURCE,
            owns=lambda _: True,
            ahead_ms=ahead_days * DAY_MS,
            tells_each_current=True,  # however the events are cut into chunks
            is_alone=True,
            remembered_ids=remembered_ids,
            rates_topic=FILE_PREFIX + IN_FILES[RATES],
        )
        self.policy = policy
        self.partition = Customers(rules)
        self.spent = Spent()
        self.first_ms: int | None = None  # the earliest event so far
        self._budgets = Budgets()
        self._rates = NOTHING_READ

    def work(self, events: Sequence[InputRecord]) -> Chunk:
        """Works the events in their order, and everything that falls due in between, as one chunk."""
        (chunk,) = self._chunks(events, NO_LIMIT)
        return chunk

    def work_in_parts(self, events: Sequence[InputRecord], due_limit: int = DUE_LIMIT) -> Iterator[Chunk]:
        """Works the events as `work` does, but in chunks of at most `due_limit` decisions by time alone.

        Rates among them are known from there on.
        """
        for are_rates, found in groupby(events, lambda event: event[0] == RATES):
            records = list(found)
            if are_rates:
                self.take_rates(records)
            yield from self._chunks([] if are_rates else records, Quota(due_limit, 0))

    def take_rates(self, records: Iterable[InputRecord]) -> None:
        """Takes rates, where the policy has those of a topic. What is none becomes a dead letter with the next events.

        By the rates of a day that has begun, customers are looked at again when the next one begins.
        """
        for _, key, value in records:
            self._rates = take_rate(self._rates, self._rates.table.next_offset, key, value)
        former, policy = self.partition, with_rates(self.policy, self._rates.table)
        setup = former.setup._replace(policy=policy, refused_rates=self._rates.refused)
        self.partition = Customers(setup, former.packed, former.lane, takes_up=False)
        for _ in self.partition.taking_up_from(former):
            pass

    @property
    def last_ms(self) -> int | None:
        """Gives the time of the newest event; None before the first one."""
        return None if self.first_ms is None else self.partition.clock_ms

    def tier(self, customer: bytes) -> str | None:
        """Gives the tier that a customer is served now; None for an unknown customer or one without a tier."""
        packed = self.partition.packed.get(customer)
        return None if packed is None else unpack_header(packed).tier

    def _chunks(self, events: Sequence[InputRecord], quota: Quota) -> Iterator[Chunk]:
        partition, entries, done = self.partition, self._decoded(events), 0
        while True:
            worked = partition.work_some(islice(entries, done, None), _WALL_MS, quota)
            work = partition.pack(partition.next_offsets)
            partition.keep(work)
            yield Chunk(events[done : done + worked], work, list(self._outputs(work)))
            done += worked
            if done == len(entries):
                return

    def _outputs(self, work: Work) -> Iterator[Output]:
        for output, message in work.messages:
            if output == CANDIDATES:
                for _, granted in self._granted(message):
                    yield self._triggered(granted)
            elif output == CAMPAIGNS:
                yield self._triggered(message)
            elif output != ORDER:
                yield _shown(output, message)

    def _triggered(self, trigger: Message) -> Output:
        if trigger.value is not None:
            self.spent.take(trigger.value)
        return _shown(CAMPAIGNS, trigger)

    def _granted(self, candidate: Message) -> list[tuple[str, Message]]:
        """Asks the budgets for a candidate at once, since there are no other partitions whose candidates compete.

        Gives the granted trigger under the name of its output; nothing where the candidate is refused.
        """
        budgets = self._budgets
        [offset] = budgets.next_offsets
        budgets.work_some(
            budgets.decode(0, [PartitionRecord(offset, candidate.key, candidate.value)]), _WALL_MS, NO_LIMIT
        )
        work = budgets.pack([offset + 1])
        budgets.keep(work)
        return work.messages

    def _decoded(self, events: Sequence[InputRecord]) -> list[Entry]:
        next_offsets = list(self.partition.next_offsets)
        records: list[list[PartitionRecord]] = [[] for _ in TOPICS]
        for topic, key, value in events:
            records[topic].append(PartitionRecord(next_offsets[topic], key, value))
            next_offsets[topic] += 1
        decoded = [iter(self.partition.decode(topic, found)) for topic, found in enumerate(records)]
        entries = [next(decoded[topic]) for topic, _, _ in events]
        used = [entry.at_ms for entry in entries if not isinstance(entry.event, Rejection)]
        self.first_ms = min(used if self.first_ms is None else [self.first_ms, *used], default=None)
        return entries


def _shown(output: str, message: Message) -> Output:
    if message.value is None:
        return Output(OUTPUT_PREFIX + output, b"null", message.key)
    return Output(OUTPUT_PREFIX + output, message.value)
