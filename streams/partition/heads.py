"""The one order in which the entries of a partition's input topics are worked."""

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace

from streams.partition.entries import Entry
from streams.partition.work import NO_LIMIT_MS


def merge_heads(
    queues: Sequence[deque[Entry]], awaited: frozenset[int], limit: int, latest_ms: int = NO_LIMIT_MS
) -> list[Entry]:
    """Takes entries from the queues' heads, by event time and then by topic, at most `limit`.

    A queue's own order is kept. queues: by topic number. awaited: numbers of topics of which more is to come. Where
    the queue of one of them is empty, nothing more is taken: its next entry may be the earliest. latest_ms: an entry
    after it will be refused (Partition.latest_ms). It is taken as soon as it is at a head; waiting for its turn, it
    would hold back, and make late, all that comes behind it.
    """
    taken: list[Entry] = []
    for queue in queues:
        _take_ahead(queue, latest_ms, taken, limit)
    if any(not queues[topic] for topic in awaited):
        return taken
    heads = [queue[0] for queue in queues if queue]
    heapify(heads)
    while heads and len(taken) < limit:
        entry = heads[0]
        taken.append(entry)
        queue = queues[entry.topic]
        queue.popleft()
        if queue and queue[0].at_ms > latest_ms:
            _take_ahead(queue, latest_ms, taken, limit)
        if queue:
            heapreplace(heads, queue[0])
        elif entry.topic in awaited:
            break
        else:
            heappop(heads)
    return taken


def _take_ahead(queue: deque[Entry], latest_ms: int, taken: list[Entry], limit: int) -> None:
    while queue and queue[0].at_ms > latest_ms and len(taken) < limit:
        taken.append(queue.popleft())
