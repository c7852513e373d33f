"""Sums of transactions over days or whole months.

Where events look at a measure over days, its sum is kept running (Policy.windows); else it is added up when asked for.
"""

from collections.abc import Iterator

from streams.engine.measures.days import all_buckets
from streams.engine.state import CustomerState, Window
from streams.policy.measures import Measure
from streams.policy.policy import Policy


def add_to_windows(  # noqa: PLR0913, PLR0917 - a transaction, taken apart
    state: CustomerState, policy: Policy, day: int, kind: str, currency: str, count: int, amount_e4: int
) -> None:
    """Adds a transaction to the running sums that cover its day. count, amount_e4: negative for a reversal."""
    for number, measure in enumerate(policy.windows):
        if kind in measure.types:
            amount = count if measure.kind == "count" else amount_e4
            _add_to_window(state.windows[number], measure, day, currency, amount)


def sum_between(state: CustomerState, measure: Measure, first: int, last: int) -> dict[str, int]:
    """Adds up a measure over the days from `first` to `last`, both included.

    Gives amounts by currency, in ten-thousandths; of a measure that counts, numbers of transactions by currency.
    """
    sums: dict[str, int] = {}
    for day, currency, amount in _counted(state, measure):
        if first <= day <= last:
            sums[currency] = sums.get(currency, 0) + amount
    return sums


def roll(state: CustomerState, today: int, policy: Policy) -> None:
    """Moves every running sum on, to end with `today`. Most need no adding up: no day has come in or dropped out."""
    if not state.windows or state.windows[0].through_day >= today:
        return
    rolled: list[Window] = []
    for window, measure in zip(state.windows, policy.windows, strict=True):
        if window.moves_on_day is None or window.moves_on_day > today:
            window.through_day = today
            rolled.append(window)
        else:
            rolled.append(_summed(state, measure, today))
    state.windows = tuple(rolled)


def sum_anew(state: CustomerState, today: int, policy: Policy) -> None:
    """Adds up every running sum from the days, to end with `today`: another policy's are of no use to this one."""
    state.windows = tuple([_summed(state, measure, today) for measure in policy.windows])


def _summed(state: CustomerState, measure: Measure, today: int) -> Window:
    window = Window(today, {})
    for day, currency, amount in _counted(state, measure):
        _add_to_window(window, measure, day, currency, amount)
    return window


def _counted(state: CustomerState, measure: Measure) -> Iterator[tuple[int, str, int]]:
    """Yields what counts for a measure, by day: the currency, and the amount or the number of transactions."""
    for day, name, bucket in all_buckets(state):
        kind, _, currency = name.partition(".")
        if kind in measure.types:
            yield day, currency, bucket.count if measure.kind == "count" else bucket.amount_e4


def _add_to_window(window: Window, measure: Measure, day: int, currency: str, amount: int) -> None:
    if day <= window.through_day - measure.days:
        return
    if day <= window.through_day:
        sums = window.sum_e4_by_currency
        sums[currency] = sums.get(currency, 0) + amount
        moves_on_day = day + measure.days
    else:
        moves_on_day = day  # ahead of the clock: it counts from its own day on
    if window.moves_on_day is None or moves_on_day < window.moves_on_day:
        window.moves_on_day = moves_on_day
