"""Messages of Protobuf to plain values: what reads a message is compiled of its descriptor, once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from streams.intake.decimals import decimal_of_bytes
from streams.intake.exact import EXACT
from streams.intake.formats.connect import Convert
from streams.intake.refused import MalformedError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def message_reader(descriptor: Descriptor, made: dict[str, Convert]) -> Convert:
    """Compiles what makes a plain value of a message. made: by name; a message may hold others of its own kind."""
    name = descriptor.full_name
    if name in _KNOWN_MESSAGES:
        return _KNOWN_MESSAGES[name]
    if name not in made:
        readers: list[tuple[str, Callable[[Any], Any]]] = []

        def read(message: Any) -> dict[str, Any]:
            return {field: read_field(message) for field, read_field in readers}

        made[name] = read
        readers.extend((field.name, _field_reader(field, made)) for field in descriptor.fields)
    return made[name]


def _field_reader(field: FieldDescriptor, made: dict[str, Convert]) -> Callable[[Any], Any]:
    name, convert = field.name, _value_reader(field, made)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        of_value = _value_reader(kind.fields_by_name["value"], made) or _as_it_is
        return lambda message: {str(key): of_value(value) for key, value in getattr(message, name).items()}
    if field.is_repeated:
        of_item = convert or _as_it_is
        return lambda message: [of_item(value) for value in getattr(message, name)]
    if field.has_presence and not field.has_default_value:
        of_one = convert or _as_it_is
        return lambda message: of_one(getattr(message, name)) if message.HasField(name) else None
    if convert is None:
        return lambda message: getattr(message, name)
    return lambda message: convert(getattr(message, name))


def _value_reader(field: FieldDescriptor, made: dict[str, Convert]) -> Convert | None:
    """Gives what makes a plain value of a field's; None where it is one already."""
    if field.message_type is not None:
        return message_reader(field.message_type, made)
    if field.enum_type is not None:
        words = {number: word.name for number, word in field.enum_type.values_by_number.items()}
        return lambda number: words.get(number, number)
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _money(message: Any) -> dict[str, Any]:
    amount = EXACT.add(Decimal(message.units), EXACT.scaleb(Decimal(message.nanos), -9))
    return {"currency_code": message.currency_code, "amount": amount}


def _exact_decimal(message: Any) -> Decimal:
    number = Decimal(message.value)
    if not number.is_finite():
        raise MalformedError("a google.type.Decimal is no number")
    return number


def _wrapped(message: Any) -> Any:
    return message.value


_KNOWN_MESSAGES: dict[str, Convert] = {
    "google.protobuf.Timestamp": lambda message: (
        _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
    ),
    "google.type.Date": lambda message: date(message.year, message.month, message.day),
    "google.type.Decimal": _exact_decimal,
    "google.type.Money": _money,
    "confluent.type.Decimal": lambda message: decimal_of_bytes(message.value, message.scale),
    **{
        f"google.protobuf.{kind}Value": _wrapped
        for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
    },
}
