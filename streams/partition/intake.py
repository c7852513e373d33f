"""The way in: records of a bank's own topic come in, and what a mapping makes of them goes out to the inputs.

Nothing is kept but how far a partition is: the same record always gives the same messages. Each says in its headers
which record it came of, so that whoever reads the inputs can tell, and the audit can compare them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET

from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import bytes_fields, letter_key, too_large
from streams.contracts.log import encode_json
from streams.contracts.outputs import SourceDeadLetterMessage
from streams.contracts.rejection import Rejection
from streams.intake.record import Mapped, Outcome, Refusal, SourceRecord
from streams.partition.entries import Entry, Record
from streams.partition.intake_setup import IntakeSetup
from streams.partition.partition import Partition
from streams.partition.work import SOURCE_DEAD_LETTERS
from streams.values.calendar import NEVER_MS
from streams.values.events import TOPICS

POSITION, MAPPING = "source-position", "source-mapping"
"""Headers of the inputs that come of a source: topic/partition/offset/number, and the mark of the mapping."""


class Intake(Partition):
    """One partition of a source's topic."""

    def __init__(
        self, setup: IntakeSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        super().__init__(1, packed, lane)
        self._setup = setup

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Maps records."""
        return [Entry(NEVER_MS, topic, record.offset, self._outcomes(record), record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Tells what the record became: events, and a dead letter of each row that cannot be mapped."""
        number = 0
        for outcome in entry.event:
            if isinstance(outcome, Mapped):
                for event in outcome.events:
                    self.tell(TOPICS[event.topic], event.key, event.value, self._headers(entry.offset, number))
                    number += 1
                self._counted("mapped")
            elif isinstance(outcome, Refusal | Rejection):
                key, letter = letter_key(entry.record.key), self._letter(entry, outcome)
                self.tell(SOURCE_DEAD_LETTERS, key, letter, self._headers(entry.offset, number))
                number += 1
                self._counted("dead_letter")
                self.count("source_dead_letters", self._setup.source.name, outcome.reason)
            else:
                self._counted("skipped")
        return True

    def _outcomes(self, record: Any) -> Sequence[Outcome | Rejection]:
        clipped = getattr(record, "clipped", None)
        if clipped is not None:
            return [too_large(clipped)]
        setup, headers = self._setup, tuple((name, value or b"") for name, value in record.headers)
        place = (setup.topic, setup.partition, record.offset)
        return setup.source.map(SourceRecord(*place, record.key, record.value, record.timestamp, headers))

    def _headers(self, offset: int, number: int) -> Headers:
        setup = self._setup
        position = f"{setup.topic}/{setup.partition}/{offset}/{number}"
        return [(POSITION, position.encode()), (MAPPING, setup.mark)]

    def _letter(self, entry: Entry, refused: Refusal | Rejection) -> bytes:
        setup, record = self._setup, entry.record
        timestamp = getattr(record, "timestamp", None)
        clipped, field, path, item = None, "", "", None
        if isinstance(refused, Rejection):
            clipped = refused.value
        else:
            field, path, item = refused.field, refused.path, refused.item
        return encode_json(
            SourceDeadLetterMessage(
                source=setup.source.name,
                mapping=setup.mark.decode(),
                topic=setup.topic,
                partition=setup.partition,
                offset=entry.offset,
                item=UNSET if item is None else item,
                reason=refused.reason,
                detail=refused.detail,
                field=field or UNSET,
                path=path or UNSET,
                timestamp_ms=UNSET if timestamp is None else timestamp,
                **bytes_fields(record.key, record.value, clipped, setup.letter_bytes),
            )
        )

    def _counted(self, outcome: str) -> None:
        self.count("intake", self._setup.source.name, outcome)
