"""Closed accounts make room: one at 0 that no measure looks back to is dropped when another one needs its place.

Of the closed accounts the one without news for longest goes first. Its last known product goes with it. What it held is
gone for good: a balance of an account that is not known counts only if it is newer than all those of dropped accounts.
So no late balance revives a dropped account. That of an account which is heard of for the first time may find itself
among those left out; its next one counts.
"""

from streams.engine.measures.account_rows import account_of, accounts_kept, all_accounts, drop_account
from streams.engine.measures.accounts import account_key
from streams.engine.measures.spans import oldest_closing_kept
from streams.engine.sections import note, special_of
from streams.engine.state import ACCOUNTS_LIMIT, CustomerState
from streams.policy.policy import Policy
from streams.values.events import Balance


def is_of_dropped(state: CustomerState, event: Balance) -> bool:
    """Says whether a balance is of an account that is not known, and not newer than those of dropped accounts."""
    until_ms = None if state.special is None else state.special.unplaced_until_ms
    if until_ms is None or event.at_ms > until_ms:
        return False
    return account_of(state, account_key(event.account_id, event.currency)) is None


def has_room(state: CustomerState, policy: Policy) -> bool:
    """Says whether one more account can be kept. Time may pass before it is, which makes more room, not less."""
    if accounts_kept(state) < ACCOUNTS_LIMIT:
        return True
    return _closed_longest(state, policy, policy.calendar.day_of(state.newest_ms)) is not None


def make_room(state: CustomerState, policy: Policy, today: int) -> None:
    """Drops the closed account without news for longest, where there are as many accounts as are kept."""
    if accounts_kept(state) < ACCOUNTS_LIMIT:
        return
    closed = _closed_longest(state, policy, today)
    if closed is not None:
        dropped_ms, key = closed
        drop_account(state, key)
        if state.closings is not None:
            state.closings.accounts.pop(key, None)
        until_ms = special_of(state).unplaced_until_ms
        note(state, unplaced_until_ms=dropped_ms if until_ms is None else max(dropped_ms, until_ms))


def _closed_longest(state: CustomerState, policy: Policy, today: int) -> tuple[int, str] | None:
    """Gives which closed account has been without news for longest, and since when."""
    closed = [(account.as_of_ms, key) for key, account in all_accounts(state) if account.balance_e4 == 0]
    if not closed:
        return None
    as_of_ms, key = min(closed)
    if policy.daily_totals and policy.calendar.day_of(as_of_ms) > oldest_closing_kept(state, policy, today):
        return None  # a closing total of another day is looked at, and this account may have had its part in it
    return as_of_ms, key
