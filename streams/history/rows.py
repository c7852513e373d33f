"""Rows of the index from records of the output topics. Pure: bytes in, rows out."""

from typing import Annotated, Final, NamedTuple

import msgspec

from streams.contracts.outputs import ALERT_TYPE, CHANGE_TYPE, DECISION_TYPE, TRIGGER_TYPE
from streams.contracts.times import instant_ms

KINDS: Final = ("tier", "campaign", "loan", "alert")
"""What an entry can be: a tier change, a campaign trigger, a decision on a loan, an alert about one."""

ENTRY_TOPICS: Final = ("changes", "campaigns", "risk")
"""The outputs that entries are made of, by their number in the index."""

_TYPES: Final = {"tier": CHANGE_TYPE, "campaign": TRIGGER_TYPE, "loan": DECISION_TYPE, "alert": ALERT_TYPE}


class Entry(NamedTuple):
    """A row of `entries` (schema.py), without its number."""

    topic: int
    partition: int
    offset: int
    customer_id: str
    kind: str
    at_ms: int
    tier: str
    previous_tier: str | None
    word: str | None
    campaign: str | None
    message: bytes


class Standing(NamedTuple):
    """A row of `current`."""

    customer_id: str
    sequence: int
    tier: str
    earned_tier: str
    since: str
    value: str | None
    currency: str


class LetterRow(NamedTuple):
    """A row of `letters`."""

    partition: int
    offset: int
    written_ms: int
    at: str
    topic: str
    input_partition: int
    input_offset: int
    reason: str
    detail: str
    key: str | None
    told: str | None


class LikeARecord(NamedTuple):
    """An entry as the record that it was made of: what kafka/erasures.py asks of one."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp: int


class _Change(msgspec.Struct):
    customer_id: str
    sequence: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]  # SQLite takes no larger one
    direction: str
    previous_tier: str | None
    tier: str
    earned_tier: str
    decided_at: str
    value: str | None
    currency: str


class _Trigger(msgspec.Struct):
    customer_id: str
    campaign: str
    tier: str
    group: str
    triggered_at: str


class _Risk(msgspec.Struct):
    customer_id: str
    kind: str
    tier: str
    decided_at: str
    outcome: str | None = None
    reason: str | None = None


class _Told(msgspec.Struct):
    id: str
    decided_at: str | None = None
    triggered_at: str | None = None


_change = msgspec.json.Decoder(_Change).decode
_trigger = msgspec.json.Decoder(_Trigger).decode
_risk = msgspec.json.Decoder(_Risk).decode
_told = msgspec.json.Decoder(_Told).decode


def entry_of(topic: int, partition: int, offset: int, value: bytes) -> Entry:
    """Makes the row of a tier change, a trigger, a decision or an alert. topic: its number in ENTRY_TOPICS.

    Raises:
        ValueError: It is none of these.
    """
    place = topic, partition, offset
    if topic == 0:
        change = _change(value)
        at_ms, moved = instant_ms(change.decided_at), (change.tier, change.previous_tier, change.direction)
        return Entry(*place, change.customer_id, "tier", at_ms, *moved, None, value)
    if topic == 1:
        trigger = _trigger(value)
        at_ms, what = instant_ms(trigger.triggered_at), (None, trigger.group, trigger.campaign)
        return Entry(*place, trigger.customer_id, "campaign", at_ms, trigger.tier, *what, value)
    risk = _risk(value)
    kind, word = ("alert", risk.reason) if risk.kind == "alert" else ("loan", risk.outcome)
    at_ms = instant_ms(risk.decided_at)
    return Entry(*place, risk.customer_id, kind, at_ms, risk.tier, None, word, None, value)


def standing_of(value: bytes) -> Standing:
    """Makes the row of a customer's newest tier change.

    Raises:
        ValueError: The value is no tier change.
    """
    change = _change(value)
    return Standing(
        change.customer_id,
        change.sequence,
        change.tier,
        change.earned_tier,
        change.decided_at,
        change.value,
        change.currency,
    )


def as_record(customer_id: str, kind: str, message: bytes) -> LikeARecord:
    """Gives an entry with the headers that its record has."""
    told = _told(message)
    at = told.decided_at or told.triggered_at or ""
    headers = [("ce_type", _TYPES[kind].encode()), ("ce_id", told.id.encode()), ("ce_time", at.encode())]
    return LikeARecord(customer_id.encode(), message, headers, 0)
