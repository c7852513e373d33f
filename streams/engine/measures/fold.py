"""Folds one event into a customer's measures. Sums commute; a balance counts by its own time, not by its arrival."""

from streams.engine.measures.closing_totals import change_closing, forget_before
from streams.engine.measures.days import forget_days
from streams.engine.measures.spans import oldest_day_looked_at
from streams.engine.measures.windows import add_transaction
from streams.engine.ratings import last_rating_ms
from streams.engine.state import Account, CustomerState
from streams.policy.policy import Policy
from streams.values.events import Balance, Credit, Loan, Transaction
from streams.values.products import Product, counted_e4, holding_of


def fold(state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy, today: int) -> bool:
    """Puts an event that limits.check_limits() has passed into the state, in place.

    Says whether that can move a measure: what no rule looks at decides nothing.
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
    """Takes a balance over: the newest as_of of an account wins; at equal times the later offset, folded later.

    It counts from the day of its as_of on: the closing totals since then change with it.
    """
    former = state.accounts.get(event.account_id)
    if former is not None and former.as_of_ms > event.at_ms:
        return False
    day = policy.calendar.day_of(event.at_ms) if policy.daily_totals else 0
    if former is not None:
        less_e4 = -counted_e4(former.product, former.balance_e4)
        _add_holding(state, former.product, former.currency, less_e4, day, policy)
    _add_holding(state, event.product, event.currency, counted_e4(event.product, event.balance_e4), day, policy)
    if policy.daily_totals:
        state.first_day = day if state.first_day is None else min(day, state.first_day)
        forget_before(state, oldest_day_kept(state, policy, today))
    state.accounts[event.account_id] = Account(event.at_ms, event.balance_e4, event.currency, event.product)
    return True


def _add_holding(  # noqa: PLR0913, PLR0917 - an account's part, taken apart
    state: CustomerState, product: Product, currency: str, amount_e4: int, day: int, policy: Policy
) -> None:
    holding = holding_of(product)
    totals = state.loans_e4_by_currency if holding == "loans" else state.assets_e4_by_currency
    totals[currency] = totals.get(currency, 0) + amount_e4
    if holding in policy.daily_totals:
        change_closing(state, holding, currency, day, amount_e4)


def fold_credit(state: CustomerState, event: Credit) -> bool:
    """Takes a credit standing over: the newest wins, like a balance."""
    if event.at_ms < state.standing_as_of_ms:
        return False
    state.standing, state.standing_as_of_ms, state.score = event.standing, event.at_ms, event.score
    return True


def fold_transaction(state: CustomerState, event: Transaction, policy: Policy, today: int) -> bool:
    """Adds to (a reversal: takes off) the bucket of the transaction's day, if a rule looks at it or it is to be kept.

    When a day comes in, those go that no measure looks back to: what is kept does not grow without end.
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
    """Gives the first day that is kept: what the last ratings looked at is, since a correction rates them again."""
    rated_ms = state.tenure.rated_ms
    if rated_ms is None:
        return oldest_day_looked_at(policy, today)
    for _ in range(policy.ratings_looked_at - 1):
        rated_ms = last_rating_ms(policy.falls, rated_ms - 1, policy.calendar)
    return oldest_day_looked_at(policy, policy.calendar.day_of(rated_ms) - 1, is_over=True)
