"""Records that have arrived from the input topics of a partition number, and wait to be worked."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from operator import ge

from streams.partition.entries import Entry, Record
from streams.partition.merging import merge_heads
from streams.partition.partition import Partition
from streams.worker.frame.transport import FetchedRecords
from streams.worker.held import HeldBack

QUEUE_HIGH = 30_000
QUEUE_LOW = 15_000
# In bytes of values: records may be large. A batch that is all dead letters is written once more, a third longer.
QUEUE_HIGH_BYTES = 32 << 20
BATCH_BYTES = 16 << 20


class Inbox:
    """The queues of one partition number, one per input topic.

    flow: called with a topic's number, and True to resume the topic or False to pause it. held: which records of one
    topic have to wait (held.py); None where none do.
    """

    def __init__(self, topics: int, flow: Callable[[int, bool], None], held: HeldBack | None = None) -> None:
        self.received = [0] * topics  # by topic number: the next offset, after all that has arrived
        self._queues: list[deque[Entry]] = [deque() for _ in range(topics)]
        self._paused = [False] * topics
        self._bytes = [0] * topics  # of the values that wait
        self._flow = flow
        self._held = held

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    def put(self, topic: int, fetched: FetchedRecords, partition: Partition) -> bool:
        """Takes in a fetch, without the records that arrived before.

        Gives False, and takes nothing in, if records between the last fetch and this one are missing.

        Raises:
            ForeignRecordError: Only tierflow writes to the topic, and a record is not tierflow's (Partition.decode).
        """
        received = self.received[topic]
        if fetched.begins_at > received:
            return False
        records = fetched.records
        if fetched.begins_at < received:
            records = [record for record in records if record.offset >= received]
        self._queues[topic].extend(partition.decode(topic, records))
        self._bytes[topic] += sum(map(_size, records))
        self.received[topic] = max(received, fetched.next_offset)
        if self._held is not None and topic == self._held.topic and records:
            self._held.put(self.received[topic])
        is_full = len(self._queues[topic]) > QUEUE_HIGH or self._bytes[topic] > QUEUE_HIGH_BYTES
        if is_full and not self._paused[topic]:
            self._paused[topic] = True
            self._flow(topic, False)  # noqa: FBT003 - a switch
        return True

    def take(self, awaited: frozenset[int], limit: int, latest_ms: int) -> list[Entry]:
        """Takes at most `limit` entries and BATCH_BYTES out, in the order in which they are to be worked (merge_heads).

        awaited: numbers of the topics of which more is to come. latest_ms: a later entry waits for nobody.
        """
        if self._held is None:
            entries = merge_heads(self._queues, awaited, limit, latest_ms)
        else:
            self._held.let_go(self._queues, self.received, latest_ms)
            entries = self._take_before({self._held.topic: self._held.free_until}, awaited, limit, latest_ms)
        self._cut(entries)
        for topic, paused in enumerate(self._paused):
            if paused and len(self._queues[topic]) < QUEUE_LOW and self._bytes[topic] < QUEUE_HIGH_BYTES // 2:
                self._resume(topic)
        return entries

    def _cut(self, entries: list[Entry]) -> None:
        """Puts back what would take a batch past BATCH_BYTES; the first entry stays, however large it is."""
        total = 0
        for number, entry in enumerate(entries):
            size = _size(entry.record)
            total += size
            if total > BATCH_BYTES and number:
                self._put_back(entries[number:])
                del entries[number:]
                return
            self._bytes[entry.topic] -= size

    def _take_before(self, ends: Mapping[int, int], awaited: frozenset[int], limit: int, latest_ms: int) -> list[Entry]:
        """Takes entries out as `take` does, and of some topics only those before an offset. ends: by topic number."""
        offered = list(self._queues)
        for topic, end in ends.items():
            queue = self._queues[topic]
            if queue and queue[-1].offset >= end:
                offered[topic] = _before(queue, end)
        entries = merge_heads(offered, awaited, limit, latest_ms)
        taken = Counter(entry.topic for entry in entries)
        for topic in ends:
            if offered[topic] is not self._queues[topic]:
                for _ in range(taken[topic]):
                    self._queues[topic].popleft()
        return entries

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Puts entries that were taken, but not worked, back at the heads of their queues."""
        self._put_back(entries)
        for entry in entries:
            self._bytes[entry.topic] += _size(entry.record)

    def read_again(self, partition: Partition) -> None:
        """Decodes the waiting records again, with a partition under another policy."""
        for topic, queue in enumerate(self._queues):
            self._queues[topic] = deque(partition.decode(topic, [entry.record for entry in queue]))

    def drop(self) -> None:
        """Drops all that waits, and resumes the paused topics."""
        for topic, queue in enumerate(self._queues):
            queue.clear()
            self._bytes[topic] = 0
            if self._paused[topic]:
                self._resume(topic)
        if self._held is not None:
            self._held.drop()

    def positions(self) -> list[int]:
        """Gives by topic number the offset of the first waiting record.

        Where none waits it is the next offset to read, which is past control records, too.
        """
        return [
            queue[0].offset if queue else received for queue, received in zip(self._queues, self.received, strict=True)
        ]

    def has_reached(self, ends: Sequence[int]) -> bool:
        """Says whether everything before these ends has arrived and nothing waits. ends: by topic number."""
        return not len(self) and all(map(ge, self.received, ends))

    def _put_back(self, entries: Sequence[Entry]) -> None:
        for entry in reversed(entries):
            self._queues[entry.topic].appendleft(entry)

    def _resume(self, topic: int) -> None:
        self._paused[topic] = False
        self._flow(topic, True)  # noqa: FBT003 - a switch


def _before(queue: deque[Entry], end: int) -> deque[Entry]:
    return deque(takewhile(lambda entry: entry.offset < end, queue))


def _size(record: Record) -> int:
    value = record.value
    return 0 if value is None else len(value)
