"""A partition number in this worker's hands: its producers, and its state once that is known for certain.

A lane (lane.py) works what is owned here. What a take-over checks is in takeover.py.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.kept import LaneRecord
from streams.errors import START_ANEW, UsageError
from streams.kafka.producers import TransactionFailedError
from streams.kafka.transactional import RoundTrip
from streams.kafka.unchanged import with_topics
from streams.metrics import Metrics
from streams.partition.partition import Partition
from streams.partition.seals import Seals
from streams.partition.work import KEYS, Work
from streams.sealing.cipher import SealError
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS
from streams.worker.ports import BrokerPort, TransactionsPort
from streams.worker.takeover import (
    RETRIED_ERRORS,
    LaneError,
    check_counter,
    check_growing,
    check_position,
    persistently,
    topics_as_known,
)
from streams.worker.turns import Turns

_log = logging.getLogger(__name__)


class UnderWay(NamedTuple):
    """A transaction until its outcome is known here. states: those that it writes."""

    states: Mapping[bytes, bytes]
    over: asyncio.Event


class Owned:
    """What a worker has of a partition number: `partition` is None while its state is not known for certain."""

    def __init__(self, stage: Stage, number: int, broker: BrokerPort, metrics: Metrics, turns: Turns) -> None:
        self.stage = stage
        self.number = number
        self.title = f"{stage.title} {number}"
        self.partition: Partition | None = None
        self.seals: Seals | None = None  # where the stage seals, and the state is known
        self.is_being_taken_over = False
        self._broker = broker
        self._metrics = metrics
        self._turns = turns
        self._transactions = self._new_transactions()
        self._changelog_end = -1
        self._under_way: UnderWay | None = None

    @property
    def known(self) -> Partition:
        """Gives the partition.

        Raises:
            LaneError: Its state is not known.
        """
        if self.partition is None:
            raise LaneError(f"{self.title} is worked on before it was taken over")
        return self.partition

    @property
    def is_behind(self) -> bool:
        """Says whether there is something to write without an event: after another policy, or another master key."""
        return self.known.is_stale or (self.seals is not None and self.seals.left > 0)

    def due_in_s(self, now_ms: int) -> float:
        """Says in how many seconds something is due by the wall clock; without end where nothing is."""
        partition = self.known
        due_ms = None if partition.on_event_clock else partition.next_due_ms()
        return math.inf if due_ms is None else (due_ms - now_ms) / 1000

    async def take_over(self) -> None:
        """Fences the former owner, reads the changelog back, and continues where its lane record says.

        Raises:
            LaneError: The state does not fit the input topics, or the group's offsets.
            TopicsChangedError: The topics are not those that the state was made with.
            ChangelogError: The changelog cannot be trusted, or not be read to its end.
            UsageError: A state is sealed, and its key cannot be had.
            TransactionFailedError: A producer could not be started; a later try may succeed.
            RevokedError: The broker has aborted in part what it had decided to commit.
        """
        self.partition = self.seals = None
        started = time.monotonic()
        await self._transactions.stop()
        self._transactions = self._new_transactions()
        await self._transactions.start()
        await self._broker.end_leftovers(self.number, self._transactions)
        # The group is asked before the changelog is read. In the other order, commits of a worker that takes over
        # between the two would make the group seem ahead of the state.
        committed = await self._broker.committed(self.number)
        newest = await self._broker.newest_transaction(self.number)
        recovered = await self._broker.recover(self.number)
        check_growing(self.title, recovered.growing)
        lane = await self._lane_record(recovered.lane, committed, newest)
        seals = await self._opened(recovered.packed)
        partition = self.stage.open(self.number, recovered.packed, lane)
        await self._turns.work(partition.taking_up())
        self.partition, self.seals = partition, seals
        self._changelog_end = recovered.end_offset
        seconds = time.monotonic() - started
        self._metrics.recovered(self.stage.name, self.number, recovered.records, seconds)
        _log.info("%s taken over: %d records in %.3f s", self.title, recovered.records, seconds)

    async def is_unchanged(self) -> bool:
        """Says whether the state is known, and nobody has written to the changelog since."""
        return self.partition is not None and await self._broker.changelog_end(self.number) == self._changelog_end

    async def persistently(self, attempt: Callable[[], Awaitable[None]], given_up: Callable[[], bool]) -> None:
        """Repeats an attempt to take over, as takeover.persistently does. What fails leaves a state that is not known.

        Raises:
            LaneError: It has failed for too long, or the partition cannot be worked safely.
        """

        async def known_or_nothing() -> None:
            try:
                await attempt()
            except RETRIED_ERRORS:
                self.partition = None
                raise

        self.is_being_taken_over = True
        try:
            await persistently(
                known_or_nothing, f"{self.title} could not be taken over", given_up, self._broker.are_away
            )
        finally:
            self.is_being_taken_over = False

    async def switch(self, stage: Stage) -> None:
        """Switches to another form of the stage, such as one under another policy, between two batches."""
        former = self.known
        partition = stage.open(self.number, former.packed, former.lane)
        await self._turns.work(partition.taking_up_from(former))
        self.stage, self.partition = stage, partition

    async def commit(self, work: Work) -> None:
        """Commits a batch, and keeps its states: from then on they are seen.

        Raises:
            TransactionFailedError: It failed, or its outcome is not known, and so the state is not known either.
        """
        self._under_way = under_way = UnderWay(work.states, asyncio.Event())
        try:
            written = work if self.seals is None else self.seals.sealed
            self._changelog_end = await self._transactions.commit(written, self._changelog_end)
            self.known.keep(work)
            if self.seals is not None:
                self._keep(self.seals)
        except TransactionFailedError:
            self.partition = None  # HTTP must not show what may not have been committed
            raise
        finally:
            self._under_way = None
            under_way.over.set()

    async def committed(self, key: bytes) -> None:
        """Waits for the transaction that is under way now, if it writes the state of this key.

        The broker may have committed it, and others may have read it, before this worker hears of that.
        """
        under_way = self._under_way
        if under_way is not None and key in under_way.states:
            await under_way.over.wait()

    async def see_none_left_open(self) -> None:
        """Makes sure that the broker, which may have restarted, has left nothing open of what was committed.

        Raises:
            TransactionFailedError: It has; the partition is to be taken over again, which ends that.
        """
        try:
            await self._transactions.see_none_left_open()
        except TransactionFailedError:
            self.partition = None
            raise

    @property
    def round_trips(self) -> Mapping[str, RoundTrip]:
        """When the broker answered each request of the newest transaction, by step (metrics.STEPS)."""
        return self._transactions.round_trips

    async def release(self) -> None:
        """Drops the state and closes the producers: another worker may have the partition."""
        self.partition = self.seals = None
        await self._transactions.stop()

    async def _opened(self, packed: dict[bytes, bytes]) -> Seals | None:
        """Opens what is sealed of the states, in their place; gives what seals them again."""
        if self.stage.seals is None:
            return None
        seals = self.stage.seals(await self._broker.keys(self.number))
        try:
            await self._turns.work(seals.opening(packed))
        except SealError as error:
            topic = self.stage.outputs[KEYS].topic
            raise UsageError(
                f"{self.title}: {error}; write the master key that workers had before, restore {topic}, or {START_ANEW}"
            ) from error
        return seals

    def _keep(self, seals: Seals) -> None:
        were_left = seals.left
        seals.keep()
        if were_left and not seals.left:
            _log.info("%s: all keys of its customers are wrapped by the first master key", self.title)

    def _new_transactions(self) -> TransactionsPort:
        return self._broker.transactions(self.number, lambda: self._metrics.epoch_raised(self.stage.name, self.number))

    async def _lane_record(
        self, lane: LaneRecord | None, committed: Sequence[int | None], newest: int | None
    ) -> LaneRecord:
        topics = await topics_as_known(self.title, lane, self.stage.topics, self._broker.topics)
        spans = await self._broker.spans(self.number)
        check_position(self.title, self.number, self.stage.inputs, lane, spans, committed)
        check_counter(self.title, lane, newest)
        beginning = LaneRecord(tuple(span.beginning for span in spans), 0, NEVER_MS, self.stage.backfill)
        return with_topics(lane or beginning, self.stage.noted(topics))
