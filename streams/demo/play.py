"""The running demo: events are sent, what comes of them is read and shown, until all of them are worked."""

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from streams.bench.stand import Stand
from streams.bench.workers import Worker, taken_over
from streams.contracts.event_line import EventLine
from streams.demo.clients import reading, sending
from streams.demo.events import Bank
from streams.demo.figures import Figures
from streams.errors import UsageError, named
from streams.kafka.offsets import Offsets
from streams.kafka.partitioner import partition_of
from streams.kafka.topics import partition_count
from streams.kafka.wall_clock import wall_ms
from streams.policy.policy import Policy
from streams.settings import Settings

EVENTS_PER_S = 300
PACE_S = 0.01
SHOWN_EVERY_S = 0.25
TIERS_EVERY_S = 0.5
STALLED_AFTER_S = 30.0
# What to do where the worker stands still.
_AGAIN = f"{STALLED_AFTER_S:.0f} s: this machine is too slow, or too busy; start the demo again when it is quiet"
_POLL_MS = 100


class DemoOptions(NamedTuple):
    """When the demo ends, after so many events or seconds (None: only by ctrl-C), and where worker and console are."""

    events: int | None
    seconds: float | None
    http_port: int
    console_port: int
    seed: int = 1


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


class History(NamedTuple):
    """What was sent before the worker starts. reads_from: where the output partitions ended before that."""

    figures: Figures
    reads_from: Mapping[TopicPartition, int]


async def send_history(on: Stand, lines: Sequence[EventLine]) -> History:
    """Sends the events of before the live ones, and waits until the broker has them."""
    figures, topics = Figures(), on.settings.input_topics()
    async with reading(on) as consumer:
        reads_from = {tp: await consumer.position(tp) for tp in consumer.assignment()}
    partitions, sent = await partition_count(on.settings, topics[0]), []
    async with sending(on) as producer:
        for topic, key, value in lines:
            number = partition_of(key or b"", partitions, on.settings.partitioner)
            sent.append(await producer.send(topics[topic], value, key=key, partition=number))
        for metadata in await asyncio.gather(*sent):
            figures.note_sent(metadata.topic, metadata.partition, metadata.offset)
    figures.sent = len(sent)
    return History(figures, reads_from)


class Play:
    """The running demo: tasks send events, read what the worker commits, ask it for its tiers, and show the figures."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that plays a part
        self, on: Stand, worker: Worker, bank: Bank, history: History, options: DemoOptions, view: View
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
        async with reading(self._on, self._reads_from) as consumer, sending(self._on) as producer:
            await self._read_history(consumer)
            with _stopping(self._stop):
                self._view.begin(console_url(self._options), self._on.policy)
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
                    async with session.get(f"{worker_url(settings)}/tiers") as response:
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


def console_url(options: DemoOptions) -> str:
    """Gives the address of the console."""
    return f"http://127.0.0.1:{options.console_port}"


def worker_url(settings: Settings) -> str:
    """Gives the address of the worker."""
    return f"http://{settings.http_host}:{settings.http_port}"
