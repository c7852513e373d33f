"""The outputs as tables: each message of an output goes out once more, as a row of its table (docs/tables.md).

Nothing is kept but how far a partition is: the same message always gives the same row.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from streams.contracts.kept import MOVED_TO, LaneRecord
from streams.partition.entries import Entry, Record
from streams.partition.partition import Partition
from streams.values.calendar import NEVER_MS

Writer = Callable[[Any], bytes]
"""Makes the bytes of a message's row."""

_NO_MESSAGE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
_decode = msgspec.json.Decoder().decode


class Tables(Partition):
    """One partition number of the outputs."""

    def __init__(
        self,
        writers: Sequence[tuple[str, Writer]],
        packed: dict[bytes, bytes] | None = None,
        lane: LaneRecord | None = None,
    ) -> None:
        """writers: by topic number, the name of the output, and what makes the rows of its messages."""
        super().__init__(len(writers), packed, lane)
        self._writers = writers

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Takes messages as they are: rows are made when they are worked, once the schemas are known."""
        return [Entry(NEVER_MS, topic, record.offset, None, record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Tells the row of a message; of a tombstone, a tombstone. What is no message of tierflow is passed over."""
        output, write = self._writers[entry.topic]
        record: Any = entry.record
        if record.value is None and _is_of_a_growth(record.headers):
            return True  # the customer is in another partition now: a table would lose the row
        try:
            row = None if record.value is None else write(_decode(record.value))
        except _NO_MESSAGE:
            self.count("tables", output, "foreign")
            return True
        self.tell(output, record.key, row)
        self.count("tables", output, "written")
        return True


def _is_of_a_growth(headers: Iterable[tuple[str, bytes]]) -> bool:
    return MOVED_TO in dict(headers)
