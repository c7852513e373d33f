"""Folding one event into a customer's measures. Sums commute; a balance counts by its own time, not by its arrival."""

from streams.engine.events import Balance, Credit, Event, Loan, Transaction
from streams.engine.money import SUM_LIMIT_E4
from streams.engine.policy import Policy, WindowSum
from streams.engine.state import ACCOUNTS_LIMIT, Account, Bucket, CustomerState, Window, buckets_of, keep_buckets

# A day's sum of one type up to this size is not counted up with the others: 3,660 days of 12 types of it stay within
# the 0.2e18 that lie between SUM_LIMIT_E4 and 64 bits.
_SMALL_SUM_E4 = 10**12
# One amount up to this size is not looked at: it takes 100 million of them to fill those 0.2e18.
_SMALL_AMOUNT_E4 = 10**9


class LimitExceededError(Exception):
    """The event would take a customer's record past a limit."""


def check_limits(state: CustomerState, event: Event, policy: Policy) -> None:
    """LimitExceededError where the event has no room. Looks only; time alone never takes room away."""
    match event:
        case Transaction():
            _check_transaction(state, event, policy.calendar.day_of(event.belongs_at_ms))
        case Balance():
            _check_balance(state, event)
        case _:
            pass


def fold(state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy) -> None:
    """Puts an event that check_limits() has passed into the state, in place."""
    match event:
        case Transaction():
            fold_transaction(state, event, policy)
        case Balance():
            fold_balance(state, event)
        case Credit():
            fold_credit(state, event)
        case Loan():  # an application moves no measure
            pass


def fold_balance(state: CustomerState, event: Balance) -> None:
    """The newest as_of of an account wins; at equal times the later offset, which is the one folded later."""
    former = state.accounts.get(event.account_id)
    if former is not None and former.as_of_ms > event.at_ms:
        return
    totals = state.assets_e4_by_currency
    if event.product != "loan":
        totals[event.currency] = totals.get(event.currency, 0) + event.balance_e4
    if former is not None and former.product != "loan":
        totals[former.currency] -= former.balance_e4
    state.accounts[event.account_id] = Account(event.at_ms, event.balance_e4, event.currency, event.product)


def fold_credit(state: CustomerState, event: Credit) -> None:
    """The newest standing wins, like a balance."""
    if event.at_ms >= state.standing_as_of_ms:
        state.standing, state.standing_as_of_ms, state.score = event.standing, event.at_ms, event.score


def fold_transaction(state: CustomerState, event: Transaction, policy: Policy) -> None:
    """Adds to (a reversal: takes off) the bucket of the transaction's day, and the windows over it."""
    if not policy.kept_days:
        return
    day = policy.calendar.day_of(event.belongs_at_ms)
    today = state.windows[0].through_day if state.windows else day
    if day <= today - policy.kept_days:
        return  # older than any measure looks back
    sign = -1 if event.is_reversal else 1
    amount_e4 = sign * event.amount_e4
    buckets = buckets_of(state, day)
    bucket = buckets.setdefault(f"{event.type}.{event.currency}", Bucket())
    bucket.count += sign
    bucket.amount_e4 += amount_e4
    keep_buckets(state, day, buckets)
    for window, rule in zip(state.windows, policy.windows, strict=True):
        if event.type in rule.types:
            _add_to_window(window, rule, day, event.currency, amount_e4)


def roll(state: CustomerState, today: int, policy: Policy) -> None:
    """Moves every window on to end with `today`, and drops the days that no measure looks back to.

    The windows are summed anew where they were kept under another policy.
    """
    if state.policy_mark != policy.mark or len(state.windows) != len(policy.windows):
        state.windows = [_summed(state, rule, today) for rule in policy.windows]
    elif not state.windows:
        if len(state.days) <= policy.kept_days:  # with no window to say when a day has passed, their number does
            return
    elif state.windows[0].through_day >= today:
        return
    else:
        for window, rule in zip(state.windows, policy.windows, strict=True):
            if window.moves_on_day is None or window.moves_on_day > today:
                window.through_day = today
            else:
                _copy(_summed(state, rule, today), window)
    oldest = today - policy.kept_days
    if any(day <= oldest for day in state.days):
        state.days = {day: buckets for day, buckets in state.days.items() if day > oldest}


def _summed(state: CustomerState, rule: WindowSum, today: int) -> Window:
    window = Window(today, {})
    for day in state.days:
        for name, bucket in buckets_of(state, day).items():
            kind, _, currency = name.partition(".")
            if kind in rule.types:
                _add_to_window(window, rule, day, currency, bucket.amount_e4)
    return window


def _add_to_window(window: Window, rule: WindowSum, day: int, currency: str, amount_e4: int) -> None:
    if day <= window.through_day - rule.days:
        return
    if day <= window.through_day:
        sums = window.sum_e4_by_currency
        sums[currency] = sums.get(currency, 0) + amount_e4
        moves_on_day = day + rule.days
    else:
        moves_on_day = day  # ahead of the clock: it counts from its own day on
    if window.moves_on_day is None or moves_on_day < window.moves_on_day:
        window.moves_on_day = moves_on_day


def _copy(source: Window, target: Window) -> None:
    target.through_day = source.through_day
    target.sum_e4_by_currency = source.sum_e4_by_currency
    target.moves_on_day = source.moves_on_day


def _check_balance(state: CustomerState, event: Balance) -> None:
    former = state.accounts.get(event.account_id)
    if former is not None and abs(event.balance_e4) <= _SMALL_SUM_E4 and abs(former.balance_e4) <= _SMALL_SUM_E4:
        return  # 2,000 accounts of that size stay within the 0.2e18
    if former is None and len(state.accounts) >= ACCOUNTS_LIMIT:
        raise LimitExceededError(f"the customer has {ACCOUNTS_LIMIT} accounts already, the most that are kept")
    if former is not None and former.as_of_ms > event.at_ms:
        return  # changes nothing
    totals = state.assets_e4_by_currency
    after = totals.get(event.currency, 0) + (0 if event.product == "loan" else event.balance_e4)
    if former is not None and former.product != "loan":
        if former.currency == event.currency:
            after -= former.balance_e4
        else:
            _check(totals[former.currency] - former.balance_e4)
    _check(after)


def _check_transaction(state: CustomerState, event: Transaction, day: int) -> None:
    """Holds against the limit what all kept days have in the currency, signs aside: no sum over any of them passes it.

    So windows can be summed anew under another policy, and days ahead of the clock can come in, without a check.
    """
    if event.amount_e4 <= _SMALL_AMOUNT_E4:
        return
    name = f"{event.type}.{event.currency}"
    bucket = buckets_of(state, day).get(name)
    before = bucket.amount_e4 if bucket is not None else 0
    after = before - event.amount_e4 if event.is_reversal else before + event.amount_e4
    if abs(after) <= max(_SMALL_SUM_E4, abs(before)):
        return
    suffix = f".{event.currency}"
    others = sum(
        abs(bucket.amount_e4)
        for kept in state.days
        for kind, bucket in buckets_of(state, kept).items()
        if kind.endswith(suffix)
    )
    _check(others - abs(before) + abs(after))


def _check(sum_e4: int) -> None:
    if not -SUM_LIMIT_E4 < sum_e4 < SUM_LIMIT_E4:
        raise LimitExceededError("a total would pass 900,000,000,000,000 units of its currency, the most that is kept")
