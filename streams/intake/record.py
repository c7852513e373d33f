"""What goes into a mapping, and what comes out of it: structs alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from streams.contracts.event_line import EventLine

RefusalReason = Literal["malformed", "unknown_schema", "deleted", "missing_field", "invalid_field", "unknown_code"]


class SourceRecord(NamedTuple):
    """A record of a source topic, or a row of a file: then `topic` is the file's name, and `offset` the line."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Row(NamedTuple):
    """What a format makes of a record: the fields that paths see, and what `_record` tells besides.

    value: the row's fields by name, once the format is done with it.
    about: such as `op` and `source` of a change event.
    """

    value: Any
    about: Mapping[str, Any] = MappingProxyType({})


class Mapped(NamedTuple):
    """The events that come of a row, in the order of the tables of its source."""

    events: tuple[EventLine, ...]


class Skipped(NamedTuple):
    """Why nothing comes of a row, and nothing is meant to."""

    why: str


class Refusal(NamedTuple):
    """Why a row cannot be mapped: nothing comes of it, and nothing of it may be lost.

    field: the input and its field, such as transactions.amount. path: what was read for it, as the mapping has it.
    item: the number of the row where a record holds several, from 0.
    """

    reason: RefusalReason
    detail: str
    record: SourceRecord
    field: str = ""
    path: str = ""
    item: int | None = None


Outcome = Mapped | Skipped | Refusal
