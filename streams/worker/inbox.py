"""Records that have arrived from the input topics of a partition number, and wait to be worked."""

from collections import deque
from collections.abc import Callable, Sequence
from operator import ge

from streams.partition.entries import Entry
from streams.partition.merging import merge_heads
from streams.partition.partition import Partition
from streams.worker.frame.transport import FetchedRecords

QUEUE_HIGH = 30_000
QUEUE_LOW = 15_000


class Inbox:
    """The queues of one partition number, one per input topic.

    flow: called with a topic's number, and True to resume the topic or False to pause it.
    """

    def __init__(self, topics: int, flow: Callable[[int, bool], None]) -> None:
        self.received = [0] * topics  # by topic number: the next offset, after all that has arrived
        self._queues: list[deque[Entry]] = [deque() for _ in range(topics)]
        self._held = [False] * topics
        self._flow = flow

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
        self.received[topic] = max(received, fetched.next_offset)
        if len(self._queues[topic]) > QUEUE_HIGH and not self._held[topic]:
            self._held[topic] = True
            self._flow(topic, False)  # noqa: FBT003 - a switch
        return True

    def take(self, awaited: frozenset[int], limit: int, latest_ms: int) -> list[Entry]:
        """Takes at most `limit` entries out, in the order in which they are to be worked (merge_heads).

        awaited: numbers of the topics of which more is to come. latest_ms: a later entry waits for nobody.
        """
        entries = merge_heads(self._queues, awaited, limit, latest_ms)
        for topic, held in enumerate(self._held):
            if held and len(self._queues[topic]) < QUEUE_LOW:
                self._release(topic)
        return entries

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Puts entries that were taken, but not worked, back at the heads of their queues."""
        for entry in reversed(entries):
            self._queues[entry.topic].appendleft(entry)

    def read_again(self, partition: Partition) -> None:
        """Decodes the waiting records again, with a partition under another policy."""
        for topic, queue in enumerate(self._queues):
            self._queues[topic] = deque(partition.decode(topic, [entry.record for entry in queue]))

    def drop(self) -> None:
        """Drops all that waits, and resumes the paused topics."""
        for topic, queue in enumerate(self._queues):
            queue.clear()
            if self._held[topic]:
                self._release(topic)

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

    def _release(self, topic: int) -> None:
        self._held[topic] = False
        self._flow(topic, True)  # noqa: FBT003 - a switch
