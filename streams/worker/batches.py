"""What a lane does with what has arrived: each batch is decoded, worked and packed in turns, committed, and told of.

    Partition.decode -> working -> pack -> Owned.commit, which keeps it -> metrics, spans

When there is to be a batch, and of which entries, the lane says (lane.py).
"""

import asyncio
from collections.abc import Awaitable, Callable

from streams.kafka.producers import TransactionFailedError
from streams.metrics import Metrics
from streams.partition.entries import Entry
from streams.partition.partition import ForeignRecordError
from streams.partition.work import Work
from streams.worker.counted import batch_of
from streams.worker.crowd import QUOTA_ON_EVENT_CLOCK, Crowd
from streams.worker.ends import Ends
from streams.worker.inbox import Inbox
from streams.worker.owned import Owned
from streams.worker.ports import SpansPort
from streams.worker.steps import StepTimes
from streams.worker.takeover import LaneError
from streams.worker.turns import Turns


class Batches:
    """The batches of one partition number, one after another.

    parks: whether the lane parks: then a batch ends with what is worked of it. spans: None: nobody traces.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that it depends on
        self,
        owned: Owned,
        inbox: Inbox,
        ends: Ends,
        metrics: Metrics,
        now_ms: Callable[[], int],
        turns: Turns,
        parks: Callable[[], bool],
        spans: SpansPort | None,
    ) -> None:
        self.progress = 0  # batches committed, and full slices of work on them
        self.committed_at_s: float | None = None  # the newest one (epoch seconds)
        self.in_hand: list[Entry] = []  # of the one that is not committed yet
        self.is_in_line = False  # behind another lane's large batch
        self._owned = owned
        self._inbox = inbox
        self._ends = ends
        self._metrics = metrics
        self._now_ms = now_ms
        self._turns = turns
        self._parks = parks
        self._spans = spans
        self._crowd = Crowd()
        self._preparing: asyncio.Future[None] | None = None  # what records need before they can be decoded

    # --- decoding ---

    async def decode(self) -> None:
        """Decodes what has arrived; where the lane parks before that can be done, leaves it as it is.

        Raises:
            LaneError: A record is none of tierflow's, where only tierflow writes.
        """
        while (prepared := self._owned.stage.prepare(self._inbox.arrived())) is not None:
            if not await self._is_prepared(prepared):
                return
        try:
            await self._turns.work(self._inbox.decoding(self._owned.known), after_full=self._gets_on)
        except ForeignRecordError as error:
            raise self._foreign(self._inbox.undecodable, error) from error

    @property
    def is_preparing(self) -> bool:
        """Whether something is awaited that records need before they can be decoded."""
        return self._preparing is not None

    def stop_preparing(self) -> None:
        """Awaits that no longer, since the lane parks."""
        if self._preparing is not None:
            self._preparing.cancel()

    async def _is_prepared(self, prepared: Awaitable[None]) -> bool:
        """Awaits what records need before they can be decoded; gives False where the lane parks meanwhile."""
        self._preparing = asyncio.ensure_future(prepared)
        try:
            await asyncio.wait([self._preparing])
            if not self._preparing.cancelled():
                self._preparing.result()
        finally:
            self._preparing = None
        return not self._parks()

    def _foreign(self, topic: int, error: ForeignRecordError) -> LaneError:
        begins_at, stage = self._inbox.decoded[topic], self._owned.stage
        where = f"{stage.inputs[topic]} partition {self._owned.number}, from offset {begins_at} on"
        return LaneError(f"{where}: a record was not written by tierflow, or by a newer release: {error}")

    # --- working, committing ---

    async def work(self, entries: list[Entry], now_ms: int, times: StepTimes) -> None:
        """Works entries, and what else is due now, as one batch. times: of its steps, which have begun.

        Raises:
            TransactionFailedError: It may not be committed; the state is not known.
        """
        self.in_hand = entries
        self.is_in_line = True  # others get on
        async with self._turns.large(len(entries)):
            self.is_in_line = False
            work, worked, work_s = await self._worked(entries, now_ms, times)
        done = entries[:worked]
        try:
            await self._owned.commit(work)
        except TransactionFailedError as error:
            times.done("commit")
            self._trace(done, work, times, error)
            raise
        self._crowd.committed(is_left=self._owned.due_in_s(now_ms) <= 0 or self._owned.known.is_stale)
        self._gets_on()
        self._owned.stage.committed(work)
        times.done("commit")
        now_ms = self._now_ms()
        self.committed_at_s = now_ms / 1000
        self.in_hand = []
        self._count(done, work, now_ms, work_s, times)
        self._trace(done, work, times)

    async def _worked(self, entries: list[Entry], now_ms: int, times: StepTimes) -> tuple[Work, int, float]:
        """Works a batch, and packs it; gives how many entries were worked, too, and the seconds that took."""
        partition = self._owned.known
        # While the lane parks, a batch ends with what is worked of it.
        quota = QUOTA_ON_EVENT_CLOCK if partition.on_event_clock else self._crowd.quota(has_events=bool(entries))
        steps = partition.working(entries, now_ms, quota)
        worked, work_s = await self._turns.work(steps, self._parks, self._gets_on)
        times.done("work")
        self._inbox.put_back(entries[worked:])
        self.in_hand = entries[:worked]
        if self._ends.is_history_worked:
            partition.backfill = False
        _, pack_s = await self._turns.work(partition.packing(), after_full=self._gets_on)
        work = partition.pack(self._inbox.positions())
        if self._owned.seals is not None:
            _, seal_s = await self._turns.work(self._owned.seals.sealing(work), after_full=self._gets_on)
            pack_s += seal_s
        times.done("pack")
        return work, worked, work_s + pack_s

    def _gets_on(self) -> None:
        # Where many lanes catch up on a small share of a CPU, the first of their batches take minutes.
        self.progress += 1

    # --- telling ---

    def _count(self, done: list[Entry], work: Work, now_ms: int, work_s: float, times: StepTimes) -> None:
        stage, number, trips = self._owned.stage, self._owned.number, self._owned.round_trips
        self._metrics.record_batch(batch_of(stage, number, work, done, now_ms, work_s, times, trips))

    def _trace(self, done: list[Entry], work: Work, times: StepTimes, error: BaseException | None = None) -> None:
        if self._spans is not None:
            stage, number, trips = self._owned.stage, self._owned.number, self._owned.round_trips
            self._spans.ended(stage, number, done, work, times, trips, error)
