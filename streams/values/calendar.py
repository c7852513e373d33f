"""Days and months of a time zone, as numbers.

A day is the number of days since 1970-01-01 and begins at local midnight. A month is the number of months since
January 1970. Instants are epoch milliseconds (`_ms`).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal

Clock = Literal["wall", "event"]
"""Where a partition takes the time from: the wall clock, or its newest event (docs/architecture.md#order)."""

NEVER_MS: Final = -(10**15)
"""An instant before every event: of what has not happened yet, or has no time."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_LAST_DAY: Final = date.max.toordinal()
_LAST_MONTH: Final = (9999 - 1970) * 12 + 11
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
# The last instant that `datetime` can hold in every time zone: the furthest ahead is +14:00. A term may end later.
_LAST_MS: Final = (_LAST_DAY - _EPOCH_DAY + 1) * DAY_MS - 14 * HOUR_MS - 1
_CACHE_LIMIT: Final = 100_000
_MINUTE_MS: Final = 60_000
_QUARTER_MS: Final = 15 * _MINUTE_MS
_QUARTERS_LIMIT: Final = 1_000
_SIXTY: Final = [f"{number:02}" for number in range(60)]
_FRACTIONS: Final = ["", *(f".{ms:03}" for ms in range(1, 1000))]


# Made once each: events ask for the same few again and again.
_MONTH_OF_DAY: dict[int, int] = {}
_FIRST_DAY_OF_MONTH: dict[int, int] = {}


def earliest(times: Iterable[int | None]) -> int | None:
    """Gives the earliest of instants, or of days; None where there is none. `min` takes ten times as long for a few."""
    found: int | None = None
    for at in times:
        if at is not None and (found is None or at < found):
            found = at
    return found


def month_of(day: int) -> int:
    """Gives the calendar month of a day."""
    month = _MONTH_OF_DAY.get(day)
    if month is None:
        if len(_MONTH_OF_DAY) >= _CACHE_LIMIT:
            _MONTH_OF_DAY.clear()
        at = date.fromordinal(day + _EPOCH_DAY)
        _MONTH_OF_DAY[day] = month = (at.year - 1970) * 12 + at.month - 1
    return month


def month_start(month: int) -> int:
    """Gives the first day of a month; of months after 9999, which `datetime` cannot hold, the last day of that year."""
    first = _FIRST_DAY_OF_MONTH.get(month)
    if first is None:
        if month > _LAST_MONTH:
            return _LAST_DAY - _EPOCH_DAY
        first = date(1970 + month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_DAY
        _FIRST_DAY_OF_MONTH[month] = first  # there are but 97,000 in `datetime`
    return first


def month_text(day: int) -> str:
    """Writes the calendar month of a day, such as 2026-11."""
    year, month = divmod(month_of(day), 12)
    return f"{1970 + year:04}-{month + 1:02}"


def date_text(day: int) -> str:
    """Writes a day, such as 2026-11-24."""
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


def parse_day(text: str) -> int:
    """Reads a day, such as 2026-11-24.

    Raises:
        ValueError: There is no such day, or the text is no date.
    """
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


class Calendar:
    """The local days of one time zone: turns epoch milliseconds into days and back. Its only state are caches."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._day_of_hour: dict[int, int] = {}
        self._hours_of_midnight: set[int] = set()
        self._written_quarters: dict[int, tuple[str, int, str] | None] = {}
        self._midnight_of_day: dict[int, int] = {}

    def day_of(self, at_ms: int) -> int:
        """Gives the local day of an instant."""
        hour = at_ms // HOUR_MS
        day = self._day_of_hour.get(hour)
        return self._day_in(hour, at_ms) if day is None else day

    def midnight_ms(self, day: int) -> int:
        """Gives the instant at which a local day begins.

        Where the clocks jump over midnight, this is the end of the jump. A day after 9999, which `datetime` cannot
        hold, counts as the last day of that year.
        """
        midnight_ms = self._midnight_of_day.get(day)
        if midnight_ms is None:
            if len(self._midnight_of_day) >= _CACHE_LIMIT:
                self._midnight_of_day.clear()
            ordinal = min(day + _EPOCH_DAY, _LAST_DAY)
            midnight_ms = self._instant_ms(datetime.combine(date.fromordinal(ordinal), time()))
            self._midnight_of_day[day] = midnight_ms
        return midnight_ms

    def month_begins_ms(self, at_ms: int) -> int:
        """Gives the instant at which the month of `at_ms` begins."""
        return self.midnight_ms(month_start(month_of(self.day_of(at_ms))))

    def next_month_begins_ms(self, at_ms: int) -> int:
        """Gives the instant at which the month after that of `at_ms` begins."""
        return self.midnight_ms(month_start(month_of(self.day_of(at_ms)) + 1))

    def days_later_ms(self, at_ms: int, days: int) -> int:
        """Gives the same local time some days later, or earlier if `days` is negative.

        Where the clocks jump over this local time, the result is later by the length of the jump.
        """
        day = self.day_of(at_ms)
        begins_ms, then_ms = self.midnight_ms(day), self.midnight_ms(day + days)
        if self.midnight_ms(day + 1) - begins_ms == self.midnight_ms(day + days + 1) - then_ms == DAY_MS:
            return then_ms + at_ms - begins_ms  # no clock is changed on either day
        local = self._local(at_ms)
        then = date.fromordinal(min(local.toordinal() + days, _LAST_DAY))
        return self._instant_ms(datetime.combine(then, local.time().replace(fold=0)))

    def months_later_ms(self, at_ms: int, months: int) -> int:
        """Gives the same day of the month and local time some months later.

        Where the month is too short for this day, the result is on its last day.
        """
        day = self._local_day(at_ms)
        month = month_of(day)
        last = month_start(month + months + 1) - 1 if month + months < _LAST_MONTH else _LAST_DAY - _EPOCH_DAY
        moved = min(month_start(month + months) + day - month_start(month), last)
        local_time = self._local(at_ms).time().replace(fold=0)
        return self._instant_ms(datetime.combine(date.fromordinal(moved + _EPOCH_DAY), local_time))

    def rfc3339(self, at_ms: int) -> str:
        """Writes an instant in RFC 3339 with the zone's offset, with milliseconds where it has any."""
        quarter, rest_ms = divmod(at_ms, _QUARTER_MS)
        try:
            written = self._written_quarters[quarter]
        except KeyError:
            written = self._write_quarter(quarter)
        if written is None:
            return self._local(at_ms).isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")
        hour, first_minute, offset = written
        minute = _SIXTY[first_minute + rest_ms // _MINUTE_MS]
        return f"{hour}:{minute}:{_SIXTY[rest_ms // 1000 % 60]}{_FRACTIONS[rest_ms % 1000]}{offset}"

    def _write_quarter(self, quarter: int) -> tuple[str, int, str] | None:
        """Gives what the instants of a quarter of an hour have in common: the hour as written, a minute, the offset.

        None where local quarters are others: offsets are odd in a few zones, and had seconds once.
        """
        first, last = self._local(quarter * _QUARTER_MS), self._local((quarter + 1) * _QUARTER_MS - 1)
        written = None
        if first.utcoffset() == last.utcoffset() and first.minute % 15 == first.second == 0:
            text = first.isoformat(timespec="seconds")
            written = text[: len("2026-11-24T09")], first.minute, text[len("2026-11-24T09:30:00") :]
        if len(self._written_quarters) >= _QUARTERS_LIMIT:
            self._written_quarters.clear()
        self._written_quarters[quarter] = written
        return written

    def _day_in(self, hour: int, at_ms: int) -> int:
        """Works out the day of an instant, and remembers that of its hour.

        Where midnight falls inside the hour (offsets of half an hour), each instant is worked out.
        """
        if hour in self._hours_of_midnight:
            return self._local_day(at_ms)
        days = self._day_of_hour
        if len(days) + len(self._hours_of_midnight) >= _CACHE_LIMIT:
            days.clear()
            self._hours_of_midnight.clear()
        day, last = self._local_day(hour * HOUR_MS), self._local_day(hour * HOUR_MS + HOUR_MS - 1)
        if day != last:
            self._hours_of_midnight.add(hour)
            return self._local_day(at_ms)
        days[hour] = day
        begins_ms, ends_ms = self.midnight_ms(day), self.midnight_ms(day + 1)
        if ends_ms - begins_ms == DAY_MS and not begins_ms % HOUR_MS:
            # No clock is changed on that day: what goes for one of its hours goes for all.
            days.update(dict.fromkeys(range(begins_ms // HOUR_MS, ends_ms // HOUR_MS), day))
        return day

    def _instant_ms(self, local: datetime) -> int:
        return (local.replace(tzinfo=self.zone) - EPOCH) // timedelta(milliseconds=1)

    def _local(self, at_ms: int) -> datetime:
        return (EPOCH + timedelta(milliseconds=min(at_ms, _LAST_MS))).astimezone(self.zone)

    def _local_day(self, at_ms: int) -> int:
        return self._local(at_ms).toordinal() - _EPOCH_DAY
