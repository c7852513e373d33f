"""A compiled source: a record in, events of the contract's inputs out, or why there are none. Values in, values out."""

from collections.abc import Callable
from typing import Any, NamedTuple

from streams.intake.language.rules import Deletes
from streams.intake.paths import RECORD, Find
from streams.intake.record import Mapped, Outcome, Refusal, Row, Skipped, SourceRecord
from streams.intake.refused import DeletedError, MalformedError, RefusedError
from streams.intake.schemas import Schemas
from streams.intake.table import FieldError, Table
from streams.intake.texts import named

Decode = Callable[[SourceRecord], Row | Skipped]
DecodeKey = Callable[[bytes | None], Any]
DELETE, TRUNCATE = "d", "t"
_DELETED = (
    'a row was deleted; say what that means: deletes = "skip", or "map" where the row as it was before is to be mapped '
    "(its `_record.op` is then d)"
)

_EMPTIED = 'the table was emptied (truncate), and no row of it is told; where that means nothing write deletes = "skip"'


class Source(NamedTuple):
    """A source of the mapping.

    each: finds the rows of a record that holds several; None where it is one. names: those that its paths begin with.
    schemas: what a record's schema has to be in before it is mapped; None where records name none.
    """

    name: str
    topic: str | None
    decode: Decode
    decode_key: DecodeKey
    each: Find | None
    skip: Find | None
    deletes: Deletes
    tables: tuple[Table, ...]
    names: frozenset[str]
    schemas: Schemas | None = None

    def map(self, record: SourceRecord) -> list[Outcome]:
        """Maps a record; gives what comes of each of its rows, in their order: events, or why there are none.

        The one way from a source's record to inputs, for all who have records: pure, the same for the same record, and
        whatever the record holds, without an exception. Of a record that is one row, all events come or none.
        """
        try:
            row = self.decode(record)
        except RefusedError as refused:
            return [_refusal(refused, record, None)]
        return [row] if isinstance(row, Skipped) else self.map_row(record, row)

    def map_row(self, record: SourceRecord, row: Row) -> list[Outcome]:
        """Maps what a format made of a record: the rest of `map`, for files, whose rows come decoded."""
        try:
            if (op := row.about.get("op")) in {DELETE, TRUNCATE} and (self.deletes != "map" or op == TRUNCATE):
                if self.deletes == "skip":
                    return [Skipped("rows were deleted")]
                raise DeletedError(_DELETED if op == DELETE else _EMPTIED)
            if self.each is None:
                return [self._outcome(record, row, row.value, None)]
            items = self.each(row.value)
            if not isinstance(items, list):
                raise MalformedError(f"there is {named(items)} where `each` looks for a list of rows")
        except RefusedError as refused:
            return [_refusal(refused, record, None)]
        return [self._outcome(record, row, item, number) for number, item in enumerate(items)]

    def _outcome(self, record: SourceRecord, row: Row, value: Any, item: int | None) -> Outcome:
        try:
            if type(value) is not dict:
                raise MalformedError(f"there is {named(value)} where a row's object should be")
            view = {**value, RECORD: self._around(record, row, item)} if RECORD in self.names else value
            if self._is_skipped(view):
                return Skipped("`skip` holds")
            events = tuple(table.event(view) for table in self.tables if table.is_for(view))
        except RefusedError as refused:
            return _refusal(refused, record, item)
        except RecursionError:
            return _refusal(MalformedError("it is nested hundreds of levels deep"), record, item)
        return Mapped(events) if events else Skipped("no `when` of its inputs holds")

    def _is_skipped(self, view: Any) -> bool:
        try:
            return self.skip is not None and bool(self.skip(view))
        except RefusedError as refused:
            raise FieldError(refused, "skip", "") from refused

    def _around(self, record: SourceRecord, row: Row, item: int | None) -> dict[str, Any]:
        place = f"{record.topic}-{record.partition}-{record.offset}"
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp_ms,
            "key": self.decode_key(record.key),
            "headers": {name: raw.decode("utf-8", "replace") for name, raw in record.headers},
            "item": item,
            "id": place if item is None else f"{place}-{item}",
            **({"value": row.value} if self.each is not None else {}),
            **row.about,
        }


def _refusal(refused: RefusedError, record: SourceRecord, item: int | None) -> Refusal:
    if isinstance(refused, FieldError):
        return Refusal(refused.refused.reason, str(refused), record, refused.field, refused.path, item)
    return Refusal(refused.reason, str(refused), record, item=item)
