"""The events of the corpus: random histories of customers in which all happens that a policy may look at.

Nothing of the product is imported: the same seed gives the same bytes, whatever becomes of the code. Each history has
customers and a time of its own, one after the other, so that time goes on for everybody who came before.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

HISTORIES = 200
EVENTS_A_HISTORY = 60
DAY_MS = 86_400_000
BEGINS_MS = 1_600_000_000_000
PRODUCTS = ("deposit", "deposit", "time_deposit", "fund", "securities", "insurance", "loan", "other", None)
TYPES = (
    *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "purchase", "cash"),
    *("interest", "fee", "refund", "loan_payment", "securities", "other", "unheard-of"),
)
STANDINGS = ("excellent", "good", "fair", "poor", "default")
AMOUNTS = (10, 500, 3_000, 20_000, 100_000, 499_999, 500_000, 900_000, 5_000_000, 30_000_000)


def histories(seed: int, currency: str, tiers: list[str]) -> Iterator[bytes]:
    """The lines of all histories, one after the other, as `tierflow simulate` reads them."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(HISTORIES):
        yield from _History(random, number, currency, tiers).lines()


class _History:
    """A few customers over some months or years."""

    def __init__(self, random: Random, number: int, currency: str, tiers: list[str]) -> None:
        self.random = random
        self.currencies = [currency] * 5 + (["USD", "EUR", "JPY"] if currency == "TWD" else [currency])
        self.tiers = tiers
        self.customers = [f"K{number:03d}-{name}" for name in ("a", "b", "客")[: random.randint(1, 3)]]
        self.now_ms = BEGINS_MS + number * 20 * DAY_MS
        self.stride_ms = random.choice((3_600_000, DAY_MS // 2, 2 * DAY_MS, 9 * DAY_MS))
        self.number = 0
        self.prefix = f"{number:03d}"
        self.past: list[tuple[str, dict[str, Any]]] = []

    def lines(self) -> Iterator[bytes]:
        for _ in range(EVENTS_A_HISTORY):
            self.now_ms += int(self.random.expovariate(1) * self.stride_ms)
            topic, value = self.happening()
            self.past.append((topic, value))
            yield json.dumps({"topic": f"bank.{topic}", "value": value}, ensure_ascii=False).encode()

    def happening(self) -> tuple[str, dict[str, Any]]:
        kinds = {
            self.balance: 30,
            self.transaction: 36,
            self.reversal: 4,
            self.credit: 7,
            self.loan: 6,
            self.action: 6,
            self.again: 4,
            self.wrong: 4,
        }
        [kind] = self.random.choices(list(kinds), list(kinds.values()))
        return kind()

    def balance(self) -> tuple[str, dict[str, Any]]:
        sign = "-" if self.random.random() < 0.08 else ""
        value = {
            **self.event(),
            "account_id": self.random.choice(("A1", "A2", "A3")),
            "balance": sign + self.amount(),
            "currency": self.random.choice(self.currencies),
            "as_of": self.time(),
        }
        product = self.random.choice(PRODUCTS)
        return "balances", value if product is None else {**value, "product": product}

    def transaction(self) -> tuple[str, dict[str, Any]]:
        value = {
            **self.event(),
            "account_id": "A1",
            "type": self.random.choice(TYPES),
            "amount": self.amount(),
            "currency": self.random.choice(self.currencies),
            "occurred_at": self.time(),
        }
        return "transactions", value

    def reversal(self) -> tuple[str, dict[str, Any]]:
        done = [value for topic, value in self.past if topic == "transactions" and "reverses" not in value]
        done = [value for value in done if "occurred_at" in value and "event_id" in value]
        if not done:
            return self.transaction()
        undone = self.random.choice(done)
        return "transactions", {
            **undone,
            "event_id": self.event()["event_id"],
            "reverses": undone["event_id"],
            "occurred_at": self.time(),
            "reversed_at": undone["occurred_at"],
        }

    def credit(self) -> tuple[str, dict[str, Any]]:
        score = self.random.choice((None, 450, 700, "812.5"))
        return "credit", {
            **self.event(), "standing": self.random.choice(STANDINGS), "as_of": self.time(), "score": score,
        }  # fmt: skip

    def loan(self) -> tuple[str, dict[str, Any]]:
        return "loans", {
            **self.event(),
            "loan_id": f"L{self.random.randint(1, 4)}",
            "amount": self.amount(),
            "currency": self.random.choice(self.currencies),
            "applied_at": self.time(),
        }

    def action(self) -> tuple[str, dict[str, Any]]:
        action = self.random.choice(("pin", "pin", "unpin", "opt_out", "opt_in", "opt_in", "erase"))
        value = {**self.event(), "action": action, "at": self.time()}
        if action == "pin":
            until = self.now_ms + self.random.randint(-2, 60) * DAY_MS
            value |= {"tier": self.random.choice(self.tiers), "until": until, "reason": "a promise", "by": "branch 7"}
        return "customers", value

    def again(self) -> tuple[str, dict[str, Any]]:
        return self.random.choice(self.past) if self.past else self.balance()

    def wrong(self) -> tuple[str, dict[str, Any]]:
        """What the decoder has to refuse, each time for another fault."""
        topic, value = self.balance()
        faults: list[dict[str, Any]] = [
            {"balance": "1,200.00"},
            {"balance": "1.00001"},
            {"currency": "XAU"},
            {"currency": "twd"},
            {"as_of": "2026-11-24"},
            {"customer_id": ""},
            {"customer_id": "a\u0007b"},
            {"account_id": 7},
            {"balance": None},
        ]
        return topic, {**value, **self.random.choice(faults)}

    def event(self) -> dict[str, Any]:
        self.number += 1
        return {"event_id": f"{self.prefix}-{self.number}", "customer_id": self.random.choice(self.customers)}

    def amount(self) -> str:
        amount = self.random.choice(AMOUNTS) * self.random.choice((1, 1, self.random.uniform(0.2, 2.5)))
        return f"{amount:.{self.random.choice((0, 2, 2, 4))}f}"

    def time(self) -> int | str:
        """Now, or a while ago: a late event."""
        at_ms = self.now_ms
        if self.random.random() < 0.12:
            at_ms -= int(self.random.expovariate(1) * self.random.choice((1, 10, 40)) * DAY_MS)
        if self.random.random() < 0.8:
            return at_ms
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


def letters() -> Iterator[bytes]:
    """What comes to the dead letters for every reason that a file of events can give."""
    for number in range(2_002):  # more accounts than are kept
        yield _balance("L-accounts", f"A{number}", "1.00", number)
    for number in range(50):  # more than a total can be
        yield _balance("L-total", f"A{number}", "99999999999999.9999", number)
    for number in range(2_002):  # more loans than are kept
        value = {"event_id": f"l{number}", "customer_id": "L-loans", "loan_id": f"L{number}", "amount": "5000000"}
        yield _line("loans", {**value, "currency": "TWD", "applied_at": BEGINS_MS + number})
    for value in ([], "text", 7, None, {}, {"event_id": "x"}, {"event_id": "x" * 300, "customer_id": "c"}):
        for topic in ("balances", "transactions", "credit", "loans", "customers"):
            yield _line(topic, value)
    yield _balance("L-currency", "A", "1", 1).replace(b"TWD", b"XAU")
    yield _balance("L-year", "A", "1", 1).replace(str(BEGINS_MS + 1).encode(), b'"2026-02-30T00:00:00Z"')


def _balance(customer: str, account: str, balance: str, number: int) -> bytes:
    value = {"event_id": f"{customer}-{number}", "customer_id": customer, "account_id": account, "balance": balance}
    return _line("balances", {**value, "currency": "TWD", "as_of": BEGINS_MS + number})


def _line(topic: str, value: Any) -> bytes:
    return json.dumps({"topic": f"bank.{topic}", "value": value}).encode()
