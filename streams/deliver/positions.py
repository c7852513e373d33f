"""How far an endpoint's events are finished, by partition: before a partition's position nothing is open."""

from collections import deque

from aiokafka import TopicPartition


class Positions:
    """The positions of all partitions. Offsets are opened in order, and finished in any order."""

    def __init__(self) -> None:
        self.span = 0  # opened offsets from the first open one on, of all partitions; a crash sends them again
        self._open: dict[TopicPartition, deque[int]] = {}
        self._finished: dict[TopicPartition, set[int]] = {}
        self._reached: dict[TopicPartition, int] = {}

    def reached(self, tp: TopicPartition, next_offset: int) -> None:
        """Notes that all before this offset was read. Offsets that are not opened need nothing."""
        self._reached[tp] = next_offset

    def opened(self, tp: TopicPartition, offset: int) -> None:
        """Notes that the event at this offset is to be delivered."""
        self._open.setdefault(tp, deque()).append(offset)
        self._finished.setdefault(tp, set())
        self.span += 1

    def finished(self, tp: TopicPartition, offset: int) -> None:
        """Notes that the event at this offset is delivered or parked."""
        finished, still_open = self._finished[tp], self._open[tp]
        finished.add(offset)
        while still_open and still_open[0] in finished:
            finished.remove(still_open.popleft())
            self.span -= 1

    def next_offsets(self) -> dict[TopicPartition, int]:
        """Gives the offset to commit of every partition of which something was read: where to go on after a crash."""
        return {
            tp: self._open[tp][0] if self._open.get(tp) else next_offset for tp, next_offset in self._reached.items()
        }
