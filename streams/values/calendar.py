"""Days in the policy's time zone: a day is the number of days since 1970-01-01, and begins at local midnight."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

Clock = Literal["wall", "event"]
"""The time that a partition goes by: the wall clock's, or that of the newest event."""

NEVER_MS = -(10**15)
"""Before all time: what is older than every event."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()
_LAST_MONTH = (9999 - 1970) * 12 + 11
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_CACHE_LIMIT = 100_000


def month_of(day: int) -> int:
    """The calendar month of a day, as the number of months since January 1970."""
    at = date.fromordinal(day + _EPOCH_DAY)
    return (at.year - 1970) * 12 + at.month - 1


def month_start(month: int) -> int:
    """The first day of a month; months after 9999, which the standard library does not know, begin on its last day."""
    if month > _LAST_MONTH:
        return _LAST_DAY - _EPOCH_DAY
    return date(1970 + month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_DAY


def month_text(day: int) -> str:
    """Writes the calendar month of a day, such as 2026-11."""
    year, month = divmod(month_of(day), 12)
    return f"{1970 + year:04}-{month + 1:02}"


def date_text(day: int) -> str:
    """Writes a day, such as 2026-11-24."""
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


class Calendar:
    """Turns epoch milliseconds into local days and back, for one time zone. Remembers answers; has no other state."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._day_of_hour: dict[int, int | None] = {}
        self._written: tuple[int, str] | None = None
        self._midnight_of_day: dict[int, int] = {}

    def day_of(self, at_ms: int) -> int:
        """The local day of an instant."""
        hour = at_ms // HOUR_MS
        try:
            day = self._day_of_hour[hour]
        except KeyError:
            day = self._remember(hour)
        return self._local_day(at_ms) if day is None else day

    def midnight_ms(self, day: int) -> int:
        """The instant at which a local day begins (where the clocks jump over midnight: the end of the jump).

        Days after 9999, of which the standard library knows nothing, count as the last one of that year.
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
        """The beginning of the month of an instant."""
        return self.midnight_ms(month_start(month_of(self.day_of(at_ms))))

    def next_month_begins_ms(self, at_ms: int) -> int:
        """The beginning of the month after that of an instant."""
        return self.midnight_ms(month_start(month_of(self.day_of(at_ms)) + 1))

    def days_later_ms(self, at_ms: int, days: int) -> int:
        """The same local time some days later (where the clocks jump over it: as much later as they jump)."""
        day = self.day_of(at_ms)
        begins_ms, then_ms = self.midnight_ms(day), self.midnight_ms(day + days)
        if self.midnight_ms(day + 1) - begins_ms == self.midnight_ms(day + days + 1) - then_ms == DAY_MS:
            return then_ms + at_ms - begins_ms  # no clock is changed on either day
        local = self._local(at_ms)
        then = date.fromordinal(min(local.toordinal() + days, _LAST_DAY))
        return self._instant_ms(datetime.combine(then, local.time().replace(fold=0)))

    def months_later_ms(self, at_ms: int, months: int) -> int:
        """The same local day and time some months later; the last day of a month that is too short for it."""
        day = self._local_day(at_ms)
        month = month_of(day)
        last = month_start(month + months + 1) - 1 if month + months < _LAST_MONTH else _LAST_DAY - _EPOCH_DAY
        moved = min(month_start(month + months) + day - month_start(month), last)
        local_time = self._local(at_ms).time().replace(fold=0)
        return self._instant_ms(datetime.combine(date.fromordinal(moved + _EPOCH_DAY), local_time))

    def rfc3339(self, at_ms: int) -> str:
        """The instant with the zone's offset, to the millisecond where there is one."""
        if self._written is None or self._written[0] != at_ms:
            local = self._local(at_ms)
            self._written = at_ms, local.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")
        return self._written[1]

    def _remember(self, hour: int) -> int | None:
        # An hour that midnight cuts has two days: it is looked at afresh for each instant.
        first, last = self._local_day(hour * HOUR_MS), self._local_day(hour * HOUR_MS + HOUR_MS - 1)
        if len(self._day_of_hour) >= _CACHE_LIMIT:
            self._day_of_hour.clear()
        self._day_of_hour[hour] = day = first if first == last else None
        return day

    def _instant_ms(self, local: datetime) -> int:
        return (local.replace(tzinfo=self.zone) - EPOCH) // timedelta(milliseconds=1)

    def _local(self, at_ms: int) -> datetime:
        return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(self.zone)

    def _local_day(self, at_ms: int) -> int:
        return self._local(at_ms).toordinal() - _EPOCH_DAY
