"""The one order in which the entries of a partition's input topics are worked."""

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace

from streams.partition.entries import Entry


def merge_heads(queues: Sequence[deque[Entry]], awaited: frozenset[int], limit: int) -> list[Entry]:
    """Takes entries from the queues' heads, by event time and then by topic, at most `limit`.

    A queue's own order is kept. queues: by topic number. awaited: numbers of topics of which more is to come. Where
    the queue of one of them is empty, nothing more is taken: its next entry may be the earliest.
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
