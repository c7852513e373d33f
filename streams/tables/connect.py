"""A row as JSON with its schema beside it: what the JsonConverter of Kafka Connect reads (schemas.enable=true).

Read from JsonConverter.java of Apache Kafka 4.3: a decimal may be a number, which it reads exactly; times are epoch
milliseconds, days those since 1970.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from streams.tables.columns import PRECISION, SCALE, Kind, Message, Table

_DATA: Final = "org.apache.kafka.connect.data."
_EPOCH: Final = date(1970, 1, 1)
_TYPES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "text": {"type": "string"},
    "small": {"type": "int32"},
    "whole": {"type": "int64"},
    "flag": {"type": "boolean"},
    "money": {
        "type": "bytes",
        "name": f"{_DATA}Decimal",
        "version": 1,
        "parameters": {"scale": str(SCALE), "connect.decimal.precision": str(PRECISION)},
    },
    "time": {"type": "int64", "name": f"{_DATA}Timestamp", "version": 1},
    "day": {"type": "int32", "name": f"{_DATA}Date", "version": 1},
    "texts": {"type": "string"},
    "conditions": {"type": "string"},
}
_encode = msgspec.json.Encoder(decimal_format="number").encode


def schema_of(table: Table) -> dict[str, Any]:
    """Gives the schema of a table's rows as Kafka Connect writes it."""
    fields = [{"field": one.name, **_TYPES[one.kind], "optional": not one.required} for one in table.columns]
    return {"type": "struct", "name": f"tierflow.{table.output}", "optional": False, "fields": fields}


def writer_of(table: Table) -> Callable[[Message], bytes]:
    """Gives what makes the bytes of a message's row. It raises what `Table.flat_row` does."""
    head = b'{"schema":%b,"payload":' % _encode(schema_of(table))
    days = [one.name for one in table.columns if one.kind == "day"]

    def write(message: Message) -> bytes:
        row = table.flat_row(message)
        for name in days:
            row[name] = (row[name] - _EPOCH).days
        return b"%b%b}" % (head, _encode(row))

    return write
