"""Exact money: integers, never a float (docs/adr/0003-exact-money-and-packed-state.md).

An amount is an integer of ten-thousandths of its currency (`_e4`): inputs have at most 4 decimals
(docs/messages.md#how-values-are-read). What is computed from amounts, exchange rates (8 decimals) and shares (4
decimals) is an integer of 10**-16 (`_e16`), so that sums, products and comparisons are exact. Figures are rounded
only where they are written out or paid.
"""

import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

AMOUNT_DECIMALS: Final = 4
RATE_DECIMALS: Final = 8
SHARE_DECIMALS: Final = 4
VALUE_DECIMALS: Final = AMOUNT_DECIMALS + RATE_DECIMALS + SHARE_DECIMALS

# A packed state holds signed 64-bit integers, up to 9.2e18. One amount stays below 1e18, and
# every sum below 4e18, so that the difference of two sums fits as well.
AMOUNT_LIMIT_E4: Final = 10**18
SUM_LIMIT_E4: Final = 4 * 10**18

# An average that does not come out even is a Fraction; every other figure is an integer.
Figure = int | Fraction

ONE_E16: Final[int] = 10**VALUE_DECIMALS
ONE_E4_E16: Final[int] = 10 ** (VALUE_DECIMALS - AMOUNT_DECIMALS)
ONE_SHARE: Final[int] = 10**SHARE_DECIMALS
ONE_RATE: Final[int] = 10**RATE_DECIMALS

_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_EXPONENT_LIMIT: Final = 40
_WHOLE_DIGITS: Final = 14
_SHORTEST_WITH_CENTS: Final = 4  # "1.50"
_LONGEST_WITH_CENTS: Final = _WHOLE_DIGITS + 3  # ".50"
_ONE_CENT_E4: Final = 100
_ONE_CENT_E16: Final = 10 ** (VALUE_DECIMALS - 2)
_TWO_DIGITS: Final = [f"{number:02d}" for number in range(100)]
_BEYOND = "the number is beyond what an amount can be"
_NO_AMOUNT = 'an amount is a decimal string such as "1234.50"'
_NO_RATE = 'a rate is a decimal string such as "32.15"'
_RATE_WHOLE_DIGITS: Final = 10


def parse_fixed(text: str, decimals: int) -> int:
    """Reads a plain decimal, such as 1234.50, as an integer of 10**-decimals.

    Raises:
        ValueError: The text is no plain decimal, or has more decimals than these; the message says which.
    """
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is not a plain decimal number such as 1234.50")
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals and fraction[decimals:].strip("0"):
        raise ValueError(f"{text[:50]!r} has more than {decimals} decimals")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def amount_from_json(raw: bytes) -> int:
    """Reads an amount as it stands in JSON, a decimal string or a number, in ten-thousandths.

    Raises:
        ValueError: It is no decimal, has more than 4 decimals or is too large; the message says which.
    """
    return amount_from_text(_text_from_json(raw, _NO_AMOUNT))


def rate_from_json(raw: bytes) -> int:
    """Reads an exchange rate as it stands in JSON, a decimal string or a number, in units of 10**-8.

    Raises:
        ValueError: It is no decimal, not above 0, has more than 8 decimals or is too large; the message says which.
    """
    text = _text_from_json(raw, _NO_RATE)
    rate_e8 = parse_fixed(text, RATE_DECIMALS)
    if rate_e8 <= 0:
        raise ValueError(f"{text[:50]!r} is not above 0")
    if rate_e8 >= AMOUNT_LIMIT_E4:
        raise ValueError(f"{text[:50]!r} is beyond {_RATE_WHOLE_DIGITS} digits before the point")
    return rate_e8


def _text_from_json(raw: bytes, no_number: str) -> str:
    """Gives the plain decimal that stands in JSON. no_number: the sentence where there is none."""
    if raw[:1] in b"[{":  # not parsed: it may be nested hundreds of levels deep
        raise ValueError(no_number)
    if raw[:1].isdigit() and raw[-1:].isdigit() and raw.replace(b".", b"").isdigit():
        return raw.decode()
    try:
        value = json.loads(raw, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
    except ArithmeticError as error:
        raise ValueError(_BEYOND) from error
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > _EXPONENT_LIMIT:
            raise ValueError(_BEYOND)
        value = f"{value:f}"
    if not isinstance(value, str):
        raise ValueError(no_number)  # noqa: TRY004 - one error for the caller
    return value


def amount_from_text(text: str) -> int:
    """Reads an amount, a plain decimal, in ten-thousandths.

    Raises:
        ValueError: It is no decimal, has more than 4 decimals or is too large; the message says which.
    """
    length = len(text)
    if _SHORTEST_WITH_CENTS <= length <= _LONGEST_WITH_CENTS and text[-3] == ".":
        digits = text.replace(".", "")
        if len(digits) == length - 1 and digits.isdigit() and digits.isascii():
            return int(digits) * _ONE_CENT_E4  # nearly always
    amount_e4 = parse_fixed(text, AMOUNT_DECIMALS)
    if not -AMOUNT_LIMIT_E4 < amount_e4 < AMOUNT_LIMIT_E4:
        raise ValueError(f"{text[:50]!r} is beyond {_WHOLE_DIGITS} digits before the point")
    return amount_e4


def format_value(value_e16: Figure) -> str:
    """Writes a figure with 2 to 4 decimals, as many as it needs; rounds half up (away from zero) to the fourth."""
    cents, rest = divmod(value_e16, _ONE_CENT_E16)
    if not rest and cents >= 0:  # most figures are whole cents
        return f"{cents // 100}.{_TWO_DIGITS[cents % 100]}"
    negative, size = value_e16 < 0, abs(value_e16)
    step = 10 ** (VALUE_DECIMALS - 4)
    whole, fraction = divmod((size + step // 2) // step, 10_000)
    digits = f"{fraction:04d}"
    sign = "-" if negative and (whole or fraction) else ""
    return f"{sign}{whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def paid_e4(value_e16: int, minor_decimals: int) -> int:
    """Gives what is paid of an amount: rounded down to the minor unit of its currency, which has so many decimals."""
    minor_e4: int = 10 ** (AMOUNT_DECIMALS - minor_decimals)
    paid: int = value_e16 // (minor_e4 * ONE_E4_E16) * minor_e4
    return paid


def format_e4(amount_e4: int) -> str:
    """Writes an amount of ten-thousandths with 2 to 4 decimals, as many as it needs."""
    return format_value(amount_e4 * ONE_E4_E16)
