"""The small bank of the demo: what its few hundred customers do, as input events.

Most customers exist from the start, some join later. A customer's balance moves around a usual level, so that a
customer near a floor crosses it in both directions. Now and then an event is sent twice, and some events cannot be
used. The same seed and times give the same events.
"""

from random import Random
from typing import TYPE_CHECKING, NamedTuple

import orjson

from streams.contracts.event_line import EventLine
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

OLD_CUSTOMERS = 200
CUSTOMERS_LIMIT = 300
CURRENCY = "TWD"
PIN_MS = 15_000
# Longer than the 30 days in which assets count as fresh, so that not every loan is an enhanced one; shorter than the 60
# days without a transaction that make a customer dormant.
_KNOWN_FOR_MS = 45 * 86_400_000
_NEWCOMER_SHARE = 0.015
# Weight of a group of customers, and the range of their assets in TWD. Many are near the floors of 500,000 and
# 5,000,000.
_WEALTH = (
    (45, (20_000, 300_000)),
    (30, (430_000, 570_000)),
    (13, (800_000, 3_000_000)),
    (9, (4_600_000, 5_500_000)),
    (3, (8_000_000, 40_000_000)),
)
_INVESTED_FROM = 800_000
_STANDINGS = {"excellent": 20, "good": 50, "fair": 20, "poor": 8, "default": 2}
_PURPOSES = {"home": 84, "car": 60, "business": 36, "studies": 48}


class _Account:
    """One account, with its balance in cents."""

    def __init__(self, account_id: str, product: str, cents: int) -> None:
        self.account_id = account_id
        self.product = product
        self.cents = cents


class _Customer:
    """A customer with a current account and an investment account. income and usual balance are in cents."""

    def __init__(self, random: Random, number: int) -> None:
        least, most = random.choices([span for _, span in _WEALTH], [share for share, _ in _WEALTH])[0]
        wealth = random.randint(least, most) * 100
        invested = wealth // 2 if wealth >= _INVESTED_FROM * 100 else 0
        self.customer_id = f"C{number:04d}"
        self.income = max(int(wealth * random.uniform(0.05, 0.12)), random.randint(28_000, 60_000) * 100)
        self.usual = wealth - invested
        self.current = _Account(f"A{number:04d}-1", "deposit", self.usual)
        self.invested = _Account(f"A{number:04d}-2", random.choice(("fund", "securities")), invested)


class _Purchase(NamedTuple):
    """The newest purchase, which can still be reversed."""

    customer: _Customer
    event_id: str
    cents: int
    at_ms: int


class Bank:
    """The customers, and what happens next. `sent_twice` counts the events that were made a second time."""

    def __init__(self, seed: int) -> None:
        self.sent_twice = 0
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._customers: list[_Customer] = []
        self._number = 0
        self._at_ms = 0
        self._repeatable: EventLine | None = None
        self._purchase: _Purchase | None = None
        # The weights by which `happens` chooses.
        self._happenings: dict[Callable[[_Customer], list[EventLine]], float] = {
            self._buys: 50,
            self._earns_or_pays: 14,
            self._transfers: 14,
            self._market_moves: 14,
            self._takes_back: 1,
            self._repeats: 1,
            self._is_rated: 2,
            self._asks_for_loan: 1,
            self._is_pinned: 0.3,
            self._goes_wrong: 0.7,
        }

    def opens(self, at_ms: int) -> list[EventLine]:
        """Makes the history: balances and a standing of each customer who exists at the start, 45 days before at_ms."""
        self._at_ms = at_ms - _KNOWN_FOR_MS
        return [line for _ in range(OLD_CUSTOMERS) for line in (*self._joins(), *self._is_rated(self._customers[-1]))]

    def happens(self, at_ms: int) -> list[EventLine]:
        """Makes the events of the next happening at a time in epoch milliseconds: one to four that belong together."""
        self._at_ms = at_ms
        has_room = len(self._customers) < CUSTOMERS_LIMIT
        if has_room and (not self._customers or self._random.random() < _NEWCOMER_SHARE):
            return self._joins()
        customer = self._random.choice(self._customers)
        [happening] = self._random.choices(list(self._happenings), list(self._happenings.values()))
        return happening(customer)

    # --- what happens ---

    def _joins(self) -> list[EventLine]:
        customer = _Customer(self._random, len(self._customers) + 1)
        self._customers.append(customer)
        accounts = [customer.current] + [customer.invested] * (customer.invested.cents > 0)
        return [self._balance(customer, account) for account in accounts]

    def _buys(self, customer: _Customer) -> list[EventLine]:
        cents = min(int(self._random.lognormvariate(7, 1) * 100), customer.current.cents // 2)
        line = self._moves(customer, "purchase", -cents, channel=self._random.choice(("card", "mobile", "web")))
        self._purchase = _Purchase(customer, self._event_id(), cents, self._at_ms)
        self._repeatable = line
        return [line, self._balance(customer, customer.current)]

    def _earns_or_pays(self, customer: _Customer) -> list[EventLine]:
        cents = int(customer.income * self._random.uniform(0.8, 1.2))
        if customer.current.cents < customer.usual:
            line = self._moves(customer, "deposit", cents, channel="salary")
        else:
            bill = self._random.choice(("withdrawal", "loan_payment", "cash"))
            line = self._moves(customer, bill, -min(cents, customer.current.cents))
        return [line, self._balance(customer, customer.current)]

    def _transfers(self, customer: _Customer) -> list[EventLine]:
        other = self._random.choice(self._customers)
        cents = int(min(customer.income, other.income, customer.current.cents) * self._random.uniform(0.2, 0.9))
        return [
            self._moves(customer, "transfer_out", -cents),
            self._moves(other, "transfer_in", cents),
            self._balance(customer, customer.current),
            self._balance(other, other.current),
        ]

    def _market_moves(self, customer: _Customer) -> list[EventLine]:
        if not customer.invested.cents:
            return self._buys(customer)
        customer.invested.cents = int(customer.invested.cents * self._random.uniform(0.985, 1.0155))
        return [self._balance(customer, customer.invested)]

    def _takes_back(self, customer: _Customer) -> list[EventLine]:
        if self._purchase is None:
            return self._buys(customer)
        undone, self._purchase = self._purchase, None
        reverses = {"reverses": undone.event_id, "reversed_at": undone.at_ms}
        line = self._moves(undone.customer, "purchase", undone.cents, **reverses)
        return [line, self._balance(undone.customer, undone.customer.current)]

    def _repeats(self, customer: _Customer) -> list[EventLine]:
        if self._repeatable is None:
            return self._buys(customer)
        self.sent_twice += 1
        return [self._repeatable]

    def _is_rated(self, customer: _Customer) -> list[EventLine]:
        [standing] = self._random.choices(list(_STANDINGS), list(_STANDINGS.values()))
        return [
            self._event(CREDIT, customer, as_of=self._at_ms, standing=standing, score=self._random.randint(300, 850))
        ]

    def _asks_for_loan(self, customer: _Customer) -> list[EventLine]:
        purpose = self._random.choice(list(_PURPOSES))
        loan_id = f"L{self._number + 1}"
        amount = _decimal(customer.income * self._random.randint(3, 30))
        return [
            self._event(
                LOANS,
                customer,
                loan_id=loan_id,
                amount=amount,
                currency=CURRENCY,
                applied_at=self._at_ms,
                purpose=purpose,
                term_months=_PURPOSES[purpose],
            )
        ]

    def _is_pinned(self, customer: _Customer) -> list[EventLine]:
        tier, until = self._random.choice(("mid", "high")), self._at_ms + PIN_MS
        why = {"reason": "keeps a former tier while a complaint is open", "by": "branch 12"}
        return [self._event(CUSTOMERS, customer, action="pin", at=self._at_ms, tier=tier, until=until, **why)]

    def _goes_wrong(self, customer: _Customer) -> list[EventLine]:
        """Makes an event that becomes a dead letter: cut off, with a comma, an unknown currency or a foreign key."""
        right = {"account_id": customer.current.account_id, "balance": "1200.00", "currency": CURRENCY}
        line = self._event(BALANCES, customer, **right, as_of=self._at_ms)
        match self._random.randrange(4):
            case 0:
                return [line._replace(value=line.value[:-20])]
            case 1:
                return [self._event(BALANCES, customer, **{**right, "balance": "1,200.00"}, as_of=self._at_ms)]
            case 2:
                return [self._event(BALANCES, customer, **{**right, "currency": "XAU"}, as_of=self._at_ms)]
            case _:
                return [line._replace(key=f"{customer.customer_id}X".encode())]

    # --- events ---

    def _moves(self, customer: _Customer, kind: str, cents: int, **more: object) -> EventLine:
        account = customer.current
        account.cents += cents
        amount = _decimal(abs(cents))
        what = {"account_id": account.account_id, "type": kind, "amount": amount, "currency": CURRENCY}
        return self._event(TRANSACTIONS, customer, **what, occurred_at=self._at_ms, **more)

    def _balance(self, customer: _Customer, account: _Account) -> EventLine:
        what = {"account_id": account.account_id, "product": account.product, "balance": _decimal(account.cents)}
        return self._event(BALANCES, customer, **what, currency=CURRENCY, as_of=self._at_ms)

    def _event(self, topic: int, customer: _Customer, **fields: object) -> EventLine:
        self._number += 1
        value = {"event_id": self._event_id(), "customer_id": customer.customer_id, **fields}
        return EventLine(topic, customer.customer_id.encode(), orjson.dumps(value))

    def _event_id(self) -> str:
        """Gives the id of the event that was made last. The time is part of it, so that runs do not share ids."""
        return f"{self._at_ms}-{self._number}"


def _decimal(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{whole}.{rest:02d}"
