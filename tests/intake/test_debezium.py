"""Change events of Debezium, with schemas beside them and without, to events of the contract."""

import json
from typing import Any

import pytest

from streams.intake.record import Mapped, Skipped
from streams.intake.source import Source
from tests.support.debezium import BOOKING, BOOKINGS, Column, change, connect_decimal, with_schema
from tests.support.mappings import mapped, outcomes, record, refused, source_of

MAPPING = """\
[sources.bookings]
topic = "core.public.bookings"
format = "debezium"
zone = "Asia/Taipei"
deletes = "skip"

[sources.bookings.transactions]
event_id = { template = "booking-{id}" }
customer_id = "customer_no"
account_id = "account_no"
type = { path = "dc", codes = { D = "withdrawal", C = "deposit" } }
amount = "amount"
currency = { constant = "TWD" }
occurred_at = "booked_at"
"""
AT_MS = 1795483800125


def bookings(text: str = MAPPING) -> Source:
    return source_of(text)


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_a_row_that_was_written_is_mapped(op: str) -> None:
    event = with_schema(change(op, None, BOOKING))
    assert mapped(bookings(), event) == {
        "event_id": "booking-4711",
        "customer_id": "C001",
        "account_id": "A-100",
        "type": "withdrawal",
        "amount": "1234.50",
        "currency": "TWD",
        "occurred_at": AT_MS,
    }


def test_a_snapshot_taken_again_gives_the_same_events() -> None:
    first = bookings().map(record(with_schema(change("c", None, BOOKING)), offset=5))
    again = bookings().map(record(with_schema(change("r", None, BOOKING)), offset=99_000))
    assert first == again


@pytest.mark.parametrize(
    ("deletes", "outcome"),
    [("skip", Skipped("rows were deleted")), ("map", None), ("refuse", "deleted")],
)
def test_a_deleted_row_is_what_the_mapping_says(deletes: str, outcome: object) -> None:
    source = bookings(MAPPING.replace('deletes = "skip"', f'deletes = "{deletes}"'))
    event = with_schema(change("d", BOOKING, None))
    if deletes == "map":
        assert mapped(source, event)["event_id"] == "booking-4711"
    elif deletes == "refuse":
        assert refused(source, event).reason == outcome
    else:
        assert outcomes(source, event) == [outcome]


def test_a_closed_account_is_a_balance_of_nothing() -> None:
    text = """\
[sources.accounts]
topic = "core.public.accounts"
format = "debezium"
deletes = "map"

[sources.accounts.balances]
event_id = { template = "{account_no}-{_record.source.lsn}" }
customer_id = "customer_no"
account_id = "account_no"
balance = [{ when = "_record.op == 'd'", constant = "0" }, "amount"]
currency = { constant = "TWD" }
as_of = { path = "_record.source.ts_ms", unit = "ms" }
"""
    event = mapped(source_of(text), with_schema(change("d", BOOKING, None)))
    assert (event["balance"], event["event_id"], event["as_of"]) == ("0.00", "A-100-24023128", 1795483800200)
    assert mapped(source_of(text), with_schema(change("u", None, BOOKING)))["balance"] == "1234.50"


def test_tombstones_and_messages_are_skipped() -> None:
    assert outcomes(bookings(), None) == [Skipped("a tombstone, behind the event of the deletion")]
    null = {"schema": None, "payload": None}
    assert outcomes(bookings(), null) == [Skipped("a tombstone, behind the event of the deletion")]
    message = change("m", None, None) | {"message": {"prefix": "foo", "content": "Ymfy"}}
    assert outcomes(bookings(), message) == [Skipped("a message in the database's log, of no table")]


def test_an_emptied_table_is_refused_unless_deletions_are_skipped() -> None:
    event = change("t", None, None)
    assert outcomes(bookings(), event) == [Skipped("rows were deleted")]
    assert "was emptied" in refused(bookings(MAPPING.replace('"skip"', '"map"')), event).detail


def typed(column: Column, value: Any) -> dict[str, Any]:
    """An event whose amount, or booked_at, is of another type."""
    name = column["field"]
    columns = [column if known["field"] == name else known for known in BOOKINGS]
    return with_schema(change("c", None, BOOKING | {name: value}), columns)


@pytest.mark.parametrize(
    ("column", "value", "amount"),
    [
        ({"type": "string", "field": "amount"}, "1234.50", "1234.50"),  # decimal.handling.mode=string
        (
            {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "4"}}
            | {"field": "amount"},
            connect_decimal(12345678),
            "1234.5678",
        ),
        (
            {"type": "struct", "name": "io.debezium.data.VariableScaleDecimal", "field": "amount"}
            | {"fields": [{"type": "int32", "field": "scale"}, {"type": "bytes", "field": "value"}]},
            {"scale": 1, "value": connect_decimal(12345)},
            "1234.50",
        ),
        ({"type": "int64", "field": "amount"}, 1234, "1234.00"),
    ],
)
def test_decimals_are_read_by_their_schema(column: Column, value: Any, amount: str) -> None:
    assert mapped(bookings(), typed(column, value))["amount"] == amount


def test_a_double_is_refused_unless_the_mapping_allows_it() -> None:
    event = typed({"type": "double", "field": "amount"}, 1234.5)
    assert "allow_double = true" in refused(bookings(), event).detail
    allowed = MAPPING.replace('amount = "amount"', 'amount = { path = "amount", allow_double = true }')
    assert mapped(bookings(allowed), event)["amount"] == "1234.50"


@pytest.mark.parametrize(
    ("column", "value", "at_ms"),
    [
        ({"type": "int64", "name": "io.debezium.time.Timestamp"}, 1795512600125, AT_MS),
        ({"type": "int64", "name": "io.debezium.time.MicroTimestamp"}, 1795512600125999, AT_MS),
        ({"type": "int64", "name": "io.debezium.time.NanoTimestamp"}, 1795512600125999999, AT_MS),
        ({"type": "int64", "name": "org.apache.kafka.connect.data.Timestamp"}, 1795512600125, AT_MS),
        ({"type": "int32", "name": "io.debezium.time.Date"}, 20781, 1795449600000),
        ({"type": "int32", "name": "org.apache.kafka.connect.data.Date"}, 20781, 1795449600000),
        ({"type": "string", "name": "io.debezium.time.ZonedTimestamp"}, "2026-11-24T01:30:00.125Z", AT_MS),
        ({"type": "string", "name": "io.debezium.time.IsoTimestamp"}, "2026-11-24T09:30:00.125Z", AT_MS),
        ({"type": "string", "name": "io.debezium.time.IsoDate"}, "2026-11-24Z", 1795449600000),
        ({"type": "int64"}, AT_MS, AT_MS),
    ],
)
def test_times_are_read_by_their_schema(column: Column, value: Any, at_ms: int) -> None:
    """Columns without a time zone hold local time, in the mode connect, too; those with one are instants."""
    assert mapped(bookings(), typed(column | {"field": "booked_at"}, value))["occurred_at"] == at_ms


@pytest.mark.parametrize(
    ("rules", "row", "amount", "at_ms"),
    [
        ('amount = { path = "amount", bytes = "base64", scale = 2 }', BOOKING, "1234.50", AT_MS),
        ('amount = "amount"', BOOKING | {"amount": "1234.50"}, "1234.50", AT_MS),
        ('amount = "amount"', BOOKING | {"amount": 1234.5}, "1234.50", AT_MS),
    ],
)
def test_events_without_a_schema_are_read_as_the_mapping_says(
    rules: str, row: dict[str, Any], amount: str, at_ms: int
) -> None:
    """Where schemas.enable is false, nothing says that a number counts local microseconds but the mapping."""
    text = MAPPING.replace('amount = "amount"', rules)
    text = text.replace('"booked_at"', '{ path = "booked_at", unit = "us", zone = "Asia/Taipei" }')
    event = mapped(bookings(text), change("c", None, row))
    assert (event["amount"], event["occurred_at"]) == (amount, at_ms)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (BOOKING, 'write format = "connect"'),
        (change("x", None, BOOKING), "there is no op 'x'"),
        (change("c", None, None), "no row after it"),
        ([], "a list is no change event"),
        (with_schema([]), "is not what its schema says"),
        (typed({"type": "int64", "name": "io.debezium.time.MicroTimestamp", "field": "booked_at"}, "x"), "booked_at"),
        (typed({"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "field": "amount"}, 7), "amount"),
        ({"schema": {"type": "struct", "fields": [7]}, "payload": {}}, "its schema cannot be read"),
    ],
)
def test_what_is_no_change_event_is_malformed(value: Any, said: str) -> None:
    refusal = refused(bookings(), value)
    assert (refusal.reason, said in refusal.detail) == ("malformed", True), refusal


def test_a_column_may_be_called_payload() -> None:
    assert mapped(bookings(), change("c", None, BOOKING | {"amount": "1.00", "payload": "x", "booked_at": AT_MS}))


def test_an_unwrapped_event_has_the_row_alone() -> None:
    text = MAPPING.replace('"debezium"', '"connect"')
    row = {"schema": {"type": "struct", "fields": BOOKINGS}, "payload": BOOKING}
    assert mapped(source_of(text), row)["amount"] == "1234.50"
    assert "where the converter writes none" in refused(source_of(text), BOOKING).detail
    assert outcomes(source_of(text), None) == [Skipped("rows were deleted")]


def test_a_timestamp_of_connect_is_an_instant_unless_its_field_says_that_it_counts_local_time() -> None:
    text = MAPPING.replace('"debezium"', '"connect"')
    columns = [
        {"type": "int64", "field": "booked_at", "name": "org.apache.kafka.connect.data.Timestamp"},
        *BOOKINGS[:5],
    ]
    row = {"schema": {"type": "struct", "fields": columns}, "payload": BOOKING | {"booked_at": AT_MS}}
    assert mapped(source_of(text), row)["occurred_at"] == AT_MS
    local = text.replace('"booked_at"', '{ path = "booked_at", zone = "Asia/Taipei" }')
    assert mapped(source_of(local), row)["occurred_at"] == AT_MS - 8 * 3_600_000


def test_a_cloud_event_has_its_data_and_its_attributes() -> None:
    text = MAPPING.replace('"debezium"', '"cloudevents"').replace('"booking-{id}"', '"{_record.event.id}"')
    row = BOOKING | {"amount": "1234.50", "booked_at": AT_MS}
    attributes = {"specversion": "1.0", "id": "e-1", "source": "/core", "type": "booked"}
    structured = attributes | {"datacontenttype": "application/json", "data": row}
    assert mapped(source_of(text), structured)["event_id"] == "e-1"
    headers = tuple((f"ce_{name}", word.encode()) for name, word in attributes.items())
    assert mapped(source_of(text), row, headers=headers)["event_id"] == "e-1"
    assert "no CloudEvent" in refused(source_of(text), row).detail
    other = structured | {"datacontenttype": "text/xml", "data_base64": "PGEvPg=="}
    assert "only JSON is read" in refused(source_of(text), other).detail
    raw = structured | {"data_base64": "e30="}
    assert refused(source_of(text), raw).reason == "missing_field"


def test_events_come_of_a_line_of_text_as_of_bytes() -> None:
    raw = json.dumps(with_schema(change("c", None, BOOKING)), indent=2).encode()
    [outcome] = bookings().map(record(raw))
    assert isinstance(outcome, Mapped)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ({"type": "int32", "name": "io.debezium.time.Time"}, 34200125),
        ({"type": "int64", "name": "io.debezium.time.MicroTime"}, 34200125000),
        ({"type": "int64", "name": "io.debezium.time.NanoTime"}, 34200125000000),
        ({"type": "int32", "name": "org.apache.kafka.connect.data.Time"}, 34200125),
        ({"type": "string"}, "09:30:00.125"),
    ],
)
def test_a_date_and_a_clock_time_in_two_columns_are_one_time(column: Column, value: object) -> None:
    source = bookings(MAPPING.replace('"booked_at"', '{ template = "{value_date}T{booked_at}" }'))
    assert mapped(source, typed(column | {"field": "booked_at"}, value))["occurred_at"] == AT_MS
