"""Where the inputs of a lane end: which have more to come, where history ends, and how far behind the lane is."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from streams.partition.entries import Entry
from streams.partition.partition import Partition
from streams.worker.counted import timestamp_ms
from streams.worker.inbox import Inbox
from streams.worker.ports import BrokerPort
from streams.worker.takeover import persistently


class Ends:
    """The ends of the inputs of one partition number, held against what has arrived. Sequences are by topic number.

    title: what errors call the partition. given_up: whether the lane parks; then they are no longer asked for.
    """

    def __init__(self, title: str, number: int, broker: BrokerPort, inbox: Inbox, given_up: Callable[[], bool]) -> None:
        self._title = title
        self._number = number
        self._broker = broker
        self._inbox = inbox
        self._given_up = given_up
        self._of_history: Sequence[int] | None = None  # None where there is none, and until they are asked for
        self._caught_up_at = time.monotonic()  # when nothing was left to work, for the last time

    def forget_history(self) -> None:
        """Forgets where history ends. To be called after a take-over: it ends where the inputs end then."""
        self._of_history = None

    async def of_history(self, partition: Partition) -> Sequence[int] | None:
        """Gives the ends of the inputs when the lane began, while what is before them is history; None after it."""
        if not partition.backfill:
            self._of_history = None
        elif self._of_history is None:
            self._of_history = await self._broker.ends(self._number)
        return self._of_history

    @property
    def is_history_worked(self) -> bool:
        """Whether there was history, and all of it is worked."""
        return self._of_history is not None and self._inbox.has_reached(self._of_history)

    async def awaited(self, partition: Partition) -> frozenset[int]:
        """Gives the numbers of the topics that have more to come, where that is waited for."""
        if not len(self._inbox) or not partition.on_event_clock:
            return frozenset()
        ends = await self._now()
        return frozenset(topic for topic, end in enumerate(ends) if self._inbox.decoded[topic] < end)

    def lags(self, next_offsets: Sequence[int]) -> list[int | None]:
        """Counts the records still to be read; None before the first fetch of a topic."""
        ends = zip(self._highwaters(), next_offsets, strict=True)
        return [None if end is None else max(end - offset, 0) for end, offset in ends]

    @property
    def are_ahead(self) -> bool:
        """Whether records are there that have not arrived. Those of control are passed over without a batch."""
        ends = zip(self._highwaters(), self._inbox.received, strict=True)
        return any(end is not None and end > there for end, there in ends)

    def note_caught_up(self) -> None:
        """Notes the time where nothing is left to work. To be called whenever the lane has nothing to do."""
        if not len(self._inbox) and not self.are_ahead:
            self._caught_up_at = time.monotonic()

    def behind_s(self, in_hand: Iterable[Entry], now_ms: int) -> float:
        """Says how long the oldest record that is not committed has waited, by its timestamp; 0 where there is none.

        Of what is there and has not arrived, the time since nothing was is taken. in_hand: what is being worked.
        """
        waiting = (timestamp_ms(record) for record in chain((entry.record for entry in in_hand), self._inbox.heads()))
        oldest_ms = min((at_ms for at_ms in waiting if at_ms > 0), default=None)
        if oldest_ms is not None:
            return max(now_ms - oldest_ms, 0) / 1000
        return time.monotonic() - self._caught_up_at if self.are_ahead else 0.0

    def _highwaters(self) -> list[int | None]:
        return [self._broker.highwater(self._number, topic) for topic in range(len(self._inbox.received))]

    async def _now(self) -> Sequence[int]:
        """Gives the ends of the inputs. Once the lane parks they are no longer asked for, and all is still to come."""
        ends: Sequence[int] = [sys.maxsize] * len(self._inbox.received)

        async def ask() -> None:
            nonlocal ends
            ends = await self._broker.ends(self._number)

        what = f"the ends of the inputs of {self._title} could not be read"
        await persistently(ask, what, self._given_up, self._broker.are_away)
        return ends
