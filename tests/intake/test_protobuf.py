"""Protobuf by the descriptors of a registry: each value is what its schema says; and what is refused."""

import json
from base64 import b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from streams.intake.formats.protobuf import ProtobufReader, message_indexes
from streams.intake.schemas import RegisteredSchema, Schemas
from tests.intake.test_avro import EVENT, event, mapped, refused
from tests.support.avro import framed, known, mapping_of, refused_of_damaged
from tests.support.protobuf import BOOKING, body_of, file_with, serialized, written

SECOND = bytes([2, 2])  # one index: 1
VALUE = {
    "id": 7,
    "owner": "C1",
    "account": "A1",
    "kind": "PUR",
    "paid": {"currency_code": "TWD", "units": 1234, "nanos": 500_000_000},
    "at": "2026-11-24T01:30:00.125Z",
    "channel": "pos",
}
MAPPING = (
    mapping_of("http://r", "protobuf")
    .replace('amount = "amount"', 'amount = "paid.amount"')
    .replace('currency = "currency"', 'currency = "paid.currency_code"')
)


def schemas_of(*texts: str) -> Schemas:
    return known(*(RegisteredSchema("PROTOBUF", serialized(text)) for text in texts))


def read(fields: str, value: Any, more: str = "", dependencies: tuple[str, ...] = ()) -> Any:
    """What is read of the message M that has these fields."""
    text = file_with(fields, more, dependencies)
    return ProtobufReader(schemas_of(text)).read(written(text, "M", value))


def field(kind: str, label: str = "OPTIONAL", more: str = "") -> str:
    of_type = f'type: TYPE_MESSAGE type_name: "{kind}"' if kind.startswith(".") else f"type: TYPE_{kind.upper()}"
    return f'field {{ name: "v" number: 1 {of_type} label: LABEL_{label} {more} }}'


def test_a_record_becomes_an_event() -> None:
    value = written(BOOKING, "core.Booking", VALUE, SECOND)
    assert event(mapped(MAPPING, schemas_of(BOOKING), value)) == EVENT


def test_what_is_not_set_is_not_there() -> None:
    unset = {name: value for name, value in VALUE.items() if name != "channel"}
    assert "channel" not in event(mapped(MAPPING, schemas_of(BOOKING), written(BOOKING, "core.Booking", unset, SECOND)))
    without = {name: value for name, value in VALUE.items() if name != "at"}
    found = refused(mapped(MAPPING, schemas_of(BOOKING), written(BOOKING, "core.Booking", without, SECOND)))
    assert found[0] == "missing_field"


def test_a_field_of_a_later_schema_is_left_out_by_the_former() -> None:
    later = BOOKING.replace(
        'name: "Booking"', 'name: "Booking" field { name: "x" number: 9 type: TYPE_INT64 label: LABEL_OPTIONAL }'
    )
    schemas, value = schemas_of(BOOKING, later), VALUE | {"x": 5}
    for number in (1, 2):
        made = written(later, "core.Booking", value, SECOND, number)
        assert event(mapped(MAPPING, schemas, made)) == EVENT


@pytest.mark.parametrize(
    ("indexes", "name"),
    [(SECOND, "core.Booking"), (bytes([4, 2, 0]), "core.Booking.Inner"), (b"\6\2\0\0", "core.Booking.Inner.Deepest")],
)
def test_the_indexes_say_which_message_of_its_file_a_value_is(indexes: bytes, name: str) -> None:
    value = written(BOOKING, name, {"id": 5}, indexes)
    assert ProtobufReader(schemas_of(BOOKING)).read(value)["id"] == 5


@pytest.mark.parametrize(
    ("rest", "indexes", "begins_at"),
    [(b"\0x", (0,), 1), (b"\2\0x", (0,), 2), (b"\4\2\4x", (1, 2), 3), (b"\2\x80\2x", (128,), 3)],
)
def test_indexes_are_zigzag_varints(rest: bytes, indexes: tuple[int, ...], begins_at: int) -> None:
    assert message_indexes(rest) == (indexes, begins_at)


@pytest.mark.parametrize(
    ("fields", "value", "found"),
    [
        (field("int64"), {"v": str(1 << 62)}, 1 << 62),
        (field("uint64"), {"v": str((1 << 64) - 1)}, (1 << 64) - 1),
        (field("sint32"), {"v": -5}, -5),
        (field("double"), {"v": 0.5}, 0.5),
        (field("bool"), {"v": True}, True),
        (field("bytes"), {"v": b64encode(b"\1").decode()}, b"\1"),
        (field("int64"), {}, 0),
        (field("string"), {}, ""),
        (field("int64", "REPEATED"), {"v": [1, 2]}, [1, 2]),
        (field(".M"), {"v": {"v": {}}}, {"v": {"v": None}}),
        (field(".M", "REPEATED"), {"v": [{}, {}]}, [{"v": []}, {"v": []}]),
    ],
)
def test_a_value_is_what_its_schema_says(fields: str, value: Any, found: Any) -> None:
    assert read(fields, value) == {"v": found}


@pytest.mark.parametrize(
    ("kind", "file", "value", "found"),
    [
        (".google.type.Date", "google/type/date", {"year": 2026, "month": 11, "day": 24}, date(2026, 11, 24)),
        (".google.type.Decimal", "google/type/decimal", {"value": "-12.340"}, Decimal("-12.340")),
        (
            ".google.type.Money",
            "google/type/money",
            {"currency_code": "USD", "units": -1, "nanos": -750_000_000},
            {"currency_code": "USD", "amount": Decimal("-1.750000000")},
        ),
        (
            ".confluent.type.Decimal",
            "confluent/type/decimal",
            {"value": b64encode(b"\x01\xe2\x40").decode(), "precision": 9, "scale": 2},
            Decimal("1234.56"),
        ),
        (".google.protobuf.StringValue", "google/protobuf/wrappers", "x", "x"),
        (".google.protobuf.Int64Value", "google/protobuf/wrappers", "5", 5),
        (
            ".google.protobuf.Timestamp",
            "google/protobuf/timestamp",
            "1969-12-31T23:59:59.999999Z",
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ),
    ],
)
def test_messages_that_mean_a_value_are_it(kind: str, file: str, value: Any, found: Any) -> None:
    assert read(field(kind), {"v": value}, dependencies=(f"{file}.proto",)) == {"v": found}
    assert read(field(kind), {}, dependencies=(f"{file}.proto",)) == {"v": None}


def test_a_map_is_an_object_by_its_keys() -> None:
    entry = """nested_type { name: "VEntry" options { map_entry: true }
        field { name: "key" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
        field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL } }"""
    assert read(field(".M.VEntry", "REPEATED") + entry, {"v": {"5": "x"}}) == {"v": {"5": "x"}}


def test_a_code_is_its_word_and_one_that_the_schema_does_not_have_its_number() -> None:
    enum = 'enum_type { name: "E" value { name: "NONE" number: 0 } value { name: "PUR" number: 1 } }'
    fields = 'field { name: "v" number: 1 type: TYPE_ENUM type_name: ".E" label: LABEL_OPTIONAL }'
    assert read(fields, {"v": "PUR"}, enum) == {"v": "PUR"}
    reader = ProtobufReader(schemas_of(file_with(fields, enum)))
    assert reader.read(framed(1, b"\0\x08\x63")) == {"v": 99}


def test_a_schema_may_refer_to_others() -> None:
    deeper = 'name: "a/deeper.proto" package: "a" syntax: "proto3" message_type { name: "D" ' + field("int64") + "}"
    other = (
        'name: "a/other.proto" package: "a" syntax: "proto3" dependency: "a/deeper.proto" message_type { name: "O" '
        + field(".a.D")
        + "}"
    )
    text = file_with(field(".a.O"), dependencies=("a/other.proto",))
    imports = (("a/deeper.proto", serialized(deeper)), ("a/other.proto", serialized(other)))
    reader = ProtobufReader(known(RegisteredSchema("PROTOBUF", serialized(text), imports)))
    value = framed(1, b"\0" + body_of(text, "M", {"v": {"v": {"v": 5}}}, (deeper, other)))
    assert reader.read(value) == {"v": {"v": {"v": 5}}}


def test_a_double_is_refused_unless_a_word_allows_it() -> None:
    text = BOOKING.replace('TYPE_MESSAGE type_name: ".google.type.Money"', "TYPE_DOUBLE")
    value = written(text, "core.Booking", VALUE | {"paid": 0.1}, SECOND)
    mapping = MAPPING.replace('"paid.amount"', '"paid"').replace('"paid.currency_code"', '{ constant = "TWD" }')
    assert refused(mapped(mapping, schemas_of(text), value))[0] == "invalid_field"
    allowed = mapping.replace('amount = "paid"', 'amount = { path = "paid", allow_double = true, round_to = 2 }')
    assert event(mapped(allowed, schemas_of(text), value))["amount"] == "0.10"


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (b"{}", "malformed", "does not begin with a zero byte"),
        (framed(1, b""), "malformed", "ends behind the number of its schema"),
        (framed(1, b"\3"), "malformed", "no number of a message"),
        (framed(1, b"\2\x10"), "malformed", "has no message of the number (8,)"),
        (framed(1, b"\2\1"), "malformed", "has no message of the number (-1,)"),
        (framed(1, b"\0\xff"), "malformed", "is not what its schema 1 says"),
        (framed(2, b"\0"), "unknown_schema", "no schema 2"),
        (framed(3, b"\0"), "malformed", "one of AVRO, not of Protobuf"),
        (framed(4, b"\0"), "malformed", "its schema 4 cannot be read"),
        (framed(5, b"\0"), "malformed", "imports lost.proto, which the registry does not name"),
    ],
)
def test_what_cannot_be_read_says_why(value: bytes, reason: str, said: str) -> None:
    schemas = schemas_of(BOOKING, BOOKING)
    schemas.put(2, None)
    schemas.put(3, RegisteredSchema("AVRO", json.dumps("string")))
    schemas.put(4, RegisteredSchema("PROTOBUF", 'syntax = "proto3";'))
    schemas.put(5, RegisteredSchema("PROTOBUF", serialized(file_with("", dependencies=("lost.proto",)))))
    found = refused(mapped(MAPPING, schemas, value))
    assert found[0] == reason
    assert said in found[1]


def test_damaged_bytes_are_refused_or_read_and_nothing_else() -> None:
    value = written(BOOKING, "core.Booking", VALUE, SECOND)
    assert refused_of_damaged(value, ProtobufReader(schemas_of(BOOKING)).read) == {"malformed"}
