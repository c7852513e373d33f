"""Which days a measure looks at, and how far back any rule looks."""

from streams.policy.measures import Measure
from streams.policy.policy import Policy
from streams.values.calendar import month_of, month_start


def first_day_of(measure: Measure, day: int, *, is_over: bool) -> int:
    """Gives the first day that a measure looks at, if `day` is the last one.

    is_over: `day` has ended, so that a month that ends with it is a whole one.
    """
    if measure.days:
        return day - measure.days + 1
    return month_start(month_of(day + is_over) - measure.months)


def last_day_of(measure: Measure, day: int, *, is_over: bool) -> int:
    """Gives the last day that a measure looks at: `day` itself, or the end of the last whole month."""
    return day if measure.days else month_start(month_of(day + is_over)) - 1


def oldest_day_looked_at(policy: Policy, day: int, *, is_over: bool = False) -> int:
    """Gives the first day that any rule looks at, if `day` is the last one. All days before it can be dropped."""
    return _oldest(day, policy.look_back_days, policy.look_back_months, is_over=is_over)


def oldest_closing_looked_at(policy: Policy, day: int, *, is_over: bool = False) -> int:
    """Gives the first day whose closing total any rule looks at, if `day` is the last one."""
    return _oldest(day, policy.closing_days, policy.closing_months, is_over=is_over)


def _oldest(day: int, days: int, months: int, *, is_over: bool) -> int:
    oldest = day - days + 1
    return min(oldest, month_start(month_of(day + is_over) - months)) if months else oldest
