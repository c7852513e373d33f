"""Closing totals, averages and sums counted day by day from the raw events: slow, and plain to see."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import structs

from streams.values.calendar import Calendar
from streams.values.events import Balance, Event, Transaction
from streams.values.products import Holding


class Recount:
    """What one customer's events, in the order in which they came, say of any day. Money in units of the policy's."""

    def __init__(self, events: Sequence[Event], calendar: Calendar, rates: Mapping[str, Fraction]) -> None:
        self.calendar, self.rates = calendar, rates
        self.transactions = [event for event in events if isinstance(event, Transaction)]
        # A balance that is older than its account's newest changes nothing, averages neither.
        # The newest word for the product counts from the newest balance on, whichever balance bears it.
        newest: dict[tuple[str, str], Balance] = {}
        told: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.balances = []
        for event in events:
            if not isinstance(event, Balance):
                continue
            account = event.account_id, event.currency
            if event.product is not None:
                told.setdefault(account, []).append((event.at_ms, event.product))
            known = newest.get(account)
            held = event if known is None or event.at_ms >= known.at_ms else known
            words = sorted(told.get(account, [(0, "other")]), key=lambda word: word[0])
            newest[account] = structs.replace(held, product=words[-1][1])
            if newest[account] != known:
                self.balances.append(newest[account])
        self.first_day = min((calendar.day_of(event.at_ms) for event in self.balances), default=None)

    def closing(self, holding: Holding, day: int) -> Fraction:
        """The total at the end of a day."""
        held = {
            (event.account_id, event.currency): event
            for event in self.balances
            if self.calendar.day_of(event.at_ms) <= day
        }
        total = Fraction(0)
        for event in held.values():
            if (event.product == "loan") == (holding == "loans"):
                amount = abs(event.balance_e4) if holding == "loans" else event.balance_e4
                total += Fraction(amount, 10**4) * self.rates[event.currency]
        return total

    def average(self, holding: Holding, first: int, last: int) -> Fraction:
        """The average of the closing totals; days before the first balance are left out."""
        if self.first_day is None or self.first_day > last:
            return Fraction(0)
        days = range(max(first, self.first_day), last + 1)
        return sum((self.closing(holding, day) for day in days), Fraction(0)) / len(days)

    def sum(self, types: set[str], first: int, last: int) -> Fraction:
        """What transactions of these types come to; a reversal is taken off its day."""
        volume = Fraction(0)
        for event in self.transactions:
            if event.type in types and first <= self.calendar.day_of(event.belongs_at_ms) <= last:
                amount = Fraction(event.amount_e4, 10**4) * self.rates[event.currency]
                volume += -amount if event.is_reversal else amount
        return volume
