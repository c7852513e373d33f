"""What records of a source become, and their dead letters."""

from typing import Any

import msgspec

from streams.contracts.kept import LaneRecord
from streams.intake.compile.mapping import load_mapping
from streams.partition.entries import LargeRecord
from streams.partition.intake import LETTERS_LIMIT, Intake
from streams.partition.intake_setup import IntakeSetup
from streams.partition.work import NO_LIMIT, SOURCE_DEAD_LETTERS
from streams.values.calendar import NEVER_MS

MAPPING = """
[sources.legs]
topic = "core.legs"
format = "json"
each = "legs"

[sources.legs.customers]
event_id = "id"
customer_id = "customer"
action = { constant = "opt_in" }
at = { constant = "2026-11-29T00:00:00Z" }
"""
GOOD, BAD = {"id": "1", "customer": "C1"}, {"id": "1"}


def letters_of(legs: list[dict[str, str]]) -> list[dict[str, Any]]:
    partition = Intake(IntakeSetup(load_mapping(MAPPING).sources["legs"], "core.legs", 0, b"mark"), {}, BEGINNING)
    record = LargeRecord(0, 0, b"key", msgspec.json.encode({"legs": legs}))
    partition.work_some(partition.decode(0, [record]), 0, NO_LIMIT)
    messages = partition.pack([1]).messages
    return [msgspec.json.decode(message.value or b"") for name, message in messages if name == SOURCE_DEAD_LETTERS]


BEGINNING = LaneRecord((0,), 0, NEVER_MS)


def test_the_first_letter_of_a_record_alone_holds_its_bytes() -> None:
    first, *others = letters_of([BAD, GOOD, BAD, BAD])
    assert first["value_base64"]
    assert [letter["item"] for letter in (first, *others)] == [0, 2, 3]
    assert {(letter["value_base64"], letter["value_first_base64"]) for letter in others} == {(None, "")}
    assert {letter["value_bytes"] for letter in others} == {len(msgspec.json.encode({"legs": [BAD, GOOD, BAD, BAD]}))}


def test_a_record_of_thousands_of_bad_rows_becomes_so_many_letters_and_no_more() -> None:
    letters = letters_of([BAD] * (LETTERS_LIMIT + 900))
    assert len(letters) == LETTERS_LIMIT
    assert letters[-1]["detail"].endswith("(and 900 more rows of this record, for this reason or others)")
    assert not letters[-2]["detail"].endswith(")")
    assert "more rows" not in letters_of([BAD] * LETTERS_LIMIT)[-1]["detail"]


def test_the_trace_of_a_record_goes_on_behind_its_place() -> None:
    partition = Intake(IntakeSetup(load_mapping(MAPPING).sources["legs"], "core.legs", 0, b"mark"), {}, BEGINNING)
    trace = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    values = [msgspec.json.encode({"legs": [GOOD, BAD]}), msgspec.json.encode({"legs": [GOOD]})]
    records = [LargeRecord(0, 0, b"k", values[0], None, [trace]), LargeRecord(1, 0, b"k", values[1])]
    partition.work_some(partition.decode(0, records), 0, NO_LIMIT)
    headers = [list(message.headers) for _, message in partition.pack([2]).messages]
    assert [each[0][0] for each in headers] == ["source-position"] * 3
    assert [each[2:] for each in headers] == [[trace], [trace], []]
