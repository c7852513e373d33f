"""Comparing two logs of changes: each fault is named once, and what follows is compared on."""

from typing import NamedTuple

import pytest
from aiokafka import TopicPartition

from streams.audit.comparison import Comparison
from streams.audit.report import Report
from streams.audit.subjects import SUBJECTS
from streams.kafka.tape import Tape
from streams.partition.work import Message


class Found(NamedTuple):
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def change(name: str) -> tuple[bytes, bytes]:
    """a1: the first change of customer a; a1!: the same with other content."""
    customer, number, tier = name[0], name[1], name[2:]
    value = b'{"customer_id":"%s","sequence":%s,"tier":"%s"}' % (customer.encode(), number.encode(), tier.encode())
    return customer.encode(), value


def tape_of(names: str, begins_at: int = 0, only: bytes | None = None) -> Tape:
    tape = Tape({}, TopicPartition("changes", 0), begins_at, begins_at)
    records = [Found(begins_at + index, *change(name)) for index, name in enumerate(names.split())]
    tape.ahead.extend(record for record in records if only is None or record.key == only)
    return tape


async def compare(expected: str, found: str, *, begins_at: int = 0, only: bytes | None = None) -> list[str]:
    """expected: transactions after bars."""
    report = Report()
    comparison = Comparison(SUBJECTS["changes"], tape_of(found, begins_at, only), report.add, only)
    for number, names in enumerate(expected.split("|"), 1):
        await comparison.expect([Message(*change(name), []) for name in names.split()], number)
    await comparison.finish()
    return [f"{difference.what} {difference.kind}" for difference in report.found]


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        ("a1 b1 | a2 b2", "a1 b1 a2 b2", []),
        ("", "", []),
        ("a1 b1 | a2 b2", "", ["a:1 missing", "b:1 missing", "a:2 missing", "b:2 missing"]),
        ("", "a1 b1", ["a:1 extra", "b:1 extra"]),
        ("a1 b1 | a2 b2", "b1 a2 b2", ["a:1 missing"]),
        ("a1 b1 | a2 b2", "a1 a2 b2", ["b:1 missing"]),
        ("a1 b1 | a2 b2", "a1 b1 a2", ["b:2 missing"]),
        ("a1 b1 | a2 b2", "a2 b2", ["a:1 missing", "b:1 missing"]),
        ("a1 b1 | a2 b2", "a1 a1 b1 a2 b2", ["a:1 doubled"]),
        ("a1 b1 | a2 b2", "a1 b1 a2 b2 a1", ["a:1 doubled"]),
        ("a1 b1 | a2 b2", "a1 b1 a1 b1 a2 b2", ["a:1 doubled", "b:1 doubled"]),
        ("a1 b1 | a2 b2", "a1 b1 x1 a2 b2", ["x:1 extra"]),
        ("a1 b1 | a2 b2", "a1 b1 a2 b2 a3", ["a:3 extra"]),
        ("a1 b1 | a2 b2", "a1 b1! a2 b2", ["b:1 different"]),
        ("a1 b1 | a2 b2", "b1 a1 a2 b2", ["b:1 out_of_order"]),
        ("a1 b1 | a2 b2", "a1 a2 b1 b2", ["a:2 out_of_order"]),
        ("a1 b1 | a2 b2", "x1 a1 b1 b1 b2", ["b:1 doubled", "a:2 missing", "x:1 extra"]),
    ],
)
async def test_each_fault_is_named_once(expected: str, found: str, differences: list[str]) -> None:
    assert await compare(expected, found) == differences


async def test_only_one_customers_records_are_looked_at() -> None:
    assert await compare("a1 b1 c1 | a2 b2", "c1 c1 a1 b2", only=b"a") == ["a:2 missing"]


async def test_what_retention_has_deleted_is_not_missed() -> None:
    assert await compare("a1 b1 | a2 b2 | a3", "a2 a3", begins_at=7) == ["b:2 missing"]
    assert await compare("a1 b1", "", begins_at=7) == []
