"""Daily closing totals of assets and of loans, kept as the change on each day.

The total of an earlier day is the newest total less the changes after that day.
"""

from fractions import Fraction

from streams.engine.measures.account_rows import all_accounts
from streams.engine.measures.closings import changes_of, timeline_of
from streams.engine.sections import closings_of, note, special_of
from streams.engine.state import CustomerState
from streams.policy.policy import Policy
from streams.values.products import Holding


def change_closing(state: CustomerState, holding: Holding, currency: str, day: int, amount_e4: int) -> None:
    """Adds an amount to the closing totals of a local day and of all days after it."""
    changes = closings_of(state).daily.setdefault(f"{holding}.{currency}", {})
    changes[day] = changes.get(day, 0) + amount_e4


def begin_closings(state: CustomerState, policy: Policy) -> None:
    """Makes the closing totals fit another policy.

    Those of holdings that the policy does not look at are dropped. Those that are missing are made of what is known of
    the accounts: their closings, where the former policy kept any, and their newest balances, each from its own day on.
    Nothing is known of the days before.
    """
    if not policy.daily_totals:
        state.closings = None
        if special_of(state).unplaced_before_ms is not None:
            note(state, unplaced_before_ms=None)
        return
    closings = closings_of(state)
    missing = policy.daily_totals - {name.partition(".")[0] for name in closings.daily}
    closings.daily = {
        name: changes for name, changes in closings.daily.items() if name.startswith(tuple(policy.daily_totals))
    }
    for key, account in all_accounts(state):
        day = policy.calendar.day_of(account.as_of_ms)
        closings.first_day = day if closings.first_day is None else min(day, closings.first_day)
        if missing:
            for holding, changed, amount_e4 in changes_of(timeline_of(state, key, account), policy.calendar):
                if holding in missing:
                    change_closing(state, holding, account.currency, changed, amount_e4)


def daily_changes(state: CustomerState) -> dict[str, dict[int, int]]:
    """Gives the changes of the closing totals by day, by "assets.TWD", to be read."""
    return {} if state.closings is None else state.closings.daily


def first_balance_day(state: CustomerState) -> int | None:
    """Gives the first day of which a closing total is known; None where there is none."""
    return None if state.closings is None else state.closings.first_day


def forget_before(state: CustomerState, day: int) -> bool:
    """Drops the changes up to and including `day`, which no closing total from `day` on needs; says if any were."""
    forgot, daily = False, closings_of(state).daily
    for name, changes in daily.items():
        if changes and min(changes) <= day:
            daily[name] = {changed: amount for changed, amount in changes.items() if changed > day}
            forgot = True
    return forgot


def newest_e16(state: CustomerState, holding: Holding, policy: Policy) -> int:
    """Gives the newest total of a holding, in the policy's currency."""
    totals = state.assets_e4_by_currency if holding == "assets" else state.loans_e4_by_currency or {}
    value: int = 0
    for currency, amount_e4 in totals.items():
        value += amount_e4 * policy.to_value.get(currency, 0)
    return value


def total_e16(state: CustomerState, holding: Holding, day: int, policy: Policy) -> int:
    """Gives the newest total less what has changed since the local day, in the policy's currency.

    Where the changes are not known, as in a state of before, that is the newest total.
    """
    later = sum(amount for changed, amount in _changes_e16(state, holding, policy) if changed > day)
    return newest_e16(state, holding, policy) - later


def closing_e16(state: CustomerState, holding: Holding, day: int, policy: Policy) -> int:
    """Gives the closing total of a local day, in the policy's currency; 0 before the first balance."""
    first_day = first_balance_day(state)
    if first_day is None or day < first_day:
        return 0
    return total_e16(state, holding, day, policy)


def average_e16(state: CustomerState, holding: Holding, first: int, last: int, policy: Policy) -> int | Fraction:
    """Gives the exact average of the closing totals from day `first` to day `last`.

    Days before the first balance are left out (0 where none is left); on days without news the last balance counts.
    """
    first_day = first_balance_day(state)
    if first_day is None or first_day > last:
        return 0
    first = max(first, first_day)
    days = last - first + 1
    # The total of the last day includes every change. A change on a later day of the span is too much on each of the
    # days before it, of which there are changed - first.
    missing = sum(
        amount * (changed - first)
        for changed, amount in _changes_e16(state, holding, policy)
        if first < changed <= last
    )
    average = Fraction(closing_e16(state, holding, last, policy) * days - missing, days)
    return average.numerator if average.denominator == 1 else average


def _changes_e16(state: CustomerState, holding: Holding, policy: Policy) -> list[tuple[int, int]]:
    return [
        (changed, amount_e4 * rate)
        for name, changes in daily_changes(state).items()
        if name.startswith(holding)
        for rate in (policy.to_value.get(name.partition(".")[2], 0),)
        for changed, amount_e4 in changes.items()
    ]
