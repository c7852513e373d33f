"""Inputs that were too large for their letters, read again from where they stand, if they are still there."""

import asyncio
from hashlib import sha256

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.dead_letters import Letter, Original
from streams.settings import Settings

READ_WITHIN_S = 15.0


async def with_original(settings: Settings, letter: Letter) -> Letter | None:
    """Gives a letter with the input that it is about; None where that is gone, or is another one by its digest."""
    if letter.is_whole:
        return letter
    message = letter.message
    tp = TopicPartition(message.topic, message.partition)
    found = await _read(settings, tp, message.offset)
    if found is None or not (_is_told(found.value, message.value_sha256) and _is_told(found.key, message.key_sha256)):
        return None
    return letter._replace(original=found)


async def _read(settings: Settings, tp: TopicPartition, offset: int) -> Original | None:
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        consumer.assign([tp])
        consumer.seek(tp, offset)
        async with asyncio.timeout(READ_WITHIN_S):
            record = await consumer.getone(tp)
    except (KafkaError, TimeoutError):
        return None
    finally:
        await consumer.stop()
    return Original(record.key, record.value) if record.offset == offset else None


def _is_told(raw: bytes | None, digest: str | msgspec.UnsetType) -> bool:
    """Says whether these are the bytes of a digest. Where there is none, the letter holds them itself."""
    return digest is msgspec.UNSET or (raw is not None and digest == f"sha256:{sha256(raw).hexdigest()}")
