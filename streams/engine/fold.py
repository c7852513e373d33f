"""Folding one event into a customer's measures. Sums commute; a balance counts by its own time, not by its arrival."""

from streams.engine.closings import change_closing, forget_before
from streams.engine.events import Balance, Credit, Loan, Product, Transaction
from streams.engine.limits import counted_e4
from streams.engine.policy import Policy
from streams.engine.state import Account, CustomerState
from streams.engine.windows import add_transaction


def fold(state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy, oldest: int) -> None:
    """Puts an event that limits.check_limits() has passed into the state, in place. oldest: the first day kept."""
    match event:
        case Transaction():
            fold_transaction(state, event, policy, oldest)
        case Balance():
            fold_balance(state, event, policy, oldest)
        case Credit():
            fold_credit(state, event)
        case Loan():  # an application moves no measure
            pass


def fold_balance(state: CustomerState, event: Balance, policy: Policy, oldest: int) -> None:
    """The newest as_of of an account wins; at equal times the later offset, which is the one folded later.

    It counts from the day of its as_of on: the closing totals since then change with it.
    """
    former = state.accounts.get(event.account_id)
    if former is not None and former.as_of_ms > event.at_ms:
        return
    day = policy.calendar.day_of(event.at_ms) if policy.daily_totals else 0
    if former is not None:
        less_e4 = -counted_e4(former.product, former.balance_e4)
        _add_holding(state, former.product, former.currency, less_e4, day, policy)
    _add_holding(state, event.product, event.currency, counted_e4(event.product, event.balance_e4), day, policy)
    if policy.daily_totals:
        state.first_day = day if state.first_day is None else min(day, state.first_day)
        forget_before(state, oldest)
    state.accounts[event.account_id] = Account(event.at_ms, event.balance_e4, event.currency, event.product)


def _add_holding(  # noqa: PLR0913, PLR0917 - an account's part, taken apart
    state: CustomerState, product: Product, currency: str, amount_e4: int, day: int, policy: Policy
) -> None:
    is_loan = product == "loan"
    totals = state.loans_e4_by_currency if is_loan else state.assets_e4_by_currency
    totals[currency] = totals.get(currency, 0) + amount_e4
    if ("loans" if is_loan else "assets") in policy.daily_totals:
        change_closing(state, "loans" if is_loan else "assets", currency, day, amount_e4)


def fold_credit(state: CustomerState, event: Credit) -> None:
    """The newest standing wins, like a balance."""
    if event.at_ms >= state.standing_as_of_ms:
        state.standing, state.standing_as_of_ms, state.score = event.standing, event.at_ms, event.score


def fold_transaction(state: CustomerState, event: Transaction, policy: Policy, oldest: int) -> None:
    """Adds to (a reversal: takes off) the bucket of the transaction's day, if any rule looks at that."""
    if event.type not in policy.kept_types:
        return
    day = policy.calendar.day_of(event.belongs_at_ms)
    if day < oldest:
        return
    sign = -1 if event.is_reversal else 1
    add_transaction(state, policy, day, f"{event.type}.{event.currency}", sign, sign * event.amount_e4, oldest)
