"""When a policy rates by the calendar: at every midnight, at each month's end, or on given dates of the year."""

from typing import Literal

import msgspec

from streams.engine.calendar import Calendar, month_of, month_start

When = Literal["at_once", "daily", "month_end", "dates"]


class Schedule(msgspec.Struct, frozen=True):
    """At once: whenever something changes. Otherwise at the midnight that ends a rating day."""

    when: When
    dates: tuple[tuple[int, int], ...] = ()  # month and day of the year, rising

    @property
    def at_once(self) -> bool:
        """Whether every event is rated."""
        return self.when == "at_once"

    def next_ms(self, after_ms: int, calendar: Calendar) -> int | None:
        """The first rating later than this instant; None where ratings are at once."""
        day = calendar.day_of(after_ms)
        match self.when:
            case "at_once":
                return None
            case "daily":
                return calendar.midnight_ms(day + 1)
            case "month_end":
                return calendar.midnight_ms(month_start(month_of(day) + 1))
            case "dates":
                later = [ends for ends in self._rating_midnights(day) if ends > day]
                return calendar.midnight_ms(min(later, default=day))  # none is later than the end of 9999

    def last_ms(self, until_ms: int, calendar: Calendar) -> int:
        """The newest rating at or before this instant; the instant itself where ratings are at once."""
        day = calendar.day_of(until_ms)
        match self.when:
            case "at_once":
                return until_ms
            case "daily":
                return calendar.midnight_ms(day)
            case "month_end":
                return calendar.midnight_ms(month_start(month_of(day)))
            case "dates":
                return calendar.midnight_ms(max(ends for ends in self._rating_midnights(day) if ends <= day))

    def _rating_midnights(self, day: int) -> list[int]:
        """The days that begin with a rating, from the year before until the year after."""
        january = month_of(day) // 12 * 12
        return [
            min(month_start(year + month - 1) + number - 1, month_start(year + month) - 1) + 1
            for year in (january - 12, january, january + 12)
            for month, number in self.dates
        ]
