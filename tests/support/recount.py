"""What one customer's events come to at an instant, counted anew from the events as they are written in a file.

Slow, plain, and of the words of docs/messages.md and docs/policies.md alone: nothing of the engine is used. The order
in which the events came matters nowhere but between two balances, or standings, of one and the same instant.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = Mapping[str, Any]
DEBTS = {"loan", "mortgage", "credit_card"}
DAY = timedelta(days=1)


class Line(NamedTuple):
    """One event of a file: its topic without prefix, and its value."""

    topic: str
    value: Json


def time_of(line: Line) -> datetime:
    """An event's own time."""
    field = {"transactions": "occurred_at", "loans": "applied_at", "customers": "at"}.get(line.topic, "as_of")
    return _time(line.value[field])


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written)


class Recount:
    """The events of one customer, in the order in which they came, and what they say as of an instant."""

    def __init__(self, lines: Sequence[Line], now: datetime, zone: str, rates: Mapping[str, str]) -> None:
        self.now, self.zone = now, ZoneInfo(zone)
        self.rates = {code: Fraction(rate) for code, rate in rates.items()}
        unrepeated = list({(line.topic, line.value["event_id"]): line for line in reversed(lines)}.values())[::-1]
        self.lines = self._not_erased(unrepeated)
        self.today = self.day(now)

    def _not_erased(self, lines: Sequence[Line]) -> list[Line]:
        """What is newer than every erase; without the transactions of its day that were there when it came."""
        left = list(lines)
        for number, erase in enumerate(lines):
            if erase.topic != "customers" or erase.value["action"] != "erase":
                continue
            at, gone = time_of(erase), list[Line]()
            for line in lines[:number]:
                is_summed = line.topic == "transactions" and not line.value.get("reverses")
                if is_summed and self.day(time_of(line)) == self.day(at):
                    gone.append(line)
            left = [line for line in left if time_of(line) > at and line not in gone]
        return left

    def day(self, at: datetime) -> date:
        """The local day."""
        return at.astimezone(self.zone).date()

    def of(self, topic: str) -> list[Json]:
        """The events of a topic by their own time; of one time in the order in which they came."""
        return [line.value for line in sorted(self.lines, key=time_of) if line.topic == topic]

    # --- balances ---

    def closing(self, day: date, *, loans: bool = False) -> Fraction:
        """The total of all assets, or debts, at the end of a day."""
        held: dict[tuple[str, str], Json] = {}
        products: dict[tuple[str, str], str] = {}
        for balance in self.of("balances"):
            if self.day(_time(balance["as_of"])) <= day:
                pocket = balance["account_id"], balance["currency"]
                held[pocket] = balance
                if balance.get("product"):
                    products[pocket] = balance["product"].lower()
        total = Fraction(0)
        for pocket, balance in held.items():
            if (products.get(pocket, "other") in DEBTS) == loans:
                amount = Fraction(balance["balance"]) * self.rates[pocket[1]]
                total += abs(amount) if loans else amount
        return total

    def newest(self, *, loans: bool = False) -> Fraction:
        """The newest total."""
        return self.closing(date.max, loans=loans)

    def average(self, first: date, last: date, *, loans: bool = False) -> Fraction:
        """The average of the closing totals of these days; days before the first balance are left out."""
        began = min((self.day(_time(balance["as_of"])) for balance in self.of("balances")), default=date.max)
        first = max(first, began)
        days = [first + DAY * number for number in range((last - first).days + 1)] if first <= last else []
        return sum((self.closing(day, loans=loans) for day in days), Fraction(0)) / max(1, len(days))

    def last_month(self) -> tuple[date, date]:
        """The first and the last day of the last whole month."""
        last = self.today.replace(day=1) - DAY
        return last.replace(day=1), last

    def back(self, days: int) -> tuple[date, date]:
        """The first and the last of so many days, today included."""
        return self.today - DAY * (days - 1), self.today

    # --- transactions ---

    def counted(self) -> list[Json]:
        """The transactions that nothing has undone: a reversal that was itself reversed undoes nothing."""
        transactions = [line.value for line in self.lines if line.topic == "transactions"]
        undone: set[str] = set()

        def stands(reversal: Json) -> bool:
            return not any(other["reverses"] == reversal["event_id"] and stands(other) for other in reversals)

        reversals = [value for value in transactions if value.get("reverses")]
        undone = {reversal["reverses"] for reversal in reversals if stands(reversal)}
        return [value for value in transactions if not value.get("reverses") and value["event_id"] not in undone]

    def _within(self, types: set[str], span: tuple[date, date]) -> list[Fraction]:
        return [
            Fraction(value["amount"]) * self.rates[value["currency"]]
            for value in self.counted()
            if value["type"] in types and span[0] <= self.day(_time(value["occurred_at"])) <= span[1]
        ]

    def sum(self, types: set[str], span: tuple[date, date]) -> Fraction:
        """What the transactions of these types come to in these days."""
        return sum(self._within(types, span), Fraction(0))

    def count(self, types: set[str], span: tuple[date, date]) -> int:
        """How many transactions of these types these days have."""
        return len(self._within(types, span))

    # --- what was said last ---

    @property
    def standing(self) -> str:
        """The newest credit standing; good where there is none."""
        said = self.of("credit")
        return str(said[-1]["standing"]) if said else "good"

    @property
    def opted_out(self) -> bool:
        """Whether the newest word is an opt-out."""
        said = [value["action"] for value in self.of("customers") if value["action"].startswith("opt_")]
        return said[-1:] == ["opt_out"]

    @property
    def pin(self) -> str | None:
        """The tier of the pin that holds, if any."""
        said = [value for value in self.of("customers") if value["action"] in {"pin", "unpin"}]
        if not said or said[-1]["action"] == "unpin" or _time(said[-1]["until"]) <= self.now:
            return None
        return str(said[-1]["tier"])
