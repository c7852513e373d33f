"""Records that have arrived from the input topics of a partition number, and wait to be worked."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from operator import ge

from streams.partition.entries import Entry, Record
from streams.partition.heads import merge_heads
from streams.partition.partition import Partition
from streams.worker.frame.transport import FetchedRecords
from streams.worker.held import HeldBack

# Of memory, by queue: a worker has as many as topics and partitions. A batch, and what arrives while it is committed.
QUEUE_HIGH_BYTES = 4 << 20
# Of the topic whose records each wait for a time: it would take as long to work any more of them.
HELD_HIGH_BYTES = 32 << 20
# What a record that waits takes beside its value: the key, the objects of both, and the event that is decoded of it.
RECORD_BYTES = 800
# Of values: records may be large. A batch that is all dead letters is written once more, a third longer.
BATCH_BYTES = 16 << 20
DECODED_AT_ONCE = 100


class Inbox:
    """The queues of one partition number, one per input topic.

    flow: called with a topic's number, and True to resume the topic or False to pause it. held: which records of one
    topic have to wait (held.py); None where none do.
    """

    def __init__(self, topics: int, flow: Callable[[int, bool], None], held: HeldBack | None = None) -> None:
        self.received = [0] * topics  # by topic number: the next offset, after all that has arrived
        self.undecodable = 0  # the topic that was decoded last
        self._arrived: list[deque[Record]] = [deque() for _ in range(topics)]  # not decoded yet
        self._queues: list[deque[Entry]] = [deque() for _ in range(topics)]
        self._paused = [False] * topics
        self._bytes = [0] * topics  # of memory, for what waits
        self._flow = flow
        self._held = held

    def __len__(self) -> int:
        return sum(map(len, self._queues)) + sum(map(len, self._arrived))

    def put(self, topic: int, fetched: FetchedRecords) -> bool:
        """Takes in a fetch, without the records that arrived before.

        Gives False, and takes nothing in, if records between the last fetch and this one are missing.
        """
        received = self.received[topic]
        if fetched.begins_at > received:
            return False
        records = fetched.records
        if fetched.begins_at < received:
            records = [record for record in records if record.offset >= received]
        self._arrived[topic].extend(records)
        self._bytes[topic] += sum(map(_memory, records))
        self.received[topic] = max(received, fetched.next_offset)
        if self._held is not None and topic == self._held.topic and records:
            self._held.put(self.received[topic])
        if self._bytes[topic] > self._high_bytes(topic) and not self._paused[topic]:
            self._paused[topic] = True
            self._flow(topic, False)  # noqa: FBT003 - a switch
        return True

    def arrived(self) -> Iterator[Record]:
        """Gives the records that are not decoded yet."""
        return chain(*self._arrived)

    def heads(self) -> Iterator[Record]:
        """Gives the first record of each topic that waits, decoded or not."""
        for queue, arrived in zip(self._queues, self._arrived, strict=True):
            if queue:
                yield queue[0].record
            elif arrived:
                yield arrived[0]

    def decoding(self, partition: Partition) -> Iterator[int]:
        """Decodes what has arrived by now, a step at a time; each step gives the number of its topic.

        Raises:
            ForeignRecordError: Only tierflow writes to the topic, and a record is not tierflow's (Partition.decode). It
                is the topic of `undecodable`.
        """
        return self._decoding(partition, list(map(len, self._arrived)))

    def _decoding(self, partition: Partition, counts: Sequence[int]) -> Iterator[int]:
        for topic, arrived in enumerate(self._arrived):
            left = counts[topic]
            while left > 0 and arrived:
                self.undecodable = topic
                entries = partition.decode(topic, islice(arrived, min(left, DECODED_AT_ONCE)))
                self._queues[topic].extend(entries)
                for _ in entries:
                    arrived.popleft()
                left -= len(entries)
                yield topic

    def take(
        self, awaited: frozenset[int], limit: int, latest_ms: int, ends: Sequence[int] | None = None
    ) -> list[Entry]:
        """Takes at most `limit` entries and BATCH_BYTES out, in the order in which they are to be worked (merge_heads).

        awaited: numbers of the topics of which more is to come. latest_ms: a later entry waits for nobody.
        ends: by topic number; what is behind them stays. None: nothing does.
        """
        before = {} if ends is None else dict(enumerate(ends))
        if self._held is not None:
            self._held.let_go(self._queues, self.decoded, latest_ms)
            topic, free_until = self._held.topic, self._held.free_until
            before[topic] = min(free_until, before.get(topic, free_until))
        entries = self._take_before(before, awaited, limit, latest_ms)
        self._cut(entries)
        for topic, paused in enumerate(self._paused):
            if paused and self._bytes[topic] < self._high_bytes(topic) // 2:
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
            self._bytes[entry.topic] -= size + RECORD_BYTES

    def _take_before(self, ends: Mapping[int, int], awaited: frozenset[int], limit: int, latest_ms: int) -> list[Entry]:
        """Takes entries out as `take` does, and of some topics only those before an offset. ends: by topic number."""
        offered, cut = list(self._queues), list[int]()
        for topic, end in ends.items():
            queue = self._queues[topic]
            if queue and queue[-1].offset >= end:
                offered[topic] = _before(queue, end)
                cut.append(topic)
        entries = merge_heads(offered, awaited, limit, latest_ms)
        if cut:
            taken = Counter(entry.topic for entry in entries)
            for topic in cut:
                for _ in range(taken[topic]):
                    self._queues[topic].popleft()
        return entries

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Puts entries that were taken, but not worked, back at the heads of their queues."""
        self._put_back(entries)
        for entry in entries:
            self._bytes[entry.topic] += _memory(entry.record)

    def read_again(self) -> None:
        """Takes the waiting records for not decoded: the partition is under another policy now."""
        for arrived, queue in zip(self._arrived, self._queues, strict=True):
            arrived.extendleft(entry.record for entry in reversed(queue))
            queue.clear()

    def drop(self) -> None:
        """Drops all that waits, and resumes the paused topics."""
        for topic, queue in enumerate(self._queues):
            queue.clear()
            self._arrived[topic].clear()
            self._bytes[topic] = 0
            if self._paused[topic]:
                self._resume(topic)
        if self._held is not None:
            self._held.drop()

    @property
    def decoded(self) -> list[int]:
        """By topic number, the offset of the first record that is not decoded yet.

        Where there is none it is the next offset to read, which is past control records, too.
        """
        return [
            arrived[0].offset if arrived else received
            for arrived, received in zip(self._arrived, self.received, strict=True)
        ]

    def positions(self) -> list[int]:
        """Gives by topic number the offset of the first waiting record, decoded or not; where none waits, as above."""
        return [queue[0].offset if queue else offset for queue, offset in zip(self._queues, self.decoded, strict=True)]

    def has_reached(self, ends: Sequence[int]) -> bool:
        """Says whether everything before these ends has been worked. ends: by topic number."""
        return all(map(ge, self.positions(), ends))

    def _put_back(self, entries: Sequence[Entry]) -> None:
        for entry in reversed(entries):
            self._queues[entry.topic].appendleft(entry)

    def _high_bytes(self, topic: int) -> int:
        return HELD_HIGH_BYTES if self._held is not None and topic == self._held.topic else QUEUE_HIGH_BYTES

    def _resume(self, topic: int) -> None:
        self._paused[topic] = False
        self._flow(topic, True)  # noqa: FBT003 - a switch


def _before(queue: deque[Entry], end: int) -> deque[Entry]:
    return deque(takewhile(lambda entry: entry.offset < end, queue))


def _size(record: Record) -> int:
    value = record.value
    return 0 if value is None else len(value)


def _memory(record: Record) -> int:
    return _size(record) + RECORD_BYTES
