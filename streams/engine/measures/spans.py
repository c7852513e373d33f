"""Which days a measure looks at, and how far back any rule looks."""

from streams.engine.ratings import last_rating_ms
from streams.engine.state import CustomerState
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


def oldest_day_kept(state: CustomerState, policy: Policy, today: int) -> int:
    """Gives the first day whose transactions have to be kept for the tiers.

    That is the first day that the last ratings looked at, since a correction makes them again; without a rating by the
    calendar, the first day that is looked at today.
    """
    rated = oldest_rated_day(state, policy)
    if rated is None:
        return oldest_day_looked_at(policy, today)
    return oldest_day_looked_at(policy, rated, is_over=True)


def oldest_transaction_kept(state: CustomerState, policy: Policy, today: int) -> int:
    """Gives the first day whose transactions have to be kept, for the tiers or for payments."""
    if not (policy.look_back_months or policy.paid_months) and (state.tenure is None or state.tenure.rated_ms is None):
        return today - policy.look_back_days + 1  # nothing but days, back from today
    oldest = oldest_day_kept(state, policy, today)
    return min(oldest, month_start(month_of(today) - policy.paid_months)) if policy.paid_months else oldest


def oldest_closing_kept(state: CustomerState, policy: Policy, today: int) -> int:
    """Gives the first day whose closing total has to be known, in the same way."""
    rated = oldest_rated_day(state, policy)
    return oldest_closing_looked_at(policy, today if rated is None else rated, is_over=rated is not None)


def oldest_rated_day(state: CustomerState, policy: Policy) -> int | None:
    """Gives the last day of the first one of the last ratings; None without a rating by the calendar."""
    rated_ms = None if state.tenure is None else state.tenure.rated_ms
    if rated_ms is None:
        return None
    for _ in range(policy.ratings_looked_at - 1):
        rated_ms = last_rating_ms(policy.falls, rated_ms - 1, policy.calendar)
    return policy.calendar.day_of(rated_ms) - 1


def _oldest(day: int, days: int, months: int, *, is_over: bool) -> int:
    oldest = day - days + 1
    return min(oldest, month_start(month_of(day + is_over) - months)) if months else oldest
