"""Sending dead letters again: the original bytes, to the input topic that they came from, each letter once.

A transaction sends some letters and marks them on `tier.dead-letters-replayed`: both, or nothing. Starting the producer
fences every other process that sends letters for this app, and the marks are read only after that. So two processes
cannot send one letter twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

import msgspec
from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerFenced
from aiokafka.structs import RecordMetadata

from streams.errors import AwayError, UsageError, named
from streams.kafka.dead_letters import Choice, Extent, Letter, ReplayMark, read_letters, replayed_letters
from streams.kafka.erasures import Erasures, read_erasures
from streams.kafka.never_taken import never_taken
from streams.kafka.originals import with_original
from streams.kafka.partitioner import partition_of
from streams.kafka.producers import BATCH_BYTES, Sent, answered
from streams.kafka.topics import partition_count
from streams.kafka.transactional import TransactionalProducer
from streams.settings import Settings

LETTERS_LIMIT = 500  # in one transaction
REQUEST_BYTES = 4 << 20
# Brokers hold their limits against what is compressed, aiokafka its own against what is not: only theirs is to count.
NO_LIMIT_BYTES = 1 << 30
_encode = msgspec.json.Encoder().encode


class Preview(NamedTuple):
    """What there is to send: numbers of letters by input topic and by reason, and of those sent again before.

    erased: how many are not sent, being of customers who were erased since.
    """

    topics: Counter[str]
    reasons: Counter[str]
    replayed: int
    erased: int


class Redelivered(NamedTuple):
    """How many letters were sent, and how many were not since their inputs, too large for them, cannot be had.

    erased: how many were not, being of customers who were erased since.
    """

    sent: int
    gone: int
    erased: int


async def look_out(settings: Settings, within: Extent, choice: Choice) -> Preview:
    """Counts what `send_again` would send, and sends nothing.

    Raises:
        UsageError: A chosen letter came from a topic that is no input of these settings, or Kafka cannot be read.
    """
    replayed, erasures = await replayed_letters(settings), await read_erasures(settings)
    outlook, before, erased = Preview(Counter(), Counter(), 0, 0), 0, 0
    async with aclosing(read_letters(settings, within)) as letters:
        async for letter in letters:
            if not _is_chosen(settings, choice, letter):
                continue
            if letter.position in replayed:
                before += 1
                continue
            _check_topic(settings, letter)
            if letter.is_whole and is_void(settings, erasures, letter):  # of others, sending knows more
                erased += 1
                continue
            outlook.topics[letter.message.topic] += 1
            outlook.reasons[letter.message.reason] += 1
    return outlook._replace(replayed=before, erased=erased)


async def send_again(settings: Settings, within: Extent, choice: Choice) -> Redelivered:
    """Sends the chosen letters that were not sent again before, in their order.

    An input that was too large for its letter is read again from where it stands. What is of before its customer's
    erase is not sent: it would be in the inputs again.

    Raises:
        UsageError: Kafka refused a letter, another process fenced this one, or a letter came from a topic that is no
            input of these settings. Letters of earlier transactions are sent and marked; those after are not.
    """
    partitions = await partition_count(settings, settings.input_topics()[0])
    sending = _Sending(settings, partitions)
    try:
        await sending.start()
        replayed, erasures = await replayed_letters(settings), await read_erasures(settings)
        async with aclosing(read_letters(settings, within)) as letters:
            async for letter in letters:
                if _is_chosen(settings, choice, letter) and letter.position not in replayed:
                    _check_topic(settings, letter)
                    await sending.add(letter, erasures)
        await sending.flush()
    except ProducerFenced as error:
        raise UsageError(f"another replay began, and this one gave way after {sending.sent:,} letters") from error
    except AwayError as error:
        raise AwayError(f"{error}; {sending.sent:,} letters were sent before, and are not sent twice") from error
    except KafkaError as error:
        raise await stopped_short(error, f"{sending.sent:,} letters", settings.client_options()) from error
    finally:
        await sending.stop()
    return Redelivered(sending.sent, sending.gone, sending.erased)


async def stopped_short(error: KafkaError, sent: str, client_options: Mapping[str, Any]) -> UsageError:
    """Gives the error of a sending that Kafka ended too early. sent: what Kafka took before, such as "3 letters"."""
    never = await never_taken(error, client_options, f"Kafka took {sent}, not what came next")
    if never is not None:
        return never
    if isinstance(error, KafkaTimeoutError):
        why = "did not answer for those that came next; they were sent together or not at all; call it again"
    else:
        why = f"refused what came next ({named(error)}); call it again when that is mended"
    return UsageError(f"Kafka took {sent} and {why}: what was sent is not sent twice")


class _Sending:
    """The producer that sends letters, and the letters that wait for its next transaction."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.sent = self.gone = self.erased = 0
        self._settings = settings
        self._partitions = partitions
        self._marks_topic = settings.output_topic("dead-letters-replayed")
        self._waiting: list[Letter] = []
        self._waiting_bytes = 0
        self._producer = TransactionalProducer(
            settings.client_options(),
            settings.replay_id,
            max_batch_size=BATCH_BYTES,
            max_request_size=NO_LIMIT_BYTES,
            compression_type="gzip",  # a large input came compressed, and fits its topic only so
        )

    async def start(self) -> None:
        """Starts the producer, which fences every other process that sends letters for this app."""
        await self._producer.start()

    async def stop(self) -> None:
        """Stops the producer. Letters that still wait are not sent."""
        await self._producer.close()

    async def add(self, letter: Letter, erasures: Erasures) -> None:
        """Adds a letter unless it is void; sends all that wait once they are enough for a transaction."""
        whole = await with_original(self._settings, letter)
        if is_void(self._settings, erasures, whole or letter):
            self.erased += 1
            return
        if whole is None:
            self.gone += 1
            return
        self._waiting.append(whole)
        self._waiting_bytes += len(letter.raw) + len(whole.value or b"")
        if len(self._waiting) >= LETTERS_LIMIT or self._waiting_bytes >= REQUEST_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Sends and marks the letters that wait, in one transaction."""
        letters, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not letters:
            return
        await self._producer.commit_or_abort(partial(self._send, letters))
        self.sent += len(letters)

    async def _send(self, letters: Sequence[Letter], producer: TransactionalProducer) -> None:
        sent = []
        for letter in letters:
            topic, partition, value = letter.message.topic, self._partition(letter), letter.value
            headers = list(letter.trace)
            answer = await producer.send(topic, value, key=letter.key, partition=partition, headers=headers)
            sent.append(Sent(answer, topic, partition, 1, len(value or b"")))
        await answered(await self._send_marks(letters, await answered(sent)))

    async def _send_marks(self, letters: Sequence[Letter], answers: Sequence[RecordMetadata]) -> list[Sent]:
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
            marked = await self._producer.send(self._marks_topic, _encode(mark), key=key, partition=0)
            sent.append(Sent(marked, self._marks_topic, 0, 1, 0))
        return sent

    def _partition(self, letter: Letter) -> int:
        """Gives the partition of the key, or the one the input came from where there is no partitioner or no key."""
        partitioner, key = self._settings.partitioner, letter.key
        if key is None or partitioner == "none":
            return letter.message.partition % self._partitions
        return partition_of(key, self._partitions, partitioner)


def is_void(settings: Settings, erasures: Erasures, letter: Letter) -> bool:
    """Says whether a letter's input is of before the erase of its customer, who must not come back by it."""
    topics, topic = settings.input_topics(), letter.message.topic
    if topic not in topics:
        return False
    was_ahead = letter.message.reason == "future_event"
    number, key, value = topics.index(topic), letter.key, letter.value
    return erasures.void_input(number, key, value, letter.written_ms, was_ahead=was_ahead)


def _is_chosen(settings: Settings, choice: Choice, letter: Letter) -> bool:
    """Says whether a letter is to be sent. What is no rate stays none: whoever sends rates sends the right one."""
    return choice.takes(letter) and letter.message.topic != settings.input_topic("rates")


def _check_topic(settings: Settings, letter: Letter) -> None:
    topic = letter.message.topic
    if topic not in settings.input_topics():
        raise UsageError(
            f"{settings.output_topic('dead-letters')} has letters of {topic}, which is no input topic of these "
            "settings; choose others with --topic, or set TIERFLOW_INPUT_PREFIX as the workers had it"
        )
