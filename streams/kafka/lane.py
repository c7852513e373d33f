"""A lane: the one serial task of a partition number, for all input topics together.

It takes what has arrived, works it as one batch, commits one transaction, and takes what arrived meanwhile: the batch
adapts to the load. Everything it touches the world with is handed in.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from operator import ge

from streams.contracts.packing import LaneRecord
from streams.engine.events import TOPICS
from streams.engine.state import NEVER_MS
from streams.entries import Entry, merge_heads
from streams.kafka.around import Surroundings
from streams.kafka.producers import TransactionFailedError
from streams.kafka.standing import TROUBLES, LaneError, check_standing, pause_s, persistently
from streams.kafka.transport import FetchedRecords
from streams.metrics import BatchOutcome, Metrics
from streams.partition import Limits, Partition, Work
from streams.rules import Clock, PartitionRules

BATCH_LIMIT = 10_000
QUEUE_HIGH = 30_000
QUEUE_LOW = 15_000
IDLE_S = 1.0
# Decisions without an event in a batch. On the wall clock live events wait no longer for them than for a small batch;
# where none wait, larger batches cost less.
LIMITS: dict[Clock, Limits] = {"wall": Limits(due=250, rerated=250), "event": Limits(due=5_000, rerated=5_000)}
LIMITS_ALONE: dict[Clock, Limits] = {"wall": Limits(due=1_000, rerated=1_000), "event": LIMITS["event"]}
# Brokers restart and coordinators move; what has not mended itself by then needs somebody.
TAKE_OVER_WITHIN_S = 60.0
FAILURES_LIMIT = 10
_log = logging.getLogger(__name__)


class Lane:
    """One partition, from take-over to parking. `partition` is None while nothing is known for certain."""

    def __init__(
        self,
        rules: PartitionRules,
        around: Surroundings,
        metrics: Metrics,
        now_ms: Callable[[], int],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.rules = rules
        self.number = rules.partition
        self.partition: Partition | None = None
        self.progress = 0
        self._around = around
        self._metrics = metrics
        self._now_ms = now_ms
        self._on_failure = on_failure
        self._transactions = around.transactions(self.number)
        self._changelog_end = -1
        self._queues: list[deque[Entry]] = [deque() for _ in TOPICS]
        self._received = [0] * len(TOPICS)
        self._held = [False] * len(TOPICS)
        self._news = asyncio.Event()
        self._parking = False
        self._failures = 0  # transactions in a row
        self._next_rules: PartitionRules | None = None
        self._task: asyncio.Task[None] | None = None
        self._seek: asyncio.Task[None] | None = None  # asyncio itself keeps no hold of a task

    # --- taking over, parking ---

    @property
    def serving(self) -> bool:
        """Whether the state here is the partition's newest."""
        return self.partition is not None and self._task is not None and not self._task.done()

    @property
    def queued(self) -> int:
        """Records that have arrived and wait."""
        return sum(map(len, self._queues))

    @property
    def next_offsets(self) -> list[int]:
        """Where the inputs are to be read from."""
        return list(self.partition.next_offsets) if self.partition is not None else list(self._received)

    async def take_over(self) -> None:
        """Fence the former owner, read the changelog, and stand where the lane record says."""
        self.partition = None
        started = time.monotonic()
        await self._transactions.stop()
        self._transactions = self._around.transactions(self.number)
        await self._transactions.start()
        await self._around.end_leftovers(self.number, self._transactions)
        # The group is asked before the changelog is read: were we overtaken in between, it would seem to be ahead.
        committed = await self._around.committed(self.number)
        recovered = await self._around.recover(self.number)
        lane = await self._lane_record(recovered.lane, committed)
        self.partition = Partition(self.rules, recovered.packed, lane)
        self._changelog_end = recovered.end_offset
        self._drop_queues()
        seconds = time.monotonic() - started
        self._metrics.recovered(self.number, recovered.records, seconds)
        self._metrics.show_customers(self.number, self.partition.customers_by_tier)
        _log.info("partition %d taken over: %d records in %.3f s", self.number, recovered.records, seconds)

    async def take_up_or_over(self) -> None:
        """After a rebalance: a parked partition goes on only if nobody has written to its changelog since.

        Returns at once, with nothing taken over, when the lane is parked meanwhile.
        """
        self._parking = False
        await self._persistently(self._take_up_or_over)

    async def _take_up_or_over(self) -> None:
        if self.partition is not None and await self._around.changelog_end(self.number) == self._changelog_end:
            self._drop_queues()
            return
        await self.take_over()

    def start(self) -> None:
        """Begins to work."""
        self._parking = False
        self._task = asyncio.create_task(self._run(), name=f"lane {self.number}")
        self._task.add_done_callback(self._ended)

    def adopt(self, rules: PartitionRules) -> None:
        """Goes on by other rules, from the next batch on."""
        self._next_rules = rules
        self._news.set()

    async def park(self) -> None:
        """Finishes the transaction in hand, and stops; the state is kept in case the partition comes back."""
        self._parking = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None
        self._drop_queues()

    async def release(self) -> None:
        """Gives the partition up."""
        await self.park()
        self.partition = None
        await self._transactions.stop()
        self._metrics.partition_released(self.number)

    # --- what arrives ---

    def offer(self, topic: int, fetched: FetchedRecords) -> None:
        """Takes in a fetch. What is known already is dropped; a gap makes the lane seek back."""
        if self.partition is None or self._parking:
            return
        received = self._received[topic]
        if fetched.begins_at > received:
            _log.warning("partition %d: a fetch of %s was lost; reading again", self.number, self.rules.topics[topic])
            self._spawn_seek()
            return
        records = fetched.records
        if fetched.begins_at < received:
            records = [record for record in records if record.offset >= received]
        self._queues[topic].extend(self.partition.decode(topic, records))
        self._received[topic] = max(received, fetched.next_offset)
        if len(self._queues[topic]) > QUEUE_HIGH and not self._held[topic]:
            self._held[topic] = True
            self._around.flow(self.number, topic, on=False)
        self._news.set()

    def _spawn_seek(self) -> None:
        self._seek = asyncio.create_task(self._around.seek(self.number, list(self._received)))
        self._seek.add_done_callback(self._ended)

    # --- the loop ---

    async def _run(self) -> None:
        while not self._parking:
            self._news.clear()
            self._change_rules()
            entries = await self._next_entries()
            if entries or self._is_due() or self._known().is_stale:
                await self._work(entries)
            else:
                await self._wait_for_news()

    async def _next_entries(self) -> list[Entry]:
        if not self.queued:
            return []
        awaited: frozenset[int] = frozenset()
        if self.rules.clock == "event":
            ends = await self._around.ends(self.number)
            awaited = frozenset(topic for topic, end in enumerate(ends) if self._received[topic] < end)
        entries = merge_heads(self._queues, awaited, BATCH_LIMIT)
        for topic, held in enumerate(self._held):
            if held and len(self._queues[topic]) < QUEUE_LOW:
                self._held[topic] = False
                self._around.flow(self.number, topic, on=True)
        return entries

    def _change_rules(self) -> None:
        """Takes up the rules that came meanwhile; what waits was read by the former ones, and is read again."""
        rules, self._next_rules = self._next_rules, None
        former = self.partition
        if rules is None or former is None:
            return
        self.rules = rules
        self.partition = Partition(rules, former.packed, former.lane)
        for topic, queue in enumerate(self._queues):
            self._queues[topic] = deque(self.partition.decode(topic, [entry.record for entry in queue]))

    def _is_due(self) -> bool:
        due_ms = self._known().next_due_ms()
        return self.rules.clock == "wall" and due_ms is not None and due_ms <= self._now_ms()

    def _has_reached(self, ends: Sequence[int]) -> bool:
        return not self.queued and all(map(ge, self._received, ends))

    async def _wait_for_news(self) -> None:
        if self._known().backfill and self._has_reached(await self._around.ends(self.number)):
            self._known().backfill = False
        wait_s = IDLE_S
        due_ms = self._known().next_due_ms()
        if self.rules.clock == "wall" and due_ms is not None:
            wait_s = min(wait_s, max((due_ms - self._now_ms()) / 1000, 0.001))
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return

    async def _work(self, entries: list[Entry]) -> None:
        partition = self._known()
        ends = await self._around.ends(self.number) if partition.backfill else None
        began = time.perf_counter()
        limits = LIMITS if entries else LIMITS_ALONE
        worked = partition.work_some(entries, self._now_ms(), limits[self.rules.clock])
        for entry in reversed(entries[worked:]):
            self._queues[entry.topic].appendleft(entry)
        if ends is not None and self._has_reached(ends):
            partition.backfill = False
        work = partition.pack(self._positions_after())
        computed = time.perf_counter()
        try:
            self._changelog_end = await self._transactions.commit(work)
        except TransactionFailedError as error:
            self.partition = None  # nobody is shown what may not have been committed
            await self._failed(error)
            return
        self._failures = 0
        partition.merge(work)
        self.progress += 1
        seconds = computed - began, time.perf_counter() - computed
        self._metrics.record_batch(self._outcome(work, entries[:worked], *seconds))

    async def _failed(self, error: TransactionFailedError) -> None:
        self._metrics.transaction_failed(self.number)
        self._failures += 1
        if self._failures >= FAILURES_LIMIT:
            raise LaneError(f"{self._failures} transactions in a row have failed") from error
        _log.warning("%s; taking over again", error)
        await asyncio.sleep(pause_s(self._failures))  # a worker that has lost the partition is told so meanwhile
        await self._persistently(self._take_over_and_seek)

    async def _take_over_and_seek(self) -> None:
        await self.take_over()
        await self._around.seek(self.number, self._received)

    async def _persistently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        async def known_or_nothing() -> None:
            try:
                await attempt()
            except TROUBLES:
                self.partition = None
                raise

        what = f"partition {self.number}"
        await persistently(known_or_nothing, what, TAKE_OVER_WITHIN_S, lambda: self._parking)

    def _positions_after(self) -> list[int]:
        """Where each topic stands after this batch: past control records too, where nothing of it waits."""
        return [
            queue[0].offset if queue else received for queue, received in zip(self._queues, self._received, strict=True)
        ]

    # --- small parts ---

    async def _lane_record(self, lane: LaneRecord | None, committed: Sequence[int | None]) -> LaneRecord:
        spans = await self._around.spans(self.number)
        check_standing(self.number, self.rules.topics, lane, spans, committed)
        if lane is None:
            return LaneRecord(tuple(span.beginning for span in spans), 0, NEVER_MS, self.rules.backfill)
        return lane

    def _known(self) -> Partition:
        if self.partition is None:
            raise LaneError(f"partition {self.number} is worked on before it was taken over")
        return self.partition

    def _drop_queues(self) -> None:
        for topic, queue in enumerate(self._queues):
            queue.clear()
            if self._held[topic]:
                self._held[topic] = False
                self._around.flow(self.number, topic, on=True)
        if self.partition is not None:
            self._received = list(self.partition.next_offsets)

    def _outcome(self, work: Work, entries: list[Entry], compute_s: float, commit_s: float) -> BatchOutcome:
        topics, partition = self.rules.topics, self._known()
        newest_ms = max((getattr(entry.record, "timestamp", 0) for entry in entries), default=0)
        return BatchOutcome(
            partition=self.number,
            compute_seconds=compute_s,
            commit_seconds=commit_s,
            delay_seconds=max(self._now_ms() - newest_ms, 0) / 1000 if newest_ms else None,
            events_by_topic_and_outcome={(topics[topic], what): n for (topic, what), n in work.outcomes.items()},
            changes=work.kinds,
            triggered=work.triggered,
            risks=work.risk_kinds,
            dead_letters=work.reasons,
            lag_by_topic={topics[topic]: lag for topic, lag in enumerate(self.lags()) if lag is not None},
            customers_by_tier=partition.customers_by_tier,
        )

    def lags(self) -> list[int | None]:
        """Records behind the end, by topic; None before the first fetch."""
        ends = [self._around.highwater(self.number, topic) for topic in range(len(TOPICS))]
        return [
            None if end is None else max(end - offset, 0) for end, offset in zip(ends, self.next_offsets, strict=True)
        ]

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Nobody cancels a lane; but a future of the client that it awaits may be.
        error = LaneError(f"partition {self.number} was cancelled") if task.cancelled() else task.exception()
        if error is not None:
            self._on_failure(error)
