"""The accounts of a customer: what a balance makes of one.

An account is kept by its currency: one account number may hold several, and a balance tells one of them.
"""

from collections.abc import Sequence

from streams.engine.measures.account_rows import all_accounts
from streams.engine.outcomes import Unrated
from streams.engine.state import Account, CustomerState
from streams.policy.policy import Policy
from streams.policy.rates import DayRate
from streams.values.calendar import NEVER_MS, Calendar
from streams.values.events import Balance
from streams.values.products import PRODUCT_UNLESS_KNOWN, Product, counted_e4, holding_of

_CODE_LENGTH = 3


def account_key(account_id: str, currency: str) -> str:
    """Gives the key of an account: the code of the currency, and the account number behind it."""
    return currency + account_id


def number_of_accounts(state: CustomerState) -> int:
    """Counts the account numbers, whatever currencies each holds."""
    return len({key[_CODE_LENGTH:] for key, _ in all_accounts(state)})


def unrated_of(state: CustomerState, policy: Policy) -> tuple[Unrated, ...]:
    """Gives what is held in currencies that the policy has no rate for, by currency."""
    assets, loans = state.assets_e4_by_currency, state.loans_e4_by_currency or {}
    rated = policy.to_value.keys()
    if assets.keys() <= rated and loans.keys() <= rated:
        return ()  # nearly always
    held = {currency for totals in (assets, loans) for currency, amount_e4 in totals.items() if amount_e4}
    without = sorted(held - rated)
    return tuple(Unrated(currency, assets.get(currency, 0), loans.get(currency, 0)) for currency in without)


def currencies_of(state: CustomerState) -> set[str]:
    """Gives the currencies of all that is kept of accounts and transactions."""
    days = state.day_currencies
    of_days = [days[at : at + _CODE_LENGTH] for at in range(0, len(days), _CODE_LENGTH)]
    return {*state.assets_e4_by_currency, *(state.loans_e4_by_currency or ()), *of_days}


def is_converted(state: CustomerState, policy: Policy) -> bool:
    """Says whether rates of a topic matter to a customer: something is held, or was moved, in another currency."""
    return policy.rates is not None and not currencies_of(state) <= {policy.currency}


def rates_of(state: CustomerState, policy: Policy, currency: str = "") -> tuple[DayRate, ...]:
    """Gives the rates of a topic that a customer's figures are made with, by currency.

    currency: one more that is converted; empty: none.
    """
    if policy.rates is None:
        return ()
    used = policy.rates.used
    return tuple([used[code] for code in sorted({*currencies_of(state), currency}) if code in used])


def add_newest(state: CustomerState, account: Account, sign: int) -> None:
    """Adds an account's balance to the newest total, or takes it off."""
    totals = state.assets_e4_by_currency
    if holding_of(account.product) == "loans":
        totals = state.loans_e4_by_currency = state.loans_e4_by_currency or {}
    amount_e4 = sign * counted_e4(account.product, account.balance_e4)
    totals[account.currency] = totals.get(account.currency, 0) + amount_e4


def account_after(event: Balance, former: Account | None) -> Account | None:
    """Gives the account as it is after a balance; None where the balance changes nothing.

    The newest balance counts, at equal times the later one; so does the newest word for the product, whichever balance
    bears it: a late one may tell what the newest leaves out. former: the account as it was known.
    """
    product, told_ms = _told(event, former)
    if former is None or event.at_ms >= former.as_of_ms:
        return Account(event.at_ms, event.balance_e4, event.currency, product, told_ms)
    if product == former.product and told_ms == former.product_told_ms:
        return None
    return Account(former.as_of_ms, former.balance_e4, former.currency, product, told_ms)


def timeline_after(event: Balance, timeline: Sequence[Account], calendar: Calendar) -> list[Account]:
    """Gives an account's closing balances by day, the newest last, as they are after a balance, whenever that is told.

    Of a day's balances the newest counts, at equal times the later one. A word for the product counts from its own
    time until that of the next word.
    """
    number = sum(known.as_of_ms <= event.at_ms for known in timeline)
    earlier, later = list(timeline[:number]), list(timeline[number:])
    if event.product is not None:
        later = [
            Account(known.as_of_ms, known.balance_e4, known.currency, event.product, event.at_ms)
            if known.product_told_ms <= event.at_ms
            else known
            for known in later
        ]
    day = calendar.day_of(event.at_ms)
    if later and calendar.day_of(later[0].as_of_ms) == day:
        return earlier + later  # that day closed with a newer one
    former = earlier[-1] if earlier else None
    placed = Account(event.at_ms, event.balance_e4, event.currency, *_told(event, former))
    if former is not None and calendar.day_of(former.as_of_ms) == day:
        earlier.pop()
    return [*earlier, placed, *later]


def _told(event: Balance, former: Account | None) -> tuple[Product, int]:
    """Gives the newest word for the product, and its time, after a balance."""
    product, told_ms = (PRODUCT_UNLESS_KNOWN, NEVER_MS) if former is None else (former.product, former.product_told_ms)
    if event.product is not None and event.at_ms >= told_ms:
        return event.product, event.at_ms
    return product, told_ms
