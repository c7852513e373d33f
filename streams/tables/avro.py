"""A row as Avro behind the number that a registry has given its schema: 0, four bytes, and the row.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

import fastavro
import msgspec

from streams.tables.columns import PRECISION, SCALE, Kind, Message, Table

_TYPES: Final[Mapping[Kind, Any]] = {
    "text": "string",
    "small": "int",
    "whole": "long",
    "flag": "boolean",
    "money": {"type": "bytes", "logicalType": "decimal", "precision": PRECISION, "scale": SCALE},
    "time": {"type": "long", "logicalType": "timestamp-millis"},
    "day": {"type": "int", "logicalType": "date"},
    "texts": "string",
    "conditions": "string",
}


def schema_of(table: Table) -> dict[str, Any]:
    """Gives the Avro schema of a table's rows. What a row may lack has a default: later columns break no reader."""
    fields = [
        {"name": one.name, "type": _TYPES[one.kind]}
        if one.required
        else {"name": one.name, "type": ["null", _TYPES[one.kind]], "default": None}
        for one in table.columns
    ]
    return {"type": "record", "name": table.output, "namespace": "tierflow", "fields": fields}


def schema_text(table: Table) -> str:
    """Gives the schema as it is registered."""
    return msgspec.json.encode(schema_of(table)).decode()


def writer_of(table: Table, number: Callable[[], int]) -> Callable[[Message], bytes]:
    """Gives what makes the bytes of a message's row. It raises what `Table.flat_row` does.

    number: gives the number of the schema; called once it is known.
    """
    parsed = fastavro.parse_schema(schema_of(table))

    def write(message: Message) -> bytes:
        into = BytesIO()
        into.write(b"\0" + number().to_bytes(4, "big"))
        fastavro.schemaless_writer(into, parsed, table.flat_row(message))
        return into.getvalue()

    return write
