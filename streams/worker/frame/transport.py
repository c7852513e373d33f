"""Faust's transport, a fetch at a time: one message a fetch, whose value is the fetched records of all partitions.

Faust's own path makes a message, an acknowledgement and an interval-tree entry of every record; a fetch at a time takes
about a twentieth of its CPU time. Each message makes two tasks and goes through the loop several times, so a fetch is
one, however many partitions it has. The lanes' transactions commit the offsets, so nothing needs to be acknowledged
(docs/adr/0001-faust-as-the-frame.md).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.kafka.bare_records import as_it_is
from streams.kafka.fetching import check_fetching
from streams.kafka.group import GroupConsumer
from streams.logs import FAUST

FETCH_MAX_WAIT_MS = 25
CONNECT_EVERY_S = 1.0
PAUSED_LOOK_EVERY_S = 1.0
FETCH_MAX_PARTITION_BYTES = 512 << 10
FETCH_MAX_BYTES = 2 << 20  # of an answer, which is there several times while it is taken apart


class FetchedRecords(NamedTuple):
    """The records of one fetch of one partition, and the positions at which the fetch began and ended."""

    records: list[ConsumerRecord]
    begins_at: int
    next_offset: int


class FetchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread, which also notes the positions at which each fetch began and ended."""

    logger = FAUST

    positions: dict[TP, int]

    async def on_start(self) -> None:
        """Connects. Brokers that are away, or do not let us in, are waited for: the worker's watches say so."""
        while not self.should_stop:
            consumer = self._create_consumer(loop=self.thread_loop)
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                self.log.warning("the brokers cannot be reached yet: %s", error)
                await consumer.stop()
                await self.sleep(CONNECT_EVERY_S)
            else:
                self._consumer = consumer
                self.time_started = monotonic()
                return

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ARG002 - Faust's
        """Makes the consumer of the group. Faust's own has no settings for half of this, and knows no renewed token."""
        conf = self.app.conf
        # As Faust sets it for an app whose table has a changelog: one number of all topics goes to one worker.
        self._assignor = self.app.assignor
        self.positions = {}
        return GroupConsumer(
            **self.app.client_options,
            group_id=conf.id,
            client_id=conf.broker_client_id,
            partition_assignment_strategy=[self._assignor],
            isolation_level="read_committed",
            enable_auto_commit=False,
            value_deserializer=as_it_is,
            # The lanes say where to read. A reset would silently skip records deleted before they were worked.
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            fetch_max_bytes=FETCH_MAX_BYTES,
            max_partition_fetch_bytes=FETCH_MAX_PARTITION_BYTES,
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=_ms(conf.broker_max_poll_interval),
            session_timeout_ms=_ms(conf.broker_session_timeout),
            rebalance_timeout_ms=_ms(conf.broker_rebalance_timeout),
            heartbeat_interval_ms=_ms(conf.broker_heartbeat_interval),
            request_timeout_ms=_ms(conf.broker_request_timeout),
        )

    async def seek_all(self, offsets: Mapping[TP, int]) -> None:
        """Seeks to these offsets, 0 included, in the partitions that are assigned. To be called in this thread."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in offsets.items():
            if tp in assigned:
                consumer.seek(driver.ensure_aiokafka_TP(tp), offset)
                self.positions[tp] = offset

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Does nothing. Faust's check would report that changelogs are not fetched: lanes read those themselves.

        The app watches the progress of lanes instead.
        """

    def highwater(self, tp: TP) -> int | None:
        """Gives the last stable offset: the end of what can be read, before the first open transaction.

        None where it is not known, or the partition is not assigned any more.
        """
        assignment = _assignment(self._ensure_consumer())
        state = None if assignment is None else assignment.state_value(tp)
        return None if state is None else state.lso

    def look_again(self) -> None:
        """Lets a fetch that waits for news look at what is there already. May be called from any thread."""
        self.thread_loop.call_soon_threadsafe(self._wake_fetch)

    def _wake_fetch(self) -> None:
        if self._consumer is not None:
            fetcher = self._consumer._fetcher  # noqa: SLF001
            for waiter in list(fetcher._fetch_waiters):  # noqa: SLF001
                fetcher._notify(waiter)  # noqa: SLF001

    def heard_at_ms(self) -> int:
        """Gives the epoch time in milliseconds of the newest answer to a fetch; 0 before the first."""
        assignment = _assignment(self._ensure_consumer())
        tps = () if assignment is None else assignment.tps
        return max((assignment.state_value(tp).timestamp or 0 for tp in tps), default=0)

    async def _fetch_records(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **options: Any
    ) -> dict[TP, FetchedRecords]:
        check_fetching(consumer)
        try:
            fetched = await super()._fetch_records(consumer, active_partitions, **options)
        except NoOffsetForPartitionError:
            return {}  # a fetch from before the seek to the positions of the lanes
        assignment = _assignment(consumer)
        batches = {}
        for tp in active_partitions:
            begins_at = self.positions.get(tp)
            state = assignment.state_value(tp) if assignment is not None else None
            if begins_at is None or state is None or not state.has_valid_position:
                continue
            if state.position > begins_at or tp in fetched:  # control records alone move the position, too
                batches[tp] = FetchedRecords(fetched.get(tp, []), begins_at, state.position)
                self.positions[tp] = state.position
        # The flow is looked at last. The positions are noted even where the records are dropped: so the lane sees a gap
        # before the next fetch, and reads again.
        return batches if self.consumer.flow_active else {}


class FetchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer, which passes on FetchedRecords instead of records and seeks where the lanes say."""

    logger = FAUST

    # Not set: perform_seek asks the app.
    lane_positions: Callable[[], Mapping[TP, int]]

    def on_init(self) -> None:
        """Makes what a consumer begins with. Called by Faust."""
        super().on_init()
        self._resumed = asyncio.Event()

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Yields one message: the partitions that have records, or whose position has moved.

        Inputs that cannot be read end the process.
        """
        try:
            batches, _ = await self._wait_next_records(timeout)
        except KafkaError as error:  # of those that heal aiokafka tells nobody
            await self.app.on_inputs_unreadable(error)
            raise
        if not batches or self.should_stop or not self.flow_active:
            return  # lanes see the gap in the positions and seek back
        # Faust's own getmany drops what was fetched while its partition was being paused, which may be the last fetch
        # there is. Its _drain_messages drops what lies before the newest message, unless that is unset here: a lane may
        # have sought back.
        tp = next(iter(batches))
        self._read_offset[tp] = None
        yield tp, _message(tp, batches, self.app.consumer_generation_id)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resumes partitions, and has what was fetched of them meanwhile passed on.

        aiokafka wakes a fetch that waits for records only when new ones come. It holds some of a paused partition
        already, and asks for no more: a worker that catches up would wait for the fetch's timeout, a second.
        """
        super().resume_partitions(tps)
        self._resumed.set()
        self._thread.look_again()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's
        """Fetches. Where all partitions are paused, Faust would sleep for a second, though one is resumed meanwhile."""
        if self.flow_active and not self._get_active_partitions():
            self._resumed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSED_LOOK_EVERY_S):
                    await self._resumed.wait()
        return await super()._wait_next_records(timeout)

    async def perform_seek(self) -> None:
        """Seeks to the positions of the lanes. The group's committed offsets are only a copy of them."""
        await self.seek_to(self.app.lane_positions())

    async def seek_to(self, offsets: Mapping[TP, int]) -> None:
        """Seeks the given input partitions, in the consumer's thread."""
        await self._thread.call_thread(self._thread.seek_all, offsets)

    def member_until(self) -> float:
        """Gives until when this worker is a member of the group for certain (time.monotonic); 0 before it joined."""
        return self._group.member_until if self._group is not None else 0.0

    def trouble(self) -> BaseException | None:
        """Gives why this worker cannot join its group; None where that is not known, or nothing is wrong."""
        return self._group.trouble if self._group is not None else None

    @property
    def _group(self) -> GroupConsumer | None:
        """The consumer, once it is started; it lives in another thread."""
        consumer: GroupConsumer | None = self._thread._consumer  # noqa: SLF001 - Faust's
        return consumer if consumer is not None and consumer._coordinator is not None else None  # noqa: SLF001

    def heard_at_ms(self) -> int:
        """Gives the epoch time in milliseconds at which the broker last answered a fetch; 0 if it has not yet."""
        return self._thread.heard_at_ms() if self._group is not None else 0


class FetchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's transport over aiokafka, with FetchConsumer as its consumer."""

    Consumer = FetchConsumer


class FetchSchema(faust.Schema):  # type: ignore[misc]
    """A schema that passes the fetched records to the agent as they are: the lane decodes them."""

    def compile(self, app: faust.App, **_: Any) -> Callable[..., Awaitable[faust.Event]]:
        """Gives Faust its decoder, which only puts the message into an event."""

        async def decode(message: ConsumerMessage, **_: Any) -> faust.Event:
            return faust.Event(app, None, message.value, {}, message)

        return decode


class ConsumerOnly(faust.app.BootStrategy):  # type: ignore[misc]
    """What Faust starts: all but its own producer, which nobody would use, and which knows no login."""

    enable_kafka_producer = False


def _assignment(consumer: AIOKafkaConsumer) -> Any:
    """Gives aiokafka's assignment, which never changes; None where there is none.

    Its own methods look at it twice: it may be another one by then, made in the consumer's thread.
    """
    subscription = consumer._subscription.subscription  # noqa: SLF001
    return None if subscription is None else subscription.assignment


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _message(tp: TP, batches: Mapping[TP, FetchedRecords], generation: int) -> ConsumerMessage:
    """Gives the message of a fetch. tp: one of its partitions, by which Faust finds the agent."""
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        batches[tp].next_offset - 1,
        None,
        0,
        [],
        None,
        batches,
        None,
        0,
        0,
        tp,
        generation_id=generation,
    )
