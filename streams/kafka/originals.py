"""Inputs that were too large for their letters, read again from where they stand, if they are still there."""

from hashlib import sha256

import msgspec
from aiokafka import TopicPartition

from streams.kafka.dead_letters import Letter, Original
from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.kafka.unpacking import BatchTooLargeError
from streams.settings import Settings


async def with_original(settings: Settings, letter: Letter) -> Letter | None:
    """Gives a letter with the input that it is about.

    Gives None where that is gone, is another one by its digest, or is in a batch that is too large to be unpacked.

    Raises:
        UsageError: Kafka does not answer, so that nobody knows, or there is no such topic any more.
        KafkaError: Kafka does not answer.
    """
    if letter.is_whole:
        return letter
    message = letter.message
    found = await _read(settings, TopicPartition(message.topic, message.partition), message.offset)
    if found is None or not (_is_told(found.value, message.value_sha256) and _is_told(found.key, message.key_sha256)):
        return None
    return letter._replace(original=found)


async def _read(settings: Settings, tp: TopicPartition, offset: int) -> Original | None:
    # Brokers that are asked where a partition ends that is not there do not answer for long.
    if tp.partition >= await partition_count(settings, tp.topic):
        return None
    async with Offsets(settings.client_options()) as offsets:
        [beginning], [end] = await offsets.beginnings([tp]), await offsets.decided_ends([tp])
    if not beginning <= offset < end:
        return None
    tape = Tape(settings.client_options(), tp, offset, offset + 1)
    try:
        record = await tape.next()
    except BatchTooLargeError:
        return None
    finally:
        await tape.close()
    return None if record is None else Original(record.key, record.value)


def _is_told(raw: bytes | None, digest: str | msgspec.UnsetType) -> bool:
    """Says whether these are the bytes of a digest. Where there is none, the letter holds them itself."""
    return digest is msgspec.UNSET or (raw is not None and digest == f"sha256:{sha256(raw).hexdigest()}")
