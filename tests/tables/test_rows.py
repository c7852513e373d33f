"""A message as a row: what Kafka Connect's converters read of it is what the message says."""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import pytest

from streams.contracts.kept import MOVED_TO
from streams.partition.tables import Tables
from streams.partition.work import NO_LIMIT
from streams.tables import avro, connect
from streams.tables.columns import TABLES, Kind

ASYNCAPI = json.loads((Path(__file__).parents[2] / "docs" / "asyncapi.json").read_text())
NUMBER = 258
WIDEST = "1234567890123456789012345678901234.5678"  # 38 digits
# What the JSON of Kafka Connect holds of each type.
READ: Mapping[str, Any] = {"string": str, "int32": int, "int64": int, "boolean": bool, "bytes": Decimal}


def told(output: str) -> Iterator[dict[str, Any]]:
    """The real messages of an output that the AsyncAPI document has as examples."""
    for message in ASYNCAPI["channels"][f"tier.{output}"]["messages"].values():
        name = message["$ref"].rpartition("/")[2]
        for example in ASYNCAPI["components"]["messages"][name].get("examples", ()):
            if example.get("payload") is not None:
                yield example["payload"]


EACH = [(output, message) for output in TABLES for message in told(output)]


def by_connect(output: str, message: Mapping[str, Any]) -> Any:
    return json.loads(connect.writer_of(TABLES[output])(message), parse_float=Decimal)


def by_avro(output: str, message: Mapping[str, Any]) -> Any:
    value = avro.writer_of(TABLES[output], lambda: NUMBER)(message)
    assert value[:5] == b"\x00\x00\x00\x01\x02"
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), avro.schema_of(TABLES[output]))


def test_every_output_has_examples() -> None:
    assert {output for output, _ in EACH} == TABLES.keys()


@pytest.mark.parametrize(("output", "message"), EACH, ids=lambda one: one if isinstance(one, str) else one["id"])
def test_a_row_has_each_field_of_the_schema_beside_it(output: str, message: dict[str, Any]) -> None:
    row = by_connect(output, message)
    fields = {field["field"]: field for field in row["schema"]["fields"]}
    assert row["payload"].keys() == fields.keys()
    for name, value in row["payload"].items():
        assert fields[name]["optional"] if value is None else isinstance(value, READ[fields[name]["type"]]), name
    assert row["payload"]["id"] == message["id"]


@pytest.mark.parametrize(("output", "message"), EACH, ids=lambda one: one if isinstance(one, str) else one["id"])
def test_both_forms_say_the_same(output: str, message: dict[str, Any]) -> None:
    kinds = {one.name: one.kind for one in TABLES[output].columns}
    payload = by_connect(output, message)["payload"]
    assert by_avro(output, message) == {name: as_avro(kinds[name], value) for name, value in payload.items()}


def as_avro(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind == "time":
        return datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
    return date.fromordinal(date(1970, 1, 1).toordinal() + value) if kind == "day" else value


@pytest.mark.parametrize(("said", "read"), [("0.00", "0.0000"), ("-1.5", "-1.5000"), (WIDEST, WIDEST)])
def test_amounts_are_exact_and_have_four_places(said: str, read: str) -> None:
    message = {**next(told("changes")), "value": said}
    assert str(by_connect("changes", message)["payload"]["value"]) == read
    assert str(by_avro("changes", message)["value"]) == read


def test_a_day_is_the_banks_own() -> None:
    message = {**next(told("changes")), "decided_at": "2026-11-24T00:30:00.125+08:00"}
    payload = by_connect("changes", message)["payload"]
    assert (payload["decided_at"], payload["decided_on"]) == (1795451400125, date(2026, 11, 24).toordinal() - 719163)


def test_lists_are_json_text() -> None:
    message = next(told("changes"))
    payload = by_connect("changes", message)["payload"]
    assert json.loads(payload["granted"]) == message["strategy"]["granted"]
    assert json.loads(payload["conditions"]) == message["conditions"]


def test_what_older_messages_lack_is_null() -> None:
    message = next(told("campaigns"))
    del message["missing"], message["cause"]
    payload = by_connect("campaigns", message)["payload"]
    assert (payload["missing"], payload["cause_topic"]) == (None, None)


@pytest.mark.parametrize("output", TABLES)
def test_a_column_that_comes_later_breaks_no_reader(output: str) -> None:
    """All but ids may be missing: a schema with one more column reads rows of before, and that of before its rows."""
    written = avro.schema_of(TABLES[output])
    assert [one["name"] for one in written["fields"] if "default" not in one] == ["id", "customer_id"]
    more = {"name": "later", "type": ["null", "string"], "default": None}
    later = {**written, "fields": [*written["fields"], more]}
    message = next(told(output))
    value = io.BytesIO(avro.writer_of(TABLES[output], lambda: NUMBER)(message)[5:])
    assert fastavro.schemaless_reader(value, written, later)["later"] is None


class Read(NamedTuple):
    """A record of an output."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def worked(*values: bytes | None) -> tuple[list[tuple[bytes | None, bytes | None]], dict[tuple[str, ...], int]]:
    """Rows, and what was counted, of records of `changes`."""
    tables = Tables([("changes", connect.writer_of(TABLES["changes"]))])
    entries = tables.decode(0, [Read(offset, b"C1", value) for offset, value in enumerate(values)])
    tables.work_some(entries, 0, NO_LIMIT)
    work = tables.pack([len(values)])
    assert work.states == {}
    return [(message.key, message.value) for _, message in work.messages], dict(work.tally)


def test_a_customer_who_moved_with_a_growth_keeps_the_row() -> None:
    tables = Tables([("current", connect.writer_of(TABLES["current"]))])
    moved = Read(0, b"C1", None, ((MOVED_TO, b"5"),))
    tables.work_some(tables.decode(0, [moved]), 0, NO_LIMIT)
    assert tables.pack([1]).messages == []


def test_a_tombstone_stays_one_and_what_is_no_message_is_passed_over() -> None:
    message = json.dumps(next(told("changes"))).encode()
    rows, counted = worked(b"null", None, b"{}", b"\xff", message, b"[1]")
    assert [key for key, _ in rows] == [b"C1", b"C1"]
    assert rows[0][1] is None
    assert json.loads(rows[1][1] or b"")["schema"]["name"] == "tierflow.changes"
    assert counted == {("tables", "changes", "foreign"): 4, ("tables", "changes", "written"): 2}
