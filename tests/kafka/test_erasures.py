"""What an erase makes void, by rows: inputs that would come again, outputs that would go out again."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing

import pytest
from aiokafka import ConsumerRecord

from streams.kafka.erasures import Erasures, read_erasures
from streams.kafka.follow import follow
from streams.settings import Settings
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS
from tests.support.batches import put
from tests.support.patience import stretched

AT_MS = 1_795_485_600_000  # 2026-11-24T10:00:00+08:00
WORKED_MS = AT_MS + 5_000  # the erase came 5 s late
WRITTEN_MS = AT_MS + 6_000
BEFORE, THEN, AFTER = (f"2026-11-24T10:00:0{second}.000+08:00" for second in (4, 5, 6))


def record(key: bytes, value: object, headers: Mapping[str, str] | None = None, at_ms: int = 0) -> ConsumerRecord:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    told = [(name, text.encode()) for name, text in (headers or {}).items()]
    return ConsumerRecord("topic", 2, 0, at_ms, 0, key, raw, 0, len(key), len(raw), told)


def erasure(at_ms: int = AT_MS, last_sequence: int = 3) -> ConsumerRecord:
    value = {
        "id": f"C:erased:{at_ms}",
        "customer_id": "C",
        "erased_at": "2026-11-24T10:00:00+08:00",
        "decided_at": THEN,
        "last_sequence": last_sequence,
        "cause": {"event_id": "e", "topic": "bank.customers", "partition": 2, "offset": 7, "occurred_at": at_ms},
        "positions": {"bank.balances": 10, "bank.customers": 7},
    }
    return record(b"C", value, at_ms=WRITTEN_MS)


def erasures() -> Erasures:
    found = Erasures()
    found.add(erasure(AT_MS - 1, last_sequence=1))
    found.add(erasure())
    found.add(erasure(AT_MS - 2, last_sequence=2))  # of another partition, before a growth
    found.add(record(b"D", b"no erasure"))
    return found


@pytest.mark.parametrize(
    ("topic", "key", "value", "is_void"),
    [
        (BALANCES, b"C", {"customer_id": "C", "as_of": AT_MS}, True),
        (BALANCES, b"C", {"customer_id": "C", "as_of": AT_MS + 1}, False),  # it is newer, and begins anew
        (BALANCES, b"C", {"customer_id": "C", "as_of": "2026-11-24T10:00:00+08:00"}, True),
        (TRANSACTIONS, b"C", {"customer_id": "C", "occurred_at": AT_MS}, True),
        (CREDIT, b"C", {"customer_id": "C", "as_of": AT_MS + 1, "occurred_at": AT_MS}, False),
        (LOANS, b"C", {"customer_id": "C", "applied_at": AT_MS}, True),
        (CUSTOMERS, b"C", {"customer_id": "C", "at": AT_MS}, True),
        (BALANCES, b"E", {"customer_id": "E", "as_of": AT_MS}, False),
        (BALANCES, b"E", {"customer_id": "C", "as_of": AT_MS}, True),  # key_mismatch: about either
        (BALANCES, None, {"customer_id": "C", "as_of": AT_MS}, True),
        (BALANCES, b"D", {"customer_id": "D", "as_of": AT_MS}, False),
    ],
)
def test_an_input_is_void_by_its_own_time(topic: int, key: bytes | None, value: object, *, is_void: bool) -> None:
    assert erasures().void_input(topic, key, json.dumps(value).encode(), WRITTEN_MS) is is_void


@pytest.mark.parametrize(
    "value", [b"", b"\xff{", b'"C"', b"[" * 10_000, b'{"as_of": "yesterday"}', b'{"as_of": true}', None]
)
@pytest.mark.parametrize(("written_ms", "is_void"), [(WRITTEN_MS, True), (WRITTEN_MS + 1, False)])
def test_an_input_without_a_time_is_void_if_it_was_found_unusable_before(
    value: bytes | None, written_ms: int, *, is_void: bool
) -> None:
    assert erasures().void_input(BALANCES, b"C", value, written_ms) is is_void


@pytest.mark.parametrize(
    ("kind", "id_", "time", "caused_ms", "is_void"),
    [
        ("tier.changed", "C:3", THEN, None, True),
        ("tier.changed", "C:4", THEN, None, False),  # what is newer than a late erase begins at once
        ("campaign.triggered", "C:gift:1", BEFORE, None, True),
        ("campaign.triggered", "C:gift:1", AFTER, None, False),
        ("campaign.triggered", "C:gift:1", THEN, None, True),
        ("campaign.triggered", "C:gift:1", BEFORE, AT_MS, True),
        ("campaign.triggered", "C:gift:1", AFTER, AT_MS, True),  # a trigger that waited for its budget
        ("campaign.triggered", "C:gift:1", AFTER, AT_MS + 1, False),
        ("risk.decided", "C:L:decision", BEFORE, AT_MS + 1, False),  # the loan is newer, and is kept
        ("risk.decided", "C:L:decision", THEN, AT_MS + 1, False),
        ("risk.decided", "C:L:decision", BEFORE, AT_MS, True),
        ("risk.alerted", "C:L:alert:1", BEFORE, AT_MS, True),
        ("customer.erased", "C:erased:1", BEFORE, None, False),
    ],
)
def test_an_output_is_void_if_it_came_of_what_was_before(
    kind: str, id_: str, time: str, caused_ms: int | None, *, is_void: bool
) -> None:
    cause = None if caused_ms is None else {"event_id": "b", "occurred_at": caused_ms}
    headers = {"ce_id": id_, "ce_type": f"tierflow.{kind}.v1", "ce_time": time}
    assert erasures().void_output(record(b"C", {"cause": cause}, headers)) is is_void
    assert not erasures().void_output(record(b"E", {"cause": cause}, headers))


@pytest.mark.parametrize(("at_ms", "is_void"), [(WRITTEN_MS, True), (WRITTEN_MS + 1, False)])
@pytest.mark.parametrize(
    "headers", [{}, {"ce_type": "tierflow.tier.changed.v1", "ce_id": "C"}, {"ce_type": "x", "ce_time": "now"}]
)
def test_what_is_none_of_ours_is_void_by_when_it_was_there(
    headers: Mapping[str, str], at_ms: int, *, is_void: bool
) -> None:
    assert erasures().void_output(record(b"C", b"\xff", headers, at_ms)) is is_void


@pytest.mark.parametrize(("written_ms", "is_void"), [(WRITTEN_MS, True), (WRITTEN_MS + 1, False)])
def test_an_input_of_the_far_future_is_void_by_when_it_was_found(written_ms: int, *, is_void: bool) -> None:
    value = json.dumps({"customer_id": "C", "as_of": AT_MS + 400_000_000}).encode()
    assert erasures().void_input(BALANCES, b"C", value, written_ms, was_ahead=True) is is_void


@pytest.mark.parametrize("numbers", [(3, 4), (4, 3)])
def test_of_two_erasures_of_one_time_that_of_the_later_change_holds(numbers: tuple[int, int]) -> None:
    found = Erasures()
    for last_sequence in numbers:
        found.add(erasure(AT_MS, last_sequence))
    assert found.void_output(record(b"C", {}, {"ce_id": "C:4", "ce_type": "tierflow.tier.changed.v1"}))


async def test_who_follows_reads_on_from_what_was_read(settings: Settings) -> None:
    topic = settings.output_topic("erasures")
    value = erasure().value or b""
    await put(settings, topic, [(b"C", value), (b"D", b"no erasure")], 2)
    read = await read_erasures(settings)
    records = follow(settings, [topic], from_beginning=True, next_offsets=read.next_offsets)
    async with aclosing(records) as newer:
        for number, key in ((2, b"E"), (1, b"F")):  # of a partition that was read, and of one where there was nothing
            await put(settings, topic, [(key, value)], number)
            async with asyncio.timeout(stretched(20)):
                assert (await anext(newer)).key == key
