"""Days in the policy's time zone: a day is the number of days since 1970-01-01, and begins at local midnight."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_CACHE_LIMIT = 100_000


class Calendar:
    """Turns epoch milliseconds into local days and back, for one time zone. Remembers answers; has no other state."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._day_of_hour: dict[int, int | None] = {}
        self._written: tuple[int, str] | None = None

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
        local = datetime.combine(date.fromordinal(min(day + _EPOCH_DAY, _LAST_DAY)), time(), self.zone)
        return round((local - EPOCH) / timedelta(milliseconds=1))

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

    def _local(self, at_ms: int) -> datetime:
        return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(self.zone)

    def _local_day(self, at_ms: int) -> int:
        return self._local(at_ms).toordinal() - _EPOCH_DAY
