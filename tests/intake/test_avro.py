"""Avro by the schemas of a registry: each value is what its schema says, exactly; and what is refused."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from streams.intake.check import check_mapping
from streams.intake.compile.mapping import load_mapping
from streams.intake.formats.avro import AvroReader
from streams.intake.record import Mapped, Outcome, Refusal, Skipped, SourceRecord
from streams.intake.refused import RefusedError
from streams.intake.schemas import RegisteredSchema, Schemas
from tests.support.avro import BOOKING, DECIMAL, framed, known, mapping_of, refused_of_damaged, written

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time
ROW = {
    "id": 7,
    "owner": "C1",
    "account": "A1",
    "kind": "PUR",
    "amount": Decimal("1234.50"),
    "currency": "TWD",
    "at": datetime(2026, 11, 24, 1, 30, 0, 125_000, tzinfo=UTC),
    "channel": "pos",
}
EVENT = {
    "event_id": "core-7",
    "customer_id": "C1",
    "account_id": "A1",
    "type": "purchase",
    "amount": "1234.50",
    "currency": "TWD",
    "occurred_at": 1795483800125,
    "channel": "pos",
}
ENVELOPE_SOURCE = {
    "type": "record",
    "name": "Source",
    "fields": [{"name": "table", "type": "string"}, {"name": "lsn", "type": ["null", "long"], "default": None}],
}


def mapped(text: str, schemas: Schemas, value: bytes | None, key: bytes | None = None) -> list[Outcome]:
    """What comes of one record under a mapping, its registry having these schemas."""
    mapping = load_mapping(text)
    for number in range(1, 100):
        if schemas.is_known(number):
            try:
                mapping.schemas.put(number, schemas.of(number))
            except RefusedError:
                mapping.schemas.put(number, None)
    return mapping.sources["core"].map(SourceRecord("core", 0, 5, key, value))


def event(outcomes: list[Outcome]) -> dict[str, Any]:
    [outcome] = outcomes
    assert isinstance(outcome, Mapped), outcome
    [line] = outcome.events
    made: dict[str, Any] = json.loads(line.value)
    return made


def refused(outcomes: list[Outcome]) -> tuple[str, str]:
    [outcome] = outcomes
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason, outcome.detail


def read(kind: Any, value: Any) -> Any:
    """What is read of a value that was written as this type."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "v", "type": kind}]}
    return AvroReader(known(schema)).read(written(schema, {"v": value}))["v"]


def test_a_record_becomes_an_event() -> None:
    assert event(mapped(mapping_of("http://r"), known(BOOKING), written(BOOKING, ROW))) == EVENT


def test_what_is_null_is_not_there() -> None:
    made = event(mapped(mapping_of("http://r"), known(BOOKING), written(BOOKING, ROW | {"channel": None})))
    assert "channel" not in made


def test_records_of_two_schemas_are_each_read_by_their_own() -> None:
    later = BOOKING | {
        "fields": [
            {"name": "branch", "type": "string"},
            *(
                {"name": field["name"], "type": DECIMAL | {"scale": 4}} if field["name"] == "amount" else field
                for field in BOOKING["fields"]
            ),
        ]
    }
    schemas, text = known(BOOKING, later), mapping_of("http://r")
    former = written(BOOKING, ROW)
    newer = written(later, ROW | {"branch": "B1", "amount": Decimal("1234.5055")}, 2)
    for value, amount in ((former, "1234.50"), (newer, "1234.5055"), (former, "1234.50")):
        assert event(mapped(text, schemas, value))["amount"] == amount


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (DECIMAL, Decimal("-0.01"), Decimal("-0.01")),
        (DECIMAL | {"scale": 0}, Decimal(5), Decimal(5)),
        (
            {"type": "fixed", "name": "F", "size": 16, "logicalType": "decimal", "precision": 30, "scale": 6},
            Decimal("123456789012345678901234.000001"),
            Decimal("123456789012345678901234.000001"),
        ),
        ({"type": "int", "logicalType": "date"}, date(2026, 11, 24), date(2026, 11, 24)),
        ({"type": "int", "logicalType": "time-millis"}, time(9, 30, 0, 125_000), time(9, 30, 0, 125_000)),
        ({"type": "long", "logicalType": "time-micros"}, time(9, 30, 0, 1), time(9, 30, 0, 1)),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            datetime(2026, 11, 24, tzinfo=UTC),
            datetime(2026, 11, 24, tzinfo=UTC),
        ),
        ({"type": "long", "logicalType": "timestamp-nanos"}, 1_999, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, 1, EPOCH + timedelta(milliseconds=1)),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, 1, EPOCH + timedelta(microseconds=1)),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=5), str(UUID(int=5))),
        ({"type": "fixed", "size": 16, "name": "U", "logicalType": "uuid"}, UUID(int=5).bytes, str(UUID(int=5))),
        ({"type": "string", "logicalType": "of-a-bank"}, "x", "x"),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
        ({"type": "map", "values": DECIMAL}, {"a": Decimal("1.50")}, {"a": Decimal("1.50")}),
        ({"type": "array", "items": ["null", DECIMAL]}, [None, Decimal("1.50")], [None, Decimal("1.50")]),
        (["null", "string", DECIMAL], Decimal("1.50"), Decimal("1.50")),
        ("double", 0.5, 0.5),
        ("boolean", True, True),
        ("bytes", b"\1\2", b"\1\2"),
        # Debezium's and Connect's own, by the names of Connect.
        ({"type": "int", "connect.name": "io.debezium.time.Date"}, 1, date(1970, 1, 2)),
        ({"type": "long", "connect.name": "io.debezium.time.MicroTimestamp"}, 1, EPOCH + timedelta(microseconds=1)),
        (["null", {"type": "long", "connect.name": "io.debezium.time.NanoTime"}], 1_000, time(0, 0, 0, 1)),
        (
            {
                "type": "bytes",
                "connect.name": "org.apache.kafka.connect.data.Decimal",
                "connect.parameters": {"scale": "3"},
            },
            b"\5",
            Decimal("0.005"),
        ),
        ({"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"}, "2026-11-24T00:00:00Z", None),
    ],
)
def test_a_value_is_what_its_schema_says(kind: Any, value: Any, found: Any) -> None:
    got = read(kind, value)
    assert (got, type(got)) == (value if found is None else found, type(value if found is None else found))


def test_each_branch_of_a_union_is_read_as_itself() -> None:
    union = [{"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "timestamp-millis"}, "null"]
    reader = AvroReader(known(union))
    for branches, number, found in (
        (["int", "string"], 1, date(1970, 1, 2)),
        (["string", "long"], 86_400_000, datetime(1970, 1, 2, tzinfo=UTC)),
    ):
        assert reader.read(written(branches, number)) == found


def test_a_decimal_beyond_its_precision_is_not_rounded() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "v", "type": DECIMAL | {"precision": 4}}]}
    plain = {"type": "record", "name": "R", "fields": [{"name": "v", "type": "bytes"}]}
    value = written(plain, {"v": (123_456_789).to_bytes(5, "big")})
    assert AvroReader(known(schema)).read(value) == {"v": Decimal("1234567.89")}


def test_a_double_is_refused_unless_a_word_allows_it() -> None:
    schema = BOOKING | {
        "fields": [field | ({"type": "double"} if field["name"] == "amount" else {}) for field in BOOKING["fields"]]
    }
    value, text = written(schema, ROW | {"amount": 0.1}), mapping_of("http://r")
    assert refused(mapped(text, known(schema), value))[0] == "invalid_field"
    allowed = text.replace('amount = "amount"', 'amount = { path = "amount", allow_double = true, round_to = 2 }')
    assert event(mapped(allowed, known(schema), value))["amount"] == "0.10"


def test_a_schema_may_refer_to_others() -> None:
    money = {"type": "record", "name": "bank.Money", "fields": [{"name": "amount", "type": "bank.Amount"}]}
    amount = {"type": "fixed", "name": "bank.Amount", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 2}
    schema = {"type": "record", "name": "R", "fields": [{"name": "paid", "type": ["null", "bank.Money"]}]}
    imports = (("bank.Amount", json.dumps(amount)), ("bank.Money", json.dumps(money)))
    whole = {
        **schema,
        "fields": [
            {"name": "paid", "type": ["null", money | {"fields": [{"name": "amount", "type": amount}]}]},
        ],
    }
    value = written(whole, {"paid": {"amount": Decimal("1.50")}})
    found = RegisteredSchema("AVRO", json.dumps(schema), imports)
    assert AvroReader(known(found)).read(value) == {"paid": {"amount": Decimal("1.50")}}


def test_a_topic_of_several_kinds_of_records_is_a_union_of_references() -> None:
    one = {"type": "record", "name": "bank.One", "fields": [{"name": "one", "type": DECIMAL}]}
    two = {"type": "record", "name": "bank.Two", "fields": [{"name": "two", "type": "long"}]}
    found = RegisteredSchema(
        "AVRO", '["bank.One", "bank.Two"]', (("bank.One", json.dumps(one)), ("bank.Two", json.dumps(two)))
    )
    reader = AvroReader(known(found))
    assert reader.read(written([one, two], {"one": Decimal("1.50")})) == {"one": Decimal("1.50")}
    assert reader.read(written([one, two], {"two": 5})) == {"two": 5}


def test_a_key_is_read_by_its_schema() -> None:
    key_schema = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}
    text = mapping_of("http://r").replace('"core-{id}"', '"core-{_record.key.id}"')
    found = mapped(text, known(BOOKING, key_schema), written(BOOKING, ROW), written(key_schema, {"id": 9}, 2))
    assert event(found)["event_id"] == "core-9"


def test_a_key_that_names_no_schema_is_read_as_ever() -> None:
    text = mapping_of("http://r").replace('"core-{id}"', '"core-{_record.key}"')
    assert event(mapped(text, known(BOOKING), written(BOOKING, ROW), b"K1"))["event_id"] == "core-K1"


MICRO = {"type": "long", "connect.name": "io.debezium.time.MicroTimestamp"}


def envelope(time_type: Any = MICRO, **changed: Any) -> tuple[Any, bytes]:
    """A change event of Debezium, as its Avro converter writes it."""
    row = {
        "type": "record",
        "name": "Value",
        "fields": [
            *(field for field in BOOKING["fields"] if field["name"] not in {"at", "kind"}),
            {"name": "kind", "type": "string"},
            {"name": "at", "type": time_type},
        ],
        "connect.name": "core.public.bookings.Value",
    }
    schema = {
        "type": "record",
        "name": "Envelope",
        "namespace": "core.public.bookings",
        "fields": [
            {"name": "before", "type": ["null", row], "default": None},
            {"name": "after", "type": ["null", "Value"], "default": None},
            {"name": "source", "type": ENVELOPE_SOURCE},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"], "default": None},
        ],
        "connect.name": "core.public.bookings.Envelope",
    }
    now = ROW | {"at": 1_795_512_600_125_000}
    value = {"before": None, "after": now, "source": {"table": "bookings", "lsn": 1}, "op": "c", "ts_ms": 5}
    return schema, written(schema, value | changed)


ZONED = mapping_of("http://r", "debezium-avro").replace(
    'format = "debezium-avro"\n', 'format = "debezium-avro"\nzone = "Asia/Taipei"\n'
)


def test_a_change_event_becomes_an_event_and_its_local_time_has_the_zone_of_the_source() -> None:
    schema, value = envelope()
    assert event(mapped(ZONED, known(schema), value)) == EVENT


def test_connects_timestamp_is_local_time_of_debezium_and_an_instant_elsewhere() -> None:
    kind = {
        "type": "long",
        "connect.name": "org.apache.kafka.connect.data.Timestamp",
        "logicalType": "timestamp-millis",
    }
    schema, value = envelope(kind, after=ROW | {"at": datetime(2026, 11, 24, 9, 30, 0, 125_000, tzinfo=UTC)})
    assert event(mapped(ZONED, known(schema), value)) == EVENT
    assert read(kind, datetime(2026, 11, 24, tzinfo=UTC)) == datetime(2026, 11, 24, tzinfo=UTC)


def test_a_deletion_in_avro_means_what_the_mapping_says() -> None:
    schema, value = envelope(before=ROW | {"at": 1_795_512_600_125_000}, after=None, op="d")
    assert refused(mapped(ZONED, known(schema), value))[0] == "deleted"
    as_map = ZONED.replace("zone =", 'deletes = "map"\nzone =')
    assert event(mapped(as_map, known(schema), value)) == EVENT


def test_a_tombstone_behind_a_deletion_is_skipped() -> None:
    [outcome] = mapped(ZONED, known(), None)
    assert isinstance(outcome, Skipped)


def test_a_record_without_a_value_is_a_deleted_row() -> None:
    assert refused(mapped(mapping_of("http://r"), known(), None))[0] == "deleted"


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (b'{"id": 7}', "malformed", "does not begin with a zero byte"),
        (b"", "malformed", "does not begin with a zero byte"),
        (framed(2, b""), "unknown_schema", "no schema 2"),
        (framed(3, b"{}"), "malformed", "one of JSON, not of Avro"),
        (framed(4, b""), "malformed", "its schema 4 cannot be read"),
        (written(BOOKING, ROW)[:-3], "malformed", "is not what its schema 1 says"),
        (written(BOOKING, ROW) + b"\0\0", "malformed", "2 bytes more than its schema 1 says"),
        (written("string", "x", 5), "malformed", "where a row's object should be"),
    ],
)
def test_what_cannot_be_read_says_why(value: bytes, reason: str, said: str) -> None:
    schemas = known(BOOKING, BOOKING, RegisteredSchema("JSON", "{}"), {"type": "recrod"}, "string")
    schemas.put(2, None)
    found = refused(mapped(mapping_of("http://r"), schemas, value))
    assert found[0] == reason
    assert said in found[1]


def test_a_time_beyond_the_calendar_is_refused() -> None:
    plain = BOOKING | {
        "fields": [field | ({"type": "long"} if field["name"] == "at" else {}) for field in BOOKING["fields"]]
    }
    value = written(plain, ROW | {"amount": Decimal(1), "at": 1 << 62})
    assert refused(mapped(mapping_of("http://r"), known(BOOKING), value))[0] == "malformed"


def test_damaged_bytes_are_refused_or_read_and_nothing_else() -> None:
    assert refused_of_damaged(written(BOOKING, ROW), AvroReader(known(BOOKING)).read) == {"malformed"}


def test_a_schema_that_was_not_fetched_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        mapped(mapping_of("http://r"), known(), written(BOOKING, ROW))


def test_avro_needs_a_registry() -> None:
    report = check_mapping(mapping_of("http://r").partition("\n\n")[2])
    [problem] = report.errors
    assert "avro needs a schema registry" in problem.message


@pytest.mark.parametrize(
    "url",
    [
        "registry:8081",
        "http://me:secret@registry",
        "ftp://registry",
        "http://r?x=1",
        "http://r:99999",
        "http://r:0",
        "http://[:::]",
    ],
)
def test_an_address_of_a_registry_is_checked(url: str) -> None:
    [problem] = check_mapping(mapping_of(url)).errors
    assert "no address of a registry" in problem.message
    assert problem.line == 2
