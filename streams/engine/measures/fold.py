"""Folds an event into the sums of a customer's state.

Sums come out the same in any order of events. A balance and a credit standing count by their own time, not by when they
arrive (docs/messages.md#what-happens-to).
"""

from collections.abc import Iterable

from streams.engine.measures.account_rows import account_of, keep_account
from streams.engine.measures.accounts import account_after, account_key, add_newest
from streams.engine.measures.closed_accounts import is_of_dropped, make_room
from streams.engine.measures.closing_totals import change_closing, forget_before
from streams.engine.measures.closings import (
    add_closing,
    changes_between,
    finds_a_place,
    forget_closings,
    keep_timeline,
    timelines,
)
from streams.engine.measures.days import add_to_bucket, bucket_name
from streams.engine.measures.reversals import (
    ABSENT,
    PART,
    Family,
    heard_since,
    is_held,
    keep_reversals,
    named_by,
    origin_of,
    reversal_of,
    reversals_of,
)
from streams.engine.measures.spans import oldest_closing_kept, oldest_transaction_kept
from streams.engine.measures.standings import place_standing
from streams.engine.measures.windows import add_to_windows
from streams.engine.sections import closings_of
from streams.engine.state import CustomerState, Reversal
from streams.policy.policy import Policy
from streams.values.events import Balance, Credit, Loan, Transaction
from streams.values.products import counted_e4, holding_of


def fold(state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy, today: int) -> bool:
    """Adds an event that has passed check_limits() to the state, in place.

    Says whether a figure of the tiers may have changed: if not, there is nothing to decide. today: the local day of
    now.
    """
    if type(event) is Transaction:
        return fold_transaction(state, event, policy, today)
    if type(event) is Balance:
        return fold_balance(state, event, policy, today)
    if type(event) is Credit:
        return fold_credit(state, event, policy)
    return False  # an application for a loan moves no measure


def fold_balance(state: CustomerState, event: Balance, policy: Policy, today: int) -> bool:
    """Replaces the balance of an account in its currency, or puts a late one where it belongs in time.

    Of two with the same time, the one that is folded last stays. The balance counts from the day of its own time on:
    the closing totals of that day, and of all later ones until the account's next balance, change.
    """
    if finds_a_place(state, event, policy):
        return _fold_late(state, event, policy, today)
    key = account_key(event.account_id, event.currency)
    former = account_of(state, key)
    after = account_after(event, former)
    if after is None or is_of_dropped(state, event):
        return False
    if former is None:
        make_room(state, policy, today)
    parts = [(after, 1)] if former is None else [(former, -1), (after, 1)]
    for account, sign in parts:
        add_newest(state, account, sign)
    if policy.daily_totals:
        calendar, day = policy.calendar, policy.calendar.day_of(after.as_of_ms)
        for account, sign in parts:
            holding = holding_of(account.product)
            if holding in policy.daily_totals:
                amount_e4 = sign * counted_e4(account.product, account.balance_e4)
                change_closing(state, holding, account.currency, day, amount_e4)
        oldest = _begin_day(state, day, policy, today)
        if former is not None and calendar.day_of(former.as_of_ms) < day:
            add_closing(state, key, former, calendar, oldest)
    keep_account(state, key, after)
    return True


def _fold_late(state: CustomerState, event: Balance, policy: Policy, today: int) -> bool:
    """Puts a balance that is older than its account's newest among the account's closings."""
    calendar = policy.calendar
    before, after = timelines(state, event, policy)
    day = calendar.day_of(event.at_ms)
    is_first = _is_first_day(state, day)
    for holding, changed, amount_e4 in changes_between(before, after, calendar):
        if holding in policy.daily_totals:
            change_closing(state, holding, event.currency, changed, amount_e4)
    oldest = _begin_day(state, day, policy, today)
    if before == after:
        return is_first
    add_newest(state, before[-1], -1)
    add_newest(state, after[-1], 1)
    keep_timeline(state, account_key(event.account_id, event.currency), after, calendar, oldest)
    return True


def _is_first_day(state: CustomerState, day: int) -> bool:
    """Says whether no balance is known of this day or an earlier one."""
    first_day = closings_of(state).first_day
    return first_day is None or day < first_day


def _begin_day(state: CustomerState, day: int, policy: Policy, today: int) -> int:
    """Notes the day of a balance, which may be the first, and drops what is not needed; gives the oldest day kept."""
    if _is_first_day(state, day):
        closings_of(state).first_day = day
    oldest = oldest_closing_kept(state, policy, today)
    if forget_before(state, oldest):
        forget_closings(state, policy.calendar, oldest)
    return oldest


def fold_credit(state: CustomerState, event: Credit, policy: Policy) -> bool:
    """Replaces the credit standing and the score, unless the known ones are newer.

    Where ratings look at the standing of their own time, an older one is put in its place among the others.
    """
    if policy.standings_count_then:
        place_standing(state, event, policy)
    if state.standing_as_of_ms is not None and event.at_ms < state.standing_as_of_ms:
        return policy.standings_count_then
    state.standing, state.standing_as_of_ms, state.score = event.standing, event.at_ms, event.score
    return True


def fold_transaction(state: CustomerState, event: Transaction, policy: Policy, today: int) -> bool:
    """Adds a transaction to the bucket of its day, unless it is undone; a reversal undoes, or puts back."""
    if event.reverses is not None:
        return _fold_reversal(state, event, policy, today)
    family = named_by(state, event)
    if family is not None and family.was_heard:
        return False  # it comes again, after it was forgotten
    day = policy.calendar.day_of(event.belongs_at_ms)
    moves = _count(state, policy, today, day, event.type, event.currency, 1, event.amount_e4)
    if family is not None:
        moves |= _put_back(state, family.members, policy, today)  # what was taken when the event was not known
        family.hear(event, day)
        moves |= _settle(state, family, policy, today)
        keep_reversals(state, family.kept)
    return moves


def _fold_reversal(state: CustomerState, event: Transaction, policy: Policy, today: int) -> bool:
    """Takes what a reversal names off the day where it was counted, or puts back what a reversal took.

    Reversals are kept, of whatever type, as long as a day is that they are of.
    """
    reversal = reversal_of(event, policy.calendar)
    oldest, calendar = oldest_transaction_kept(state, policy, today), policy.calendar
    kept = [known for known in reversals_of(state) if calendar.day_of(known.at_ms) >= oldest]
    if any(known.mark == reversal.mark for known in kept):
        return False  # it comes again, after it was forgotten
    reversal.origin = origin_of(state, event, reversal, kept, calendar)
    kept.append(reversal)
    family = Family(reversal.mark, kept)
    moves = _settle(state, family, policy, today)
    keep_reversals(state, kept)
    return moves


def settle_reversals(state: CustomerState, policy: Policy, today: int) -> None:
    """Lets reversals act whose events have become known by the union with another id. Windows are to be made anew."""
    kept = reversals_of(state)
    heard = heard_since(state, kept, policy.calendar)
    for reversal in heard:
        _settle(state, Family(reversal.mark, kept), policy, today)
    if heard:
        keep_reversals(state, kept)


def _settle(state: CustomerState, family: Family, policy: Policy, today: int) -> bool:
    """Makes the sums be without the root of a family, or with it, as its reversals say."""
    taker = family.taker
    moves = _put_back(state, [member for member in family.members if member is not taker], policy, today)
    if taker is not None and not taker.is_taken and taker.origin != ABSENT and is_held(state, taker):
        moves |= _move(state, taker, policy, today, -1)
    return moves


def _put_back(state: CustomerState, reversals: Iterable[Reversal], policy: Policy, today: int) -> bool:
    """Adds again what these reversals have taken."""
    moves = False
    for reversal in reversals:
        if reversal.is_taken:
            moves |= _move(state, reversal, policy, today, 1)
    return moves


def _move(state: CustomerState, reversal: Reversal, policy: Policy, today: int, sign: int) -> bool:
    """Takes a reversal's amount off the bucket of its day (sign -1), or adds it again."""
    reversal.is_taken = sign < 0
    count = 0 if reversal.origin == PART else sign  # what is left of the event still counts as one
    kind, _, currency = reversal.name.partition(".")
    return _count(state, policy, today, reversal.day, kind, currency, count, sign * reversal.amount_e4)


def _count(  # noqa: PLR0913, PLR0917 - a transaction, taken apart
    state: CustomerState, policy: Policy, today: int, day: int, kind: str, currency: str, count: int, amount_e4: int
) -> bool:
    """Adds to the bucket of a day, and says whether a figure of the tiers may have changed.

    A type that the policy does not keep is left out, and so is a day that no rule looks back to.
    """
    if kind not in policy.kept_types:
        return False
    oldest = oldest_transaction_kept(state, policy, today)
    if not add_to_bucket(state, day, bucket_name(kind, currency), count, amount_e4, oldest):
        return False
    if state.windows:
        add_to_windows(state, policy, day, kind, currency, count, amount_e4)
    return kind in policy.looked_at_types
