"""JSON of any shape, every number as exact as it is written."""

from codecs import BOM_UTF8
from typing import Any

import msgspec

from streams.contracts.halves import without_halves
from streams.contracts.nesting import is_nested_beyond
from streams.intake.exact import read_json
from streams.intake.formats.wire import without_frame
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.refused import MalformedError
from streams.intake.source import DELETE

NESTED_LIMIT = 200
TOMBSTONE = Row({}, {"op": DELETE})
"""What a record without a value says: the row of its key is gone."""


def decode_json(record: SourceRecord) -> Row | Skipped:
    """Reads a record whose value is JSON."""
    return TOMBSTONE if record.value is None else Row(json_of(record.value))


def json_of(value: bytes) -> Any:
    """Reads a value as JSON.

    Raises:
        MalformedError: It is none; the message says what it seems to be.
    """
    text = without_frame(value).removeprefix(BOM_UTF8)
    if is_nested_beyond(NESTED_LIMIT, text):
        raise MalformedError("arrays or objects are nested hundreds of levels deep")
    try:
        return read_json(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError) as error:
        if (mended := without_halves(text)) != text:
            return json_of(mended)
        raise MalformedError(f"no JSON: {_said(value, error)}") from error


def _said(value: bytes, error: Exception) -> str:
    if not value.strip():
        return "it is empty"
    if value[:1] == b"\0":
        return "it begins with a zero byte; is it Avro or Protobuf?"
    return str(error)


def decode_key(key: bytes | None) -> Any:
    """Reads a key: JSON, with its schema taken off; else text; else None."""
    if key is None:
        return None
    try:
        read = json_of(key)
    except MalformedError:
        try:
            return key.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(read, dict) and read.keys() == {"schema", "payload"}:
        return read["payload"]
    return read
