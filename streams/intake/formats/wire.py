"""Confluent's wire format: a zero byte, the number of the schema in four bytes, then the value itself.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from streams.intake.refused import MalformedError

_HEAD_BYTES = 5


def schema_id_of(value: bytes | None) -> int | None:
    """Gives the number of the schema that a value names; None: it names none."""
    if value is None or len(value) < _HEAD_BYTES or value[0]:
        return None
    return int.from_bytes(value[1:_HEAD_BYTES], "big")


def framed(value: bytes) -> tuple[int, bytes]:
    """Gives the number of the schema that a value names, and what stands behind the head.

    Raises:
        MalformedError: There is no head.
    """
    number = schema_id_of(value)
    if number is None:
        raise MalformedError(
            "it does not begin with a zero byte and the number of its schema, as serializers of a registry write it"
        )
    return number, value[_HEAD_BYTES:]


def without_frame(value: bytes) -> bytes:
    """Gives a text without the head that a JSON serializer of a registry puts before it."""
    return value[_HEAD_BYTES:] if schema_id_of(value) is not None else value
