"""Which columns each table has, and how a message becomes a row (docs/tables.md)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec

from streams.contracts.times import instant_ms

Message = Mapping[str, Any]
Kind = Literal["text", "small", "whole", "flag", "money", "time", "day", "texts", "conditions"]
"""What a column holds: whole numbers of 32 bits are small; texts are a list; a time is in epoch milliseconds."""

SCALE: Final = 4
PRECISION: Final = 38
_UNIT: Final = Decimal(1).scaleb(-SCALE)
_EXACT: Final = Context(prec=PRECISION)
_json = msgspec.json.Encoder().encode


class Column(NamedTuple):
    """A column: its name, its kind, what it holds of a message, and whether every row has it."""

    name: str
    kind: Kind
    of: Callable[[Message], Any]
    required: bool = False


class Table(NamedTuple):
    """A table: the output that it is made of, and its columns. time: the field that says when it was decided."""

    output: str
    time: str
    columns: Sequence[Column]

    def row(self, message: Message) -> dict[str, Any]:
        """Makes the row of a message.

        Raises:
            LookupError, ValueError, TypeError, AttributeError, ArithmeticError: It is none of tierflow's.
        """
        return {one.name: one.of(message) for one in self.columns}

    def flat_row(self, message: Message) -> dict[str, Any]:
        """Makes the row of a message without lists, which few databases take: they are JSON text. Money has 4 places.

        Raises:
            LookupError, ValueError, TypeError, AttributeError, ArithmeticError: It is none of tierflow's.
        """
        return {one.name: _flat(one.kind, one.of(message)) for one in self.columns}


def _flat(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind == "money":
        return value.quantize(_UNIT, context=_EXACT)
    return _json(value).decode() if kind in {"texts", "conditions"} else value


def _plain(kind: Kind, *names: str) -> list[Column]:
    return [_part(name, kind, name) for name in names]


def _texts(*names: str) -> list[Column]:
    return _plain("text", *names)


def _money(name: str, *path: str) -> Column:
    def of(message: Message) -> Decimal | None:
        text = _at(message, path or (name,))
        return None if text is None else Decimal(text)

    return Column(name, "money", of)


def _time(name: str, *path: str) -> Column:
    def of(message: Message) -> int | None:
        written = _at(message, path or (name,))
        return None if written is None else instant_ms(written)

    return Column(name, "time", of)


def _day(name: str, time: str) -> Column:
    """The bank's own day of a time: the times of messages bear the offset of the policy's zone."""
    return Column(name, "day", lambda message: date.fromisoformat(message[time][:10]))


def _part(name: str, kind: Kind, *path: str) -> Column:
    return Column(name, kind, lambda message: _at(message, path))


def _at(message: Message, path: Sequence[str]) -> Any:
    found: Any = message
    for name in path:
        found = None if found is None else found.get(name)
    return found


def _who() -> list[Column]:
    return [Column(name, "text", itemgetter(name), required=True) for name in ("id", "customer_id")]


def _cause() -> list[Column]:
    """The event that led to it."""
    return [
        _part("cause_event_id", "text", "cause", "event_id"),
        _part("cause_topic", "text", "cause", "topic"),
        _part("cause_partition", "small", "cause", "partition"),
        _part("cause_offset", "whole", "cause", "offset"),
        _time("cause_occurred_at", "cause", "occurred_at"),
    ]


def _why() -> list[Column]:
    """The policy that decided, and the event that led to it."""
    return [
        _part("policy_name", "text", "policy", "name"),
        _part("policy_version", "small", "policy", "version"),
        _part("policy_digest", "text", "policy", "digest"),
        *_cause(),
    ]


_CONDITIONS: Final = Column("conditions", "conditions", lambda message: message.get("conditions") or [])

_OF_CHANGES: Final = (
    *_who(),
    *_plain("whole", "sequence"),
    *_texts("direction", "previous_tier", "tier", "earned_tier", "reason"),
    _time("decided_at"),
    _day("decided_on", "decided_at"),
    *_plain("flag", "backfill"),
    _money("value"),
    *_texts("currency"),
    *(_money(name, "components", name) for name in ("assets", "activity", "credit")),
    _part("next_tier", "text", "next_tier", "tier"),
    _money("missing", "next_tier", "missing"),
    *(_part(name, "texts", "strategy", name) for name in ("campaigns", "risk_controls", "granted", "withdrawn")),
    _CONDITIONS,
    *_why(),
)

TABLES: Final[Mapping[str, Table]] = {
    "changes": Table("changes", "decided_at", _OF_CHANGES),
    "current": Table("current", "decided_at", _OF_CHANGES),
    "campaigns": Table(
        "campaigns",
        "triggered_at",
        [
            *_who(),
            *_texts("campaign", "kind"),
            *_plain("whole", "sequence"),
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
            *_plain("flag", "backfill"),
            _time("monitored_until"),
            _CONDITIONS,
            *_why(),
        ],
    ),
    "erasures": Table(
        "erasures",
        "erased_at",
        [*_who(), _time("erased_at"), _time("decided_at"), *_plain("whole", "last_sequence"), *_cause()],
    ),
}
"""The tables by the names of the outputs that they are made of."""
