"""The producer of the input topics: each event to the partition of its key, in order, one wave at a time.

Within a partition the events keep their order. Kafka has no order between partitions and topics, so a wave is sent
only after the broker has acknowledged the one before it: no topic is more than a wave ahead of another.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contracts.event_line import EventLine
from streams.errors import UsageError, named
from streams.kafka.intake_topics import ensure_intake_topics
from streams.kafka.partitioner import partition_of
from streams.kafka.permitted import check_rights
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.values.events import RATES, TOPICS, WAYS_IN

PARTITIONS = 4  # of topics that are made here
BATCH_BYTES = 900_000  # below the broker's default limit of 1 MiB
_KEYLESS_PARTITION = 0
RATES_UNREAD = (
    "an event is a rate, and none are read here; write TIERFLOW_RATES=on (docs/policies.md#rates-from-a-topic)"
)
BY_ACCOUNT_UNREAD = (
    "an event names no customer, or says whose an account is: what joins them does not run here; write "
    "TIERFLOW_ACCOUNTS=on, and run tierflow intake (docs/intake.md#who-owns-an-account)"
)
_REMEMBERED_KEYS = 200_000


class Wave(NamedTuple):
    """Events that are sent together. progress: how much of the source was read for them, in its bytes or rows."""

    events: Sequence[EventLine]
    progress: int


class Sent(NamedTuple):
    """How many events were sent, and the seconds that took; making topics is not counted."""

    events: int
    seconds: float


async def produce(settings: Settings, waves: Iterator[Wave], on_wave: Callable[[Wave], None]) -> Sent:
    """Sends the waves, and returns when the broker has acknowledged all of them. Makes topics that are missing.

    on_wave: called after a wave was handed to the producer.

    Raises:
        UsageError: Kafka does not answer or refuses an event, or the waves end in an error of their own. Once events
            were sent, the message says how many.
    """
    await check_rights(settings, "load")
    await ensure_topics(settings, PARTITIONS)
    if settings.accounts:
        await ensure_intake_topics(settings, {})
    producer = AIOKafkaProducer(
        **settings.client_options(), enable_idempotence=True, acks="all", linger_ms=0, max_batch_size=BATCH_BYTES
    )
    sending = _Sending(producer, settings)
    started_at = time.perf_counter()
    try:
        await producer.start()
        await _send_all(sending, waves, on_wave)
    except KafkaError as error:
        raise UsageError(
            f"Kafka took {sending.acknowledged:,} events and refused what came next ({named(error)}); "
            "mend that, and load the rest: docs/commands.md says when an event may come twice"
        ) from error
    finally:
        await producer.stop()
    return Sent(sending.acknowledged, time.perf_counter() - started_at)


async def _send_all(sending: "_Sending", waves: Iterator[Wave], on_wave: Callable[[Wave], None]) -> None:
    try:
        # In a thread: standard input may be silent for long, and the producer must send the last wave meanwhile.
        while (wave := await asyncio.to_thread(next, waves, None)) is not None:
            await sending.settle()
            await sending.send(wave.events)
            on_wave(wave)
        await sending.settle()
    except UsageError as error:
        await sending.settle()
        raise UsageError(f"{error} ({sending.acknowledged:,} events before it were sent)") from error


class _Sending:
    """The wave that is being sent. `acknowledged` counts the events that the broker has acknowledged so far."""

    def __init__(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        self.acknowledged = 0
        self._producer = producer
        names = WAYS_IN if settings.accounts else TOPICS
        self._topics = dict(enumerate(map(settings.way_in, names)))
        self._topics.update(dict.fromkeys((RATES,) * settings.rates, settings.input_topic("rates")))
        self._partitioner = settings.partitioner
        self._partition_counts: dict[int, int] = {}
        self._partition_by_key: dict[tuple[int, bytes], int] = {}
        self._under_way: list[tuple[asyncio.Future[Any], int]] = []

    async def send(self, events: Sequence[EventLine]) -> None:
        """Hands the events to the producer in their order; `settle` waits for the broker."""
        if not self._partition_counts:
            self._partition_counts = {
                number: len(await self._producer.partitions_for(topic)) for number, topic in self._topics.items()
            }
        batches: dict[tuple[int, int], BatchBuilder] = {}
        for topic, key, value in events:
            if topic not in self._topics:
                raise UsageError(RATES_UNREAD if topic == RATES else BY_ACCOUNT_UNREAD)
            place = topic, self._partition(topic, key)
            batch = batches.get(place)
            if batch is None or batch.append(timestamp=None, key=key, value=value) is None:
                if batch is not None:
                    await self._hand_over(place, batch)
                batch = batches[place] = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)  # an empty batch takes a record of any size
        for place, batch in batches.items():
            await self._hand_over(place, batch)

    async def settle(self) -> None:
        """Waits for the broker's answers to everything that was sent.

        Raises:
            KafkaError: The broker refused a batch, or did not answer.
        """
        under_way, self._under_way = self._under_way, []
        answers = await asyncio.gather(*(future for future, _ in under_way), return_exceptions=True)
        self.acknowledged += sum(
            count
            for answer, (_, count) in zip(answers, under_way, strict=True)
            if not isinstance(answer, BaseException)
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _hand_over(self, place: tuple[int, int], batch: BatchBuilder) -> None:
        topic, partition = place
        future = await self._producer.send_batch(batch, self._topics[topic], partition=partition)
        self._under_way.append((future, batch.record_count()))

    def _partition(self, topic: int, key: bytes | None) -> int:
        if key is None:
            return _KEYLESS_PARTITION
        partition = self._partition_by_key.get((topic, key))
        if partition is None:
            if len(self._partition_by_key) >= _REMEMBERED_KEYS:
                self._partition_by_key.clear()
            partition = partition_of(key, self._partition_counts[topic], self._partitioner)
            self._partition_by_key[topic, key] = partition
        return partition
