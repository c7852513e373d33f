"""Reading times of inputs: epoch milliseconds, or RFC 3339 with an offset (docs/messages.md#how-values-are-read)."""

import re
from datetime import datetime, timedelta

from streams.contracts.inputs import EARLIEST_INTEGER_MS, EARLIEST_MS, LATEST_MS, LATEST_WRITTEN_MS, RFC3339_PATTERN
from streams.values.calendar import DAY_MS, EPOCH

FUTURE_LIMIT_MS = DAY_MS
"""How far an event may be ahead of the wall clock, and how far what a reversal undoes may be ahead of that."""
_RFC3339 = re.compile(RFC3339_PATTERN)
_SECONDS = slice(17, 19)
_LAST_SECOND_MS = 86_399_000
_SHOWN_DIGITS = 30
# What an integer that is no milliseconds says, if it is meant for a time from 1990 to 9999: the ranges do not meet.
_UNITS = (
    (range(EARLIEST_INTEGER_MS // DAY_MS, LATEST_WRITTEN_MS // DAY_MS + 1), "days"),
    (range(1990_01_01, 9999_12_31 + 1), "a date in digits"),
    (range(EARLIEST_INTEGER_MS // 1000, LATEST_WRITTEN_MS // 1000 + 1), "seconds"),
    (range(EARLIEST_INTEGER_MS * 1000, LATEST_WRITTEN_MS * 1000 + 1), "microseconds"),
    (range(EARLIEST_INTEGER_MS * 1_000_000, LATEST_WRITTEN_MS * 1_000_000 + 1), "nanoseconds"),
)


def instant_ms(written: int | str) -> int:
    """Gives the epoch milliseconds of a time, rounded down.

    Times in the last two days of 9999, by which banks' systems mean "for ever", give LATEST_MS.

    Raises:
        ValueError: It is no such time, an integer before 1990, or outside 1900 to 9999; the message says which.
    """
    if isinstance(written, int):
        return min(_from_integer(written), LATEST_MS)
    at_ms = _from_text(written)
    if not EARLIEST_MS <= at_ms <= LATEST_WRITTEN_MS:
        raise ValueError("the time is outside 1900 to 9999")
    return min(at_ms, LATEST_MS)


def _from_integer(written: int) -> int:
    if EARLIEST_INTEGER_MS <= written <= LATEST_WRITTEN_MS:
        return written
    for range_, unit in _UNITS:
        if written in range_:
            raise ValueError(f"{written} seems to be {unit}; write milliseconds")
    if EARLIEST_MS <= written < EARLIEST_INTEGER_MS:
        raise ValueError(f"{written} is before 1990 as milliseconds; write so old a time in RFC 3339")
    raise ValueError(f"{str(written)[:_SHOWN_DIGITS]} is outside 1990 to 9999 as milliseconds")


def _from_text(text: str) -> int:
    # fromisoformat takes forms that RFC 3339 has not: week dates, offsets without a colon or with seconds, commas.
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is no RFC 3339 time with an offset, such as 2026-11-24T09:30:00+08:00")
    upper = text.upper()
    if upper[_SECONDS] == "60":
        return _after_leap_second(upper)
    return _milliseconds(upper)


def _after_leap_second(text: str) -> int:
    """Reads 23:59:60 UTC as the first second of the next day, since epoch time has no leap seconds."""
    at_ms = _milliseconds(f"{text[:17]}59{text[19:]}")
    if at_ms % DAY_MS < _LAST_SECOND_MS:
        raise ValueError(f"{text[:50]!r}: a leap second is at 23:59:60 UTC only")
    return at_ms + 1000


def _milliseconds(text: str) -> int:
    try:
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} is not in the calendar ({error})") from error
