"""What the rules look at: a customer's figures, exact, in the policy's currency.

A figure is in units of 10**-16, an integer or, where an average does not come out even, a Fraction; a count and a
credit score are in the same units, so that every floor is compared alike.
"""

from fractions import Fraction
from typing import assert_never, get_args

import msgspec

from streams.engine.closings import average_e16, closing_e16, newest_e16
from streams.engine.events import Standing
from streams.engine.money import ONE_SHARE, VALUE_DECIMALS, Figure, format_value, parse_fixed
from streams.engine.policy import Measure, Policy
from streams.engine.state import CustomerState
from streams.engine.windows import sum_between

ONE_E16 = 10**VALUE_DECIMALS
_STANDINGS: tuple[Standing, ...] = get_args(Standing)[::-1]  # from the worst to the best


class Figures(msgspec.Struct, frozen=True, gc=False):
    """All figures of a customer at one moment.

    `measures` are in the order of the policy's. `value` is what the floors are held against: the sum of its three
    parts, by where they come from: holdings, transactions, credit standing.
    """

    measures: tuple[Figure, ...]
    assets: Figure
    activity: Figure
    credit: Figure

    @property
    def value(self) -> Figure:
        """The composite value."""
        return self.assets + self.activity + self.credit


def measure(state: CustomerState, policy: Policy, day: int, *, is_over: bool = False) -> Figures:
    """The figures as of a day, which is the last one that windows of days look at; over: at the midnight that ends it.

    A month is whole when its last day is over.
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
    share_e4 = policy.credit_share_e4.get(state.standing or "good", 0)
    credit = _times(max(newest_e16(state, "assets", policy), 0), share_e4) if share_e4 else 0
    return Figures(figures, assets, activity, credit)


def format_figure(figure: Figure, rule: Measure | None) -> str:
    """The figure as it is written: an amount with at least 2 decimals, a count or a score without idle ones, a word."""
    if rule is not None and rule.kind == "standing":
        return _STANDINGS[int(figure // ONE_E16)]
    if rule is not None and rule.kind in ("count", "score") and figure % ONE_E16 == 0:
        return str(figure // ONE_E16)
    return format_value(figure)


def measure_one(state: CustomerState, rule: Measure, policy: Policy, day: int, *, is_over: bool = False) -> Figure:
    """One figure as of a day, as in measure()."""
    match rule.kind:
        case "total":
            return newest_e16(state, rule.of, policy)
        case "sum" | "count":
            return _transactions(state, rule, policy, day, is_over)
        case "average":
            first, last = rule.first_day(day, is_over=is_over), rule.last_day(day, is_over=is_over)
            return average_e16(state, rule.of, first, last, policy)
        case "month_end":
            return closing_e16(state, rule.of, rule.last_day(day, is_over=is_over), policy)
        case "score":
            return _score(state.score)
        case "standing":
            return standing_e16(state.standing or "good")
        case never:
            assert_never(never)


def _transactions(state: CustomerState, rule: Measure, policy: Policy, day: int, is_over: bool) -> int:  # noqa: FBT001
    if rule.window is not None and state.windows[rule.window].through_day == day:
        sums = state.windows[rule.window].sum_e4_by_currency
    else:
        sums = sum_between(state, rule, rule.first_day(day, is_over=is_over), rule.last_day(day, is_over=is_over))
    if rule.kind == "count":
        count: int = sum(sums.values()) * ONE_E16
        return count
    volume: int = 0
    for currency, amount_e4 in sums.items():
        volume += amount_e4 * policy.to_value.get(currency, 0)
    return volume


def _times(figure: Figure, share_e4: int) -> Figure:
    """A share of a figure, exact."""
    if isinstance(figure, Fraction):
        return figure * Fraction(share_e4, ONE_SHARE)
    part: int = figure * share_e4 // ONE_SHARE  # amounts and counts have the four decimals to spare that a share takes
    return part


def _score(text: str | None) -> int:
    """A score that is no plain number, or none, counts as 0."""
    try:
        return parse_fixed(text or "0", VALUE_DECIMALS)
    except ValueError:
        return 0


def standing_e16(standing: Standing) -> int:
    """A credit standing as a figure, so that conditions compare it like any other: the better, the more."""
    figure: int = _STANDINGS.index(standing) * ONE_E16
    return figure
