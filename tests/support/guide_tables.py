"""The tables of the guide: what is heard becomes events, what comes of it becomes the words of the last column.

    | 2026-01-05 10:00 | balance 450000 | low (first_event) |
    | 2026-01-08 10:00 | | campaign near-mid:1, missing 50000.00 |
    | 2026-01-09 10:00 | loan L1 400000 | loan L1 enhanced (amount at_least 300000.00) |

Several things in one cell stand one after the other with a semicolon between. A cell is about customer C; another one
is named before a colon: "D: balance 1000". Of a loan's conditions those that are met are told.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from streams.contracts.event_line import EventLine
from streams.policy.policy import Policy
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS

ME = "C"
TIMES = {TRANSACTIONS: "occurred_at", CUSTOMERS: "at", LOANS: "applied_at", BALANCES: "as_of", CREDIT: "as_of"}


class Row(NamedTuple):
    at: datetime
    heard: list[str]
    told: list[str]


def rows_of(table: str, policy: Policy) -> list[Row]:
    """The rows below the head."""
    rows = []
    for row in table.strip().splitlines()[2:]:
        at, heard, told = (column.strip() for column in row.strip()[1:-1].split("|"))
        rows.append(
            Row(
                _instant(at, policy.calendar.zone),
                *([part for part in cell.split("; ") if part] for cell in (heard, told)),
            )
        )
    return rows


def lines_of(rows: Sequence[Row], policy: Policy) -> Iterator[EventLine]:
    """The events of the rows; time goes on with each row, whether something is heard then or not."""
    for number, row in enumerate(rows):
        yield line(CUSTOMERS, "another", row.at, f"t{number}", action="unpin")
        for place, heard in enumerate(row.heard):
            name, _, words = heard.rpartition(": ")
            topic, at, fields = _event(words.split(), row.at, policy)
            yield line(topic, name or ME, at, f"e{number}-{place}", **fields)


def _event(words: list[str], now: datetime, policy: Policy) -> tuple[int, datetime, dict[str, Any]]:
    match words:
        case ["balance", amount, *more]:
            currency, account = (more[0], more[2]) if more else (policy.currency, "a")
            return BALANCES, now, {"balance": amount, "currency": currency, "account_id": account}
        case ["standing", standing]:
            return CREDIT, now, {"standing": standing}
        case ["loan", loan, amount]:
            return LOANS, now, {"loan_id": loan, "amount": amount, "currency": policy.currency}
        case ["pin", tier, "until", *until]:
            ends = _instant(" ".join(until), now.tzinfo).isoformat()
            return CUSTOMERS, now, {"action": "pin", "tier": tier, "until": ends, "reason": "so", "by": "me"}
        case ["opt_out" | "opt_in" as action]:
            return CUSTOMERS, now, {"action": action}
        case [kind, amount, *late]:
            at = _instant(" ".join(late[1:]), now.tzinfo) if late else now
            return TRANSACTIONS, at, {"type": kind, "amount": amount, "currency": policy.currency, "account_id": "a"}
        case _:
            raise AssertionError(words)


def line(topic: int, customer: str, at: datetime, event_id: str, **fields: Any) -> EventLine:
    value = {"event_id": event_id, "customer_id": customer, TIMES[topic]: at.isoformat(), **fields}
    return EventLine(topic, customer.encode(), json.dumps(value).encode())


def told(topic: str, value: bytes) -> tuple[str, str]:
    """When a message was decided, and its words."""
    message = json.loads(value)
    name = "" if message["customer_id"] == ME else f"{message['customer_id']}: "
    match topic:
        case "tier.changes":
            return message["decided_at"], name + _change(message)
        case "tier.campaigns":
            return message["triggered_at"], name + _trigger(message)
        case "tier.risk":
            return message["decided_at"], name + _risk(message)
        case _:
            raise AssertionError(value)


def _change(message: dict[str, Any]) -> str:
    before = f"{message['previous_tier']} → " if message["previous_tier"] else ""
    services = [
        f", {word} {' '.join(message['strategy'][word])}"
        for word in ("granted", "withdrawn")
        if message["strategy"][word]
    ]
    return f"{before}{message['tier']} ({message['reason']}){''.join(services)}"


def _trigger(message: dict[str, Any]) -> str:
    said = [f"campaign {message['id'].partition(':')[2]}"]
    said += [f"{word} {message[word]}" for word in ("amount", "missing") if message[word] is not None]
    said += [f"due {_written(message['due'])}"] if message["due"] else []
    said += ["held out"] if message["group"] == "held_out" else []
    return ", ".join(said)


def _risk(message: dict[str, Any]) -> str:
    what = (
        f"{message['reason']} {message['id'].removeprefix(message['customer_id'] + ':')}"
        if message["kind"] == "alert"
        else f"loan {message['loan_id']} {message['outcome']}"
    )
    met = ", ".join(_condition(condition) for condition in message["conditions"] if condition["met"])
    watched = message["kind"] == "decision" and message["monitored_until"]
    until = f", watched until {_written(message['monitored_until'])}" if watched else ""
    return f"{what}{f' ({met})' if met else ''}{until}"


def _condition(condition: dict[str, Any]) -> str:
    word = next(word for word in ("more_than", "at_most", "at_least", "equals") if word in condition)
    return f"{condition['measure']} {word} {condition[word]}"


def _instant(text: str, zone: tzinfo | None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def _written(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"
