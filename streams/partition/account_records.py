"""Account records on their way from `bank.accounts` to the bookings of their account: passed on as they are.

Nothing is kept but how far a partition is. What cannot be used is told as a dead letter where all of it is read
(accounts.py); what is too large to be read whole goes no further than here.
"""

from collections.abc import Iterable
from typing import Any

from streams.contracts.kept import LaneRecord
from streams.contracts.letters import letter_key, too_large
from streams.contracts.trace import trace_of
from streams.partition.entries import Entry, Record
from streams.partition.partition import Partition
from streams.partition.source_letters import source_headers, source_letter
from streams.partition.source_records import Origin, Why
from streams.partition.work import BY_ACCOUNT, SOURCE_DEAD_LETTERS
from streams.values.calendar import NEVER_MS

NAME = "accounts.records"
"""As a source: in letters and metrics. No source of a mapping can have a point in its name."""

RECORD_BYTES = 500_000
"""How large an account record may be: every topic takes it."""


class AccountRecords(Partition):
    """One partition of `bank.accounts`."""

    def __init__(
        self, origin: Origin, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        super().__init__(1, packed, lane)
        self._origin = origin

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Takes records as they are."""
        return [Entry(NEVER_MS, topic, record.offset, None, record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Passes a record on."""
        record: Any = entry.record
        headers = [*source_headers(self._origin, entry.offset, 0), *trace_of(record)]
        clipped = getattr(record, "clipped", None)
        if clipped is None and len(record.value or b"") <= RECORD_BYTES:
            self.tell(BY_ACCOUNT, record.key, record.value, headers)
            self.count("intake", NAME, "mapped")
            return True
        why = Why("too_large", f"an account record of more than {RECORD_BYTES:,} bytes")
        if clipped is not None:
            why = Why("too_large", too_large(clipped).detail, clipped=clipped)
        letter = source_letter(self._origin, record, why)
        self.tell(SOURCE_DEAD_LETTERS, letter_key(record.key), letter, headers)
        self.count("intake", NAME, "dead_letter")
        self.count("source_dead_letters", NAME, why.reason)
        return True
