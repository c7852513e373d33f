"""The closing balances of an account's earlier days: what a balance that comes late is put among.

An account and its closings are its timeline: one balance a local day on which it had any, the newest last. Closings are
packed, since only a late balance looks at them; a new day's balance adds the one before. They are kept as far back as
any rule looks, and by policies alone that look at closing totals.

Packed they are numbers, four a closing, the newest first: how long before the newer one it was (whole days, then
milliseconds), how much more it held, and the product by number, with when that was told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from streams.engine.codec import decode_numbers, encode_numbers
from streams.engine.measures.account_rows import account_of, keep_account
from streams.engine.measures.accounts import account_key, timeline_after
from streams.engine.sections import closings_of, special_of
from streams.engine.state import Account, CustomerState
from streams.policy.policy import Policy
from streams.values.calendar import DAY_MS, NEVER_MS, Calendar
from streams.values.events import Balance
from streams.values.products import PRODUCT_UNLESS_KNOWN, PRODUCTS, Holding, counted_e4, holding_of

_FIELDS = 4
_PRODUCTS = tuple(PRODUCTS.values())
_NUMBER_OF = {product: number for number, product in enumerate(_PRODUCTS)}
_ROOM = 16  # for the numbers of products
# When the product was told: with this balance, at the time that goes for the newer one, too, or (from 2 on) so many
# milliseconds before this balance.
_WITH_IT, _AS_OF_NEWER, _BEFORE = 0, 1, 2
_NONE = Account(0, 0, "", PRODUCT_UNLESS_KNOWN, NEVER_MS)  # what the newest of the closings is written against


def finds_a_place(state: CustomerState, event: Balance, policy: Policy) -> bool:
    """Says whether a balance is older than the newest of its account, and goes among the closings."""
    if not policy.daily_totals or event.at_ms >= state.newest_ms:
        return False  # nearly always: it is not older than anything of the customer
    former = account_of(state, account_key(event.account_id, event.currency))
    if former is None or event.at_ms >= former.as_of_ms:
        return False
    before_ms = special_of(state).unplaced_before_ms
    return before_ms is None or event.at_ms >= before_ms


def timelines(state: CustomerState, event: Balance, policy: Policy) -> tuple[list[Account], list[Account]]:
    """Gives the timeline of a known account before and after a balance."""
    key = account_key(event.account_id, event.currency)
    newest = account_of(state, key)
    before = [] if newest is None else timeline_of(state, key, newest)
    return before, timeline_after(event, before, policy.calendar)


def timeline_of(state: CustomerState, key: str, newest: Account) -> list[Account]:
    """Unpacks the timeline of an account, the newest balance last."""
    packed = None if state.closings is None else state.closings.accounts.get(key)
    found = [newest]
    if packed is not None:
        numbers = decode_numbers(packed)
        newer = _NONE
        for at in range(0, len(numbers), _FIELDS):
            newer = _account(numbers[at : at + _FIELDS], newer, newest.currency)
            found.append(newer)
    found.reverse()
    return found


def keep_timeline(state: CustomerState, key: str, timeline: Sequence[Account], calendar: Calendar, oldest: int) -> None:
    """Packs a timeline into the state, as far as it is needed from the day `oldest` on."""
    keep_account(state, key, timeline[-1])
    numbers: list[int] = []
    newer = _NONE
    for account in reversed(timeline[:-1]):
        numbers += _numbers(account, newer)
        newer = account
    _forget_before(numbers, oldest, calendar)
    if numbers:
        closings_of(state).accounts[key] = encode_numbers(numbers)
    elif state.closings is not None:
        state.closings.accounts.pop(key, None)


def add_closing(state: CustomerState, key: str, account: Account, calendar: Calendar, oldest: int) -> None:
    """Adds what an account held to its closings, since a balance of a later day has come in."""
    numbers = _numbers(account, _NONE)
    closings = closings_of(state).accounts
    packed = closings.get(key)
    if packed is not None:
        known = decode_numbers(packed)
        first = _account(known[:_FIELDS], _NONE, account.currency)
        known[:_FIELDS] = _numbers(first, account)
        numbers += known
        _forget_before(numbers, oldest, calendar)
    closings[key] = encode_numbers(numbers)


def forget_closings(state: CustomerState, calendar: Calendar, oldest: int) -> None:
    """Drops the closings of all accounts that have had no newer balance since the day `oldest` began."""
    closings = closings_of(state).accounts
    for key in list(closings):
        account = account_of(state, key)
        if account is None or calendar.day_of(account.as_of_ms) <= oldest:
            del closings[key]


def changes_of(timeline: Sequence[Account], calendar: Calendar) -> Iterator[tuple[Holding, int, int]]:
    """Yields what a timeline adds to the closing totals of its currency: holding, from which day on, amount."""
    for former, account in zip([None, *timeline[:-1]], timeline, strict=True):
        day = calendar.day_of(account.as_of_ms)
        if former is not None:
            yield holding_of(former.product), day, -counted_e4(former.product, former.balance_e4)
        yield holding_of(account.product), day, counted_e4(account.product, account.balance_e4)


def changes_between(
    before: Sequence[Account], after: Sequence[Account], calendar: Calendar
) -> list[tuple[Holding, int, int]]:
    """Gives what becomes of the closing totals when one timeline takes another one's place, as changes_of() does."""
    first, last = 0, 0  # how many accounts are the same at the beginning and at the end
    shorter = min(len(before), len(after))
    while first < shorter and before[first] == after[first]:
        first += 1
    while first + last < shorter and before[-1 - last] == after[-1 - last]:
        last += 1
    begin, rest = max(first - 1, 0), max(last - 1, 0)  # with the neighbours, in whose place the others come
    changes: Counter[tuple[Holding, int]] = Counter()
    for timeline, sign in ((before, -1), (after, 1)):
        for holding, day, amount_e4 in changes_of(timeline[begin : len(timeline) - rest], calendar):
            changes[holding, day] += sign * amount_e4
    return [(holding, day, amount_e4) for (holding, day), amount_e4 in changes.items() if amount_e4]


def _forget_before(numbers: list[int], oldest: int, calendar: Calendar) -> None:
    """Drops the oldest closings, but the last one up to the day `oldest`: it is what that day closed with."""
    at_ms = -sum(numbers[0::_FIELDS]) * DAY_MS - sum(numbers[1::_FIELDS])
    while len(numbers) > _FIELDS:
        at_ms += numbers[-_FIELDS] * DAY_MS + numbers[1 - _FIELDS]
        if calendar.day_of(at_ms) > oldest:
            return
        del numbers[-_FIELDS:]


def _numbers(account: Account, newer: Account) -> list[int]:
    days, rest_ms = divmod(newer.as_of_ms - account.as_of_ms, DAY_MS)
    if account.product_told_ms == account.as_of_ms:
        told = _WITH_IT
    elif account.product_told_ms == newer.product_told_ms:
        told = _AS_OF_NEWER
    else:
        told = _BEFORE + account.as_of_ms - account.product_told_ms
    return [days, rest_ms, account.balance_e4 - newer.balance_e4, told * _ROOM + _NUMBER_OF[account.product]]


def _account(numbers: Sequence[int], newer: Account, currency: str) -> Account:
    days, rest_ms, more_e4, last = numbers
    told, product = divmod(last, _ROOM)
    as_of_ms = newer.as_of_ms - days * DAY_MS - rest_ms
    if told == _WITH_IT:
        told_ms = as_of_ms
    else:
        told_ms = newer.product_told_ms if told == _AS_OF_NEWER else as_of_ms - (told - _BEFORE)
    return Account(as_of_ms, newer.balance_e4 + more_e4, currency, _PRODUCTS[product], told_ms)
