"""Random histories of one customer whose events come in any order, as lines of a file of events."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from streams.contracts.lines import parse_line
from streams.simulate.simulation import InputRecord
from tests.support.recount import Line, time_of

CUSTOMER = "張-1"
END = datetime(2026, 6, 17, 4, tzinfo=UTC)
PRODUCTS = {"a": "deposit", "b": "Mortgage", "c": "fund", "d": "structured-note", "e": "CREDIT_CARD", "f": None}
AMOUNTS = ("0", "0.0001", "499999.9999", "500000", "250000.005", "5000000", "-1200.5", "12345678901.2345")
SPENT = ("0", "0.01", "99.9999", "30000", "1234567", "4999999.99")


class Dice:
    """One seeded history: first in order, then shuffled."""

    def __init__(self, seed: int, days: int = 75, erased: float = 0) -> None:
        """Rolls anew. erased: how probable an erase is."""
        self.erased = erased
        self.dice = random.Random(seed)  # noqa: S311 - the same dice every time
        self.days = days
        self.count = 0

    def lines(self) -> list[Line]:
        """The events of one customer before END, and one at END, which moves the clock and no measure."""
        found = [self._balance() for _ in range(self.dice.randint(1, 14))]
        found += [self._credit() for _ in range(self.dice.randint(0, 4))]
        found += [self._action() for _ in range(self.dice.randint(0, 6))]
        for _ in range(self.dice.randint(0, 14)):
            found += self._transactions()
        if self.dice.random() < self.erased:
            found.append(self._erase(found))
        return [*found, self.application(END)]

    def shuffled(self, lines: Sequence[Line]) -> list[Line]:
        """The same in any order, with some events sent twice."""
        found = [*lines, *self.dice.sample(list(lines), min(2, len(lines)))]
        self.dice.shuffle(found)
        return found

    def application(self, at: datetime) -> Line:
        """A loan application, which moves the clock and no measure."""
        value: dict[str, object] = {
            "loan_id": f"L{self.count}",
            "amount": "1",
            "currency": "TWD",
            "applied_at": at.isoformat(),
        }
        return self._line("loans", value)

    def _line(self, topic: str, value: dict[str, object]) -> Line:
        self.count += 1
        return Line(topic, {"event_id": f"e{self.count}", "customer_id": CUSTOMER} | value)

    def _at(self) -> datetime:
        """Some time before END, to the millisecond and unlike all others; around local midnights often."""
        day = END - timedelta(days=self.dice.randint(0, self.days))
        hour = self.dice.choice([timedelta(hours=16), timedelta(hours=3, minutes=59), timedelta(hours=22)])
        at = day.replace(hour=0) + hour - timedelta(milliseconds=self.dice.choice([0, 1, 3_600_000]))
        return min(at, END - timedelta(hours=2)) - timedelta(milliseconds=1_000 * self.count + 1_000)

    def _balance(self) -> Line:
        account = self.dice.choice("aaabcdef")
        value: dict[str, object] = {
            "account_id": account,
            "balance": self.dice.choice(AMOUNTS),
            "currency": self.dice.choice(["TWD", "TWD", "USD", "JPY"]),
            "as_of": self._at().isoformat(),
        }
        if self.dice.random() < 0.8 or account == "d":
            value["product"] = PRODUCTS[account]
        return self._line("balances", value)

    def _credit(self) -> Line:
        standing = self.dice.choice(["excellent", "good", "fair", "poor", "default"])
        return self._line("credit", {"standing": standing, "as_of": self._at().isoformat()})

    def _action(self) -> Line:
        action, at = self.dice.choice(["pin", "unpin", "opt_out", "opt_in"]), self._at()
        value: dict[str, object] = {"action": action, "at": at.isoformat()}
        if action == "pin":
            until = at + timedelta(days=self.dice.choice([1, 10, 100]))
            tier = self.dice.choice(["low", "mid", "high"])
            value |= {"tier": tier, "until": until.isoformat(), "reason": "vip", "by": "desk"}
        return self._line("customers", value)

    def _erase(self, lines: Sequence[Line]) -> Line:
        """An erase at some time, or just after an event: others of its day are before it, and after it."""
        at = time_of(self.dice.choice(lines)) if self.dice.random() < 0.5 else self._at()
        at += timedelta(milliseconds=self.dice.choice([0, 1]))
        return self._line("customers", {"action": "erase", "at": at.isoformat()})

    def _transactions(self) -> list[Line]:
        """A transaction; perhaps what undoes it, once or twice, or what undoes that; or what undoes nothing known."""
        at = self._at()
        value: dict[str, object] = {
            "account_id": "a",
            "type": self.dice.choice(["purchase", "transfer_out", "cash", "deposit", "fee"]),
            "amount": self.dice.choice(SPENT),
            "currency": self.dice.choice(["TWD", "USD"]),
            "occurred_at": at.isoformat(),
        }
        bought = self._line("transactions", value)
        match self.dice.randint(0, 7):
            case 0:
                return [bought, self._undoing(bought, 1)]
            case 1:
                return [bought, self._undoing(bought, 1), self._undoing(bought, 2)]
            case 2:
                undoing = self._undoing(bought, 1)
                return [bought, undoing, self._undoing(undoing, 2)]
            case 3:
                return [self._undoing(bought, 1)]
            case _:
                return [bought]

    def _undoing(self, what: Line, minutes: int) -> Line:
        at = datetime.fromisoformat(str(what.value["occurred_at"]))
        value = {name: field for name, field in what.value.items() if name != "event_id"}
        value |= {"reverses": what.value["event_id"], "reversed_at": at.isoformat()}
        return self._line("transactions", value | {"occurred_at": (at + timedelta(minutes=minutes)).isoformat()})


def records(lines: Sequence[Line]) -> list[InputRecord]:
    """The lines as a file of events would hold them."""
    return [parse_line(json.dumps({"topic": f"bank.{topic}", "value": value}).encode()) for topic, value in lines]
