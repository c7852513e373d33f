"""The way in: records of a bank's own topic come in, and what a mapping makes of them goes out to the inputs.

Nothing is kept but how far a partition is: the same record always gives the same messages. Each says in its headers
which record it came of, so that whoever reads the inputs can tell, and the audit can compare them.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from msgspec import UNSET

from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import bytes_fields, letter_key, too_large
from streams.contracts.log import encode_json
from streams.contracts.outputs import SourceDeadLetterMessage
from streams.contracts.rejection import Clipped, Rejection
from streams.intake.record import Mapped, Outcome, Refusal, SourceRecord
from streams.partition.entries import Entry, Record
from streams.partition.intake_setup import IntakeSetup
from streams.partition.partition import Partition
from streams.partition.work import SOURCE_DEAD_LETTERS
from streams.values.calendar import NEVER_MS
from streams.values.events import TOPICS

POSITION, MAPPING = "source-position", "source-mapping"
"""Headers of the inputs that come of a source: topic/partition/offset/number, and the mark of the mapping."""

LETTERS_LIMIT = 100
"""How many dead letters a record of many rows becomes at most."""


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
        """Tells what the record became: events, and dead letters of the rows that cannot be mapped."""
        number, refused = 0, list[Refusal | Rejection]()
        for outcome in entry.event:
            if isinstance(outcome, Mapped):
                for event in outcome.events:
                    self.tell(TOPICS[event.topic], event.key, event.value, self._headers(entry.offset, number))
                    number += 1
                self._counted("mapped")
            elif isinstance(outcome, Refusal | Rejection):
                refused.append(outcome)
                self._counted("dead_letter")
                self.count("source_dead_letters", self._setup.source.name, outcome.reason)
            else:
                self._counted("skipped")
        self._tell_letters(entry, refused, number)
        return True

    def _tell_letters(self, entry: Entry, refused: Sequence[Refusal | Rejection], number: int) -> None:
        """Tells the first LETTERS_LIMIT refused rows, and how many more there are.

        The first letter alone holds the record: thousands of rows of one of megabytes would be gigabytes.
        """
        key, value = letter_key(entry.record.key), entry.record.value
        without = Clipped(b"", len(value), sha256(value).hexdigest()) if value and len(refused) > 1 else None
        for place, one in enumerate(refused[:LETTERS_LIMIT]):
            more = len(refused) - LETTERS_LIMIT if place == LETTERS_LIMIT - 1 else 0
            rest = f" (and {more} more rows of this record, for this reason or others)" if more else ""
            letter = self._letter(entry, one, without if place else None, rest)
            self.tell(SOURCE_DEAD_LETTERS, key, letter, self._headers(entry.offset, number + place))

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

    def _letter(self, entry: Entry, refused: Refusal | Rejection, without: Clipped | None, rest: str) -> bytes:
        """Makes a letter. without: what stands for the value where another letter has it. rest: of the detail."""
        setup = self._setup
        record: Any = entry.record  # of any reader: aiokafka's, a bare or a large one
        clipped, field, path, item = without, "", "", None
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
                detail=refused.detail + rest,
                field=field or UNSET,
                path=path or UNSET,
                timestamp_ms=UNSET if record.timestamp is None else record.timestamp,
                **bytes_fields(record.key, record.value, clipped, setup.letter_bytes),
            )
        )

    def _counted(self, outcome: str) -> None:
        self.count("intake", self._setup.source.name, outcome)
