"""Times of a source to instants, whatever their unit, form, calendar and zone (docs/intake.md#times)."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from streams.contracts.inputs import EARLIEST_INTEGER_MS, EARLIEST_MS, LATEST_MS, LATEST_WRITTEN_MS
from streams.contracts.times import instant_ms
from streams.intake.exact import EXACT, plain
from streams.intake.language.rules import SourceWords, TimeRule
from streams.intake.refused import RefusedError
from streams.intake.texts import in_plain_signs, named
from streams.intake.time_forms import compile_form, has_clock
from streams.policy.language.forms import quoted
from streams.values.calendar import DAY_MS, EPOCH

_INTEGER = re.compile(r"-?[0-9]{1,25}", re.ASCII)
_SECONDS = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,9}", re.ASCII)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}Z?", re.ASCII)
_ONE_MS = timedelta(milliseconds=1)
# Nanoseconds of a unit.
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "days": DAY_MS * 1_000_000}
_NS_OF_MS = 1_000_000
_DAYS_END_MS = DAY_MS - 1
_NO_ZONE = 'it has no zone; write zone = "Asia/Taipei", or the one whose clocks it was read from'


def compile_time(rule: TimeRule, source: SourceWords) -> Callable[[Any], int | str]:
    """Gives what reads a value as a time: epoch milliseconds, or RFC 3339 where that is before 1990."""
    unit, full_width = rule.unit, rule.full_width or source.full_width
    # A number counts from 1970 in UTC, unless the field itself says that it counts local time.
    unit_zone = ZoneInfo(rule.zone) if rule.zone else None
    zone = unit_zone or (ZoneInfo(source.zone) if source.zone else None)
    read_form = _compile_form(rule)
    is_end = rule.of_day == "end"

    def instant(value: Any) -> int:
        if type(value) is str:
            text = (in_plain_signs(value) if full_width else value).strip()
            if read_form is not None:
                return _instant(read_form(text), zone, is_end=is_end)
            if _INTEGER.fullmatch(text) and (unit or len(text) != len("20261124")):
                value = int(text)
            elif unit and _SECONDS.fullmatch(text):
                value = Decimal(text)
            else:
                return _from_text(text, zone, is_end=is_end)
        elif read_form is not None and isinstance(value, int) and not isinstance(value, bool):
            return _instant(read_form(str(value)), zone, is_end=is_end)
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            at_ms = _from_number(value, unit or "ms", unit_zone)
            return at_ms + _DAYS_END_MS if is_end and unit == "days" else at_ms
        if isinstance(value, datetime | date):
            return _instant(value, zone, is_end=is_end)
        raise RefusedError(f"{named(value)} is no time")

    return lambda value: _written(instant(value))


def _compile_form(rule: TimeRule) -> Callable[[str], date] | None:
    """Compiles the form of a rule; of one that has no clock in it, to what gives dates."""
    if rule.form is None:
        return None
    read = compile_form(rule.form, rule.calendar)
    return read if has_clock(rule.form) else lambda text: read(text).date()


def _from_number(number: int | Decimal, unit: str, zone: ZoneInfo | None) -> int:
    """Reads a number of units since 1970. Where a zone is given, it counts the time of that zone's clocks."""
    if isinstance(number, Decimal):
        at_ns = int(EXACT.multiply(Decimal(plain(number)), Decimal(_UNITS[unit])).to_integral_value(ROUND_FLOOR))
    else:
        at_ns = number * _UNITS[unit]
    at_ms = at_ns // _NS_OF_MS
    if not EARLIEST_MS <= at_ms <= LATEST_WRITTEN_MS:
        raise RefusedError(f"{str(number)[:30]} {unit} since 1970 is outside 1900 to 9999; is the unit another one?")
    if at_ms < EARLIEST_INTEGER_MS and unit != "days":
        # Seconds that are taken for milliseconds, say, are times of 1970.
        raise RefusedError(f"{str(number)[:30]} {unit} since 1970 is before 1990; is the unit another one?")
    if zone is not None:
        at_ms = _instant((EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None), zone)
    return at_ms


def _from_text(text: str, zone: ZoneInfo | None, *, is_end: bool) -> int:
    """Reads ISO 8601, of which RFC 3339 is a part."""
    try:
        return instant_ms(text)
    except ValueError:
        pass
    try:
        read: date = date.fromisoformat(text[:10]) if _ISO_DATE.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(
            f'{quoted(text)} is no time of ISO 8601; write form = "%d.%m.%Y %H:%M", as it stands there, or unit ='
        ) from error
    return _instant(read, UTC if text.endswith("Z") else zone, is_end=is_end)


def _instant(read: date, zone: tzinfo | None, *, is_end: bool = False) -> int:
    """Gives the instant of a time, in the zone unless it has an offset of its own; or of a date, its first or last."""
    local = read if isinstance(read, datetime) else datetime.combine(read, time.max if is_end else time.min)
    if local.tzinfo is None:
        if zone is None:
            raise RefusedError(_NO_ZONE)
        local = local.replace(tzinfo=zone)
    return (local - EPOCH) // _ONE_MS


def _written(at_ms: int) -> int | str:
    """Writes an instant as the contract takes it."""
    if at_ms >= EARLIEST_INTEGER_MS:
        return min(at_ms, LATEST_MS)
    if at_ms < EARLIEST_MS:
        raise RefusedError("the time is before 1900")
    return (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
