"""Scenarios: a policy's name and a table of local times, events and the changes that they must give.

    2026-01-05T10:00 | balance 600000       | initial -> low first_event 600000.00
    2026-02-01       |                      | upgrade low -> mid window_moved 600000.00 earned high
    2026-02-10T09:00 | balance 5 as_of=2026-01-20 b | downgrade ...

    2026-01-05T10:00 | balance 1000         | account-opening-gift:1
    2026-03-02T10:00 |                      | stay:1 missing=100.00 due=2026-03-09T10:00:00+08:00; dormant:1
    2026-03-02T11:00 | loan 300000 L1       | L1:decision enhanced until=2026-08-29T11:00:00+08:00
    2026-03-02T12:00 | balance 1            | L1:alert:1 assets_fell; L1:alert:2 assets_fell

A row's first column is the local time, in the policy's zone, at which the event arrives and the change is decided; with
as_of or at the event itself is older: somebody else's event has moved the clock on. A row without an event lets time
alone pass until then; what is due at the instant of the next row's event is decided before that. The table lists every
change of the customer, or every trigger of the campaigns asked for, or every risk message; others may be there for the
reader. The earned tier is the served one, and a trigger's amount, missing and due are null and its group is treated,
unless given.

    balance AMOUNT [ACCOUNT] [currency=] [product=] [as_of=]     credit STANDING [as_of=]
    loan AMOUNT [LOAN] [currency=] [at=]
    purchase AMOUNT (or another type) [currency=] [at=] [reverses=TIME]
    pin TIER until=TIME, unpin, opt_out, opt_in, erase

The table is worked offline and as the stream works it, in one batch and taken over after every event.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.contracts.event_line import EventLine
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.setup import PartitionSetup
from streams.partition.work import CAMPAIGNS, CHANGES, DEAD_LETTERS, RISK, Message, Work
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.simulate import Simulation
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TOPICS, TRANSACTIONS
from tests.support.histories import DOOMSDAY_MS, INPUTS
from tests.support.naive_policies import Heard, Model

CUSTOMER = "C"
AHEAD_DAYS = 1_000_000  # scenarios leap over years of silence
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


class Trigger(NamedTuple):
    """What a table says of a campaign's trigger."""

    triggered_at: str
    occasion: str
    amount: str | None
    missing: str | None
    due: str | None
    group: str

    @property
    def campaign(self) -> str:
        return self.occasion.partition(":")[0]


class Risk(NamedTuple):
    """What a table says of a decision on a loan, or of an alert; outcome is the reason of an alert."""

    decided_at: str
    id: str
    outcome: str
    until: str | None


class Told(NamedTuple):
    """All messages for the customer, by topic, in the order in which they were decided."""

    changes: list[dict[str, Any]]
    triggers: list[dict[str, Any]]
    risks: list[dict[str, Any]]


Expected = Change | Trigger | Risk


class Row(NamedTuple):
    """One line of a table."""

    at: datetime
    event: str
    expected: list[Expected]


def policy_named(name: str) -> Policy:
    return load_policy((policy_folder() / f"{name}.toml").read_text())


def zone_of(policy: Policy) -> ZoneInfo:
    assert isinstance(policy.calendar.zone, ZoneInfo)
    return policy.calendar.zone


def check(name: str, table: str) -> None:
    """The table's tier changes and no others, offline and in the stream."""
    expected, told = _worked(policy_named(name), table)
    _same([_short_change(change) for change in told.changes], [row for row in expected if isinstance(row, Change)])
    assert [change["sequence"] for change in told.changes] == list(range(1, len(told.changes) + 1))


def check_campaigns(policy: str | Policy, table: str, *campaigns: str) -> None:
    """The table's triggers of these campaigns (none named: of all) and no others, offline and in the stream."""
    expected, told = _worked(_policy(policy), table)
    found = [_short_trigger(trigger) for trigger in told.triggers]
    _same(
        [trigger for trigger in found if not campaigns or trigger.campaign in campaigns],
        [row for row in expected if isinstance(row, Trigger) and (not campaigns or row.campaign in campaigns)],
    )


def check_risks(policy: str | Policy, table: str) -> list[dict[str, Any]]:
    """The table's decisions on loans and alerts and no others, offline and in the stream; the messages."""
    expected, told = _worked(_policy(policy), table)
    _same([_short_risk(risk) for risk in told.risks], [row for row in expected if isinstance(row, Risk)])
    return told.risks


def _policy(policy: str | Policy) -> Policy:
    return policy_named(policy) if isinstance(policy, str) else policy


def _worked(policy: Policy, table: str) -> tuple[list[Expected], Told]:
    """What the table says, and what was told of it, the same offline and in the stream."""
    rows = list(_rows(table, zone_of(policy)))
    assert rows == sorted(rows, key=lambda row: row.at), "the rows are not in the order of their times"
    lines = list(_lines(rows, policy))
    told = told_offline(policy, lines)
    assert told_in_stream(policy, lines, [len(lines)]) == told
    assert told_in_stream(policy, lines, [1]) == told
    return [expected for row in rows for expected in row.expected], told


def _same(found: Sequence[Expected], expected: Sequence[Expected]) -> None:
    assert found == expected, "\n".join(["found", *map(str, found), "expected", *map(str, expected)])


def agree(name: str, model: Model, heard: Sequence[Heard]) -> None:
    """The engine, offline and in the stream, tells the same changes as the naive model of the policy, if any at all."""
    until = max(event.at for event in heard) + timedelta(days=1000)
    told = told_of(name, heard, until)
    found = [(change["decided_at"][:-6], change["tier"]) for change in told.changes]
    expected = [(local_text(at), tier) for at, tier in model.run(heard, until)]
    assert found == expected, "\n".join(["found", *map(str, found), "expected", *map(str, expected)])


def told_of(name: str, heard: Sequence[Heard], until: datetime) -> Told:
    """What the engine, the same offline and in the stream, makes of a naive model's events, and of time until then."""
    policy = policy_named(name)
    zone = zone_of(policy)
    lines = [_heard_line(event, policy, zone) for event in heard]
    lines.append(tick(until.replace(tzinfo=zone)))
    told = told_offline(policy, lines)
    assert told_in_stream(policy, lines, [1, 7, 2]) == told
    return told


def local_text(at: datetime) -> str:
    """A local time as messages have it, without the offset."""
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")


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
        case "unpin" | "opt_out" | "opt_in":
            return event_line(CUSTOMERS, at, action=event.kind)
        case "application":
            return event_line(LOANS, at, loan_id=event.word, amount=amount, currency=policy.currency)
    undoes = {}
    if event.reverses is not None:
        undoes = _undoing(event.kind, event.reverses.replace(tzinfo=zone), is_undone_once=True)
    return event_line(TRANSACTIONS, at, **money, type=event.kind, amount=amount, **undoes)


def told_offline(policy: Policy, lines: Sequence[EventLine]) -> Told:
    """As `tierflow simulate` works them."""
    return _of_customer([Simulation(policy, AHEAD_DAYS).work(lines).work])


def told_in_stream(policy: Policy, lines: Sequence[EventLine], sizes: Sequence[int]) -> Told:
    """As a worker's partition works them in batches of these sizes, over and over; taken over before each."""
    rules = PartitionSetup(0, policy, "event", INPUTS, "/tierflow/simulate", lambda _: True)
    partition, packed, found, done, turn = Customers(rules), dict[bytes, bytes](), list[Work](), 0, 0
    while done < len(lines):
        batch = lines[done : done + sizes[turn % len(sizes)]]
        offsets, entries = list(partition.next_offsets), []
        for line in batch:
            entries += partition.decode(line.topic, [_Record(offsets[line.topic], line.key, line.value)])
            offsets[line.topic] += 1
        work = partition.work(entries, offsets, DOOMSDAY_MS)
        assert not sent_to(work, DEAD_LETTERS), sent_to(work, DEAD_LETTERS)
        packed.update(work.states)
        found.append(work)
        partition = Customers(rules, dict(packed), work.lane)
        done, turn = done + len(batch), turn + 1
    return _of_customer(found)


def event_line(topic: int, at: datetime, customer: str = CUSTOMER, **fields: Any) -> EventLine:
    """An event as a line of a file; ids count up."""
    _made.append(1)
    if topic == TRANSACTIONS and "reverses" not in fields:
        _transactions.setdefault((fields["type"], at), []).append(f"e{len(_made)}")
    written = at.isoformat(timespec="milliseconds")
    value = {"event_id": f"e{len(_made)}", "customer_id": customer, _TIME_FIELDS[topic]: written, **fields}
    return EventLine(topic, customer.encode(), json.dumps(value).encode())


def tick(at: datetime) -> EventLine:
    """Somebody else's event, which moves the clock on."""
    return event_line(CREDIT, at, "somebody else", standing="good")


def _undoing(kind: str, at: datetime, *, is_undone_once: bool = False) -> dict[str, str]:
    """The fields of a reversal of the last transaction of this kind at that time, or of one that never comes."""
    made = _transactions.get((kind, at), ["one that never comes"])
    return {"reverses": made.pop() if is_undone_once and len(made) > 1 else made[-1], "reversed_at": at.isoformat()}


_made: list[int] = []
_transactions: dict[tuple[str, datetime], list[str]] = {}


class _Record(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes


def _of_customer(works: Sequence[Work]) -> Told:
    return Told(
        _values(message for work in works for message in sent_to(work, CHANGES)),
        _values(message for work in works for message in sent_to(work, CAMPAIGNS)),
        _values(message for work in works for message in sent_to(work, RISK)),
    )


def _values(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [json.loads(value) for key, value, _ in messages if key == CUSTOMER.encode()]


def _short_change(change: dict[str, Any]) -> Change:
    return Change(
        change["decided_at"],
        change["direction"],
        change["previous_tier"],
        change["tier"],
        change["reason"],
        change["value"],
        change["earned_tier"],
    )


def _short_trigger(trigger: dict[str, Any]) -> Trigger:
    customer, _, occasion = trigger["id"].partition(":")
    assert (customer, occasion.partition(":")[0]) == (CUSTOMER, trigger["campaign"])
    more = [trigger[name] for name in ("amount", "missing", "due", "group")]
    return Trigger(trigger["triggered_at"], occasion, *more)


def _short_risk(risk: dict[str, Any]) -> Risk:
    occasion = risk["id"].removeprefix(f"{risk['customer_id']}:")
    if risk["kind"] == "decision":
        return Risk(risk["decided_at"], occasion, risk["outcome"], risk["monitored_until"])
    return Risk(risk["decided_at"], occasion, risk["reason"], None)


def _rows(table: str, zone: ZoneInfo) -> Iterator[Row]:
    for line in table.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) != 3 or not columns[0][:4].isdecimal():
            continue  # a timeline, a comment, an empty line
        at = datetime.fromisoformat(columns[0]).replace(tzinfo=zone)
        yield Row(at, columns[1], [_expected(text, at) for text in columns[2].split(";") if text.strip()])


def _expected(text: str, at: datetime) -> Expected:
    """A tier change, or what begins with an id."""
    written = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    id_, *words = text.split()
    if ":" not in id_:
        return _change(text, written)
    more = dict(word.split("=", 1) for word in words if "=" in word)
    if ":decision" in id_ or ":alert" in id_:
        return Risk(written, id_, words[0], more.get("until"))
    return Trigger(written, id_, more.get("amount"), more.get("missing"), more.get("due"), more.get("group", "treated"))


def _change(text: str, written: str) -> Change:
    before, _, after = text.partition("->")
    direction, *previous = before.split()
    tier, reason, value, *earned = after.split()
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
            loan = rest[1] if len(rest) > 1 else f"L{len(_made)}"
            return event_line(LOANS, at, **(money | {"loan_id": loan, "amount": rest[0]} | more))
        case _ if kind in _ACTIONS:
            fields = {"action": kind}
            if kind == "pin":
                until = datetime.fromisoformat(more["until"]).replace(tzinfo=at.tzinfo).isoformat()
                fields |= {"tier": rest[0], "until": until, "reason": "a promise", "by": "branch 7"}
            return event_line(CUSTOMERS, at, **fields)
    fields = money | {"account_id": "a", "type": kind, "amount": rest[0]} | more
    if "reverses" in more:
        reversed_at = datetime.fromisoformat(more["reverses"]).replace(tzinfo=at.tzinfo)
        fields |= _undoing(kind, reversed_at)
    return event_line(TRANSACTIONS, at, **fields)


assert len(TOPICS) == len(_TIME_FIELDS)
