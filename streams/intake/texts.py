"""Values of any format as texts, and full-width signs as plain ones."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from streams.intake.decimals import is_variable_scale, variable_scale
from streams.intake.exact import plain
from streams.intake.refused import RefusedError

_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {
    0xFF0E: ".",
    0xFF0C: ",",
    0xFF0D: "-",
    0xFF0B: "+",
    0xFF0F: "/",
    0xFF1A: ":",
    0x2212: "-",
    0x3000: " ",
}


def text_of(value: Any) -> str:
    """Writes a value as text, the same for the same value whatever carries it: 5 and "5" are one id.

    Raises:
        RefusedError: It is an object, a list, bytes or a binary floating-point number.
    """
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if is_variable_scale(value):
        return plain(variable_scale(value))
    raise RefusedError(f"{named(value)} is no text")


def named(value: Any) -> str:
    """Says in words what a value is."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case bytes():
            return "a value in bytes"
        case float():
            return "a binary floating-point number"
        case bool():
            return str(value).lower()
        case _:
            return repr(value)[:50]


def in_plain_signs(text: str) -> str:
    """Puts plain signs in the place of full-width digits and what stands between them."""
    return text.translate(_FULL_WIDTH)
