"""The way in: records of a bank's own topic come in, and what a mapping makes of them goes out to the inputs.

Nothing is kept but how far a partition is: the same record always gives the same messages. Each says in its headers
which record it came of, so that whoever reads the inputs can tell, and the audit can compare them.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import letter_key, too_large
from streams.contracts.rejection import Clipped, Rejection
from streams.contracts.trace import trace_of
from streams.intake.record import Mapped, Outcome, Refusal, SourceRecord
from streams.partition.entries import Entry, Record
from streams.partition.intake_setup import IntakeSetup
from streams.partition.partition import Partition
from streams.partition.source_letters import source_headers, source_letter
from streams.partition.source_records import Origin, Why
from streams.partition.work import SOURCE_DEAD_LETTERS
from streams.values.calendar import NEVER_MS
from streams.values.events import WAYS_IN

LETTERS_LIMIT = 100
"""How many dead letters a record of many rows becomes at most."""


class Intake(Partition):
    """One partition of a source's topic."""

    def __init__(
        self, setup: IntakeSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        super().__init__(1, packed, lane)
        self._setup = setup
        self._origin = Origin(setup.source.name, setup.mark, setup.topic, setup.partition, setup.letter_bytes)
        self._trace: Headers = ()  # of the record in hand

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Maps records."""
        return [Entry(NEVER_MS, topic, record.offset, self._outcomes(record), record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Tells what the record became: events, and dead letters of the rows that cannot be mapped."""
        self._trace = trace_of(entry.record)
        number, refused = 0, list[Refusal | Rejection]()
        for outcome in entry.event:
            if isinstance(outcome, Mapped):
                for event in outcome.events:
                    self.tell(WAYS_IN[event.topic], event.key, event.value, self._headers(entry.offset, number))
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
        return [*source_headers(self._origin, offset, number), *self._trace]

    def _letter(self, entry: Entry, refused: Refusal | Rejection, without: Clipped | None, rest: str) -> bytes:
        """Makes a letter. without: what stands for the value where another letter has it. rest: of the detail."""
        if isinstance(refused, Rejection):
            why = Why(refused.reason, refused.detail + rest, clipped=refused.value)
        else:
            why = Why(refused.reason, refused.detail + rest, refused.field, refused.path, refused.item, without)
        return source_letter(self._origin, entry.record, why)

    def _counted(self, outcome: str) -> None:
        self.count("intake", self._setup.source.name, outcome)
