"""Records of one topic that are held back, because what is decided on them is not taken back: loan applications.

Kafka gives no order between topics: the application may arrive before the balance that was sent before it. So a record
waits for some time from its arrival. Then the broker is asked where the other topics end. The record is let go when all
before these ends is worked, or is later in event time. So nothing overtakes a backlog, however long, and nobody waits
for a held record: it has a topic of its own.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import dropwhile

from streams.errors import named
from streams.partition.entries import Entry
from streams.values.calendar import NEVER_MS
from streams.worker.takeover import RETRIED_ERRORS

ASK_AGAIN_S = 1.0
_log = logging.getLogger(__name__)


class HeldBack:
    """Which records of a topic may be worked: those before the offset `free_until`.

    topic: its number. ends: asks the broker for the ends of all topics, by topic number. on_news: called when it has
    answered.
    """

    def __init__(
        self, topic: int, wait_ms: int, ends: Callable[[], Awaitable[Sequence[int]]], on_news: Callable[[], None]
    ) -> None:
        self.topic = topic
        self._wait_s = wait_ms / 1000
        self._ends = ends
        self._on_news = on_news
        self.drop()

    def drop(self) -> None:
        """Forgets all. What arrives again waits anew."""
        self.free_until = 0
        self._is_asking = False
        self._arrived: deque[tuple[int, float]] = deque()  # the offset after it, and when its wait is over
        self._waited: deque[tuple[int, Sequence[int]]] = deque()  # the offset after it, and the ends when it had waited

    def put(self, next_offset: int) -> None:
        """Notes that records before this offset have arrived."""
        self._arrived.append((next_offset, time.monotonic() + self._wait_s))

    @property
    def over_in_s(self) -> float:
        """In how many seconds the next wait is over; without end where none is to be looked after."""
        if self._is_asking or not self._arrived:
            return math.inf
        return max(self._arrived[0][1] - time.monotonic(), 0.0)

    def ask(self) -> Coroutine[None, None, None]:
        """Gives a coroutine that asks what records have to be held until whose wait is over.

        To be called when over_in_s is 0.
        """
        self._is_asking = True
        return self._ask()

    async def _ask(self) -> None:
        arrived, waited, now_s, next_offset = self._arrived, self._waited, time.monotonic(), 0
        while arrived and arrived[0][1] <= now_s:
            next_offset, _ = arrived.popleft()
        try:
            waited.append((next_offset, await self._ends()))
        except RETRIED_ERRORS as error:
            _log.warning("the ends of the inputs are not known: %s; asking again", named(error))
            arrived.appendleft((next_offset, time.monotonic() + ASK_AGAIN_S))
        if waited is self._waited:  # nothing was dropped meanwhile
            self._is_asking = False
            self._on_news()

    def let_go(self, queues: Sequence[deque[Entry]], next_offsets: Sequence[int], latest_ms: int) -> None:
        """Moves `free_until` on past the records that need to wait no longer, in their order.

        queues, next_offsets: what waits, and the next offset that is to join it, by topic number. latest_ms: later
        entries are refused, and tell nothing of how far a topic is.
        """
        while self._waited:
            next_offset, ends = self._waited[0]
            others = [
                _Others(queue, next_offsets[number] >= ends[number], ends[number], latest_ms)
                for number, queue in enumerate(queues)
                if number != self.topic
            ]
            for entry in dropwhile(lambda entry: entry.offset < self.free_until, queues[self.topic]):
                if entry.offset >= next_offset:
                    break
                if any(other.has_before(entry) for other in others):
                    return
                self.free_until = entry.offset + 1
            if next_offsets[self.topic] < next_offset:
                return
            self.free_until = max(self.free_until, next_offset)
            self._waited.popleft()


class _Others:
    """What waits of another topic, up to its end. is_whole: whether all before the end has arrived."""

    def __init__(self, queue: deque[Entry], is_whole: bool, end: int, latest_ms: int) -> None:  # noqa: FBT001 - as told
        self._is_whole = is_whole
        self._newest_ms = NEVER_MS
        # By key: those that are behind a later one in their topic, with the time of that one.
        self._late: dict[bytes | None, list[tuple[int, int]]] = {}
        for entry in queue:
            if entry.offset >= end:
                break
            if self._newest_ms <= entry.at_ms <= latest_ms:
                self._newest_ms = entry.at_ms
            elif entry.at_ms <= latest_ms:
                self._late.setdefault(entry.record.key, []).append((entry.at_ms, self._newest_ms))

    def has_before(self, entry: Entry) -> bool:
        """Says whether something may be here that belongs before the entry, and would be worked after it.

        The merge takes the earliest of all heads (heads.py). So it is something that has not arrived, where all that
        has is earlier; or something of the same customer behind a later head.
        """
        if not self._is_whole and self._newest_ms <= entry.at_ms:
            return True
        late = self._late.get(entry.record.key, ())
        return any(at_ms <= entry.at_ms < head_ms for at_ms, head_ms in late)
