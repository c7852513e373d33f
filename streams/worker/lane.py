"""A lane: the one serial task of a partition number of a stage, for all of its input topics together.

    offer -> inbox -> Partition.decode -> working -> pack -> commit -> keep

It works what has arrived as one batch, commits one transaction (batches.py), and goes on with what arrived meanwhile:
batches grow with the load. The broker, the clock and the metrics are handed in (ports.py).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from streams.kafka.producers import TransactionFailedError
from streams.metrics import Metrics
from streams.partition.entries import Entry
from streams.partition.partition import Partition
from streams.stages.stage import Stage, Wait
from streams.worker.batches import Batches
from streams.worker.ends import Ends
from streams.worker.frame.transport import FetchedRecords
from streams.worker.held import HeldBack
from streams.worker.inbox import Inbox
from streams.worker.owned import Owned
from streams.worker.ports import BrokerPort, SpansPort
from streams.worker.steps import StepTimes
from streams.worker.takeover import LaneError, pause_s
from streams.worker.tasks import LaneTasks
from streams.worker.turns import Turns

BATCH_LIMIT = 10_000
IDLE_S = 1.0
FAILURES_LIMIT = 10
_log = logging.getLogger(__name__)


class Lane:
    """The lane of one partition number, from take-over to release.

    `partition` is None while its state is not known for certain. on_failure: called with an error after which the
    process must end. turns: those of all lanes of the worker. spans: None: nobody traces.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that it depends on
        self,
        stage: Stage,
        number: int,
        broker: BrokerPort,
        metrics: Metrics,
        now_ms: Callable[[], int],
        on_failure: Callable[[BaseException], None],
        turns: Turns | None = None,
        spans: SpansPort | None = None,
    ) -> None:
        self.number = number
        self.is_placed = False  # whether it is known from where its inputs are to be read
        self.is_ready = False  # whether it can be started: taken up or over since the newest assignment
        self._broker = broker
        self._metrics = metrics
        self._now_ms = now_ms
        turns = turns or Turns()
        self._owned = Owned(stage, number, broker, metrics, turns)
        self.title = self._owned.title
        self._news = asyncio.Event()
        self._held = self._new_held(stage.wait)
        self._inbox = Inbox(len(stage.inputs), lambda topic, on: broker.flow(number, topic, on=on), self._held)
        self._ends = Ends(self.title, number, broker, self._inbox, self._parks)
        self._batches = Batches(self._owned, self._inbox, self._ends, metrics, now_ms, turns, self._parks, spans)
        self._tasks = LaneTasks(self.title, on_failure, self._parks)
        self._parking = False
        self._asleep = stage.sleeps
        self._failures = 0  # failed transactions in a row
        self._waiting = False  # for news: all that has come is worked
        self._arrived_at: float | None = None  # the first of what was not taken up yet (time.perf_counter)
        self._next_stage: Stage | None = None

    # --- how it stands ---

    @property
    def stage(self) -> Stage:
        """Gives the stage in the form that is worked now."""
        return self._owned.stage

    @property
    def partition(self) -> Partition | None:
        """Gives the partition; None while its state is not known for certain."""
        return self._owned.partition

    @property
    def keys_left(self) -> int | None:
        """Counts the keys of customers that are to be wrapped anew; None where nothing is sealed."""
        return None if self._owned.seals is None else self._owned.seals.left

    @property
    def serving(self) -> bool:
        """Says whether the state here is the partition's newest, and is being worked on."""
        return self.partition is not None and self.is_started

    @property
    def is_started(self) -> bool:
        """Says whether its task runs."""
        return self._tasks.is_running

    @property
    def is_busy(self) -> bool:
        """Says whether it has something to do just now. Where that stays so without progress, something hangs.

        A take-over has a patience of its own, as what prepares records has, a lane that is parked waits for its group,
        and one that is in line for the lane before it.
        """
        if not self.is_started or self._owned.is_being_taken_over:
            return False
        if self._batches.is_in_line or self._batches.is_preparing:
            return False
        return not self._waiting or self.queued > 0 or self._ends.are_ahead

    @property
    def progress(self) -> int:
        """Counts the batches that were committed, and full slices of work on them."""
        return self._batches.progress

    @property
    def committed_at_s(self) -> float | None:
        """Says when the newest batch was committed, in epoch seconds; None where none was."""
        return self._batches.committed_at_s

    @property
    def is_idle(self) -> bool:
        """Says whether it waits for what its inputs bring, and has nothing of them: then none of them is paused."""
        return self.is_started and self._waiting and self.queued == 0

    @property
    def queued(self) -> int:
        """Counts the records that have arrived and wait."""
        return len(self._inbox)

    @property
    def next_offsets(self) -> list[int]:
        """Gives the offset from which each input is to be read, by topic number. Without meaning until `is_placed`."""
        return list(self.partition.next_offsets) if self.partition is not None else list(self._inbox.received)

    def lags(self) -> list[int | None]:
        """Counts the records still to be read, by topic number; None before the first fetch of a topic."""
        return self._ends.lags(self.next_offsets)

    def behind_s(self, now_ms: int) -> float:
        """Says how long the oldest record that is not committed has waited (ends.py)."""
        return self._ends.behind_s(self._batches.in_hand, now_ms)

    async def committed(self, key: bytes) -> None:
        """Returns when no transaction is under way that writes the state of this key (owned.py)."""
        await self._owned.committed(key)

    # --- taking over, parking ---

    async def take_over(self) -> None:
        """Takes the partition over (owned.py), and drops what has arrived: it is read again from where that stands."""
        await self._owned.take_over()
        self._ends.forget_history()
        self._drop_queues()

    async def take_up(self) -> None:
        """Continues a parked partition if nobody has written to its changelog since: then it is ready to start.

        Called after each assignment. Otherwise it is to be taken over (`get_ready`).

        Raises:
            LaneError: The changelog could not be asked for too long (takeover.py).
        """
        await self.park()
        self._parking = False
        if self.partition is not None:
            await self._persistently(self._take_up)

    async def _take_up(self) -> None:
        if await self._owned.is_unchanged():
            self._drop_queues()
            self._get_ready()

    async def get_ready(self) -> None:
        """Takes the partition over, unless it was taken up. If the lane is parked meanwhile, it may take nothing over.

        A stage that sleeps only looks up where its inputs begin.

        Raises:
            LaneError: The partition could not be taken over for too long (takeover.py), or not safely.
        """
        if not self.is_ready and not self._parking:
            await self._persistently(self._look if self._asleep else self.take_over)
            self._get_ready()

    def _get_ready(self) -> None:
        self.is_ready = not self._parking

    async def _look(self) -> None:
        self._inbox.received = [span.beginning for span in await self._broker.spans(self.number)]
        self.is_placed = True

    def start(self) -> None:
        """Starts the task that works the partition.

        Raises:
            LaneError: It runs already. Two tasks would work the same events on the same state.
        """
        if self.is_started:
            raise LaneError(f"{self.title} is started, and runs already")
        self._parking = False
        self._tasks.start(self._run())

    def adopt(self, stage: Stage) -> None:
        """Switches to another form of the stage, such as one under another policy, before the next batch."""
        self._next_stage = stage
        self._news.set()

    async def park(self) -> None:
        """Finishes the transaction in hand, then stops. The state is kept in case the partition comes back."""
        self._parking = True
        self.is_ready = False
        self._news.set()
        self._batches.stop_preparing()
        await self._tasks.end()
        self._drop_queues()

    async def release(self) -> None:
        """Parks the lane, drops its state and closes its producers: another worker may have the partition."""
        await self.park()
        await self._owned.release()

    # --- what arrives ---

    def offer(self, topic: int, fetched: FetchedRecords) -> None:
        """Takes in a fetch. Records that arrived before are dropped; a gap before the fetch makes the lane seek back.

        A fetch that comes before the take-over, or while the lane parks, is dropped: its records are read again later.
        It wakes a stage that sleeps.
        """
        if self._parking:
            return
        if self.partition is None:
            if self._asleep and fetched.records:
                self._asleep = False
                self._news.set()
            elif self._asleep:  # control records alone: nothing to wake up for
                self._inbox.received[topic] = max(self._inbox.received[topic], fetched.next_offset)
            return
        if self._inbox.put(topic, fetched):
            self._news.set()
            if self._arrived_at is None:
                self._arrived_at = time.perf_counter()
        else:
            _log.info("%s: a fetch of %s was lost; reading again", self.title, self.stage.inputs[topic])
            self._spawn_seek()

    def _spawn_seek(self) -> None:
        self._tasks.start_beside("seek", self._broker.seek(self.number, list(self._inbox.received)))

    # --- the loop ---

    async def _run(self) -> None:
        await self._sleep()
        while not self._parking:
            self._news.clear()
            await self._change_stage()
            times = self._taking_up()
            await self._batches.decode()
            times.done("decode")
            self._look_at_held()
            awaited = await self._ends.awaited(self._owned.known)
            history_ends = await self._ends.of_history(self._owned.known)
            now_ms = self._now_ms()  # once a batch: what is too far ahead of it is so for the merge and for the work
            latest_ms = self._owned.known.latest_ms(now_ms)
            entries = self._inbox.take(awaited, BATCH_LIMIT, latest_ms, history_ends) if self.queued else []
            if entries or self._has_to_work(now_ms):
                await self._work(entries, now_ms, times)
            else:
                await self._wait_for_news()
                await self._see_none_left_open()

    async def _sleep(self) -> None:
        """Waits for a sleeping stage's first record, then takes the partition over and reads that record again."""
        if self.partition is not None:
            return
        while self._asleep and not self._parking:
            self._news.clear()
            self._waiting = True
            await self._news.wait()
            self._waiting = False
        if not self._parking:
            await self._persistently(self._take_over_and_seek)

    def _look_at_held(self) -> None:
        """Asks for the ends that held records have to wait for. What is not held does not wait for the answer."""
        if self._held is not None and self._held.over_in_s == 0:
            self._tasks.start_beside("question", self._held.ask())

    async def _change_stage(self) -> None:
        """Switches to the stage that was adopted. Waiting records are decoded again: the former stage decoded them."""
        stage = self._next_stage
        if stage is None or self.partition is None:
            return
        await self._owned.switch(stage)
        if self._next_stage is stage:  # it may have changed again meanwhile
            self._next_stage = None
        self._inbox.read_again()

    def _has_to_work(self, now_ms: int) -> bool:
        """Says whether there is something to work or to write without an entry."""
        return self._owned.due_in_s(now_ms) <= 0 or self._owned.is_behind or self._ends.is_history_worked

    async def _wait_for_news(self) -> None:
        wait_s = IDLE_S if self._held is None else min(IDLE_S, self._held.over_in_s)
        wait_s = min(wait_s, max(self._owned.due_in_s(self._now_ms()), 0.001))
        self._ends.note_caught_up()
        self._waiting = True
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._waiting = False

    def _taking_up(self) -> StepTimes:
        """Begins to time the steps of what has arrived; the first one is how long it has waited."""
        arrived_at, self._arrived_at = self._arrived_at, None
        times = StepTimes(time.perf_counter() if arrived_at is None else arrived_at)
        times.done("wait")
        return times

    async def _work(self, entries: list[Entry], now_ms: int, times: StepTimes) -> None:
        try:
            await self._batches.work(entries, now_ms, times)
        except TransactionFailedError as error:
            await self._failed(error)
        else:
            self._failures = 0

    async def _see_none_left_open(self) -> None:
        try:
            if not self._parking:
                await self._owned.see_none_left_open()
        except TransactionFailedError as error:
            await self._failed(error)

    async def _failed(self, error: TransactionFailedError) -> None:
        fenced = isinstance(error.__cause__, ProducerFenced | InvalidProducerEpoch)
        self._metrics.transaction_failed(self.stage.name, self.number, fenced=fenced)
        self._failures += 1
        if self._failures >= FAILURES_LIMIT:
            raise LaneError(f"{self.title}: {self._failures} transactions in a row have failed") from error
        if not await self._broker.are_away():  # that is said once, for all lanes
            _log.warning("%s; taking over again", error)
        await asyncio.sleep(pause_s(self._failures))  # time for the group to say that the partition is lost
        await self._persistently(self._take_over_and_seek)

    async def _take_over_and_seek(self) -> None:
        await self.take_over()
        await self._broker.seek(self.number, self._inbox.received)

    async def _persistently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        await self._owned.persistently(attempt, self._parks)

    # --- small parts ---

    def _parks(self) -> bool:
        return self._parking

    def _new_held(self, wait: Wait | None) -> HeldBack | None:
        if wait is None:
            return None
        return HeldBack(wait.topic, wait.ms, lambda: self._broker.ends(self.number), self._news.set)

    def _drop_queues(self) -> None:
        self._inbox.drop()
        self._batches.in_hand = []
        if self.partition is not None:
            self._inbox.received = list(self.partition.next_offsets)
            self.is_placed = True
