"""Who was erased, and what is void since, by what `tier.erasures` says (docs/messages.md#tiererasures).

For all that sends customers' records once more: dead letters, and events that could not be delivered.
"""

from collections.abc import Mapping
from contextlib import aclosing
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.contracts.envelope import Headers
from streams.contracts.outputs import CHANGE_TYPE, ERASED_TYPE, ErasureMessage
from streams.contracts.partly import told_by
from streams.contracts.times import instant_ms
from streams.kafka.whole_topic import records_of
from streams.settings import Settings


class Erased(NamedTuple):
    """A customer's newest erase, as its message says it. written_ms: the timestamp of the message's record."""

    message: ErasureMessage
    decided_ms: int
    written_ms: int

    def voids_input(self, at_ms: int | None, written_ms: int) -> bool:
        """Says whether an input is of before the erase.

        at_ms: its own time; None where that cannot be read, or not be believed. Then the time counts at which it was
        found unusable (written_ms).
        """
        return written_ms <= self.written_ms if at_ms is None else at_ms <= self.message.cause.occurred_at

    def voids_output(self, headers: Headers, value: bytes | None, written_ms: int) -> bool:
        """Says whether an output of the customer came of what the erase had forgotten.

        A message with a cause goes by that event's own time. One without was decided by time alone, and is void if
        that was before the erase was worked. A tier change goes by its number.
        written_ms: a time at which it was there; it counts where the output is none of tierflow's messages.
        """
        try:
            return self._voids(dict(headers), value)
        except ValueError:
            return written_ms <= self.written_ms

    def _voids(self, headers: Mapping[str, bytes], value: bytes | None) -> bool:
        type_ = headers.get("ce_type", b"").decode()
        if type_ == CHANGE_TYPE:
            return self.voids_change(int(headers.get("ce_id", b"").rpartition(b":")[2]))
        if type_ == ERASED_TYPE:
            return False  # whoever was told of the customer has to hear of it
        cause = _decode_caused(value or b"").cause
        if cause is not None:
            return self.voids_caused(cause.occurred_at, 0)
        return self.voids_caused(None, instant_ms(headers.get("ce_time", b"").decode()))

    def voids_change(self, sequence: int) -> bool:
        """Says whether a tier change of the customer is of before the erase, by its number."""
        return sequence <= self.message.last_sequence

    def voids_caused(self, caused_ms: int | None, told_ms: int) -> bool:
        """Says whether a trigger or a risk message is of before the erase.

        caused_ms: the own time of the event that led to it; None where time alone did. told_ms: when it was decided.
        """
        if caused_ms is not None:  # an erase leaves what came of newer events, even if it was decided before
            return caused_ms <= self.message.cause.occurred_at
        return told_ms <= self.decided_ms


class Erasures:
    """The newest erase of each customer who was erased."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Erased] = {}
        self.next_offsets: dict[TopicPartition, int] = {}
        """Where to read on, of each partition of which a record was read."""

    def add(self, record: ConsumerRecord) -> None:
        """Takes in a record of the topic. One that somebody else wrote is passed over."""
        self.next_offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
        try:
            message = _decode_erasure(record.value or b"")
            decided_ms = instant_ms(message.decided_at)
        except ValueError:  # msgspec's errors are ValueErrors, too
            return
        known = self._by_key.get(record.key or b"")
        if known is None or _place_of(known.message) <= _place_of(message):
            self._by_key[record.key or b""] = Erased(message, decided_ms, record.timestamp)

    def by_customer(self) -> dict[str, Erased]:
        """Gives each erased customer's newest erase, by customer id."""
        return {erased.message.customer_id: erased for erased in self._by_key.values()}

    def void_input(
        self, topic: int, key: bytes | None, value: bytes | None, written_ms: int, *, was_ahead: bool = False
    ) -> bool:
        """Says whether an input is about somebody, by its key or its value, who was erased after it.

        topic: its topic's number. written_ms: when it was found unusable. was_ahead: it was so since its own time was
        far ahead, which a later erase is then never after.
        """
        if not self._by_key:
            return False
        customer_id, at_ms = told_by(topic, value)
        believed_ms = None if was_ahead else at_ms
        keys = {key or b"", (customer_id or "").encode()}
        return any(self._by_key[each].voids_input(believed_ms, written_ms) for each in keys if each in self._by_key)

    def has(self, customer: bytes) -> bool:
        """Says whether a customer was ever erased."""
        return customer in self._by_key

    def void_output(self, record: ConsumerRecord, opened: bytes | None = None) -> bool:
        """Says whether an output, or a copy of one that has its headers, is about somebody who was erased after it.

        opened: its value in the clear, where that is sealed.
        """
        value = record.value if opened is None else opened
        erased = self._by_key.get(record.key or b"")
        return erased is not None and erased.voids_output(record.headers, value, record.timestamp)


def _place_of(message: ErasureMessage) -> tuple[int, int]:
    """Gives what the newest erase of a customer has most of: its own time, then the number of the last tier change."""
    return message.cause.occurred_at, message.last_sequence


async def read_erasures(settings: Settings) -> Erasures:
    """Reads all that is on `tier.erasures`.

    Raises:
        UsageError: Kafka does not answer, or the topic is missing.
    """
    found = Erasures()
    async with aclosing(records_of(settings, settings.output_topic("erasures"))) as records:
        async for record in records:
            found.add(record)
    return found


class _Cause(msgspec.Struct):
    occurred_at: int


class _Caused(msgspec.Struct):
    cause: _Cause | None = None


_decode_erasure = msgspec.json.Decoder(ErasureMessage).decode
_decode_caused = msgspec.json.Decoder(_Caused).decode
