"""docs/policies.md: every policy of the guide can be used and does what its table says; no word is left out."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.contracts.lines import EventLine
from streams.engine.compile import load_policy
from streams.engine.events import BALANCES, CREDIT, CUSTOMERS, TRANSACTIONS
from streams.engine.policy import Policy
from streams.engine.rules import PolicyFile
from streams.policy_check.check import check
from streams.simulate import Simulation

GUIDE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```toml\n(?P<policy>.*?)```\n(?P<table>\n\| when .*?\n\n)?", re.DOTALL)
STEPS = {load_policy(found["policy"]).name: (found["policy"], found["table"] or "") for found in BLOCK.finditer(GUIDE)}


class Row(NamedTuple):
    at: datetime
    heard: list[str]
    change: str


def rows_of(table: str, policy: Policy) -> list[Row]:
    rows = []
    for line in table.strip().splitlines()[2:]:
        at, heard, change = (column.strip() for column in line.strip()[1:-1].split("|"))
        rows.append(Row(datetime.fromisoformat(at).replace(tzinfo=policy.calendar.zone), heard.split(), change))
    return rows


def lines_of(rows: list[Row], policy: Policy) -> Iterator[EventLine]:
    for number, row in enumerate(rows):
        yield line(CREDIT, "another", row.at, f"t{number}", standing="good")  # the clock goes on for all
        if not row.heard:
            continue
        match row.heard:
            case ["balance", amount, *more]:
                currency = more[0] if more else policy.currency
                account = more[2] if more else "a"
                found = line(BALANCES, "C", row.at, f"e{number}", balance=amount, currency=currency, account_id=account)
            case ["standing", standing]:
                found = line(CREDIT, "C", row.at, f"e{number}", standing=standing)
            case ["pin", tier, "until", *until]:
                ends = datetime.fromisoformat(" ".join(until)).replace(tzinfo=row.at.tzinfo).isoformat()
                found = line(
                    CUSTOMERS, "C", row.at, f"e{number}", action="pin", tier=tier, until=ends, reason="so", by="me"
                )
            case [kind, amount, *late]:
                at = datetime.fromisoformat(" ".join(late[1:])).replace(tzinfo=row.at.tzinfo) if late else row.at
                money = {"amount": amount, "currency": policy.currency, "account_id": "a"}
                found = line(TRANSACTIONS, "C", at, f"e{number}", type=kind, **money)
            case _:
                raise AssertionError(row)
        yield found


def line(topic: int, customer: str, at: datetime, event_id: str, **fields: Any) -> EventLine:
    name = {TRANSACTIONS: "occurred_at", CUSTOMERS: "at"}.get(topic, "as_of")
    value = {"event_id": event_id, "customer_id": customer, name: at.isoformat(), **fields}
    return EventLine(topic, customer.encode(), json.dumps(value).encode())


@pytest.mark.parametrize("name", STEPS)
def test_every_policy_of_the_guide_can_be_used_and_gives_no_warning(name: str) -> None:
    report = check(STEPS[name][0])
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize("name", [name for name, (_, table) in STEPS.items() if table])
def test_every_table_of_the_guide_is_what_the_engine_does(name: str) -> None:
    document, table = STEPS[name]
    policy = load_policy(document)
    rows = rows_of(table, policy)
    work = Simulation(policy).work(list(lines_of(rows, policy))).work
    assert not work.dead_letters
    changes = [change for change in (json.loads(value) for _, value, _ in work.changes) if change["customer_id"] == "C"]
    found = []
    for change in changes:
        before = f"{change['previous_tier']} → " if change["previous_tier"] else ""
        found.append((change["decided_at"], f"{before}{change['tier']} ({change['reason']})"))
    assert found == [(row.at.isoformat(), row.change) for row in rows if row.change]


def words_of(kind: Any, seen: tuple[Any, ...] = ()) -> Iterator[str]:
    match kind:
        case msgspec.inspect.StructType(cls=cls, fields=fields) if cls not in seen:
            for field in fields:
                yield field.name
                yield from words_of(field.type, (*seen, cls))
        case msgspec.inspect.LiteralType(values=values):
            yield from map(str, values)
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.DictType(value_type=item):
            yield from words_of(item, seen)
        case msgspec.inspect.Metadata(type=item):
            yield from words_of(item, seen)
        case msgspec.inspect.UnionType(types=types):
            for option in types:
                yield from words_of(option, seen)


WORDS = sorted(set(words_of(msgspec.inspect.type_info(PolicyFile))))


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_language_is_in_an_example_and_in_the_list(word: str) -> None:
    examples = "\n".join(document for document, _ in STEPS.values())
    assert re.search(rf"\b{word}\b", examples)
    words = GUIDE.partition("## All words")[2]
    assert re.search(rf'`"?{word}"?`', words)


def test_the_list_has_no_other_words() -> None:
    listed = re.findall(r"^\| (`[^|]*`) \|", GUIDE.partition("## All words")[2], re.MULTILINE)
    assert {word for cell in listed for word in re.findall(r"\w+", cell)} <= set(WORDS)


def test_the_errors_of_the_guide_are_told_like_that() -> None:
    for message in re.findall(r"^my-policy\.toml, line \d+, [\w.]+: (.*)$", GUIDE, re.MULTILINE):
        broken = (
            STEPS["two-tiers"][0].replace('"500000"', "500000")
            + "[falling]\nafter_month = 3\n[rating]\nwhen = 'daily'\n"
        )
        assert message in [error.message for error in check(broken).errors]
