import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from streams.contracts.lines import parse_line
from streams.contracts.outputs import InForceMessage, PolicyMessage
from streams.contracts.schema_topics import TOPICS
from streams.contracts.schemas import COMMAND, files, schema
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES, DEAD_LETTERS
from streams.policy.campaigns import CampaignKind
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.simulate import Simulation
from streams.simulate.samples import events
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS
from tests.support.wire_messages import AT_MS, INPUTS, MESSAGES, POLICY, read, reason, value, worked
from tests.support.works import order_of

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
    changes = [json.loads(change) for _, change, _ in sent_to(work, CHANGES)]
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
    first, second = [json.loads(change) for _, change, _ in sent_to(work, CHANGES)]
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
    letters = [json.loads(letter) for _, letter, _ in sent_to(work, DEAD_LETTERS)]
    assert [letter["reason"] for letter in letters] == ["malformed", "malformed", "unknown_currency"]
    assert [errors("tier.dead-letters", letter) for letter in letters] == [[], [], []]


@pytest.mark.parametrize("wall_ms", [None, AT_MS])
def test_the_order_of_work_is_as_its_schema_says(wall_ms: int | None) -> None:
    work = worked((BALANCES, value(BALANCES)), (CREDIT, value(CREDIT)), wall_ms=wall_ms)
    assert errors("tier.order", json.loads(order_of(work))) == []


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
    [(_, raw, _)] = sent_to(worked((BALANCES, value(BALANCES))), CHANGES)
    assert errors("tier.changes", json.loads(raw) | {field: wrong}) != []


# --- campaigns, risk, policies ---------------------------------------------------------------------------------------

HSBC = load_policy((policy_folder() / "hsbc-premier-sg.toml").read_text(encoding="utf-8"))
BELOW_THE_FLOOR = """\
{"topic": "bank.balances", "value": {"event_id": "b1", "customer_id": "C1", "account_id": "A1", \
"balance": "1000", "currency": "SGD", "as_of": "2026-01-05T10:00:00+08:00"}}
{"topic": "bank.customers", "value": {"event_id": "p1", "customer_id": "C1", "action": "pin", "tier": "premier", \
"at": "2026-01-06T10:00:00+08:00", "until": "2027-01-06T10:00:00+08:00", "reason": "family", "by": "clerk 7"}}
{"topic": "bank.credit", "value": {"event_id": "c1", "customer_id": "C1", "standing": "good", \
"as_of": "2026-03-02T10:00:00+08:00"}}
"""


def simulated(topic: str, lines: Any, policy: Policy = POLICY) -> list[Any]:
    return [json.loads(output.value) for output in Simulation(policy).work(lines).outputs if output.topic == topic]


TRIGGERS = [
    *simulated("tier.campaigns", events()),
    *simulated("tier.campaigns", [parse_line(line.encode()) for line in BELOW_THE_FLOOR.splitlines()], HSBC),
]
RISKS = simulated("tier.risk", events())


def test_triggers_of_every_kind_are_as_their_schema_says() -> None:
    assert {trigger["kind"] for trigger in TRIGGERS} == set(get_args(CampaignKind))
    for trigger in TRIGGERS:
        assert errors("tier.campaigns", trigger) == [], trigger


def test_decisions_and_alerts_are_as_their_schema_says() -> None:
    told = {(risk["kind"], risk.get("outcome", risk.get("reason"))) for risk in RISKS}
    outcomes = {("decision", "standard"), ("decision", "enhanced"), ("decision", "refer")}
    assert told == outcomes | {("alert", "assets_fell"), ("alert", "standing_worse")}
    for risk in RISKS:
        assert errors("tier.risk", risk) == [], risk


def of_kind(messages: list[Any], kind: str) -> Any:
    return next(message for message in messages if message["kind"] == kind)


@pytest.mark.parametrize(
    ("kind", "field", "wrong"),
    [
        *(("cash_back", "amount", wrong) for wrong in (None, "1", 1.5)),
        *(("near_tier", "missing", wrong) for wrong in (None, "much")),
        *(("near_tier", "amount", wrong) for wrong in ("1.00",)),
        *(("near_tier", "period", wrong) for wrong in ("2026-01",)),
        *(("at_risk", "due", wrong) for wrong in (None, "2026-01-01")),
        *(("fee_alert", "missing", wrong) for wrong in (None,)),
        *(
            ("welcome", field, wrong)
            for field, wrong in (("amount", "1.00"), ("missing", "1.00"), ("period", "2026-01"))
        ),
        *(("dormant", "due", wrong) for wrong in ("2026-01-01T00:00:00+08:00",)),
        *(("gift", field, None) for field in ("id", "sequence", "tier", "group", "triggered_at", "currency", "policy")),
        *(("gift", field, wrong) for field, wrong in (("group", "control"), ("kind", "bonus"), ("sequence", 0))),
    ],
)
def test_the_schema_of_triggers_is_not_blind(kind: str, field: str, wrong: object) -> None:
    assert errors("tier.campaigns", of_kind(TRIGGERS, kind) | {field: wrong}) != []


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("decision", {"kind": "alert"}),
        ("decision", {"outcome": None}),
        ("decision", {"outcome": "refused"}),
        ("decision", {"customer": "old"}),
        ("decision", {"reason": "assets_fell"}),
        ("decision", {"id": "C001:L77:alert:1"}),
        ("decision", {"outcome": "standard", "monitored_until": "2027-05-23T09:30:00+08:00"}),
        ("decision", {"cause": None}),
        ("decision", {"conditions": [{"measure": "amount", "is": "1.00", "met": True}]}),
        ("decision", {"conditions": [{"measure": "amount", "is": "1.00", "at_least": "1.00"}]}),
        ("alert", {"kind": "decision"}),
        ("alert", {"outcome": "refer"}),
        ("alert", {"customer": "known"}),
        ("alert", {"reason": "late"}),
        ("alert", {"id": "C001:L77:decision"}),
        ("alert", {"id": "C001:L77:alert:0"}),
        ("alert", {"monitored_until": None}),
    ],
)
def test_the_schema_of_risk_tells_decisions_from_alerts(kind: str, changed: dict[str, Any]) -> None:
    assert errors("tier.risk", of_kind(RISKS, kind) | changed) != []


@pytest.mark.parametrize(("kind", "field"), [("decision", "outcome"), ("decision", "customer"), ("alert", "reason")])
def test_a_decision_and_an_alert_have_fields_of_their_own(kind: str, field: str) -> None:
    message = dict(of_kind(RISKS, kind))
    del message[field]
    assert errors("tier.risk", message) != []


def test_policies_are_as_their_schema_says() -> None:
    known = PolicyMessage(name=POLICY.name, version=1, digest=POLICY.digest, document=POLICY.document)
    assert errors("tier.policies", msgspec.to_builtins(known)) == []
    assert errors("tier.policies", msgspec.to_builtins(InForceMessage(digest=POLICY.digest))) == []
    assert errors("tier.policies", {"digest": "standard"}) != []
    assert errors("tier.policies", {"digest": POLICY.digest, "document": POLICY.document}) != []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_strict_validators_take_the_schemas(path: Path) -> None:
    """As ajv in strict mode: what a part requires is among its own properties; what has a pattern is a string."""
    for part in parts(json.loads(path.read_text())):
        assert set(part.get("required", ())) <= set(part.get("properties", ())), part
        fields = [field for field in part.get("properties", {}).values() if isinstance(field, dict)]
        assert all(field.get("type") == "string" for field in fields if "pattern" in field), part


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, list):
        for each in schema:
            yield from parts(each)
    elif isinstance(schema, dict):
        yield schema
        for word, each in schema.items():
            if word in {"properties", "$defs"}:
                for inner in each.values():
                    yield from parts(inner)
            elif word not in {"examples", "enum", "const", "default"}:
                yield from parts(each)
