"""A file of sample records to records, and back: what `try` and `suggest` look at (docs/intake.md#try)."""

from base64 import b64decode, b64encode
from typing import Any

import msgspec

from streams.intake.exact import read_json
from streams.intake.record import SourceRecord

_encode = msgspec.json.Encoder(decimal_format="number").encode
_AROUND = frozenset({"value", "key", "headers", "topic", "partition", "offset", "timestamp"})
_OF_KCAT = frozenset({"topic", "partition", "offset", "tstype", "payload"})
_BASE64 = ("value_base64", "key_base64")


def samples_of(raw: bytes, topic: str) -> list[SourceRecord]:
    """Reads samples: a JSON value a line, one JSON list of values, or one value over several lines.

    An object with value_base64 is a record as it is: so dead letters are, and records that are no text. It may say
    topic, partition, offset, key_base64, timestamp and headers. One with value, and perhaps key and headers, is a
    record whose value is JSON. One with payload and tstype is a record as kcat -J writes it.

    Raises:
        ValueError: A line is no JSON; the message says which.
    """
    whole = _as_one(raw)
    if whole is not None:
        return [_record(_encode(value), value, topic, number) for number, value in enumerate(whole)]
    records = []
    for number, line in enumerate(raw.splitlines()):
        if line.strip():
            records.append(_record(line, _read(line), topic, number))
    return records


def sample_line(record: SourceRecord) -> bytes:
    """Writes a record as a line that samples_of reads: its value as JSON where it is an object, else in base64."""
    around = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp_ms,
        "headers": {name: raw.decode("utf-8", "replace") for name, raw in record.headers},
    }
    key, value = _text(record.key), record.value
    is_object = value is None or isinstance(_read(value), dict)
    if is_object and (key is not None or record.key is None):
        return _encode({**around, "key": key, "value": None if value is None else msgspec.Raw(value)}) + b"\n"
    in_base64 = {"key_base64": _base64(record.key), "value_base64": _base64(value)}
    return _encode(around | in_base64) + b"\n"


def _text(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode()


def _as_one(raw: bytes) -> list[Any] | None:
    """Gives the values of a file that is one JSON value; None for a file of lines."""
    try:
        read = read_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return read if isinstance(read, list) else [read]


def _read(line: bytes) -> Any:
    try:
        return read_json(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # the format says what is wrong with it


def _record(line: bytes, read: Any, topic: str, number: int) -> SourceRecord:
    if not isinstance(read, dict):
        return SourceRecord(topic, 0, number, None, line)
    if read.keys() >= _OF_KCAT:
        return _from_kcat(read)
    written = read.get("headers")
    headers = (
        tuple((str(name), str(text).encode()) for name, text in written.items()) if isinstance(written, dict) else ()
    )
    if any(name in read for name in _BASE64):
        return SourceRecord(
            read.get("topic", topic),
            read.get("partition", 0),
            read.get("offset", number),
            _from_base64(read.get("key_base64")),
            _from_base64(read.get("value_base64")),
            read.get("timestamp"),
            headers,
        )
    if isinstance(read.get("value", ""), dict | None) and read.keys() <= _AROUND:
        key, value = read.get("key"), read["value"]
        return SourceRecord(
            read.get("topic", topic),
            read.get("partition", 0),
            read.get("offset", number),
            key.encode() if isinstance(key, str) else None if key is None else _encode(key),
            None if value is None else _encode(value),
            read.get("timestamp"),
            headers,
        )
    return SourceRecord(topic, 0, number, None, line)


def _from_kcat(read: dict[str, Any]) -> SourceRecord:
    key, value, headers = read.get("key"), read["payload"], read.get("headers") or []
    return SourceRecord(
        read["topic"],
        read["partition"],
        read["offset"],
        None if key is None else str(key).encode(),
        value.encode() if isinstance(value, str) else None if value is None else _encode(value),
        read.get("ts"),
        tuple((str(name), str(text).encode()) for name, text in zip(headers[::2], headers[1::2], strict=False)),
    )


def _from_base64(text: Any) -> bytes | None:
    return b64decode(text) if isinstance(text, str) else None
