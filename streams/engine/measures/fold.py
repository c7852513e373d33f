"""Folds an event into the sums of a customer's state.

Sums come out the same in any order of events. A balance and a credit standing count by their own time, not by when they
arrive (docs/messages.md#what-happens-to).
"""

from streams.engine.measures.accounts import account_after, account_key
from streams.engine.measures.closing_totals import change_closing, forget_before
from streams.engine.measures.days import forget_days
from streams.engine.measures.spans import oldest_day_looked_at
from streams.engine.measures.windows import add_transaction
from streams.engine.ratings import last_rating_ms
from streams.engine.state import CustomerState
from streams.policy.policy import Policy
from streams.values.events import Balance, Credit, Loan, Transaction
from streams.values.products import Product, counted_e4, holding_of


def fold(state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy, today: int) -> bool:
    """Adds an event that has passed check_limits() to the state, in place.

    Says whether a figure of the tiers may have changed: if not, there is nothing to decide. today: the local day of
    now.
    """
    match event:
        case Transaction():
            return fold_transaction(state, event, policy, today)
        case Balance():
            return fold_balance(state, event, policy, today)
        case Credit():
            return fold_credit(state, event)
        case Loan():  # an application moves no measure
            return False


def fold_balance(state: CustomerState, event: Balance, policy: Policy, today: int) -> bool:
    """Replaces the balance of an account in its currency, unless the known one is newer (accounts.py).

    Of two with the same time, the one that is folded last stays. The balance counts from the day of its own time on:
    the closing totals of that day and of all later ones change.
    """
    key = account_key(event.account_id, event.currency)
    former = state.accounts.get(key)
    after = account_after(event, former)
    if after is None:
        return False
    day = policy.calendar.day_of(after.as_of_ms) if policy.daily_totals else 0
    if former is not None:
        less_e4 = -counted_e4(former.product, former.balance_e4)
        _add_holding(state, former.product, former.currency, less_e4, day, policy)
    _add_holding(state, after.product, after.currency, counted_e4(after.product, after.balance_e4), day, policy)
    if policy.daily_totals:
        state.first_day = day if state.first_day is None else min(day, state.first_day)
        forget_before(state, oldest_day_kept(state, policy, today))
    state.accounts[key] = after
    return True


def _add_holding(  # noqa: PLR0913, PLR0917 - a balance, taken apart
    state: CustomerState, product: Product, currency: str, amount_e4: int, day: int, policy: Policy
) -> None:
    """Adds an amount to the newest total and, from the day on, to the closing totals that the policy looks at."""
    holding = holding_of(product)
    totals = state.loans_e4_by_currency if holding == "loans" else state.assets_e4_by_currency
    totals[currency] = totals.get(currency, 0) + amount_e4
    if holding in policy.daily_totals:
        change_closing(state, holding, currency, day, amount_e4)


def fold_credit(state: CustomerState, event: Credit) -> bool:
    """Replaces the credit standing and the score, unless the known ones are newer."""
    if event.at_ms < state.standing_as_of_ms:
        return False
    state.standing, state.standing_as_of_ms, state.score = event.standing, event.at_ms, event.score
    return True


def fold_transaction(state: CustomerState, event: Transaction, policy: Policy, today: int) -> bool:
    """Adds a transaction to the bucket of its day; a reversal is taken off the day of the transaction that it reverses.

    A type that the policy does not keep is left out, and so is a day that no rule looks back to. When a new day comes
    in, such days are dropped, so that the state does not grow without end.
    """
    if event.type not in policy.kept_types:
        return False
    day = policy.calendar.day_of(event.belongs_at_ms)
    if day not in state.days:
        oldest = oldest_day_kept(state, policy, today)
        if day < oldest:
            return False
        forget_days(state, oldest)
    sign = -1 if event.is_reversal else 1
    add_transaction(state, policy, day, f"{event.type}.{event.currency}", sign, sign * event.amount_e4)
    return event.type in policy.looked_at_types


def oldest_day_kept(state: CustomerState, policy: Policy, today: int) -> int:
    """Gives the first day that has to be kept.

    That is the first day that the last ratings looked at, since a correction makes them again; without a rating by the
    calendar, the first day that is looked at today.
    """
    rated_ms = state.tenure.rated_ms
    if rated_ms is None:
        return oldest_day_looked_at(policy, today)
    for _ in range(policy.ratings_looked_at - 1):
        rated_ms = last_rating_ms(policy.falls, rated_ms - 1, policy.calendar)
    return oldest_day_looked_at(policy, policy.calendar.day_of(rated_ms) - 1, is_over=True)
