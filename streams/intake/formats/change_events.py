"""Debezium's change events: the row as it is after a change or, of a deleted one, as it was before.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
"""

from typing import Any

from streams.intake.formats.connect import ConnectReader
from streams.intake.formats.json_text import json_of
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.refused import MalformedError
from streams.intake.source import DELETE, TRUNCATE
from streams.intake.texts import named

# Created, updated, read by a snapshot.
_NOW = ("c", "u", "r")
_MESSAGE = "m"
TOMBSTONE = Skipped("a tombstone, behind the event of the deletion")
_UNWRAPPED = (
    "it has no `op`, so it is no change event; where the connector takes the envelope off (ExtractNewRecordState) "
    'write format = "connect", or "json" where there is no schema'
)


def row_of(event: Any) -> Row | Skipped:
    """Gives the row of a change event.

    Raises:
        MalformedError: It is none.
    """
    if not isinstance(event, dict):
        raise MalformedError(f"{named(event)} is no change event")
    op = event.get("op")
    about = {
        "op": op,
        "source": event.get("source"),
        "before": event.get("before"),
        "after": event.get("after"),
        "ts_ms": event.get("ts_ms"),
    }
    if op in _NOW:
        if event.get("after") is None:
            raise MalformedError(f"it has op {op}, and no row after it")
        return Row(event["after"], about)
    if op == DELETE:
        return Row(event.get("before") or {}, about)
    if op == TRUNCATE:
        return Row({}, about)
    if op == _MESSAGE:
        return Skipped("a message in the database's log, of no table")
    raise MalformedError(_UNWRAPPED if op is None else f"there is no op {named(op)}; there are c, u, d, r, t and m")


class ChangeEvents:
    """Reads change events in JSON, with schemas beside them and without."""

    def __init__(self) -> None:
        self._connect = ConnectReader(is_debezium=True)

    def decode(self, record: SourceRecord) -> Row | Skipped:
        """Reads a record whose value is a change event."""
        value = record.value
        if value is None:
            return TOMBSTONE
        read = self._with_schema(value) if b'"payload"' in value else json_of(value)
        return TOMBSTONE if read is None else row_of(read)

    def _with_schema(self, value: bytes) -> Any:
        """Reads an event with a schema; one without may have a column of the name payload."""
        try:
            return self._connect.payload(value)
        except MalformedError:
            read = json_of(value)
            if isinstance(read, dict) and "op" in read:
                return read
            raise
