"""One batch of records of the followed topics, and what it writes to the index."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from aiokafka import ConsumerRecord

from streams.contracts.outputs import ErasureMessage
from streams.contracts.partly import told_by
from streams.history.index import Index
from streams.history.opened import Fetched
from streams.history.rows import ENTRY_TOPICS, Entry, LetterRow, Standing, entry_of, standing_of
from streams.kafka.dead_letters import Letter, decode_mark, letter_of
from streams.kafka.erasures import Erasures
from streams.kafka.policies import digest_in_force, published
from streams.kafka.redelivery import is_void
from streams.settings import Settings

FOLLOWED: Final = (
    "erasures",
    *ENTRY_TOPICS,
    "current",
    "dead-letters",
    "dead-letters-replayed",
    "policies",
)
"""The outputs that are followed, in the order in which a batch works them: first who was erased."""

_decode_erasure = msgspec.json.Decoder(ErasureMessage).decode
_log = logging.getLogger(__name__)


class Batches:
    """Writes batches to the index, and knows who was erased."""

    def __init__(self, settings: Settings, index: Index, erasures: Erasures) -> None:
        self._settings = settings
        self._index = index
        self._erasures = erasures
        self._takes = {
            settings.output_topic("erasures"): self._take_erasures,
            settings.output_topic("current"): self._take_current,
            settings.output_topic("dead-letters"): self._take_letters,
            settings.output_topic("dead-letters-replayed"): self._take_marks,
            settings.output_topic("policies"): self._take_policies,
            **{settings.output_topic(name): self._take_entries for name in ENTRY_TOPICS},
        }
        self._numbers = {settings.output_topic(name): number for number, name in enumerate(ENTRY_TOPICS)}
        self._erased = False

    def apply(self, fetched: Fetched, next_offsets: Mapping[tuple[str, int], int]) -> None:
        """Writes a batch in one transaction, with where to read on."""
        by_topic: dict[str, list[Sequence[ConsumerRecord]]] = {}
        for tp, records in fetched.items():
            by_topic.setdefault(tp.topic, []).append(records)
        self._erased = False
        self._index.begin()
        try:
            for topic, take in self._takes.items():
                for records in by_topic.get(topic, ()):
                    take(records)
            self._index.commit(next_offsets)
        except BaseException:
            self._index.rollback()
            raise
        if self._erased:
            self._index.scrub()

    def _take_erasures(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            self._erasures.add(record)
            try:
                message = _decode_erasure(record.value or b"")
            except ValueError:
                continue  # as Erasures does
            self._index.forget(message.customer_id, message.last_sequence, self._erasures)
            self._erased = True

    def _take_entries(self, records: Sequence[ConsumerRecord]) -> None:
        self._index.add_entries(self._entries(records))

    def _entries(self, records: Sequence[ConsumerRecord]) -> Iterator[Entry]:
        for record in records:
            if record.value is None or self._erasures.void_output(record):
                continue
            try:
                yield entry_of(self._numbers[record.topic], record.partition, record.offset, record.value)
            except ValueError:  # msgspec's errors are ValueErrors, too
                _pass_over(record)

    def _take_current(self, records: Sequence[ConsumerRecord]) -> None:
        standings: dict[str, Standing | None] = {}
        for record in records:
            try:
                if record.value is None:
                    standings[(record.key or b"").decode()] = None
                elif not self._erasures.void_output(record):
                    standing = standing_of(record.value)
                    standings[standing.customer_id] = standing
            except ValueError:
                _pass_over(record)
        self._index.set_standings(standings)

    def _take_letters(self, records: Sequence[ConsumerRecord]) -> None:
        self._index.add_letters([self._row(letter) for letter in map(letter_of, records) if letter is not None])

    def _row(self, letter: Letter) -> LetterRow:
        voided = is_void(self._settings, self._erasures, letter)
        message = (letter.blank() if voided else letter).message
        key, told = (None, None) if voided else self._whose(letter)
        return LetterRow(
            *letter.position,
            written_ms=letter.written_ms,
            at=message.at,
            topic=message.topic,
            input_partition=message.partition,
            input_offset=message.offset,
            reason=message.reason,
            detail=message.detail,
            key=key,
            told=told,
        )

    def _whose(self, letter: Letter) -> tuple[str, str | None]:
        topics, topic = self._settings.input_topics(), letter.message.topic
        told = told_by(topics.index(topic), letter.value)[0] if topic in topics else None
        return (letter.key or b"").decode(errors="replace"), told

    def _take_marks(self, records: Sequence[ConsumerRecord]) -> None:
        marks = []
        for record in records:
            try:
                mark = decode_mark(record.value or b"")
            except ValueError:
                _pass_over(record)
                continue
            marks.append((mark.letter_partition, mark.letter_offset))
        self._index.mark_replayed(marks)

    def _take_policies(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            message, digest = published(record), digest_in_force(record)
            if message is not None:
                self._index.add_policy(message.digest, message.document, record.timestamp)
            if digest is not None:
                self._index.put_in_force(digest, record.timestamp)


def _pass_over(record: ConsumerRecord) -> None:
    _log.warning(
        "%s partition %d, offset %d is passed over: it is none of tierflow's messages, or a newer release's",
        record.topic,
        record.partition,
        record.offset,
    )
