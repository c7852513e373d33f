"""Records whose values and keys name a schema of a registry: rows, change events, and keys of either kind."""

from collections.abc import Callable
from typing import Any

from streams.intake.formats.change_events import TOMBSTONE as DELETED_ROW
from streams.intake.formats.change_events import row_of
from streams.intake.formats.json_text import TOMBSTONE, decode_key
from streams.intake.formats.wire import schema_id_of
from streams.intake.record import Row
from streams.intake.refused import RefusedError
from streams.intake.source import Decode, DecodeKey

Read = Callable[[bytes], Any]
"""From a value, its head included, to what it says."""


def decode_rows(read: Read) -> Decode:
    """Makes what decodes records that are a row each."""
    return lambda record: TOMBSTONE if record.value is None else Row(read(record.value))


def decode_change_events(read: Read) -> Decode:
    """Makes what decodes Debezium's change events."""
    return lambda record: DELETED_ROW if record.value is None else row_of(read(record.value))


def decode_registered_key(read: Read) -> DecodeKey:
    """Makes what decodes keys; one that names no schema is read as any other is."""

    def decode(key: bytes | None) -> Any:
        if key is None or schema_id_of(key) is None:
            return decode_key(key)
        try:
            return read(key)
        except RefusedError:
            return decode_key(key)

    return decode
