"""Kafka Connect's schemas: what a number or a text means that the plain form does not say.

The names of meanings are those of Connect (org.apache.kafka.connect.data.*) and of Debezium (io.debezium.time.*,
io.debezium.data.*); they stand in the schema beside a JSON payload, and as connect.name in Avro.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from streams.intake.decimals import decimal_of_bytes, variable_scale
from streams.intake.exact import read_json
from streams.intake.formats.json_text import TOMBSTONE, json_of
from streams.intake.formats.wire import without_frame
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.refused import MalformedError, RefusedError
from streams.intake.texts import named

Convert = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, of a zone that the mapping says
_SCHEMAS_LIMIT = 1_000


class Envelope(msgspec.Struct, gc=False):
    """A payload, and the schema beside it as it is written: it is nearly always the one of the record before."""

    payload: Any
    schema: msgspec.Raw = msgspec.Raw(b"null")


_read_envelope = msgspec.json.Decoder(Envelope, float_hook=Decimal).decode


def _local(unit: str) -> Convert:
    return lambda value: _EPOCH + timedelta(**{unit: value})


def _of_day(unit: str) -> Convert:
    return lambda value: (_EPOCH + timedelta(**{unit: value})).time()


_MEANINGS: dict[str, Convert] = {
    "org.apache.kafka.connect.data.Date": lambda value: (_EPOCH + timedelta(days=value)).date(),
    "io.debezium.time.Date": lambda value: (_EPOCH + timedelta(days=value)).date(),
    "io.debezium.time.Timestamp": _local("milliseconds"),
    "io.debezium.time.MicroTimestamp": _local("microseconds"),
    "io.debezium.time.NanoTimestamp": lambda value: _EPOCH + timedelta(microseconds=value // 1000),
    "io.debezium.time.IsoDate": lambda value: date.fromisoformat(value[:10]),
    "io.debezium.time.IsoTimestamp": lambda value: datetime.fromisoformat(value).replace(tzinfo=None),
    "org.apache.kafka.connect.data.Time": _of_day("milliseconds"),
    "io.debezium.time.Time": _of_day("milliseconds"),
    "io.debezium.time.MicroTime": _of_day("microseconds"),
    "io.debezium.time.NanoTime": lambda value: (_EPOCH + timedelta(microseconds=value // 1000)).time(),
    "io.debezium.data.VariableScaleDecimal": variable_scale,
}
# Connect's own Timestamp is an instant, and is read as the number of milliseconds that it is. Of Debezium (with
# time.precision.mode=connect) it is a column without a zone, so local time: columns with one come as text.
_OF_DEBEZIUM = _MEANINGS | {"org.apache.kafka.connect.data.Timestamp": _local("milliseconds")}
DECIMAL = "org.apache.kafka.connect.data.Decimal"


def meaning_of(name: str | None, parameters: Mapping[str, Any], *, is_debezium: bool) -> Convert | None:
    """Gives what turns a value into what its schema's name means; None for a name that says nothing more."""
    if name == DECIMAL:
        scale = int(parameters.get("scale", 0))
        return lambda value: decimal_of_bytes(value, scale)
    return (_OF_DEBEZIUM if is_debezium else _MEANINGS).get(name or "")


def compile_schema(schema: Any, *, is_debezium: bool = False) -> Convert | None:
    """Compiles a schema of Connect; None where the payload is what it says already."""
    if not isinstance(schema, dict):
        return None
    convert = meaning_of(schema.get("name"), schema.get("parameters") or {}, is_debezium=is_debezium)
    if convert is None:
        convert = _of_type(schema, is_debezium=is_debezium)
    return None if convert is None else _unless_null(convert)


def _of_type(schema: Mapping[str, Any], *, is_debezium: bool) -> Convert | None:
    inner = partial(compile_schema, is_debezium=is_debezium)
    match schema.get("type"):
        case "struct":
            return _struct({part["field"]: inner(part) for part in schema.get("fields") or ()})
        case "array":
            item = inner(schema.get("items"))
            return None if item is None else lambda values: [item(value) for value in values]
        case "map":
            value_of = inner(schema.get("values"))
            return None if value_of is None else lambda pairs: {name: value_of(value) for name, value in pairs.items()}
        case "float" | "double":
            return float
        case _:
            return None


def _struct(fields: Mapping[str, Convert | None]) -> Convert | None:
    converted = [(name, convert) for name, convert in fields.items() if convert is not None]
    if not converted:
        return None

    def convert_struct(row: Any) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise MalformedError(f"{named(row)} is not what its schema says: an object")
        read = dict(row)
        for name, convert in converted:
            if name in read:
                try:
                    read[name] = convert(read[name])
                except (RefusedError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
                    raise MalformedError(f"{name} is not what its schema says: {error}") from error
        return read

    return convert_struct


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


class ConnectReader:
    """Reads payloads by the schemas beside them; each schema is compiled once."""

    def __init__(self, *, is_debezium: bool = False) -> None:
        self._is_debezium = is_debezium
        self._by_schema: dict[bytes, Convert | None] = {}

    def payload(self, value: bytes) -> Any:
        """Reads a payload, by its schema where it has one.

        Raises:
            MalformedError: It is none.
        """
        try:
            envelope = _read_envelope(without_frame(value))
        except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
            read = json_of(value)  # says what is wrong, if it is no JSON at all
            raise MalformedError(
                'it has no schema and payload; where the converter writes none write format = "json"'
                if isinstance(read, dict)
                else f"{named(read)} is no schema and payload"
            ) from error
        convert = self._convert(bytes(envelope.schema))
        return envelope.payload if convert is None else convert(envelope.payload)

    def _convert(self, schema: bytes) -> Convert | None:
        try:
            return self._by_schema[schema]
        except KeyError:
            pass
        try:
            convert = compile_schema(read_json(schema), is_debezium=self._is_debezium)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedError(f"its schema cannot be read: {error}") from error
        if len(self._by_schema) >= _SCHEMAS_LIMIT:
            self._by_schema.clear()
        self._by_schema[schema] = convert
        return convert

    def decode(self, record: SourceRecord) -> Row | Skipped:
        """Reads a record whose value is a schema and a payload."""
        if record.value is None:
            return TOMBSTONE
        payload = self.payload(record.value)
        return TOMBSTONE if payload is None else Row(payload)
