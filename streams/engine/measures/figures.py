"""A customer's figures: what the measures of a policy give, in the policy's currency.

A figure is in units of 10**-16: an integer or, where an average does not come out even, a Fraction. Counts and credit
scores are in the same units, so that every floor is compared alike.
"""

from fractions import Fraction
from typing import assert_never

from streams.engine.measures.closing_totals import average_e16, closing_e16, newest_e16, total_e16
from streams.engine.measures.spans import first_day_of, last_day_of
from streams.engine.measures.standings import standing_then
from streams.engine.measures.windows import sum_between
from streams.engine.outcomes import Figures
from streams.engine.state import CustomerState
from streams.policy.measures import Measure
from streams.policy.policy import Policy
from streams.values.money import ONE_E16, ONE_SHARE, VALUE_DECIMALS, Figure, parse_fixed
from streams.values.products import Holding
from streams.values.standings import standing_e16


def measure(state: CustomerState, policy: Policy, day: int, *, is_over: bool = False) -> Figures:
    """Works out all figures as of a day, which is the last one that windows of days look at.

    is_over: as of the midnight that ends the day; then a month that ends with it is a whole one.
    """
    figures = tuple([measure_one(state, rule, policy, day, is_over=is_over) for rule in policy.measures])
    assets: Figure = 0
    activity: Figure = 0
    for term in policy.terms:
        figure = figures[term.measure]
        part = figure if term.weight_e4 == ONE_SHARE else _times(figure, term.weight_e4)
        if term.at_most_e16 is not None and part > term.at_most_e16:
            part = term.at_most_e16
        if policy.measures[term.measure].types:
            activity += part
        else:
            assets += part
    credit = _credit(state, policy, day, is_over) if policy.credit_share_e4 else 0
    return figures_of(figures, assets, activity, credit)


def figures_of(measures: tuple[Figure, ...], assets: Figure, activity: Figure, credit: Figure) -> Figures:
    """Puts figures together; the value is the sum of its three parts."""
    return Figures(measures, assets, activity, credit, assets + activity + credit)


def measure_one(state: CustomerState, rule: Measure, policy: Policy, day: int, *, is_over: bool = False) -> Figure:
    """Works out the figure of one measure, as measure() does. It may be one that only a campaign looks at."""
    match rule.kind:
        case "total":
            return _total(state, rule.of, policy, day, is_over)
        case "sum" | "count":
            return _transactions(state, rule, policy, day, is_over)
        case "average":
            first, last = first_day_of(rule, day, is_over=is_over), last_day_of(rule, day, is_over=is_over)
            return average_e16(state, rule.of, first, last, policy)
        case "month_end":
            return closing_e16(state, rule.of, last_day_of(rule, day, is_over=is_over), policy)
        case "score":
            return _score(standing_then(state, policy, day, is_over=is_over)[1])
        case "standing":
            return standing_e16(standing_then(state, policy, day, is_over=is_over)[0])
        case never:
            assert_never(never)


def _credit(state: CustomerState, policy: Policy, day: int, is_over: bool) -> Figure:  # noqa: FBT001
    """Gives what the credit standing adds to the value, or takes off it: a share of the assets, if there are any."""
    standing, _ = standing_then(state, policy, day, is_over=is_over)
    share_e4 = policy.credit_share_e4.get(standing, 0)
    return _times(max(_total(state, "assets", policy, day, is_over), 0), share_e4) if share_e4 else 0


def _total(state: CustomerState, of: Holding, policy: Policy, day: int, is_over: bool) -> int:  # noqa: FBT001
    """Gives the newest total or, of a rating where all is rated by the calendar, the closing total of its last day."""
    if is_over and policy.by_calendar:
        return total_e16(state, of, day, policy)
    return newest_e16(state, of, policy)


def _transactions(state: CustomerState, rule: Measure, policy: Policy, day: int, is_over: bool) -> int:  # noqa: FBT001
    if rule.window is not None and state.windows[rule.window].through_day == day:
        sums = state.windows[rule.window].sum_e4_by_currency
    else:
        sums = sum_between(
            state, rule, first_day_of(rule, day, is_over=is_over), last_day_of(rule, day, is_over=is_over)
        )
    if rule.kind == "count":
        count: int = sum(sums.values()) * ONE_E16
        return count
    volume: int = 0
    for currency, amount_e4 in sums.items():
        volume += amount_e4 * policy.to_value.get(currency, 0)
    return volume


def _times(figure: Figure, share_e4: int) -> Figure:
    """Multiplies a figure by a share."""
    if not isinstance(figure, int):
        return figure * Fraction(share_e4, ONE_SHARE)
    part: int = figure * share_e4 // ONE_SHARE  # exact: amounts and counts leave four decimals free for it
    return part


def _score(text: str | None) -> int:
    """Reads a credit score as a figure; 0 where there is none, or it is no plain number."""
    try:
        return parse_fixed(text or "0", VALUE_DECIMALS)
    except ValueError:
        return 0
