"""Closing totals, averages and sums counted day by day from the raw events: slow, and plain to see."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import structs

from streams.values.calendar import Calendar
from streams.values.events import Balance, Event, Transaction
from streams.values.products import Holding


def in_force(transactions: Sequence[Transaction]) -> list[Transaction]:
    """What counts of these transactions, by a ledger that is kept in the order of their own times.

    Each takes effect after what it names. A reversal is entered if what it names is on the ledger, and strikes it; what
    that one had struck comes back. One of another type or currency than what it names, or of more, is not entered; one
    of less strikes that part.
    """
    by_id = {event.event_id: event for event in transactions}
    waiting, heard = sorted(transactions, key=lambda event: event.at_ms), set[str]()
    right = {event.event_id for event in transactions if _fits(event, by_id.get(event.reverses or ""))}
    ledger, struck_by = set[str](), dict[str, str]()

    def strike(name: str, by: str) -> None:
        ledger.remove(name)
        struck_by[name] = by
        back = next((target for target, reversal in struck_by.items() if reversal == name), None)
        if back is not None:
            del struck_by[back]
            ledger.add(back)
            undoes = by_id[back].reverses
            if undoes in ledger:  # a reversal that comes back strikes again
                strike(undoes or "", back)

    while ready := [event for event in waiting if event.reverses not in by_id.keys() - heard]:
        event = ready[0]
        waiting.remove(event)
        heard.add(event.event_id)
        if event.reverses is None:
            ledger.add(event.event_id)
        elif event.reverses in ledger and event.event_id in right:
            ledger.add(event.event_id)
            strike(event.reverses, event.event_id)
    parts = {name: by_id[by].amount_e4 for name, by in struck_by.items() if name not in ledger and by in ledger}
    standing = [
        structs.replace(event, amount_e4=event.amount_e4 - parts.get(event.event_id, 0))
        for event in transactions
        if event.reverses is None
    ]
    return [event for event in standing if event.event_id in ledger or event.amount_e4 > 0]


def _fits(reversal: Transaction, undone: Transaction | None) -> bool:
    if undone is None or (reversal.type, reversal.currency) != (undone.type, undone.currency):
        return False
    return reversal.amount_e4 == undone.amount_e4 or (undone.reverses is None and reversal.amount_e4 < undone.amount_e4)


class Recount:
    """What one customer's events say of any day, each by its own time. Money in units of the policy's.

    events: in the order in which they came; it decides between balances of an account that have the same time.
    """

    def __init__(self, events: Sequence[Event], calendar: Calendar, rates: Mapping[str, Fraction]) -> None:
        self.calendar, self.rates = calendar, rates
        self.transactions = in_force([event for event in events if isinstance(event, Transaction)])
        told: dict[tuple[str, str], str] = {}  # the last word for the product of an account in a currency
        self.balances = []
        for event in sorted((event for event in events if isinstance(event, Balance)), key=lambda event: event.at_ms):
            account = event.account_id, event.currency
            told[account] = event.product or told.get(account, "other")
            self.balances.append(structs.replace(event, product=told[account]))
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
            if (event.product in {"loan", "mortgage", "credit_card"}) == (holding == "loans"):
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
        """What transactions of these types come to, without those that are undone."""
        volume = Fraction(0)
        for event in self.transactions:
            if event.type in types and first <= self.calendar.day_of(event.at_ms) <= last:
                volume += Fraction(event.amount_e4, 10**4) * self.rates[event.currency]
        return volume
