"""Forms of times, in the directives of strptime: "%Y%m%d", "%d.%m.%Y %H:%M". Compiled once, to one expression.

strptime itself reads a form anew for each text, takes names of months in the language of the machine, and cannot count
years of the Republic of China: 115 is 2026.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

from streams.intake.refused import RefusedError
from streams.policy.language.forms import quoted

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Of numbers: how many digits they have, fewer where signs stand around them.
_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "I": 2, "M": 2, "S": 2}
_PARTS = {
    "b": rf"(?P<b>{'|'.join(_MONTHS)})",
    "p": r"(?P<p>AM|PM)",
    "f": r"(?P<f>[0-9]{1,9})",
    "z": r"(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
}
_KNOWN = [*_DIGITS, *_PARTS]
_YEARS = frozenset("Yy")
_CLOCK = frozenset("HIMSfp")
_DIRECTIVE = re.compile(r"%(.)|([^%]+)|(%)", re.DOTALL)
_ROC_YEARS = 1911
# As strptime has it: 69 to 99 are of the last century.
_FIRST_YEAR_OF_1900 = 69


def compile_form(form: str, calendar: str = "common") -> Callable[[str], datetime]:
    """Compiles a form; the function gives the local time, or one with an offset where the form has %z.

    Raises:
        ValueError: It is no form; the message says why.
    """
    pattern = re.compile(_pattern(form, calendar), re.ASCII | re.IGNORECASE)

    def read(text: str) -> datetime:
        found = pattern.fullmatch(text)
        if found is None:
            raise RefusedError(f"{quoted(text)} is not of the form {quoted(form)}")
        try:
            return _time(found.groupdict(), calendar)
        except ValueError as error:
            raise RefusedError(f"{quoted(text)} is not in the calendar ({error})") from error

    return read


def has_clock(form: str) -> bool:
    """Says whether a form has a time of day in it."""
    return any(part[0] in _CLOCK for part in _DIRECTIVE.findall(form))


def _pattern(form: str, calendar: str) -> str:
    parts = _DIRECTIVE.findall(form)
    written, seen = "", set()
    for number, (directive, text, alone) in enumerate(parts):
        if alone or (directive and directive not in _KNOWN):
            raise ValueError(f"{quoted(form)} has %{directive}, which is not read; there are %{', %'.join(_KNOWN)}")
        if directive in seen and directive not in {"", "%"}:
            raise ValueError(f"{quoted(form)} has %{directive} twice")
        seen.add(directive)
        around = (*parts[number - 1 : number], *parts[number + 1 : number + 2])
        written += _expression(directive, calendar, is_tight=any(part[0] for part in around)) or re.escape(text)
    if not ({"m", "d"} <= seen or {"b", "d"} <= seen or "j" in seen) or seen.isdisjoint(_YEARS):
        raise ValueError(f'{quoted(form)} has no whole date; write year, month and day, such as "%Y-%m-%d"')
    return written


def _expression(directive: str, calendar: str, *, is_tight: bool) -> str:
    """Gives the expression of a directive. is_tight: another one stands right beside it, so that all digits count."""
    if directive not in _DIGITS:
        return _PARTS.get(directive, "")
    most = _DIGITS[directive]
    least = most if is_tight or directive in _YEARS else 1
    if directive == "Y" and calendar == "roc":
        least, most = 2, 3
    return f"(?P<{directive}>[0-9]{{{least},{most}}})"


def _time(parts: dict[str, str | None], calendar: str) -> datetime:
    year = _year(parts, calendar)
    fraction = (parts.get("f") or "0").ljust(9, "0")[:6]
    clock = time(
        _hour(parts), int(parts.get("M") or 0), int(parts.get("S") or 0), int(fraction), _offset(parts.get("z"))
    )
    if (number := parts.get("j")) is not None:
        day = date(year, 1, 1) + timedelta(days=int(number) - 1)
        if day.year != year:
            raise ValueError(f"the year has no day {number}")
    else:
        month = int(parts.get("m") or 0) or _MONTHS.index((parts.get("b") or "").title()) + 1
        day = date(year, month, int(parts["d"] or 0))
    return datetime.combine(day, clock)


def _year(parts: dict[str, str | None], calendar: str) -> int:
    if (long := parts.get("Y")) is not None:
        return int(long) + _ROC_YEARS * (calendar == "roc")
    short = int(parts.get("y") or 0)
    if calendar == "roc":
        return short + _ROC_YEARS
    return short + (1900 if short >= _FIRST_YEAR_OF_1900 else 2000)


def _hour(parts: dict[str, str | None]) -> int:
    half = parts.get("p")
    hour = int(parts.get("H") or parts.get("I") or 0)
    if half is None:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004 - of a clock's face
        raise ValueError("hours with AM or PM are 1 to 12")
    return hour % 12 + 12 * (half.upper() == "PM")


def _offset(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written in {"Z", "z"}:
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if written[0] == "-" else offset)
