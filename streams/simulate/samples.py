"""Samples of every message: the first months of a small bank, worked by the engine, for the AsyncAPI document.

`python -m streams.simulate.samples docs/asyncapi.json` writes the document (docs/messages.md#asyncapi).
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from streams.contracts import asyncapi, outputs
from streams.contracts.asyncapi import Configuration
from streams.contracts.channels import Sample
from streams.contracts.envelope import Headers
from streams.contracts.event_line import EventLine
from streams.contracts.lines import parse_line
from streams.contracts.outputs import IN_FORCE, InForceMessage, PolicyMessage
from streams.intake.compile.mapping import load_mapping
from streams.kafka.topic_specs import intake_specs, topic_specs
from streams.partition.entries import LargeRecord
from streams.partition.intake import Intake
from streams.partition.intake_setup import IntakeSetup
from streams.partition.outputs import by_output
from streams.partition.work import (
    CAMPAIGNS,
    CHANGES,
    CURRENT,
    DEAD_LETTERS,
    ERASURES,
    NO_LIMIT,
    ORDER,
    RISK,
    SOURCE_DEAD_LETTERS,
    Work,
)
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.simulation import Simulation

COMMAND = "python -m streams.simulate.samples docs/asyncapi.json"

# Kept short because the document quotes it. A third of the dormant customers is held out, so that both groups occur.
POLICY = """\
name = "sample"
version = 1
currency = "TWD"
time_zone = "Asia/Taipei"

[rates]
USD = "31.5"

[falling]
after_days = 30
protection_days = 90

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"

[tiers.strategy]
needs = ["value for money"]
services = [{ id = "funds", kind = "product", name = { zh = "基金", en = "Funds" } }]
campaigns = ["welcome-mid"]
risk_controls = ["large-loan-limit-3000000"]

[[campaigns]]
id = "account-opening-gift"
kind = "gift"
at_least = "1000"
within_days = 30
amount = "200"

[[campaigns]]
id = "cash-back"
kind = "cash_back"
tiers = ["low"]
types = ["purchase"]
at_least = "3000"
rate = "0.01"
at_most = "300"
per = "month"

[[campaigns]]
id = "near-mid"
kind = "near_tier"
tiers = ["low"]
to = "mid"
at_least = "450000"
for_days = 3
every_days = 90
offer_days = 30

[[campaigns]]
id = "dormant"
kind = "dormant"
tiers = ["low"]
without_transaction_days = 60
hold_out = "0.3333"

[[campaigns]]
id = "welcome-mid"
kind = "welcome"
tiers = ["mid"]

[[campaigns]]
id = "stay"
kind = "at_risk"
days_before = 7

[risk.large_loan]
mid = "3000000"

[risk.standing]
default = "refer"

[risk.monitoring]
days = 180
assets_at_most = ["0.70"]
"""

EVENTS = """\
{"topic": "bank.balances", "value": {"event_id": "b1", "customer_id": "C001", "account_id": "A-100", "balance": "480000.00", "currency": "TWD", "as_of": "2026-01-05T10:00:00+08:00", "product": "deposit"}}
{"topic": "bank.balances", "value": {"event_id": "b2", "customer_id": "C002", "account_id": "A-200", "balance": "20000.00", "currency": "TWD", "as_of": "2026-01-06T09:00:00+08:00"}}
{"topic": "bank.balances", "value": {"event_id": "b3", "customer_id": "C003", "account_id": "A-300", "balance": "3000.00", "currency": "USD", "as_of": "2026-01-06T09:05:00+08:00"}}
{"topic": "bank.transactions", "value": {"event_id": "t1", "customer_id": "C001", "account_id": "A-100", "type": "purchase", "amount": "12500.50", "currency": "TWD", "occurred_at": 1768183200125, "channel": "card"}}
{"topic": "bank.transactions", "value": {"event_id": "t2", "customer_id": "C001", "account_id": "A-100", "type": "purchase", "amount": "500.50", "currency": "TWD", "occurred_at": "2026-01-14T18:00:00+08:00", "reverses": "t0", "reversed_at": "2026-01-10T12:00:00+08:00"}}
{"topic": "bank.balances", "value": {"event_id": "b4", "customer_id": "C004", "account_id": "A-400", "balance": "12.00", "currency": "CHF", "as_of": "2026-01-15T09:00:00+08:00"}}
{"topic": "bank.balances", "value": {"event_id": "b5", "customer_id": "C001", "account_id": "A-100", "balance": "712345.00", "currency": "TWD", "as_of": "2026-02-02T10:00:00+08:00", "product": "deposit"}}
{"topic": "bank.loans", "value": {"event_id": "l1", "customer_id": "C001", "loan_id": "L77", "amount": "3000000", "currency": "TWD", "applied_at": "2026-02-10T11:00:00+08:00", "purpose": "home", "term_months": 240}}
{"topic": "bank.loans", "value": {"event_id": "l2", "customer_id": "C005", "loan_id": "L78", "amount": "50000", "currency": "TWD", "applied_at": "2026-02-11T11:00:00+08:00"}}
{"topic": "bank.credit", "value": {"event_id": "c1", "customer_id": "C003", "standing": "default", "as_of": "2026-02-12T00:00:00+08:00", "score": 412, "days_past_due": 95}}
{"topic": "bank.loans", "value": {"event_id": "l3", "customer_id": "C003", "loan_id": "L79", "amount": "80000", "currency": "TWD", "applied_at": "2026-02-12T11:00:00+08:00"}}
{"topic": "bank.balances", "value": {"event_id": "b6", "customer_id": "C001", "account_id": "A-100", "balance": "490000.00", "currency": "TWD", "as_of": "2026-03-20T10:00:00+08:00", "product": "deposit"}}
{"topic": "bank.credit", "value": {"event_id": "c2", "customer_id": "C001", "standing": "fair", "as_of": "2026-03-25T00:00:00+08:00"}}
{"topic": "bank.customers", "value": {"event_id": "p1", "customer_id": "C002", "action": "pin", "at": "2026-05-20T10:00:00+08:00", "tier": "mid", "until": "2027-05-20T00:00:00+08:00", "reason": "founding member", "by": "branch 12, clerk 7"}}
{"topic": "bank.customers", "value": {"event_id": "p2", "customer_id": "C002", "action": "unpin", "at": "2026-05-21T10:00:00+08:00"}}
{"topic": "bank.customers", "value": {"event_id": "p3", "customer_id": "C003", "action": "opt_out", "at": "2026-05-22T10:00:00+08:00"}}
{"topic": "bank.customers", "value": {"event_id": "p4", "customer_id": "C003", "action": "opt_in", "at": "2026-05-23T10:00:00+08:00"}}
{"topic": "bank.customers", "value": {"event_id": "p5", "customer_id": "C005", "action": "erase", "at": "2026-05-24T10:00:00+08:00"}}
"""  # noqa: E501 - a line is an event

SOURCES = """
[sources.bookings]
topic = "core.bookings"
format = "json"

[sources.bookings.transactions]
customer_id = "owner"
account_id = "account"
type = { path = "kind", codes = { POS = "purchase" } }
amount = "amount"
currency = { constant = "TWD" }
occurred_at = "booked_at"
"""
BOOKING = b'{"owner": "C001", "account": "A-100", "kind": "ATM", "amount": "500", "booked_at": "2026-02-01"}'
ACCOUNT = (
    b'{"account_id": "A-100", "owners": [{"customer_id": "C001", "role": "owner", "share": "0.6"}, '
    b'{"customer_id": "C002", "role": "joint", "share": "0.4"}], "as_of": "2026-02-01T00:00:00+08:00"}'
)
RATE = b'{"currency": "USD", "against": "TWD", "rate": "32.15", "at": "2026-02-01T08:00:00+08:00"}'

_INPUTS = ("balanceReported", "transactionMade", "creditRated", "loanApplied", "customerAction")  # by topic number
_BY_TYPE = {
    outputs.CHANGE_TYPE: "tierChanged",
    outputs.TRIGGER_TYPE: "campaignTriggered",
    outputs.DECISION_TYPE: "loanDecided",
    outputs.ALERT_TYPE: "loanAlerted",
    outputs.ERASED_TYPE: "customerErased",
}
# The document shows one sample for each combination of values of these fields.
_KINDS = {
    "customerAction": ("action",),
    "tierChanged": ("direction", "reason"),
    "campaignTriggered": ("kind", "group"),
    "loanDecided": ("outcome",),
    "loanAlerted": ("reason",),
}


def events() -> list[EventLine]:
    """Gives the input events of the small bank, in the order of work."""
    return [parse_line(line.encode()) for line in EVENTS.splitlines()]


def samples() -> list[Sample]:
    """Gives the first sample of every kind of message, in the order in which they arise; the same on every run."""
    found: dict[tuple[Any, ...], Sample] = {}
    for sample in _all():
        found.setdefault((sample.message, sample.title), sample)
    return list(found.values())


def configurations() -> dict[str, Configuration]:
    """Gives the Kafka configuration with which `tierflow topics create` makes each topic, by topic name."""
    settings = Settings.from_environment({"TIERFLOW_ACCOUNTS": "on", "TIERFLOW_RATES": "on"}, dotenv=None)
    return {spec.name: spec.config for spec in (*topic_specs(settings), *intake_specs(settings, ()))}


def text() -> str:
    """Gives the AsyncAPI document as JSON."""
    return json.dumps(asyncapi.document(samples(), configurations()), indent=2, ensure_ascii=False) + "\n"


def _all() -> Iterator[Sample]:
    policy = load_policy(POLICY)
    yield from _of_policy(policy)
    simulation = Simulation(policy)
    for event in events():
        yield _sample(_INPUTS[event.topic], event.key, event.value)
        yield from _of_work(simulation.work([event]).work)
    yield _sample("accountOwned", b"A-100", ACCOUNT)
    yield _sample("rateQuoted", b"USD", RATE)
    yield from _of_source()


def _of_policy(policy: Policy) -> Iterator[Sample]:
    known = PolicyMessage(name=policy.name, version=policy.version, digest=policy.digest, document=policy.document)
    yield _sample("policyKnown", policy.digest.encode(), msgspec.json.encode(known))
    yield _sample("policyInForce", IN_FORCE.encode(), msgspec.json.encode(InForceMessage(digest=policy.digest)))


def _of_work(work: Work) -> Iterator[Sample]:
    found = by_output(work)
    for key, value, headers in (*found[CHANGES], *found[CAMPAIGNS], *found[RISK], *found[ERASURES]):
        yield _sample(_BY_TYPE[dict(headers)["ce_type"].decode()], key, value, headers)
    for customer, newest, _ in found[CURRENT]:
        if newest is None:
            yield _sample("customerForgotten", customer, None)
    for origin, letter, _ in found[DEAD_LETTERS]:
        yield _sample("deadLetter", origin, letter)
    for _, order, _ in found[ORDER]:
        yield _sample("batchWorked", None, order)


def _of_source() -> Iterator[Sample]:
    [source] = load_mapping(SOURCES).sources.values()
    intake = Intake(IntakeSetup(source, source.topic or "", 2, b"5f0c1d2ab73e9c44"))
    intake.work_some(intake.decode(0, [LargeRecord(17, 1_770_000_000_125, b"A-100", BOOKING)]), 0, NO_LIMIT)
    for key, value, _ in by_output(intake.pack([18]))[SOURCE_DEAD_LETTERS]:
        yield _sample("sourceDeadLetter", key, value)


def _sample(message: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> Sample:
    payload: Any = None if value is None else json.loads(value)
    words: Iterable[str] = (payload[field] for field in _KINDS.get(message, ()))
    return Sample(message, ", ".join(words), key, _texts(headers), payload)


def _texts(headers: Headers) -> Mapping[str, str]:
    return {name: content.decode() for name, content in headers}


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the command and the file
        sys.exit(f"write the file too: {COMMAND}")
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
