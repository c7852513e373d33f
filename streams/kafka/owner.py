"""Whose the outputs are: marks on the compacted topic `tier.owner`.

Two app ids on one output prefix would each write every tier change: all who listen would see everything twice, and no
worker would notice. So an app leaves its mark before it writes, and stops where another app's stands.

The outputs belong to the app that took them last (`tierflow worker --take-outputs`), else to the one that came first.
Each app's mark has a key of its own, so compaction keeps the newest of each, in order, and the answer stays the same.
"""

from collections.abc import AsyncIterator, Callable, Iterable

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from streams.errors import UsageError
from streams.kafka.tail import connected, reader, tail, to_the_end
from streams.settings import Settings

MARK_KEY = b"app:"  # the app id follows
CLOCK_KEY = b"clock"  # broker_clock.py; no mark


class Mark(msgspec.Struct, frozen=True):
    """An app's claim to the outputs. taken: from another app, on purpose."""

    app_id: str
    taken: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Mark).decode


def owner_of(marks: Iterable[Mark]) -> str | None:
    """Gives the app id that the outputs belong to, by all marks in their order; None where there are none."""
    owner = None
    for mark in marks:
        if owner is None or mark.taken:
            owner = mark.app_id
    return owner


async def claim_outputs(settings: Settings, *, take: bool) -> None:
    """Leaves this app's mark on the outputs, unless it is their owner already. take: also where another app is.

    Raises:
        UsageError: They belong to another app.
        KafkaError: The topic cannot be read or written; a later try may succeed.
    """
    owner = owner_of(await _read_marks(settings))
    if owner == settings.app_id:
        return
    if owner is not None and not take:
        raise belongs_to_another(settings, owner)
    await _write(settings, Mark(settings.app_id, taken=owner is not None))
    # Of two that claim at once, the one whose mark came first is the owner.
    owner = owner_of(await _read_marks(settings))
    if owner != settings.app_id:
        raise belongs_to_another(settings, owner)


async def follow_owner(settings: Settings, on_look: Callable[[], None]) -> AsyncIterator[str]:
    """Yields whose the outputs are, and again after each new mark, without end. Brokers that are away are waited for.

    on_look: as `tail` has it.

    Raises:
        KafkaError: The topic can no longer be read.
    """
    tp = _partition(settings)
    consumer = await connected(lambda: reader(settings.client_options()), on_look, tp.topic)
    try:
        marks = await _read_to_end(consumer, tp)
        yield owner_of(marks) or settings.app_id
        async for record in tail(consumer, tp, on_look):
            if new := _marks([record]):
                marks += new
                yield owner_of(marks) or settings.app_id
    finally:
        await consumer.stop()


def belongs_to_another(settings: Settings, owner: str | None) -> UsageError:
    """Gives the error of a worker whose outputs another app owns."""
    return UsageError(
        f"the outputs with the prefix {settings.output_prefix} belong to the app id {owner}, and this is "
        f"{settings.app_id}: two apps on one prefix write everything twice; write TIERFLOW_APP_ID={owner}, or another "
        f"TIERFLOW_OUTPUT_PREFIX; if {settings.app_id} is to have them from now on, stop the workers of {owner} and "
        "start one with: tierflow worker --take-outputs"
    )


async def _read_marks(settings: Settings) -> list[Mark]:
    consumer = reader(settings.client_options())
    try:
        await consumer.start()
        return await _read_to_end(consumer, _partition(settings))
    finally:
        await consumer.stop()


async def _read_to_end(consumer: AIOKafkaConsumer, tp: TopicPartition) -> list[Mark]:
    marks: list[Mark] = []
    consumer.assign([tp])
    async for records in to_the_end(consumer, tp, (await consumer.end_offsets([tp]))[tp]):
        marks += _marks(records)
    return marks


def _marks(records: Iterable[ConsumerRecord]) -> list[Mark]:
    return [_decode(record.value) for record in records if record.value and record.key.startswith(MARK_KEY)]


async def _write(settings: Settings, mark: Mark) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        key = MARK_KEY + mark.app_id.encode()
        await producer.send_and_wait(settings.owner_topic, _encode(mark), key=key, partition=0)
    finally:
        await producer.stop()


def _partition(settings: Settings) -> TopicPartition:
    return TopicPartition(settings.owner_topic, 0)
