"""Records that are broken in thirty ways: each is refused for the reason that fits; the rest are right."""

import json
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from streams.intake.record import Mapped, Refusal, SourceRecord
from streams.intake.source import Source
from tests.support.debezium import change
from tests.support.mappings import assert_taken, source_of

MAPPING = """\
[sources.bookings]
topic = "core.public.bookings"
format = "debezium"
zone = "Asia/Taipei"

[sources.bookings.transactions]
event_id = { template = "booking-{id}" }
customer_id = "customer_no"
account_id = "account_no"
type = { path = "dc", codes = { D = "withdrawal", C = "deposit" } }
amount = "amount"
currency = "ccy"
occurred_at = { path = "booked_at", unit = "us" }
reverses = { template = "booking-{undoes}" }
reversed_at = { path = "undone_at", unit = "us" }
"""
AT_US = 1795483800125000
Row = dict[str, Any]


def row(number: int) -> Row:
    """A booking that can be mapped, another one for each number."""
    return {
        "id": number,
        "customer_no": f"C{number % 97}",
        "account_no": f"A-{number % 193}",
        "dc": "DC"[number % 2],
        "amount": f"{number % 10_000_000 / 100:.2f}",
        "ccy": ("TWD", "USD", "JPY")[number % 3],
        "booked_at": AT_US + number * 1_000,
        "undoes": None,
        "undone_at": None,
    }


def but(**columns: Any) -> Callable[[Row], bytes]:
    """A change event whose row has other values; of a column that is ..., none at all."""

    def written(good: Row) -> bytes:
        mended = {name: value for name, value in (good | columns).items() if value is not ...}
        return json.dumps(change("c", None, mended)).encode()

    return written


def event(**parts: Any) -> Callable[[Row], bytes]:
    """A change event whose envelope has other parts."""
    return lambda good: json.dumps(change("c", None, good) | parts).encode()


def raw(mend: Callable[[bytes], bytes]) -> Callable[[Row], bytes]:
    """A change event whose bytes are others."""
    return lambda good: mend(json.dumps(change("c", None, good)).encode())


BROKEN: dict[str, tuple[Callable[[Row], bytes], str, str]] = {
    "cut off": (raw(lambda text: text[:-20]), "malformed", ""),
    "empty": (raw(lambda _: b""), "malformed", ""),
    "no JSON": (raw(lambda _: b"<event/>"), "malformed", ""),
    "Avro": (raw(lambda _: b"\0\0\0\0\7\2abc"), "malformed", ""),
    "not UTF-8": (raw(lambda text: text.replace(b'"ccy"', b'"\xff"')), "malformed", ""),
    "a list": (raw(lambda text: b"[" + text + b"]"), "malformed", ""),
    "nested deeply": (raw(lambda text: text[:-1] + b',"x":' + b"[" * 999 + b"]" * 999 + b"}"), "malformed", ""),
    "no envelope": (raw(lambda text: json.dumps(json.loads(text)["after"]).encode()), "malformed", ""),
    "an op that nobody knows": (event(op="x"), "malformed", ""),
    "no row after it": (event(after=None), "malformed", ""),
    "a row that is a text": (event(after="row"), "malformed", ""),
    "deleted": (event(op="d", before={}), "deleted", ""),
    "emptied": (event(op="t"), "deleted", ""),
    "no key": (but(id=...), "missing_field", "event_id"),
    "no customer": (but(customer_no=None), "missing_field", "customer_id"),
    "an empty customer": (but(customer_no=""), "missing_field", "customer_id"),
    "a blank account": (but(account_no="   "), "missing_field", "account_id"),
    "a long account": (but(account_no="x" * 257), "invalid_field", "account_id"),
    "a control character": (but(customer_no="C\n1"), "invalid_field", "customer_id"),
    "a customer that is an object": (but(customer_no={"no": 1}), "invalid_field", "customer_id"),
    "a column that the database left out": (
        but(account_no="__debezium_unavailable_value"),
        "invalid_field",
        "account_id",
    ),
    "an unknown code": (but(dc="X"), "unknown_code", "type"),
    "no amount": (but(amount=...), "missing_field", "amount"),
    "an amount in words": (but(amount="ten"), "invalid_field", "amount"),
    "thousands that nobody allowed": (but(amount="1,234.50"), "invalid_field", "amount"),
    "below zero": (but(amount="-5.00"), "invalid_field", "amount"),
    "too many decimals": (but(amount="1.23456"), "invalid_field", "amount"),
    "beyond all measure": (
        raw(lambda text: text.replace(b'"amount": ', b'"amount": 1e999999, "x": ')),
        "invalid_field",
        "amount",
    ),
    "a currency that is none": (but(ccy="NTD"), "invalid_field", "currency"),
    "seconds": (but(booked_at=AT_US // 10**6), "invalid_field", "occurred_at"),
    "a time in words": (but(booked_at="yesterday"), "invalid_field", "occurred_at"),
    "a reversal without its time": (but(undoes=7), "missing_field", "reversed_at"),
}


@pytest.fixture(name="source")
def _source() -> Source:
    return source_of(MAPPING)


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_record_is_refused_for_the_reason_that_fits(source: Source, way: str) -> None:
    write, reason, field = BROKEN[way]
    record = SourceRecord("core.public.bookings", 1, 2, b"k", write(row(4711)))
    [outcome] = source.map(record)
    assert isinstance(outcome, Refusal), outcome
    assert (outcome.reason, outcome.field.rpartition(".")[2], outcome.record) == (reason, field, record)


def test_of_many_records_the_broken_are_refused_and_the_rest_are_right(source: Source) -> None:
    """One of twenty is broken. What is right is known without any of the product's code."""
    draw, ways = random.Random(14), list(BROKEN)  # noqa: S311 - the same at every run
    met: Counter[str] = Counter()
    for number in range(20_000):
        good = row(number)
        way = draw.choice(ways) if draw.random() < 0.05 else ""
        value = BROKEN[way][0](good) if way else json.dumps(change("c", None, good)).encode()
        [outcome] = source.map(SourceRecord("core.public.bookings", 0, number, None, value))
        met[way] += 1
        if way:
            assert isinstance(outcome, Refusal)
            assert outcome.reason == BROKEN[way][1], way
            continue
        assert isinstance(outcome, Mapped)
        assert_taken(outcome.events)
        [told] = (json.loads(event.value) for event in outcome.events)
        assert Decimal(told.pop("amount")) == Decimal(good["amount"])
        assert told == {
            "event_id": f"booking-{number}",
            "customer_id": good["customer_no"],
            "account_id": good["account_no"],
            "type": {"D": "withdrawal", "C": "deposit"}[good["dc"]],
            "currency": good["ccy"],
            "occurred_at": good["booked_at"] // 1000,
        }
    assert met.keys() == {"", *BROKEN}
