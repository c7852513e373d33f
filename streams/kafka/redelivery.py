"""Dead letters sent again: the original bytes, to the input topic that they came from, each letter once.

A transaction sends some letters and marks them on `tier.dead-letters-replayed`: both, or nothing. Starting fences
whoever else sends letters for this app, and only then are the marks read; so two at once cannot send one letter twice.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import RecordMetadata

from streams.errors import UsageError
from streams.kafka.dead_letters import Choice, Extent, Letter, ReplayMark, read_letters, replayed_letters
from streams.kafka.partitioner import partition_of
from streams.kafka.producers import BATCH_BYTES, TRANSACTION_TIMEOUT_MS
from streams.kafka.topics import partition_count
from streams.settings import Settings

LETTERS_LIMIT = 500  # a transaction
REQUEST_BYTES = 4 << 20
_encode = msgspec.json.Encoder().encode


class Preview(NamedTuple):
    """What there is to send: letters by topic and by reason, and how many chosen ones were sent again before."""

    topics: Counter[str]
    reasons: Counter[str]
    replayed: int


async def look_out(settings: Settings, within: Extent, choice: Choice) -> Preview:
    """Looks through the letters. UsageError where one that is chosen came from a topic that is no input of ours."""
    replayed = await replayed_letters(settings)
    outlook, before = Preview(Counter(), Counter(), 0), 0
    async with aclosing(read_letters(settings, within)) as letters:
        async for letter in letters:
            if not choice.takes(letter):
                continue
            if letter.position in replayed:
                before += 1
                continue
            _check_topic(settings, letter)
            outlook.topics[letter.message.topic] += 1
            outlook.reasons[letter.message.reason] += 1
    return outlook._replace(replayed=before)


async def send_again(settings: Settings, within: Extent, choice: Choice) -> int:
    """Sends the chosen letters that were not sent again before, in the order of the letters; how many these were.

    UsageError says how far it came where Kafka refuses one.
    """
    partitions = await partition_count(settings, settings.input_topics()[0])
    sending = _Sending(settings, partitions)
    try:
        await sending.start()
        replayed = await replayed_letters(settings)
        async with aclosing(read_letters(settings, within)) as letters:
            async for letter in letters:
                if choice.takes(letter) and letter.position not in replayed:
                    _check_topic(settings, letter)
                    await sending.add(letter)
        await sending.flush()
    except ProducerFenced as error:
        raise UsageError(f"another replay began, and this one gave way after {sending.sent:,} letters") from error
    except KafkaError as error:
        raise UsageError(
            f"Kafka took {sending.sent:,} letters and refused what came next ({type(error).__name__}: {error}); "
            "call it again when that is mended: what was sent is not sent twice"
        ) from error
    finally:
        await sending.stop()
    return sending.sent


class _Sending:
    """The letters of the next transaction, and the producer of all."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.sent = 0
        self._settings = settings
        self._partitions = partitions
        self._marks_topic = settings.output_topic("dead-letters-replayed")
        self._waiting: list[Letter] = []
        self._waiting_bytes = 0
        self._producer = AIOKafkaProducer(
            **settings.client_options(),
            transactional_id=f"{settings.app_id}-dead-letters",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
        )

    async def start(self) -> None:
        """Fences whoever else sends."""
        await self._producer.start()

    async def stop(self) -> None:
        """Lets go of the broker."""
        await self._producer.stop()

    async def add(self, letter: Letter) -> None:
        """Sends what waits when it is enough."""
        self._waiting.append(letter)
        self._waiting_bytes += len(letter.raw)
        if len(self._waiting) >= LETTERS_LIMIT or self._waiting_bytes >= REQUEST_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Sends and marks what waits, in one transaction."""
        letters, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not letters:
            return
        async with self._producer.transaction():
            sent = [
                await self._producer.send(
                    letter.message.topic, letter.value, key=letter.key, partition=self._partition(letter)
                )
                for letter in letters
            ]
            # aiokafka would commit although a record was refused: every answer is awaited first.
            answers = await asyncio.gather(*sent)
            await asyncio.gather(*await self._send_marks(letters, answers))
        self.sent += len(letters)

    async def _send_marks(self, letters: Sequence[Letter], answers: Sequence[RecordMetadata]) -> list[Any]:
        sent = []
        for letter, answer in zip(letters, answers, strict=True):
            partition, offset = letter.position
            mark = ReplayMark(
                letter_partition=partition,
                letter_offset=offset,
                topic=answer.topic,
                partition=answer.partition,
                offset=answer.offset,
            )
            key = f"{partition}:{offset}".encode()
            sent.append(await self._producer.send(self._marks_topic, _encode(mark), key=key, partition=0))
        return sent

    def _partition(self, letter: Letter) -> int:
        """Where the partitioner puts the key; where it came from if none is set, or there is no key."""
        partitioner, key = self._settings.partitioner, letter.key
        if key is None or partitioner == "none":
            return letter.message.partition % self._partitions
        return partition_of(key, self._partitions, partitioner)


def _check_topic(settings: Settings, letter: Letter) -> None:
    topic = letter.message.topic
    if topic not in settings.input_topics():
        raise UsageError(
            f"{settings.output_topic('dead-letters')} has letters of {topic}, which is no input topic of these "
            "settings; choose others with --topic, or set TIERFLOW_INPUT_PREFIX as the workers had it"
        )
