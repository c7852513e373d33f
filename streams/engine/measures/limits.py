"""Limits of what is kept of a customer: an event without room is refused before anything changes."""

from streams.engine.measures.account_rows import account_of, are_few_and_small
from streams.engine.measures.accounts import account_after, account_key
from streams.engine.measures.closed_accounts import has_room, is_of_dropped
from streams.engine.measures.closing_totals import daily_changes
from streams.engine.measures.closings import changes_between, finds_a_place, timelines
from streams.engine.measures.days import all_buckets, bucket_name, bucket_of
from streams.engine.measures.reversals import taken_in_family
from streams.engine.remember import LOAN_MARK_BYTES, is_decided
from streams.engine.sections import special_of
from streams.engine.state import ACCOUNTS_LIMIT, LOANS_LIMIT, Account, CustomerState
from streams.policy.policy import Policy
from streams.values.events import Balance, Event, Loan, Transaction
from streams.values.money import SUM_LIMIT_E4
from streams.values.products import Holding, counted_e4, holding_of

# Between twice SUM_LIMIT_E4 (8e18) and what 64 bits hold (9.2e18) there is room for 1.2e18. So small sums and amounts
# pass without a count: 3,660 days of 12 types with this much each are 4.4e16,
_SMALL_SUM_E4 = 10**12
# and it takes more than a billion amounts of this size to fill the room.
_SMALL_AMOUNT_E4 = 10**9


class LimitExceededError(Exception):
    """The event would take a customer's record past a limit."""


def check_limits(state: CustomerState, event: Event, policy: Policy) -> None:
    """Checks that an event has room in the customer's record, and changes nothing.

    Decisions by time alone need no check: they take no room.

    Raises:
        LimitExceededError: It would take the customer's record past a limit; the message says which.
    """
    if type(event) is Transaction:
        if event.reverses is not None or event.amount_e4 > _SMALL_AMOUNT_E4:  # seldom
            _check_transaction(state, event, policy)
    elif type(event) is Balance:
        _check_balance(state, event, policy)
    elif type(event) is Loan and policy.loan_rules is not None:
        _check_loan(state, event)


def _check_loan(state: CustomerState, event: Loan) -> None:
    if len(special_of(state).decided_loans) >= LOANS_LIMIT * LOAN_MARK_BYTES and not is_decided(state, event.loan_id):
        raise LimitExceededError(f"the customer has {LOANS_LIMIT} loans already, the most that are kept")


def _check_balance(state: CustomerState, event: Balance, policy: Policy) -> None:
    is_newest, is_small = event.at_ms >= state.newest_ms, -_SMALL_SUM_E4 <= event.balance_e4 <= _SMALL_SUM_E4
    if is_newest and is_small and are_few_and_small(state):
        return  # nearly always
    if finds_a_place(state, event, policy):
        _check_late(state, event, policy)
        return
    former = account_of(state, account_key(event.account_id, event.currency))
    if is_of_dropped(state, event):
        return
    if former is None and not has_room(state, policy):
        raise LimitExceededError(f"the customer has {ACCOUNTS_LIMIT} accounts already, the most that are kept")
    if is_small and (former is None or -_SMALL_SUM_E4 <= former.balance_e4 <= _SMALL_SUM_E4):
        return  # 2,000 accounts of that size stay within the room
    account = account_after(event, former)
    if account is None:
        return
    _check_newest(state, former, account)
    if policy.daily_totals:
        _check_closings(state, former, account, policy.calendar.day_of(account.as_of_ms))


def _check_late(state: CustomerState, event: Balance, policy: Policy) -> None:
    """Checks the newest totals, which a word for the product may move, and every day's change of the closing totals."""
    before, after = timelines(state, event, policy)
    _check_newest(state, before[-1], after[-1])
    for holding, day, amount_e4 in changes_between(before, after, policy.calendar):
        _check((abs(daily_changes(state).get(f"{holding}.{event.currency}", {}).get(day, 0)) + abs(amount_e4)) // 2)


def _check_newest(state: CustomerState, former: Account | None, account: Account) -> None:
    """Checks the newest totals as they will be when an account has taken the former one's place."""
    after: dict[Holding, dict[str, int]] = {
        "assets": dict(state.assets_e4_by_currency),
        "loans": dict(state.loans_e4_by_currency or {}),
    }
    for part, sign in ((former, -1), (account, 1)):
        if part is not None:
            totals = after[holding_of(part.product)]
            totals[part.currency] = totals.get(part.currency, 0) + sign * counted_e4(part.product, part.balance_e4)
    for sums in after.values():
        for sum_e4 in sums.values():
            _check(sum_e4)


def _check_closings(state: CustomerState, former: Account | None, account: Account, day: int) -> None:
    """Checks that the day's change of the closing totals stays below twice the limit of a sum.

    Balances that come late can make it larger than any total ever was.
    """
    for part in (former, account):
        if part is not None:
            changes = daily_changes(state).get(f"{holding_of(part.product)}.{part.currency}", {})
            _check((abs(changes.get(day, 0)) + abs(part.balance_e4)) // 2)


def _check_transaction(state: CustomerState, event: Transaction, policy: Policy) -> None:
    """Checks what a transaction that is not small adds; a reversal, what it may put back."""
    if event.reverses is None:
        day = policy.calendar.day_of(event.belongs_at_ms)
        _check_added(state, day, bucket_name(event.type, event.currency), event.amount_e4)
        return
    for taken in taken_in_family(state, event):
        _check_added(state, taken.day, taken.name, taken.amount_e4)


def _check_added(state: CustomerState, day: int, name: str, amount_e4: int) -> None:
    """Checks the absolute amounts of all kept days in the currency: no sum over any of them can be larger.

    So sums can be made again under another policy, and days ahead of the clock can come in, without a further check.
    """
    bucket = bucket_of(state, day, name)
    before = bucket.amount_e4 if bucket is not None else 0
    after = before + amount_e4
    if abs(after) <= max(_SMALL_SUM_E4, abs(before)):
        return
    suffix = name[name.index(".") :]
    others = sum(abs(bucket.amount_e4) for _, kept, bucket in all_buckets(state) if kept.endswith(suffix))
    _check(others - abs(before) + abs(after))


def _check(sum_e4: int) -> None:
    if not -SUM_LIMIT_E4 < sum_e4 < SUM_LIMIT_E4:
        raise LimitExceededError("a total would pass 400,000,000,000,000 units of its currency, the most that is kept")
