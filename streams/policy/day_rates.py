"""Policies whose rates come from a topic: the policy as it is on a day (docs/policies.md#rates-from-a-topic).

A rate holds from the beginning of its local day until that of the next day that has one. What decides is a policy by
the rates of one day, so that nothing else in the engine knows where rates come from.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from operator import itemgetter

from msgspec.structs import replace

from streams.policy.policy import Policy
from streams.policy.rates import DayRate, Quoted, Rates, RateTable
from streams.values.calendar import Calendar
from streams.values.money import ONE_RATE, ONE_SHARE

_time_of = itemgetter(0)
_DAYS_KEPT = 400  # policies of so many days are kept at a time


def with_quotes(table: RateTable, quoted: Iterable[Quoted], next_offset: int) -> RateTable:
    """Adds rates to a table, in the order of their records. next_offset: after the last record that was read."""
    added: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for pair, at_ms, rate_e8 in quoted:
        quotes = added.get(pair)
        if quotes is None:
            quotes = added[pair] = list(table.quotes.get(pair, ()))
        insort(quotes, (at_ms, rate_e8), key=_time_of)  # at equal times the later record comes last
    return RateTable(table.quotes | {pair: tuple(quotes) for pair, quotes in added.items()}, next_offset)


def with_rates(policy: Policy, table: RateTable) -> Policy:
    """Gives a policy the rates of a table, the newest of each currency; one that has rates of its own stays as it is.

    The policy says so which currencies are known at all. What decides is on_day() of it.
    """
    if policy.rates is None or policy.rates.next_offset == table.next_offset:
        return policy
    by_currency = {
        currency: _by_day(quotes, currency, policy.calendar)
        for (currency, against), quotes in table.quotes.items()
        if against == policy.currency != currency
    }
    days = sorted({rate.day for rates in by_currency.values() for rate in rates})
    used = {currency: rates[-1] for currency, rates in by_currency.items()}
    return _converting(policy, Rates(by_currency, tuple(days), table.next_offset, used, {}))


def on_day(policy: Policy, day: int) -> Policy:
    """Gives a policy by the rates of a local day: the newest of that day or before. Earlier, a currency has none."""
    rates = policy.rates
    if rates is None:
        return policy
    begun = bisect_right(rates.days, day)
    known: Policy | None = rates.on_days.get(begun)
    if known is None:
        used: dict[str, DayRate] = {}
        for currency, by_day in rates.by_currency.items():
            number = bisect_right(by_day, day, key=_day_of)
            if number:
                used[currency] = by_day[number - 1]
        if len(rates.on_days) >= _DAYS_KEPT:
            rates.on_days.clear()
        rates.on_days[begun] = known = _converting(policy, replace(rates, used=used))
    return known


def fixed_on(policy: Policy, day: int) -> Policy:
    """Gives a policy that stays by the rates of a day: by it one looks ahead, since nobody knows those to come."""
    return policy if policy.rates is None else replace(on_day(policy, day), rates=None)


def told_rates(policy: Policy, rates: Mapping[str, int]) -> Policy:
    """Gives a policy that stays by the rates that somebody tells, by currency."""
    used = {currency: DayRate(currency, rate_e8, 0) for currency, rate_e8 in rates.items()}
    return policy if policy.rates is None else replace(_converting(policy, Rates(used=used)), rates=None)


def _converting(policy: Policy, rates: Rates) -> Policy:
    to_value = {currency: rate.rate_e8 * ONE_SHARE for currency, rate in rates.used.items()}
    to_value[policy.currency] = ONE_RATE * ONE_SHARE
    return replace(policy, to_value=to_value, rates=rates)


def _by_day(quotes: tuple[tuple[int, int], ...], currency: str, calendar: Calendar) -> tuple[DayRate, ...]:
    """Gives the last rate of each day."""
    last: dict[int, DayRate] = {}
    for at_ms, rate_e8 in quotes:
        day = calendar.day_of(at_ms)
        last[day] = DayRate(currency, rate_e8, day)
    return tuple(last.values())


def _day_of(rate: DayRate) -> int:
    return rate.day
