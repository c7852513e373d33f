"""Avro behind the head of a registry's serializer, read by the schema that it was written by.

https://avro.apache.org/docs/1.12.0/specification. fastavro reads the bytes. What a logical type means, or a name of
Kafka Connect, is read here: fastavro would round a decimal to its precision, and knows no names of Connect. So a schema
is marked before it is used: what means something gets a logical type of ours, and what reads it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
from fastavro import parse_schema, schemaless_reader
from fastavro.read import LOGICAL_READERS
from fastavro.schema import SchemaParseException

from streams.intake.decimals import decimal_of_bytes
from streams.intake.formats.connect import Convert, meaning_of
from streams.intake.formats.wire import framed
from streams.intake.refused import MalformedError
from streams.intake.schemas import RegisteredSchema, Schemas

KIND = "AVRO"
_MARK = "tierflow"
_CONNECT_TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, of a zone that the mapping says
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
# By type and logical type. A text with a logical type (uuid) is that text.
_LOGICAL: dict[tuple[str, str], Convert] = {
    ("int", "date"): lambda value: (_EPOCH + timedelta(days=value)).date(),
    ("int", "time-millis"): lambda value: (_EPOCH + timedelta(milliseconds=value)).time(),
    ("long", "time-micros"): lambda value: (_EPOCH + timedelta(microseconds=value)).time(),
    ("long", "timestamp-millis"): lambda value: _EPOCH_UTC + timedelta(milliseconds=value),
    ("long", "timestamp-micros"): lambda value: _EPOCH_UTC + timedelta(microseconds=value),
    ("long", "timestamp-nanos"): lambda value: _EPOCH_UTC + timedelta(microseconds=value // 1000),
    ("long", "local-timestamp-millis"): lambda value: _EPOCH + timedelta(milliseconds=value),
    ("long", "local-timestamp-micros"): lambda value: _EPOCH + timedelta(microseconds=value),
    ("long", "local-timestamp-nanos"): lambda value: _EPOCH + timedelta(microseconds=value // 1000),
    ("fixed", "uuid"): lambda value: str(UUID(bytes=value)),
}


def _read_marked(value: Any, schema: dict[Any, Any] | None = None, _: dict[Any, Any] | None = None) -> Any:
    return schema[_MARK](value) if schema else value


# The way in which fastavro takes further logical types.
LOGICAL_READERS.update((f"{kind}-{_MARK}", _read_marked) for kind in ("int", "long", "bytes", "fixed", "string"))


class AvroReader:
    """Reads values by the schemas of a registry; each is parsed once.

    is_debezium: whether Connect's Timestamp is that of a column without a zone, and so local time.
    """

    def __init__(self, schemas: Schemas, *, is_debezium: bool = False) -> None:
        self._schemas = schemas
        self._is_debezium = is_debezium
        self._parsed: dict[int, Any] = {}

    def read(self, value: bytes) -> Any:
        """Reads a value.

        Raises:
            MalformedError: It is none, or not what its schema says.
            UnknownSchemaError: The registry does not have its schema.
        """
        number, body = framed(value)
        schema = self._parsed.get(number) or self._parse(number)
        rest = BytesIO(body)
        try:
            read = schemaless_reader(rest, schema, None)
        except (EOFError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
            raise MalformedError(f"it is not what its schema {number} says: {_said(error)}") from error
        if rest.tell() != len(body):
            raise MalformedError(f"it has {len(body) - rest.tell()} bytes more than its schema {number} says")
        return read

    def _parse(self, number: int) -> Any:
        schema = self._schemas.of(number)
        parsed = self._parsed[number] = parsed_of(schema, f"its schema {number}", is_debezium=self._is_debezium)
        return parsed


def parsed_of(schema: RegisteredSchema, named: str, *, is_debezium: bool = False) -> Any:
    """Parses a schema, and those that it refers to, for schemaless_reader. named: what an error calls it.

    Raises:
        MalformedError: It is none of Avro.
    """
    if schema.kind != KIND:
        raise MalformedError(f"{named} is one of {schema.kind}, not of Avro; write another format")
    try:
        return parse(schema, is_debezium=is_debezium)
    except (SchemaParseException, ValueError, LookupError, TypeError, RecursionError) as error:
        raise MalformedError(f"{named} cannot be read: {_said(error)}") from error


def field_names(schema: RegisteredSchema, named: str, *, is_debezium: bool = False) -> frozenset[str]:
    """Gives the fields of the rows of a schema; of a change event, those of the table's row. It raises as parsed_of."""
    parsed = parsed_of(schema, named, is_debezium=is_debezium)
    rows = [parsed] if not is_debezium else [_row_of(parsed, name) for name in ("before", "after")]
    return frozenset(field["name"] for row in rows if isinstance(row, dict) for field in row.get("fields", ()))


def _row_of(event: Any, name: str) -> Any:
    """Gives the schema of a part of a change event: a record, or null; where it stands first, it is whole."""
    types = [field["type"] for field in event.get("fields", ()) if field["name"] == name]
    parts = [part for type_ in types for part in (type_ if isinstance(type_, list) else [type_])]
    return next((part for part in parts if isinstance(part, dict)), None)


def parse(schema: RegisteredSchema, *, is_debezium: bool = False) -> Any:
    """Parses a schema, and those that it refers to, for schemaless_reader."""
    marked = partial(_marked, is_debezium=is_debezium)
    named: dict[str, dict[str, Any]] = {}
    for _, text in schema.imports:
        parse_schema(marked(msgspec.json.decode(text)), named)
    parsed = parse_schema(marked(msgspec.json.decode(schema.text)), named)
    # What refers to other schemas and has no name of its own does not remember them.
    return [_by_name(part, named) for part in parsed] if isinstance(parsed, list) else _by_name(parsed, named)


def _by_name(schema: Any, named: Mapping[str, Any]) -> Any:
    return named.get(schema, schema) if isinstance(schema, str) else schema


def _said(error: BaseException) -> str:
    return str(error) or {"EOFError": "it ends too early"}.get(type(error).__name__, type(error).__name__)


def _marked(schema: Any, *, is_debezium: bool) -> Any:
    """Gives a schema in which what means something has our logical type, and nothing else has one."""
    inner = partial(_marked, is_debezium=is_debezium)
    if isinstance(schema, list):
        return [inner(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    marked = {name: part for name, part in schema.items() if name not in {"logicalType", "default"}}
    for name in ("type", "items", "values"):
        if name in schema:
            marked[name] = inner(schema[name])
    if "fields" in schema:
        marked["fields"] = [{"name": field["name"], "type": inner(field["type"])} for field in schema["fields"]]
    convert = _meaning(schema, is_debezium=is_debezium)
    return marked if convert is None else marked | {"logicalType": _MARK, _MARK: convert}


def _meaning(schema: Mapping[str, Any], *, is_debezium: bool) -> Convert | None:
    kind, logical, name = schema.get("type"), schema.get("logicalType"), schema.get("connect.name")
    if not isinstance(kind, str):
        return None
    if logical == "decimal" and kind in {"bytes", "fixed"}:
        return _decimal(int(schema.get("scale", 0)))
    if is_debezium and name == _CONNECT_TIMESTAMP:
        return _LOGICAL["long", "local-timestamp-millis"]
    convert = _LOGICAL.get((kind, str(logical)))
    return convert or meaning_of(name, schema.get("connect.parameters") or {}, is_debezium=is_debezium)


def _decimal(scale: int) -> Callable[[bytes], Any]:
    return lambda value: decimal_of_bytes(value, scale)
