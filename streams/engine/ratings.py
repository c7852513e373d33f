"""When a policy rates by the calendar: the ratings before and after an instant.

A rating is made at the midnight that ends its day (docs/policies.md#averages-rated-at-each-months-end).
"""

from streams.policy.schedule import Schedule
from streams.values.calendar import Calendar, month_of, month_start


def next_rating_ms(schedule: Schedule, after_ms: int, calendar: Calendar) -> int | None:
    """Gives the first rating after an instant; None where customers are rated at once."""
    day = calendar.day_of(after_ms)
    match schedule.when:
        case "at_once":
            return None
        case "daily":
            return calendar.midnight_ms(day + 1)
        case "month_end":
            return calendar.midnight_ms(month_start(month_of(day) + 1))
        case "dates":
            later = [ends for ends in _rating_midnights(schedule, day) if ends > day]
            return calendar.midnight_ms(min(later, default=day))  # default: there is no rating after the end of 9999


def last_rating_ms(schedule: Schedule, until_ms: int, calendar: Calendar) -> int:
    """Gives the newest rating at or before an instant; the instant itself where ratings are at once."""
    day = calendar.day_of(until_ms)
    match schedule.when:
        case "at_once":
            return until_ms
        case "daily":
            return calendar.midnight_ms(day)
        case "month_end":
            return calendar.midnight_ms(month_start(month_of(day)))
        case "dates":
            return calendar.midnight_ms(max(ends for ends in _rating_midnights(schedule, day) if ends <= day))


def _rating_midnights(schedule: Schedule, day: int) -> list[int]:
    """Gives the days that begin with a rating, in the year of `day` and in the years before and after it.

    A date that a month does not have (29 February) is the last day of that month.
    """
    january = month_of(day) // 12 * 12
    return [
        min(month_start(year + month - 1) + number - 1, month_start(year + month) - 1) + 1
        for year in (january - 12, january, january + 12)
        for month, number in schedule.dates
    ]
