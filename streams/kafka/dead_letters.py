"""Reading dead letters back from `tier.dead-letters`, and the marks of those that were sent again.

The marks are on `tier.dead-letters-replayed`: the transaction that sends a letter again also marks it (redelivery.py).
"""

import asyncio
from base64 import b64decode
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import UNSET

from streams.contracts.envelope import Headers
from streams.contracts.log import decode_dead_letter, encode_json
from streams.contracts.outputs import DeadLetterMessage
from streams.contracts.trace import trace_of
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.kafka.whole_topic import records_of
from streams.settings import Settings

Position = tuple[int, int]  # of a letter: its partition and offset in tier.dead-letters


ERASED = "the customer was erased"


class ReplayMark(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `tier.dead-letters-replayed`: where a letter stands, and where its input stands since it was sent."""

    letter_partition: int
    letter_offset: int
    topic: str
    partition: int
    offset: int


class Original(NamedTuple):
    """Key and value of an input, as its topic has them."""

    key: bytes | None
    value: bytes | None


class Letter(NamedTuple):
    """A dead letter, its place, and its bytes (`raw`) as they are in the topic.

    written_ms: the timestamp of its record. trace: the header that names the input's trace (contracts/trace.py).
    original: the input, where it was too large for the letter and was read again (originals.py).
    """

    position: Position
    raw: bytes
    message: DeadLetterMessage
    written_ms: int
    trace: Headers = ()
    original: Original | None = None

    @property
    def is_whole(self) -> bool:
        """Says whether the letter holds its input whole."""
        return self.message.value_first_base64 is UNSET and self.message.key_first_base64 is UNSET

    @property
    def key(self) -> bytes | None:
        """The original key of the input; its beginning where it was too large for the letter."""
        message = self.message
        if self.original is not None:
            return self.original.key
        return _bytes(message.key_base64 if message.key_first_base64 is UNSET else message.key_first_base64)

    @property
    def value(self) -> bytes | None:
        """The original value of the input; its beginning where it was too large for the letter."""
        message = self.message
        if self.original is not None:
            return self.original.value
        return _bytes(message.value_base64 if message.value_first_base64 is UNSET else message.value_first_base64)

    def blank(self) -> "Letter":
        """Gives the letter with where its input stood, and nothing that was in it: its customer was erased."""
        kept = {name: getattr(self.message, name) for name in ("topic", "partition", "offset", "reason", "at")}
        message = DeadLetterMessage(key_base64=None, value_base64=None, detail=ERASED, **kept)
        return self._replace(raw=encode_json(message), message=message)


class Choice(NamedTuple):
    """Which dead letters are chosen: those of this reason, input topic, partition and offset; None: of any.

    positions: those at these places alone.
    """

    reason: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    positions: frozenset[Position] | None = None

    def takes(self, letter: Letter) -> bool:
        """Says whether a letter is chosen."""
        message = letter.message
        return (
            self.reason in (None, message.reason)
            and self.topic in (None, message.topic)
            and self.partition in (None, message.partition)
            and self.offset in (None, message.offset)
            and (self.positions is None or letter.position in self.positions)
        )


Extent = Sequence[tuple[TopicPartition, Span]]
"""The offsets to read, by partition of `tier.dead-letters`."""


async def extent(settings: Settings) -> Extent:
    """Gives the dead letters that are committed by now.

    Raises:
        UsageError: Kafka does not answer, or the topic does not exist.
    """
    topic = settings.output_topic("dead-letters")
    tps = [TopicPartition(topic, number) for number in range(await partition_count(settings, topic))]
    async with Offsets(settings.client_options()) as offsets:
        spans = map(Span, await offsets.beginnings(tps), await offsets.decided_ends(tps))
        return list(zip(tps, spans, strict=True))


async def read_letters(settings: Settings, within: Extent) -> AsyncGenerator[Letter, None]:
    """Yields the letters of all partitions, by their records' timestamps. Records that are no letters are skipped."""
    tapes = [Tape(settings.client_options(), tp, *span) for tp, span in within]
    try:
        await asyncio.gather(*(tape.fill(1) for tape in tapes))
        heads = [_head(record, tape) for tape in tapes if (record := await tape.next()) is not None]
        heapify(heads)
        while heads:
            *_, record, tape = heads[0]
            letter = letter_of(record)
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
    """Gives the places of the letters that were sent again.

    Raises:
        UsageError: Kafka or the topic of the marks is not there, or a transaction stays open on it for too long.
    """
    topic, found = settings.output_topic("dead-letters-replayed"), set()
    # Marks of an open transaction are waited for, so that no letter is sent twice.
    async with aclosing(records_of(settings, topic, waits_for_open=True)) as records:
        async for record in records:
            mark = decode_mark(record.value)
            found.add((mark.letter_partition, mark.letter_offset))
    return found


decode_mark = msgspec.json.Decoder(ReplayMark).decode
_Head = tuple[int, int, ConsumerRecord, Tape]


def _head(record: ConsumerRecord, tape: Tape) -> _Head:
    return record.timestamp, record.partition, record, tape


def letter_of(record: ConsumerRecord) -> Letter | None:
    """Gives the letter that a record holds; None where it holds none."""
    try:
        message = decode_dead_letter(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Letter((record.partition, record.offset), record.value, message, record.timestamp, trace_of(record))


def _bytes(base64: str | None) -> bytes | None:
    return None if base64 is None else b64decode(base64)
