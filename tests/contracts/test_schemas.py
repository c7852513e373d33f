import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from wire import AT_MS, INPUTS, MESSAGES, read, reason, value, worked

from streams.contracts.schemas import COMMAND, TOPICS, files, schema
from streams.engine.compile import load_policy
from streams.engine.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
formats = FormatChecker()
formats.checks("date-time", raises=ValueError)(
    lambda text: not isinstance(text, str) or datetime.fromisoformat(text.upper()).tzinfo is not None
)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text("utf-8")), format_checker=formats)


def errors(name: str, message: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(message)]


def test_the_files_are_those_of_the_types() -> None:
    there = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert there == dict(files()), f"docs/schemas is stale; write it anew: {COMMAND}"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_schema_is_one_and_says_what_it_is(topic: Any) -> None:
    document = schema(topic)
    Draft202012Validator.check_schema(document)
    assert document["$id"].endswith(topic.name)
    assert document["title"]
    assert document["description"]


# --- inputs ----------------------------------------------------------------------------------------------------------

GOOD = [
    *((topic, {}) for topic in MESSAGES),
    *((topic, {"memo": "[1]", "amount_in_words": "null"}) for topic in MESSAGES),
    (TRANSACTIONS, {"amount": "0.1"}),
    (TRANSACTIONS, {"amount": '"99999999999999.9999"'}),
    (TRANSACTIONS, {"amount": '"1.50000000"'}),
    (TRANSACTIONS, {"type": '"something new"'}),
    (TRANSACTIONS, {"occurred_at": '"2026-11-24T09:30:00.125+08:00"'}),
    (TRANSACTIONS, {"occurred_at": '"2026-11-24t01:30:00.123456789z"'}),
    (TRANSACTIONS, {"channel": '"web"', "reverses": '"e0"', "reversed_at": '"2026-10-01T00:00:00Z"'}),
    (TRANSACTIONS, {"channel": "null", "reverses": "null", "reversed_at": "null"}),
    (BALANCES, {"balance": '"-0.01"', "product": '"loan"'}),
    (BALANCES, {"balance": "-12345.6789", "product": "null"}),
    (CREDIT, {"score": "712", "days_past_due": "0"}),
    (CREDIT, {"score": '"AA"', "days_past_due": "null"}),
    (LOANS, {"purpose": '"房屋"', "term_months": "240"}),
    (CUSTOMERS, {"until": '"9999-12-31T23:59:59+08:00"'}),
    (CUSTOMERS, {"action": '"erase"', "tier": None, "until": None, "reason": None, "by": None}),
]


@pytest.mark.parametrize(("topic", "fields"), GOOD)
def test_what_the_schema_takes_is_read(topic: int, fields: dict[str, str | None]) -> None:
    raw = value(topic, **fields)
    assert errors(INPUTS[topic], json.loads(raw)) == []
    assert reason(read(topic, raw)) == ""


BAD = [
    *((topic, name, written) for topic in MESSAGES for name in ("event_id", "customer_id") for written in (None, '""')),
    *((topic, "event_id", written) for topic in MESSAGES for written in ("5", "null", '"e\\u0000"', f'"{"x" * 257}"')),
    *((BALANCES, name, None) for name in ("account_id", "balance", "currency", "as_of")),
    *((TRANSACTIONS, name, None) for name in ("account_id", "type", "amount", "currency", "occurred_at")),
    *((CREDIT, name, None) for name in ("standing", "as_of")),
    *((LOANS, name, None) for name in ("loan_id", "amount", "currency", "applied_at")),
    *((CUSTOMERS, name, None) for name in ("action", "at", "tier", "until", "reason", "by")),
    *((CUSTOMERS, name, "null") for name in ("tier", "until", "reason", "by")),
    *((TRANSACTIONS, "amount", written) for written in ('"-1"', "-1", '"1e3"', '"+5"', '".5"', '"5."', '" 5"', '""')),
    *((TRANSACTIONS, "amount", written) for written in ('"1.23456"', '"1,000"', "true", "null", "[]", "1e14", "{}")),
    *((BALANCES, "balance", written) for written in ('"100000000000000"', "-1e14", '"NaN"', '"\\u0661"')),
    *((TRANSACTIONS, "currency", written) for written in ('"twd"', '"TW"', "901", "null")),
    *((TRANSACTIONS, "type", written) for written in ("null", "3")),
    (BALANCES, "product", "3"),
    *((CREDIT, "standing", written) for written in ('"Good"', '""', "null", "1")),
    *((CREDIT, "score", written) for written in ("true", "[]", f'"{"x" * 65}"')),
    (CUSTOMERS, "action", '"delete"'),
    (CUSTOMERS, "reason", f'"{"x" * 1001}"'),
    *((CREDIT, "as_of", written) for written in ("true", "null", "1.5", "[]", '"1795483800125"', '"2026-11-24"', '""')),
    *((CREDIT, "as_of", written) for written in ('"2026-11-24T09:30:00"', '"2026-11-24T09:30:00+08"')),
    *((CREDIT, "as_of", written) for written in ('"2026-02-30T09:30:00Z"', '"2026-11-24 09:30:00Z"')),
    *((CREDIT, "as_of", written) for written in ("1795483800125000", "-2208988800001")),
]


@pytest.mark.parametrize(("topic", "name", "written"), BAD)
def test_what_is_an_invalid_field_the_schema_refuses_too(topic: int, name: str, written: str | None) -> None:
    raw = value(topic, **{name: written})
    assert reason(read(topic, raw)) == "invalid_field"
    assert errors(INPUTS[topic], json.loads(raw)) != []


@pytest.mark.parametrize("reversed_at", [None, "null"])
def test_the_schema_wants_reversed_at_of_a_reversal(reversed_at: str | None) -> None:
    raw = value(TRANSACTIONS, reverses='"e0"', reversed_at=reversed_at)
    assert errors("bank.transactions", json.loads(raw)) != []


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_tier_changes_are_as_their_schema_says() -> None:
    work = worked(
        (BALANCES, value(BALANCES, balance='"1"')),
        (BALANCES, value(BALANCES, event_id='"e2"', balance='"500000"')),
        (CREDIT, value(CREDIT, standing='"default"')),
        (CREDIT, value(CREDIT, event_id='"e2"', standing='"excellent"', as_of=str(AT_MS + 1))),
        (CUSTOMERS, value(CUSTOMERS, at=str(AT_MS + 2), until=str(AT_MS + 3))),
        (BALANCES, value(BALANCES, event_id='"e3"', as_of=str(AT_MS + 4))),
    )
    changes = [json.loads(change) for _, change, _ in work.changes]
    assert [change["reason"] for change in changes] == [
        *("first_event", "threshold_crossed", "credit_changed", "credit_changed", "pin_set", "pin_ended"),
    ]
    for change in changes:
        assert errors("tier.changes", change) == []
        assert errors("tier.current", change) == []


SEVERAL = load_policy("""
name = "several"
version = 1
currency = "TWD"

[measures.often]
count = ["purchase"]
days = 30

[measures.average]
average = "assets"
days = 3

[[tiers]]
id = "low"

[[tiers]]
id = "high"
enter = { all = [
    { measure = "often", at_least = "1" },
    { any = [{ measure = "average", at_least = "0.0001" }, { measure = "score", at_least = "700.5" }] },
] }
keep = { measure = "assets", at_least = "7" }
""")


def test_changes_by_several_floors_are_as_their_schema_says() -> None:
    work = worked((BALANCES, value(BALANCES)), (TRANSACTIONS, value(TRANSACTIONS)), policy=SEVERAL)
    first, second = [json.loads(change) for _, change, _ in work.changes]
    assert [errors("tier.changes", change) for change in (first, second)] == [[], []]
    assert (first["value"], first["next_tier"]) == (None, {"tier": "high", "missing": None})
    assert second["conditions"] == [
        {"measure": "often", "is": "1", "at_least": "1", "tier": "high", "met": True},
        {"measure": "average", "is": "500000.00", "at_least": "0.0001", "tier": "high", "met": True},
        {"measure": "score", "is": "0", "at_least": "700.50", "tier": "high", "met": False},
        {"measure": "assets", "is": "500000.00", "at_least": "7.00", "tier": "high", "rule": "keep", "met": True},
    ]


def test_dead_letters_are_as_their_schema_says() -> None:
    work = worked((BALANCES, None), (TRANSACTIONS, b"\xff"), (LOANS, value(LOANS, currency='"CHF"')))
    letters = [json.loads(letter) for _, letter in work.dead_letters]
    assert [letter["reason"] for letter in letters] == ["malformed", "malformed", "unknown_currency"]
    assert [errors("tier.dead-letters", letter) for letter in letters] == [[], [], []]


@pytest.mark.parametrize("wall_ms", [None, AT_MS])
def test_the_order_of_work_is_as_its_schema_says(wall_ms: int | None) -> None:
    work = worked((BALANCES, value(BALANCES)), (CREDIT, value(CREDIT)), wall_ms=wall_ms)
    assert errors("tier.order", json.loads(work.order)) == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("value", wrong) for wrong in ("1", "1.5", 1.5, "1.00000", "")),
        *(("decided_at", wrong) for wrong in ("2026-11-24T09:30:00", "2026-11-24", AT_MS, "2026-13-24T09:30:00+08:00")),
        *(("sequence", wrong) for wrong in (0, "1", None)),
        *(("direction", wrong) for wrong in ("up", None)),
        *(("reason", wrong) for wrong in ("because", None)),
        *(("strategy", wrong) for wrong in ({}, None)),
        *(("positions", wrong) for wrong in ({"bank.credit": -1}, [])),
        *(("policy", wrong) for wrong in ({"name": "standard", "version": 1, "digest": "sha256:0"}, None)),
    ],
)
def test_the_schema_of_tier_changes_is_not_blind(field: str, wrong: object) -> None:
    [(_, raw, _)] = worked((BALANCES, value(BALANCES))).changes
    assert errors("tier.changes", json.loads(raw) | {field: wrong}) != []
