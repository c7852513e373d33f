"""Scenarios: a policy's name and a table of local times, events and the changes that they must give.

    2026-01-05T10:00 | balance 600000       | initial -> low first_event 600000.00
    2026-02-01       |                      | upgrade low -> mid window_moved 600000.00 earned high
    2026-02-10T09:00 | balance 5 as_of=2026-01-20 b | downgrade ...

A row's first column is the local time, in the policy's zone, at which the event arrives and the change is decided; with
as_of or at the event itself is older: somebody else's event has moved the clock on. A row without an event lets time
alone pass until then; what is due at the instant of the next row's event is decided before that. The table lists every
change of the customer; the earned tier is the served one unless given.

    balance AMOUNT [ACCOUNT] [currency=] [product=] [as_of=]     credit STANDING [as_of=]      loan AMOUNT
    purchase AMOUNT (or another type) [currency=] [at=] [reverses=TIME]
    pin TIER until=TIME, unpin, opt_out, erase

The table is worked offline and as the stream works it, in one batch and taken over after every event.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from histories import INPUTS
from naive import Heard, Model

from streams.contracts.lines import EventLine
from streams.engine.compile import load_policy
from streams.engine.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TOPICS, TRANSACTIONS
from streams.engine.policy import Policy
from streams.partition import Partition
from streams.rules import PartitionRules
from streams.settings import policy_folder
from streams.simulate import Simulation

CUSTOMER = "C"
_TIME_FIELDS = {BALANCES: "as_of", TRANSACTIONS: "occurred_at", CREDIT: "as_of", LOANS: "applied_at", CUSTOMERS: "at"}
_ACTIONS = ("pin", "unpin", "opt_out", "opt_in", "erase")


class Change(NamedTuple):
    """What a table says of a change, and what is held against it."""

    decided_at: str
    direction: str
    previous: str | None
    tier: str
    reason: str
    value: str | None
    earned: str


class Row(NamedTuple):
    """One line of a table."""

    at: datetime
    event: str
    change: Change | None


def policy_named(name: str) -> Policy:
    return load_policy((policy_folder() / f"{name}.toml").read_text())


def zone_of(policy: Policy) -> ZoneInfo:
    assert isinstance(policy.calendar.zone, ZoneInfo)
    return policy.calendar.zone


def check(name: str, table: str) -> None:
    """The table's changes and no others, offline and in the stream."""
    policy = policy_named(name)
    rows = list(_rows(table, zone_of(policy)))
    assert rows == sorted(rows, key=lambda row: row.at), "the rows are not in the order of their times"
    lines = list(_lines(rows, policy))
    expected = [row.change for row in rows if row.change is not None]
    offline = changes_offline(policy, lines)
    found = [_short(change) for change in offline]
    assert found == expected, "\n".join(["found", *map(str, found), "expected", *map(str, expected)])
    assert changes_in_stream(policy, lines, [len(lines)]) == offline
    assert changes_in_stream(policy, lines, [1]) == offline
    assert [change["sequence"] for change in offline] == list(range(1, len(offline) + 1))


def agree(name: str, model: Model, heard: Sequence[Heard]) -> None:
    """The engine, offline and in the stream, tells the same changes as the naive model of the policy, if any at all."""
    policy = policy_named(name)
    zone = zone_of(policy)
    until = max(event.at for event in heard) + timedelta(days=1000)
    lines = [_heard_line(event, policy, zone) for event in heard]
    lines.append(tick(until.replace(tzinfo=zone)))
    offline = changes_offline(policy, lines)
    told = [(change["decided_at"][:-6], change["tier"]) for change in offline]
    expected = [
        (at.isoformat(timespec="milliseconds" if at.microsecond else "seconds"), tier)
        for at, tier in model.run(heard, until)
    ]
    assert told == expected, "\n".join(["found", *map(str, told), "expected", *map(str, expected)])
    assert changes_in_stream(policy, lines, [1, 7, 2]) == offline


def _heard_line(event: Heard, policy: Policy, zone: ZoneInfo) -> EventLine:
    """A naive model's event as a line of a file."""
    at = event.at.replace(tzinfo=zone)
    amount = f"{Decimal(event.amount.numerator) / Decimal(event.amount.denominator):f}"
    money = {"currency": policy.currency, "account_id": event.account or "a"}
    match event.kind:
        case "balance":
            return event_line(BALANCES, at, **money, balance=amount, product=event.word)
        case "credit":
            return event_line(CREDIT, at, standing=event.word)
        case "pin":
            assert event.until is not None
            until = event.until.replace(tzinfo=zone).isoformat()
            return event_line(
                CUSTOMERS, at, action="pin", tier=event.word, until=until, reason="a promise", by="branch 7"
            )
        case "unpin":
            return event_line(CUSTOMERS, at, action="unpin")
    undoes = {}
    if event.reverses is not None:
        undoes = {"reverses": "that one", "reversed_at": event.reverses.replace(tzinfo=zone).isoformat()}
    return event_line(TRANSACTIONS, at, **money, type=event.kind, amount=amount, **undoes)


def changes_offline(policy: Policy, lines: Sequence[EventLine]) -> list[dict[str, Any]]:
    """As `tierflow simulate` works them."""
    return _of_customer(value for _, value, _ in Simulation(policy).work(lines).work.changes)


def changes_in_stream(policy: Policy, lines: Sequence[EventLine], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """As a worker's partition works them in batches of these sizes, over and over; taken over before each."""
    rules = PartitionRules(0, policy, "event", INPUTS, "/tierflow/simulate", lambda _: True)
    partition, packed, found, done, turn = Partition(rules), dict[bytes, bytes](), list[bytes](), 0, 0
    while done < len(lines):
        batch = lines[done : done + sizes[turn % len(sizes)]]
        offsets, entries = list(partition.next_offsets), []
        for line in batch:
            entries += partition.decode(line.topic, [_Record(offsets[line.topic], line.key, line.value)])
            offsets[line.topic] += 1
        work = partition.work(entries, offsets, 0)
        assert not work.dead_letters, work.dead_letters
        packed.update(work.states)
        found += [value for _, value, _ in work.changes]
        partition = Partition(rules, dict(packed), work.lane)
        done, turn = done + len(batch), turn + 1
    return _of_customer(found)


def event_line(topic: int, at: datetime, customer: str = CUSTOMER, **fields: Any) -> EventLine:
    """An event as a line of a file; ids count up."""
    _made.append(1)
    written = at.isoformat(timespec="milliseconds")
    value = {"event_id": f"e{len(_made)}", "customer_id": customer, _TIME_FIELDS[topic]: written, **fields}
    return EventLine(topic, customer.encode(), json.dumps(value).encode())


def tick(at: datetime) -> EventLine:
    """Somebody else's event, which moves the clock on."""
    return event_line(CREDIT, at, "somebody else", standing="good")


_made: list[int] = []


class _Record(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes


def _of_customer(values: Iterable[bytes]) -> list[dict[str, Any]]:
    changes = [json.loads(value) for value in values]
    return [change for change in changes if change["customer_id"] == CUSTOMER]


def _short(change: dict[str, Any]) -> Change:
    return Change(
        change["decided_at"],
        change["direction"],
        change["previous_tier"],
        change["tier"],
        change["reason"],
        change["value"],
        change["earned_tier"],
    )


def _rows(table: str, zone: ZoneInfo) -> Iterator[Row]:
    for line in table.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) != 3 or not columns[0][:4].isdecimal():
            continue  # a timeline, a comment, an empty line
        at = datetime.fromisoformat(columns[0]).replace(tzinfo=zone)
        yield Row(at, columns[1], _change(columns[2], at) if columns[2] else None)


def _change(text: str, at: datetime) -> Change:
    before, _, after = text.partition("->")
    direction, *previous = before.split()
    tier, reason, value, *earned = after.split()
    written = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return Change(
        written,
        direction,
        previous[0] if previous else None,
        tier,
        reason,
        None if value == "null" else value,
        earned[1] if earned else tier,
    )


def _lines(rows: Sequence[Row], policy: Policy) -> Iterator[EventLine]:
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        words = [word for word in row.event.split() if "=" not in word]
        more = dict(word.split("=", 1) for word in row.event.split() if "=" in word)
        waits = following is None or following.at > row.at or not following.event
        if (not words and waits) or "as_of" in more or "at" in more:
            yield tick(row.at)
        if words:
            own = more.pop("as_of", more.pop("at", None))
            at = row.at if own is None else datetime.fromisoformat(own).replace(tzinfo=row.at.tzinfo)
            yield _event(words, more, at, policy)


def _event(words: list[str], more: dict[str, str], at: datetime, policy: Policy) -> EventLine:
    kind, *rest = words
    money = {"currency": policy.currency}
    match kind:
        case "balance":
            account = rest[1] if len(rest) > 1 else "a"
            return event_line(BALANCES, at, **(money | {"account_id": account, "balance": rest[0]} | more))
        case "credit":
            return event_line(CREDIT, at, standing=rest[0], **more)
        case "loan":
            return event_line(LOANS, at, **(money | {"loan_id": f"L{len(_made)}", "amount": rest[0]} | more))
        case _ if kind in _ACTIONS:
            fields = {"action": kind}
            if kind == "pin":
                until = datetime.fromisoformat(more["until"]).replace(tzinfo=at.tzinfo).isoformat()
                fields |= {"tier": rest[0], "until": until, "reason": "a promise", "by": "branch 7"}
            return event_line(CUSTOMERS, at, **fields)
    fields = money | {"account_id": "a", "type": kind, "amount": rest[0]} | more
    if "reverses" in more:
        reversed_at = datetime.fromisoformat(more["reverses"]).replace(tzinfo=at.tzinfo)
        fields |= {"reverses": "that one", "reversed_at": reversed_at.isoformat()}
    return event_line(TRANSACTIONS, at, **fields)


assert len(TOPICS) == len(_TIME_FIELDS)
