"""Dead letters read back from `tier.dead-letters`, and which of them were sent again.

What was sent again is marked on `tier.dead-letters-replayed`, in the transaction that sent it (see redelivery.py).
"""

import asyncio
from base64 import b64decode
from collections.abc import AsyncGenerator, Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.contracts.log import decode_dead_letter
from streams.contracts.outputs import DeadLetterMessage
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.settings import Settings

Position = tuple[int, int]  # of a letter: its partition and offset in the topic of the dead letters


class ReplayMark(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.dead-letters-replayed`: which letter was sent again, and where the input stands now."""

    letter_partition: int
    letter_offset: int
    topic: str
    partition: int
    offset: int


class Letter(NamedTuple):
    """A dead letter, and where it stands."""

    position: Position
    raw: bytes
    message: DeadLetterMessage

    @property
    def key(self) -> bytes | None:
        """The key of the input, as it was."""
        return _bytes(self.message.key_base64)

    @property
    def value(self) -> bytes | None:
        """The value of the input, as it was."""
        return _bytes(self.message.value_base64)


class Choice(NamedTuple):
    """Which dead letters are meant; partition and offset are those of the input."""

    reason: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether this one is meant."""
        message = letter.message
        return (
            self.reason in (None, message.reason)
            and self.topic in (None, message.topic)
            and self.partition in (None, message.partition)
            and self.offset in (None, message.offset)
        )


Extent = Sequence[tuple[TopicPartition, Span]]


async def extent(settings: Settings) -> Extent:
    """What there is to read by now, by partition. UsageError where Kafka or the topic is not there."""
    topic = settings.output_topic("dead-letters")
    tps = [TopicPartition(topic, number) for number in range(await partition_count(settings, topic))]
    async with Offsets(settings.client_options()) as offsets:
        spans = map(Span, await offsets.beginnings(tps), await offsets.decided_ends(tps))
        return list(zip(tps, spans, strict=True))


async def read_letters(settings: Settings, within: Extent) -> AsyncGenerator[Letter, None]:
    """The letters in the order in which they were written; records that are none are passed over."""
    tapes = [Tape(settings.client_options(), tp, *span) for tp, span in within]
    try:
        await asyncio.gather(*(tape.fill(1) for tape in tapes))
        heads = [_head(record, tape) for tape in tapes if (record := await tape.next()) is not None]
        heapify(heads)
        while heads:
            *_, record, tape = heads[0]
            letter = _letter(record)
            if letter is not None:
                yield letter
            following = await tape.next()
            if following is None:
                heappop(heads)
            else:
                heapreplace(heads, _head(following, tape))
    finally:
        await asyncio.gather(*(tape.close() for tape in tapes))


async def replayed_letters(settings: Settings) -> set[Position]:
    """The letters that were sent again. UsageError where the topic of the marks is not there."""
    topic = settings.output_topic("dead-letters-replayed")
    await partition_count(settings, topic)
    tp = TopicPartition(topic, 0)
    async with Offsets(settings.client_options()) as offsets:
        (begins_at,), (end,) = await offsets.beginnings([tp]), await offsets.written_ends([tp])
    tape = Tape(settings.client_options(), tp, begins_at, end)
    found = set()
    try:
        while (record := await tape.next()) is not None:
            mark = _decode_mark(record.value)
            found.add((mark.letter_partition, mark.letter_offset))
    finally:
        await tape.close()
    return found


_decode_mark = msgspec.json.Decoder(ReplayMark).decode
_Head = tuple[int, int, ConsumerRecord, Tape]


def _head(record: ConsumerRecord, tape: Tape) -> _Head:
    return record.timestamp, record.partition, record, tape


def _letter(record: ConsumerRecord) -> Letter | None:
    try:
        message = decode_dead_letter(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Letter((record.partition, record.offset), record.value, message)


def _bytes(base64: str | None) -> bytes | None:
    return None if base64 is None else b64decode(base64)
