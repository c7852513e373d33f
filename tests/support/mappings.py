"""Mappings as tests write them: the fields of one input, and what comes of a value."""

import json
from collections.abc import Sequence
from typing import Any

from streams.contracts.decode import decode
from streams.contracts.event_line import EventLine
from streams.contracts.rejection import Rejection
from streams.intake.compile.mapping import load_mapping
from streams.intake.record import Mapped, Outcome, Refusal, SourceRecord
from streams.intake.source import Source
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder

POLICY = load_policy((policy_folder() / "standard.toml").read_text(encoding="utf-8"))
# All fields that a transaction and a balance need, as plain paths.
TRANSACTION = {
    "event_id": '"id"',
    "customer_id": '"customer"',
    "account_id": '"account"',
    "type": '"type"',
    "amount": '"amount"',
    "currency": '"currency"',
    "occurred_at": '"at"',
}
BALANCE = {
    "event_id": '"id"',
    "customer_id": '"customer"',
    "account_id": '"account"',
    "balance": '"balance"',
    "currency": '"currency"',
    "as_of": '"at"',
}
PLAIN = {
    "id": "t1",
    "customer": "C1",
    "account": "A1",
    "type": "purchase",
    "amount": "1234.50",
    "balance": "1234.50",
    "currency": "TWD",
    "at": "2026-11-24T09:30:00+08:00",
}


def mapping_text(input_name: str, fields: dict[str, str], words: str = 'topic = "core"\nformat = "json"') -> str:
    """The text of a mapping with one source and one input. fields: what stands behind the = of each."""
    lines = "\n".join(f"{name} = {written}" for name, written in fields.items())
    return f"[sources.core]\n{words}\n\n[sources.core.{input_name}]\n{lines}\n"


def source_of(text: str) -> Source:
    """The only source of a mapping."""
    [source] = load_mapping(text).sources.values()
    return source


def transactions(words: str = 'topic = "core"\nformat = "json"', **fields: str) -> Source:
    """A source of transactions whose fields are the plain ones, unless others are given."""
    return source_of(mapping_text("transactions", TRANSACTION | fields, words))


def balances(words: str = 'topic = "core"\nformat = "json"', **fields: str) -> Source:
    """A source of balances in the same way."""
    return source_of(mapping_text("balances", BALANCE | fields, words))


def record(value: Any, **around: Any) -> SourceRecord:
    """A record whose value is this: bytes as they are, else as JSON."""
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return SourceRecord(**{"topic": "core", "partition": 3, "offset": 17, "key": None, "value": raw} | around)


def outcomes(source: Source, value: Any, **around: Any) -> list[Outcome]:
    return source.map(record(value, **around))


def mapped(source: Source, value: Any, **around: Any) -> dict[str, Any]:
    """The one event that comes of a value, once the product's own decoder has taken it."""
    [outcome] = outcomes(source, value, **around)
    assert isinstance(outcome, Mapped), outcome
    [event] = outcome.events
    assert_taken([event])
    read: dict[str, Any] = json.loads(event.value)
    return read


def refused(source: Source, value: Any, **around: Any) -> Refusal:
    """Why a value is refused; its bytes and its place are kept."""
    [outcome] = outcomes(source, value, **around)
    assert isinstance(outcome, Refusal), outcome
    assert outcome.record == record(value, **around)
    return outcome


def assert_taken(events: Sequence[EventLine]) -> None:
    for event in events:
        decoded = decode(event.topic, event.key, event.value, POLICY)
        assert not isinstance(decoded, Rejection), (event, decoded)
