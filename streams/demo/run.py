"""The demo from start to end: the stage, the history, a worker, live events with a live view, and then the audit."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import NamedTuple, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from streams.audit.report import Report
from streams.audit.run import audit
from streams.bench.stand import Stand
from streams.bench.workers import Worker, running_workers, taken_over
from streams.contracts.event_line import EventLine
from streams.demo.events import OLD_CUSTOMERS, Bank
from streams.demo.figures import Figures
from streams.demo.stage import stage
from streams.errors import UsageError, named
from streams.kafka.offsets import Offsets
from streams.kafka.partitioner import partition_of
from streams.kafka.topics import partition_count
from streams.kafka.wall_clock import wall_ms
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.signals import signals_wait

EVENTS_PER_S = 300
PACE_S = 0.01
SHOWN_EVERY_S = 0.25
TIERS_EVERY_S = 0.5
STALLED_AFTER_S = 30.0
CONSOLE = 2  # the number of its log and folder, after the worker's
# What to do where the worker stands still.
_AGAIN = f"{STALLED_AFTER_S:.0f} s: this machine is too slow, or too busy; start the demo again when it is quiet"
_POLL_MS = 100
_READ = ("changes", "campaigns", "risk", "dead-letters", "order")


class DemoOptions(NamedTuple):
    """When the demo ends, after so many events or seconds (None: only by ctrl-C), and where worker and console are."""

    events: int | None
    seconds: float | None
    http_port: int
    console_port: int
    seed: int = 1


class Outcome(NamedTuple):
    """The result of a demo, from which the summary is made. seconds: how long events were sent."""

    figures: Figures
    history: Figures  # of the events before the live ones; `figures` leaves these out
    sent_twice: int
    seconds: float
    report: Report


class View(Protocol):
    """What shows the demo while it runs."""

    def say(self, text: str) -> None:
        """Shows a step of the start or the end."""

    def begin(self, url: str, policy: Policy) -> None:
        """Begins to show figures. url: of the console."""

    def show(self, figures: Figures, seconds: float) -> None:
        """Shows the figures as they are now, so many seconds after the first live event."""

    def end(self) -> None:
        """Ends the showing; may be called again."""


def run_demo(options: DemoOptions, view: View) -> Outcome:
    """Plays the demo to its end.

    Raises:
        UsageError: Kafka or the worker cannot be started, Kafka fails, or the worker stands still.
    """
    bank = Bank(options.seed)
    with stage(options.http_port, view.say) as on:
        history = asyncio.run(_send_history(on, bank.opens(wall_ms())))
        view.say(f"starting a worker; what it finds of {OLD_CUSTOMERS} customers is history: no campaign comes of it")
        with running_workers(on, 1) as workers, _console(on, options.console_port):
            play = _Play(on, workers[0], bank, history, options, view)
            try:
                seconds = asyncio.run(play.run())
            finally:
                view.end()
        view.say("replaying the log: the audit")
        report = asyncio.run(audit(on.settings))
    return Outcome(play.figures, history.figures, bank.sent_twice, seconds, report)


class _History(NamedTuple):
    """What was sent before the worker starts. reads_from: where the output partitions ended before that."""

    figures: Figures
    reads_from: Mapping[TopicPartition, int]


class _Play:
    """The running demo: tasks send events, read what the worker commits, ask it for its tiers, and show the figures."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that plays a part
        self, on: Stand, worker: Worker, bank: Bank, history: _History, options: DemoOptions, view: View
    ) -> None:
        self.figures = history.figures
        self._bank = bank
        self._reads_from = history.reads_from
        self._on = on
        self._worker = worker
        self._options = options
        self._view = view
        self._stop = asyncio.Event()
        self._done = asyncio.Event()
        self._refused: BaseException | None = None
        self._began = 0.0

    async def run(self) -> float:
        """Plays until the limit or ctrl-C, then waits until everything sent is worked; gives the seconds of sending."""
        await taken_over([self._worker], self._on.partitions)
        async with _reader(self._on, self._reads_from) as consumer, _producer(self._on) as producer:
            await self._read_history(consumer)
            with _stopping(self._stop):
                self._view.begin(_console_url(self._options.console_port), self._on.policy)
                self._began = time.monotonic()
                try:
                    return await self._all_tasks(consumer, producer)
                except ExceptionGroup as group:
                    raise _first(group) from group

    async def _all_tasks(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> float:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(consumer))
            group.create_task(self._ask_tiers())
            group.create_task(self._show())
            seconds = await self._send(producer)
            await self._until_worked()
            self._done.set()
        self._view.show(self.figures, self._seconds)
        return seconds

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    async def _send(self, producer: AIOKafkaProducer) -> float:
        most_events = self._options.events or float("inf")
        most_seconds = self._options.seconds or float("inf")
        topics = self._on.settings.input_topics()
        partitions = await partition_count(self._on.settings, topics[0])
        partitioner = self._on.settings.partitioner
        while not self._stop.is_set() and self.figures.sent < most_events and self._seconds < most_seconds:
            due = min(int(self._seconds * EVENTS_PER_S) + 1, most_events)
            while self.figures.sent < due:
                for topic, key, value in self._bank.happens(wall_ms()):
                    if self.figures.sent < most_events:
                        number = partition_of(key or b"", partitions, partitioner)
                        future = await producer.send(topics[topic], value, key=key, partition=number)
                        future.add_done_callback(self._acknowledged)
                        self.figures.sent += 1
            await _wait(self._stop, PACE_S)
        seconds = self._seconds
        await producer.flush()
        return seconds

    def _acknowledged(self, future: asyncio.Future[RecordMetadata]) -> None:
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            self._refused = error
            return
        metadata = future.result()
        self.figures.note_sent(metadata.topic, metadata.partition, metadata.offset)

    async def _read_history(self, consumer: AIOKafkaConsumer) -> None:
        """Reads the outputs until the history is worked, then begins with new figures for the live events."""
        since = time.monotonic()
        while not self.figures.all_worked:
            self._worker.check()
            if time.monotonic() - since > STALLED_AFTER_S:
                raise UsageError(f"the worker stands still: history was not worked within {_AGAIN}")
            self._see(await consumer.getmany(timeout_ms=_POLL_MS))
        await self._read_to_the_end(consumer)
        self.figures = Figures()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while not self._done.is_set():
            self._see(await consumer.getmany(timeout_ms=_POLL_MS))
        await self._read_to_the_end(consumer)

    async def _read_to_the_end(self, consumer: AIOKafkaConsumer) -> None:
        # `tier.order` may be read ahead of the other outputs of the same transaction: read all of them to their ends.
        # Those are the written ends: the broker ends a transaction in one partition a moment before it does in another.
        tps = list(consumer.assignment())
        async with Offsets(self._on.settings.client_options()) as offsets:
            ends = await offsets.written_ends(tps)
        while [tp for tp, end in zip(tps, ends, strict=True) if await consumer.position(tp) < end]:
            self._see(await consumer.getmany(timeout_ms=_POLL_MS))

    def _see(self, fetched: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
        now_ms, name = wall_ms(), self._on.settings.output_topic
        for tp, records in fetched.items():
            for record in records:
                if tp.topic == name("order"):
                    self.figures.see_order(record.value)
                elif tp.topic == name("changes"):
                    self.figures.see_change(record.value, now_ms)
                elif tp.topic == name("campaigns"):
                    self.figures.see_trigger(record.value)
                elif tp.topic == name("risk"):
                    self.figures.see_risk(record.value)
                else:
                    self.figures.see_dead_letter(record.value)

    async def _ask_tiers(self) -> None:
        """Asks the worker over HTTP for the customers by tier, again and again; an error only skips one answer."""
        settings = self._on.settings
        headers = {"Authorization": f"Bearer {settings.http_token}"} if settings.http_token else {}
        async with ClientSession(headers=headers, timeout=ClientTimeout(total=2)) as session:
            while not self._done.is_set():
                with suppress(ClientError, TimeoutError):
                    async with session.get(f"{_url(settings)}/tiers") as response:
                        if response.ok:
                            self.figures.customers_by_tier = (await response.json())["tiers"]
                await _wait(self._done, TIERS_EVERY_S)

    async def _show(self) -> None:
        while not self._done.is_set():
            self._worker.check()
            if self._refused is not None:
                raise UsageError(
                    f"Kafka refused an event ({named(self._refused)}); mend that, then start the demo again"
                )
            self._view.show(self.figures, self._seconds)
            await _wait(self._done, SHOWN_EVERY_S)

    async def _until_worked(self) -> None:
        worked, since = self.figures.worked, time.monotonic()
        while not self.figures.all_worked:
            if self.figures.worked != worked:
                worked, since = self.figures.worked, time.monotonic()
            elif time.monotonic() - since > STALLED_AFTER_S:
                raise UsageError(f"the worker stands still: nothing was worked for {_AGAIN}")
            await asyncio.sleep(PACE_S)


@asynccontextmanager
async def _reader(on: Stand, reads_from: Mapping[TopicPartition, int] | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """Opens a read_committed consumer of the outputs in `_READ`. reads_from: where it begins; None: at the ends now."""
    settings = on.settings
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        topics = [settings.output_topic(name) for name in _READ]
        tps = [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(await partition_count(settings, topic))
        ]
        consumer.assign(tps)
        for tp, offset in (reads_from or await consumer.end_offsets(tps)).items():
            consumer.seek(tp, offset)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _producer(on: Stand) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**on.settings.client_options(), acks="all", enable_idempotence=True, linger_ms=0)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _send_history(on: Stand, lines: Sequence[EventLine]) -> _History:
    figures, topics = Figures(), on.settings.input_topics()
    async with _reader(on) as consumer:
        reads_from = {tp: await consumer.position(tp) for tp in consumer.assignment()}
    partitions, sent = await partition_count(on.settings, topics[0]), []
    async with _producer(on) as producer:
        for topic, key, value in lines:
            number = partition_of(key or b"", partitions, on.settings.partitioner)
            sent.append(await producer.send(topics[topic], value, key=key, partition=number))
        for metadata in await asyncio.gather(*sent):
            figures.note_sent(metadata.topic, metadata.partition, metadata.offset)
    figures.sent = len(sent)
    return _History(figures, reads_from)


@contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    """Makes the first SIGINT or SIGTERM in the block set `stop`, so that the demo ends with its summary.

    A second signal ends the demo at once, by KeyboardInterrupt.
    """

    def on_signal(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    formers = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in formers.items():
            signal.signal(number, former)


def _first(group: ExceptionGroup) -> Exception:
    """Gives the first error of the group; an error of Kafka as a UsageError."""
    found = group.exceptions[0]
    if isinstance(found, KafkaError):
        return UsageError(
            f"Kafka does not answer any more ({named(found)}); see that it runs, then start the demo again"
        )
    return found


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@contextmanager
def _console(on: Stand, port: int) -> Iterator[None]:
    """Runs a console over the demo's bank, beside the rest: the demo waits for nothing of it."""
    with signals_wait():
        console = Worker(
            on,
            CONSOLE,
            ("console",),
            {
                "TIERFLOW_CONSOLE_HOST": "127.0.0.1",
                "TIERFLOW_CONSOLE_PORT": str(port),
                "TIERFLOW_HTTP_URL": _url(on.settings),
            },
        )
    try:
        yield
    finally:
        console.terminate()
        console.wait()


def _console_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _url(settings: Settings) -> str:
    return f"http://{settings.http_host}:{settings.http_port}"
