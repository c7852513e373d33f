"""Which columns each table has, and how a message becomes a row (docs/analytics.md#tables)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

import pyarrow as pa

from streams.contracts.times import instant_ms

MONEY: Final = pa.decimal128(38, 4)
TIME: Final = pa.timestamp("ms", tz="UTC")
TEXTS: Final = pa.list_(pa.string())
CONDITIONS: Final = pa.list_(
    pa.struct(
        [
            *((name, pa.string()) for name in ("measure", "is", "at_least", "at_most", "more_than", "equals")),
            *((name, pa.string()) for name in ("is_not", "tier", "rule", "outcome")),
            ("met", pa.bool_()),
        ]
    )
)

Message = Mapping[str, Any]


class Column(NamedTuple):
    """A column: its name, its type, and what it holds of a message."""

    name: str
    type: pa.DataType
    of: Callable[[Message], Any]


class Table(NamedTuple):
    """A table: the output that it is made of, and its columns. time: the field that says when it was decided."""

    output: str
    time: str
    columns: Sequence[Column]

    @property
    def schema(self) -> pa.Schema:
        """Gives the schema of its files: its columns, and where each record is on its topic."""
        return pa.schema([*((one.name, one.type) for one in self.columns), *_PLACE])

    def row(self, message: Message, partition: int, offset: int) -> dict[str, Any]:
        """Makes the row of a message.

        Raises:
            ValueError, TypeError, AttributeError, ArithmeticError: It is none of tierflow's.
        """
        return {**{one.name: one.of(message) for one in self.columns}, "partition": partition, "offset": offset}


_PLACE: Final = (("partition", pa.int32()), ("offset", pa.int64()))


def _plain(type_: pa.DataType, *names: str) -> list[Column]:
    return [_part(name, type_, name) for name in names]


def _texts(*names: str) -> list[Column]:
    return _plain(pa.string(), *names)


def _money(name: str, *path: str) -> Column:
    def of(message: Message) -> Decimal | None:
        text = _at(message, path or (name,))
        return None if text is None else Decimal(text)

    return Column(name, MONEY, of)


def _time(name: str, *path: str) -> Column:
    def of(message: Message) -> int | None:
        written = _at(message, path or (name,))
        return None if written is None else instant_ms(written)

    return Column(name, TIME, of)


def _day(name: str, time: str) -> Column:
    """The bank's own day of a time: the times of messages bear the offset of the policy's zone."""
    return Column(name, pa.date32(), lambda message: date.fromisoformat(message[time][:10]))


def _part(name: str, type_: pa.DataType, *path: str) -> Column:
    return Column(name, type_, lambda message: _at(message, path))


def _at(message: Message, path: Sequence[str]) -> Any:
    found: Any = message
    for name in path:
        found = None if found is None else found.get(name)
    return found


def _who() -> list[Column]:
    return [Column("id", pa.string(), itemgetter("id")), Column("customer_id", pa.string(), itemgetter("customer_id"))]


def _why() -> list[Column]:
    """The policy that decided, and the event that led to it."""
    return [
        _part("policy_name", pa.string(), "policy", "name"),
        _part("policy_version", pa.int32(), "policy", "version"),
        _part("policy_digest", pa.string(), "policy", "digest"),
        _part("cause_event_id", pa.string(), "cause", "event_id"),
        _part("cause_topic", pa.string(), "cause", "topic"),
        _part("cause_partition", pa.int32(), "cause", "partition"),
        _part("cause_offset", pa.int64(), "cause", "offset"),
        _time("cause_occurred_at", "cause", "occurred_at"),
    ]


_CONDITIONS: Final = Column("conditions", CONDITIONS, lambda message: message.get("conditions") or [])

TABLES: Final[Mapping[str, Table]] = {
    "changes": Table(
        "changes",
        "decided_at",
        [
            *_who(),
            *_plain(pa.int64(), "sequence"),
            *_texts("direction", "previous_tier", "tier", "earned_tier", "reason"),
            _time("decided_at"),
            _day("decided_on", "decided_at"),
            *_plain(pa.bool_(), "backfill"),
            _money("value"),
            *_texts("currency"),
            *(_money(name, "components", name) for name in ("assets", "activity", "credit")),
            _part("next_tier", pa.string(), "next_tier", "tier"),
            _money("missing", "next_tier", "missing"),
            *(_part(name, TEXTS, "strategy", name) for name in ("campaigns", "risk_controls", "granted", "withdrawn")),
            _CONDITIONS,
            *_why(),
        ],
    ),
    "campaigns": Table(
        "campaigns",
        "triggered_at",
        [
            *_who(),
            *_texts("campaign", "kind"),
            *_plain(pa.int64(), "sequence"),
            *_texts("tier", "group"),
            _time("triggered_at"),
            _day("triggered_on", "triggered_at"),
            *_texts("period"),
            _money("amount"),
            *_texts("currency"),
            _money("missing"),
            _time("due"),
            *_why(),
        ],
    ),
    "risk": Table(
        "risk",
        "decided_at",
        [
            *_who(),
            *_texts("loan_id", "kind", "outcome", "customer", "reason", "tier"),
            _money("amount"),
            *_texts("currency"),
            _time("decided_at"),
            _day("decided_on", "decided_at"),
            *_plain(pa.bool_(), "backfill"),
            _time("monitored_until"),
            _CONDITIONS,
            *_why(),
        ],
    ),
}
"""The tables by their names, which are their folders."""
