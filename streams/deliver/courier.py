"""The courier of one endpoint: reads its events, sends them, and commits how far it is."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.deliver.answers import Answer
from streams.deliver.clock import Clock
from streams.deliver.config import Endpoint, Stream, Target
from streams.deliver.filters import filter_of
from streams.deliver.health import Health
from streams.deliver.metrics import DeliverMetrics, lag_of
from streams.deliver.parked import addressee, parked_headers
from streams.deliver.pending import EVENTS_LIMIT, Event, Pending
from streams.deliver.request import attributes
from streams.deliver.sender import Sender
from streams.deliver.subscription import Hooks, Subscription
from streams.errors import AwayError
from streams.kafka.erasures import Erasures
from streams.kafka.keys import Keys, Opened
from streams.settings import Settings

if TYPE_CHECKING:  # OpenTelemetry's packages are an extra
    from streams.deliver.spans import RequestSpans

COMMIT_S = 0.5
TOUCH_S = 60.0
# How long requests in flight are waited for when partitions are revoked or the process ends.
DRAIN_S = 8.0
COMMITTED_WITHIN_S = 4.0
IDLE_S = 60.0
LOOK_EVERY_S = 1.0
# Reading few records at a time costs more than sending them.
READ_AT_LEAST = EVENTS_LIMIT // 4
MALFORMED = "malformed"

_log = logging.getLogger(__name__)


class Shared(NamedTuple):
    """What the couriers of a process share. `random` gives a number from 0 to 1; `agent` is the User-Agent.

    erasures: who was erased, which the process keeps up to date. keys: what opens sealed events. spans: None: nobody
    traces.
    """

    producer: AIOKafkaProducer
    metrics: DeliverMetrics
    clock: Clock
    random: Callable[[], float]
    agent: str
    erasures: Erasures
    keys: Keys
    spans: "RequestSpans | None" = None


class Courier:
    """The delivery to one endpoint. When it is cancelled, it waits for the requests in flight, commits and ends."""

    def __init__(self, settings: Settings, target: Target, shared: Shared) -> None:
        self.endpoint: Endpoint = target.endpoint
        self._streams: dict[str, Stream] = {settings.output_topic(name): name for name in target.endpoint.events}
        self._wants = filter_of(target.endpoint)
        self._parked_topic = settings.parked_topic
        self._producer = shared.producer
        self._metrics = shared.metrics
        self._clock = shared.clock
        self._erasures = shared.erasures
        self._keys = shared.keys
        self._sender = Sender(target, shared.clock, shared.agent, shared.spans)
        self._health = Health(target.endpoint, shared.random)
        self._shown = self._health.state
        self._pending = Pending(target.endpoint, self._health)
        self._pending.closed = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()  # there is room for more records
        self._timer = asyncio.Event()  # the next try may be due at another time than before
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hooks = Hooks(self._revoked, self._assigned, self._fail)
        self._subscription = Subscription(settings, target.endpoint, hooks)

    async def run(self) -> None:
        """Delivers until it is cancelled.

        Whatever it raises is not the endpoint's fault: Kafka cannot be used, or there is a bug.
        """
        self._metrics.show_state(self.endpoint.name, self._shown)
        self._show_queue()
        async with self._sender:
            try:
                await self._subscription.start()
                async with asyncio.TaskGroup() as group:
                    for awaitable in (self._read(), self._dispatch_in_time(), self._commit_in_time(), self._failure):
                        group.create_task(_run(awaitable))
            finally:
                await asyncio.shield(self._end())

    @property
    def member_until(self) -> float:
        """Until when Kafka counts it as a member of the endpoint's group for certain (time.monotonic)."""
        return self._subscription.member_until

    # --- partitions come and go ---

    def _assigned(self) -> None:
        self._pending = Pending(self.endpoint, self._health)
        self._room.set()

    async def _revoked(self) -> None:
        """Waits for the requests in flight, and commits. Whoever gets the partitions sends the rest."""
        pending = self._pending
        pending.closed = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._subscription.commit(pending.positions.next_offsets())

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S + COMMITTED_WITHIN_S):
                await self._revoked()
        except (KafkaError, TimeoutError) as error:
            _log.warning(
                "endpoint %s: the position could not be committed (%s); the last events will come twice",
                self.endpoint.name, type(error).__name__,
            )  # fmt: skip
        await self._subscription.stop()

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    # --- reading ---

    async def _read(self) -> None:
        while True:
            pending = self._pending
            if pending.closed or pending.room < READ_AT_LEAST or self._health.state == "gone":
                self._room.clear()
                if not await self._woken(self._room, TOUCH_S):
                    await self._subscription.touch()
                continue
            batch = await self._subscription.read(pending.room)
            # Nothing else ran since `read` returned: if partitions changed while it waited, its records are of the new
            # assignment.
            pending = self._pending
            if pending.closed:
                continue  # read before the positions were known; these records are read again
            for tp, records in batch.items():
                for record in records:
                    await self._add(pending, tp, record)
            for tp, position in (await self._subscription.positions()).items():
                pending.positions.reached(tp, position)
            self._dispatch()

    async def _add(self, pending: Pending, tp: TopicPartition, record: ConsumerRecord) -> None:
        opened = await self._opened(record)
        try:
            if opened.is_erased:
                self._metrics.events.labels(self.endpoint.name, "erased").inc()
            elif self._is_wanted(record, opened.value):
                event = attributes(record.headers)
                if event is None or record.key is None:
                    raise ValueError("no CloudEvent, or nobody's")  # noqa: TRY301 - handled as the error of a decoder
                pending.add(tp, record, event, opened.value)
        except (msgspec.DecodeError, ValueError):
            await self._park(record, MALFORMED, 0)
        pending.positions.reached(tp, record.offset + 1)

    async def _opened(self, record: ConsumerRecord) -> Opened:
        """Opens an event that is sealed. A broker that is away is waited for."""
        while True:
            try:
                return await self._keys.opened(record)
            except AwayError as error:
                _log.warning("endpoint %s: a key cannot be read yet: %s", self.endpoint.name, error)
                await self._clock.sleep(LOOK_EVERY_S)

    def _is_wanted(self, record: ConsumerRecord, value: bytes | None) -> bool:
        """Says whether the endpoint gets the record. value: in the clear.

        Raises:
            ValueError: The value is not UTF-8.
            msgspec.DecodeError: The value is not a JSON object that a filter can read.
        """
        stream = self._streams.get(record.topic)
        if stream == "erasures":
            self._erasures.add(record)  # once the endpoint is told, it gets nothing that is older
        if value is None or (stream is None and addressee(record) != self.endpoint.name):
            return False
        value.decode()  # it is signed as text
        wanted = stream is None or self._wants(stream, value)
        if not wanted:
            self._metrics.events.labels(self.endpoint.name, "filtered").inc()
        return wanted

    # --- sending ---

    def _dispatch(self) -> None:
        """Starts all tries that may start now."""
        pending = self._pending
        for event in pending.take(self._clock.monotonic()):
            task = asyncio.create_task(self._deliver(pending, event))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self._show("")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    async def _deliver(self, pending: Pending, event: Event) -> None:
        if self._is_void(event):
            pending.drop(event)
            self._go_on()
            return
        began_s = self._clock.monotonic()
        answer = await self._sender.send(event)
        now_s = self._clock.monotonic()
        verdict = pending.settle(event, answer, now_s)
        self._count(answer, now_s - began_s)
        self._show(answer.reason)
        match verdict:
            case "finished":
                delay_s = self._clock.time() - event.record.timestamp / 1000
                self._metrics.events.labels(self.endpoint.name, "delivered").inc()
                self._metrics.delay.labels(self.endpoint.name).observe(max(0.0, delay_s))
                self._metrics.success.labels(self.endpoint.name, "delivered").set(self._clock.time())
            case "park" if self._is_void(event):  # its customer was erased during the try
                pending.finish(event)
            case "park":
                await self._park(event.record, answer.reason, event.tries)
                pending.finish(event)
            case "later":
                self._timer.set()
        self._go_on()

    def _is_void(self, event: Event) -> bool:
        """Says, and counts, whether an event is of before the erase of its customer."""
        is_void = self._erasures.void_output(event.record, event.value)
        if is_void:
            self._metrics.events.labels(self.endpoint.name, "erased").inc()
        return is_void

    def _go_on(self) -> None:
        """Starts what an event has made room for."""
        self._dispatch()
        if self._pending.room >= READ_AT_LEAST:
            self._room.set()

    async def _park(self, record: ConsumerRecord, reason: str, tries: int) -> None:
        name = self.endpoint.name
        await self._producer.send_and_wait(
            self._parked_topic,
            record.value,
            key=record.key,
            partition=record.partition,
            headers=parked_headers(record, name, reason, tries, self._clock.time()),
        )
        self._metrics.events.labels(name, "parked").inc()
        _log.warning(
            "endpoint %s: %s partition %d offset %d is parked after %d tries: %s",
            name, record.topic, record.partition, record.offset, tries, reason,
        )  # fmt: skip

    # --- by time ---

    async def _dispatch_in_time(self) -> None:
        while True:
            self._timer.clear()
            now_s = self._clock.monotonic()
            at_s = self._pending.next_at_s(now_s)
            await self._woken(self._timer, IDLE_S if at_s is None else max(0.0, at_s - now_s))
            self._dispatch()

    async def _commit_in_time(self) -> None:
        while True:
            await self._clock.sleep(COMMIT_S)
            pending = self._pending
            if not pending.closed:
                await self._subscription.commit(pending.positions.next_offsets())
                self._metrics.success.labels(self.endpoint.name, "committed").set(self._clock.time())

    async def _woken(self, event: asyncio.Event, within_s: float) -> bool:
        """Waits for the event; gives False if it does not come within this time of the courier's clock."""
        waiters = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._clock.sleep(within_s))]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        return event.is_set()

    # --- metrics and logs ---

    def _show_queue(self) -> None:
        """Has the gauges of the queue asked for: without Kafka nothing here goes on that could set them."""
        name, metrics = self.endpoint.name, self._metrics
        metrics.lag.labels(name).set_function(self._lag)
        metrics.waiting.labels(name).set_function(lambda: self._pending.count)
        metrics.in_flight.labels(name).set_function(lambda: self._pending.in_flight)
        metrics.oldest.labels(name).set_function(self._oldest_age_s)

    def _oldest_age_s(self) -> float:
        oldest_ms = self._pending.oldest_ms
        return 0.0 if oldest_ms is None else max(0.0, self._clock.time() - oldest_ms / 1000)

    def _lag(self) -> float:
        """Counts the records that are not finished; NaN where it is cut off: nobody knows."""
        if time.monotonic() > self.member_until:
            return nan
        return lag_of(self._subscription.ends(), self._pending.positions.next_offsets())

    def _count(self, answer: Answer, seconds: float) -> None:
        self._metrics.tries.labels(self.endpoint.name, answer.kind).inc()
        self._metrics.request.labels(self.endpoint.name).observe(seconds)

    def _show(self, reason: str) -> None:
        state, before, name = self._health.state, self._shown, self.endpoint.name
        if state == before:
            return
        self._shown = state
        self._metrics.show_state(name, state)
        match state:
            case "down":
                _log.warning("endpoint %s is down (%s); its queue waits, and it is tried on", name, reason)
            case "gone":
                _log.error(
                    "endpoint %s wants no more events (%s); its queue stops until tierflow deliver is started anew, "
                    "and nothing of it is lost", name, reason,
                )  # fmt: skip
            case "up" if before == "down":
                _log.info("endpoint %s is up again", name)
            case _:
                _log.debug("endpoint %s: %s (%s)", name, state, reason)


async def _run(awaitable: Awaitable[None]) -> None:
    await awaitable
