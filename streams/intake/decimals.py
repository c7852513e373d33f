"""Decimals in bytes, as Kafka Connect and Debezium write them: an unscaled big-endian two's complement, and a scale."""

from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from streams.intake.exact import DIGITS_LIMIT, EXACT
from streams.intake.refused import RefusedError

_BYTES_LIMIT = 32
_VARIABLE = {"scale", "value"}


def decimal_of_bytes(written: bytes | str, scale: int, form: Literal["base64", "hex"] = "base64") -> Decimal:
    """Reads a decimal of a known scale. written: the bytes, or in JSON a text of the form.

    Raises:
        RefusedError: It is none.
    """
    raw = written if isinstance(written, bytes) else _decoded(written, form)
    if not 0 < len(raw) <= _BYTES_LIMIT:
        raise RefusedError(f"it has {len(raw)} bytes; a number has 1 to {_BYTES_LIMIT}")
    return EXACT.scaleb(Decimal(int.from_bytes(raw, "big", signed=True)), -scale)


def is_variable_scale(value: Any) -> bool:
    """Says whether a value is Debezium's VariableScaleDecimal, in which NUMBER columns of Oracle come."""
    return type(value) is dict and value.keys() == _VARIABLE


def variable_scale(value: Mapping[str, Any]) -> Decimal:
    """Reads a decimal that brings its scale along: {"scale": 2, "value": bytes or base64}.

    Raises:
        RefusedError: It is none.
    """
    scale = value["scale"]
    if isinstance(scale, bool) or not isinstance(scale, int) or abs(scale) > DIGITS_LIMIT:
        raise RefusedError(f"its scale is {str(scale)[:50]}")
    return decimal_of_bytes(value["value"], scale)


def _decoded(text: Any, form: str) -> bytes:
    try:
        return bytes.fromhex(text) if form == "hex" else b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise RefusedError(f"{str(text)[:50]!r} is no {form}") from error
