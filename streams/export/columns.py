"""The types of the columns in Parquet, and where each record is on its topic (docs/analytics.md#tables)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa

from streams.tables.columns import PRECISION, SCALE, Kind, Message
from streams.tables.columns import TABLES as ALL
from streams.tables.columns import Table as Columns

_CONDITIONS: Final = pa.list_(
    pa.struct(
        [
            *((name, pa.string()) for name in ("measure", "is", "at_least", "at_most", "more_than", "equals")),
            *((name, pa.string()) for name in ("is_not", "tier", "rule", "outcome")),
            ("met", pa.bool_()),
        ]
    )
)
_TYPES: Final[Mapping[Kind, pa.DataType]] = {
    "text": pa.string(),
    "small": pa.int32(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
    "money": pa.decimal128(PRECISION, SCALE),
    "time": pa.timestamp("ms", tz="UTC"),
    "day": pa.date32(),
    "texts": pa.list_(pa.string()),
    "conditions": _CONDITIONS,
}
_PLACE: Final = (("partition", pa.int32()), ("offset", pa.int64()))


class Table(NamedTuple):
    """A table of Parquet files. time: the field that says when something was decided."""

    of: Columns

    @property
    def output(self) -> str:
        """The output that it is made of."""
        return self.of.output

    @property
    def time(self) -> str:
        """The field that says when it was decided."""
        return self.of.time

    @property
    def schema(self) -> pa.Schema:
        """Gives the schema of its files: its columns, and where each record is on its topic."""
        return pa.schema([*((one.name, _TYPES[one.kind]) for one in self.of.columns), *_PLACE])

    def row(self, message: Message, partition: int, offset: int) -> dict[str, Any]:
        """Makes the row of a message. It raises what `row` of the table does."""
        return {**self.of.row(message), "partition": partition, "offset": offset}


TABLES: Final[Mapping[str, Table]] = {name: Table(ALL[name]) for name in ("changes", "campaigns", "risk")}
"""The tables by their names, which are their folders."""
