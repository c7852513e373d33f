"""Decoded records of a partition's input topics, and the one order in which they are worked."""

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple, Protocol

from streams.contracts.decode import Rejection
from streams.engine.events import Event


class Record(Protocol):
    """What is read of a Kafka record."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""


class Entry(NamedTuple):
    """One decoded record. Entries order by event time, then by topic: the contract's order of a partition."""

    at_ms: int
    topic: int
    offset: int
    event: Event | Rejection
    record: Record


def merge_heads(queues: Sequence[deque[Entry]], awaited: frozenset[int], limit: int) -> list[Entry]:
    """Takes entries from the queues' heads in the contract's order, at most limit.

    awaited: numbers of topics of which more is to come; it stops where one of them has nothing to compare with.
    """
    if any(not queues[topic] for topic in awaited):
        return []
    heads = [queue[0] for queue in queues if queue]
    heapify(heads)
    taken: list[Entry] = []
    while heads and len(taken) < limit:
        entry = heads[0]
        taken.append(entry)
        queue = queues[entry.topic]
        queue.popleft()
        if queue:
            heapreplace(heads, queue[0])
        elif entry.topic in awaited:
            break
        else:
            heappop(heads)
    return taken
