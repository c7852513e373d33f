"""The producer of a schedule, and its own ledger: what the brokers have acknowledged, and what is in doubt."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

PLAIN = [f"C{number:03}" for number in range(24)]
# Balances and erases alone: what an erase leaves of a day's transactions depends on when it comes (docs/messages.md).
ERASABLE = [f"E{number:03}" for number in range(6)]
# At the floors and just below: half of the balances move somebody.
_AMOUNTS = ("100", "249999.99", "250000", "499999.9999", "500000", "2500000", "4999999", "5000000")
_MALFORMED = (b"no JSON", b"[]", b'{"event_id": "m"}', b"\xff\xfe", b"")
_LATE_MS = 3_600_000
_FAR_MS = 30 * 86_400_000


class Event(NamedTuple):
    """An event that was sent, with its own id, so that it can be sent again."""

    topic: str
    key: bytes
    value: bytes


class Acknowledged(NamedTuple):
    """Where the brokers say that an event is."""

    at: TopicPartition
    offset: int
    event: Event


class Ledger:
    """Sends events of all five inputs. prefix: that of the input topics."""

    def __init__(self, servers: str, prefix: str, random: Random) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.in_doubt: list[Event] = []
        self.sent = 0
        self._servers = servers
        self._prefix = prefix
        self._random = random
        self._recent: deque[Event] = deque(maxlen=300)
        self._transactions: deque[dict[str, Any]] = deque(maxlen=100)
        self._waiting: set[asyncio.Task[None]] = set()
        self._producer: AIOKafkaProducer | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """At the end all that was sent is acknowledged, or in doubt."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._servers, acks="all", enable_idempotence=True, linger_ms=2, request_timeout_ms=60_000
        )
        await self._producer.start()
        try:
            yield
        finally:
            await asyncio.gather(*self._waiting)
            await self._producer.stop()

    async def flow(self, a_second: int) -> None:
        """Random events, until it is cancelled."""
        while True:
            for _ in range(max(1, a_second // 10)):
                await self._send(self._next())
            await asyncio.sleep(0.1)

    async def introduce(self) -> None:
        """A balance of every customer: pins and erases come later."""
        for customer in (*PLAIN, *ERASABLE):
            await self._send(self._balance(customer))
        await asyncio.gather(*self._waiting)

    async def _send(self, event: Event) -> None:
        assert self._producer is not None
        self.sent += 1
        try:
            future = await self._producer.send(self._prefix + event.topic, event.value, key=event.key)
        except KafkaError:
            self.in_doubt.append(event)
            return
        task = asyncio.create_task(self._heard(event, future))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _heard(self, event: Event, future: asyncio.Future[Any]) -> None:
        try:
            there = await future
        except KafkaError:
            self.in_doubt.append(event)
        else:
            self.acknowledged.append(Acknowledged(TopicPartition(there.topic, there.partition), there.offset, event))

    # --- what is sent ---

    def _next(self) -> Event:
        random, dice = self._random, self._random.random()
        if dice < 0.08 and self._recent:
            return random.choice(self._recent)  # a repeat
        if dice < 0.10:
            return self._malformed()
        if dice < 0.20:
            customer = random.choice(ERASABLE)
            event = self._erase(customer) if random.random() < 0.1 else self._balance(customer)
        else:
            make = random.choices(
                (self._balance, self._transaction, self._credit, self._loan, self._action), (60, 20, 5, 5, 10)
            )[0]
            event = make(random.choice(PLAIN))
        self._recent.append(event)
        return event

    def _event(self, topic: str, customer: str, **fields: Any) -> Event:
        value = {"event_id": f"e{self.sent}", "customer_id": customer, **fields}
        return Event(topic, customer.encode(), json.dumps(value).encode())

    def _at_ms(self) -> int:
        """Now, or late."""
        late_ms = self._random.randrange(_LATE_MS) if self._random.random() < 0.15 else 0
        return time.time_ns() // 1_000_000 - late_ms

    def _balance(self, customer: str) -> Event:
        account, amount = self._random.choice("AB"), self._random.choice(_AMOUNTS)
        fields = {"account_id": account, "balance": amount, "currency": "TWD", "as_of": self._at_ms()}
        return self._event("balances", customer, **fields)

    def _transaction(self, customer: str) -> Event:
        random = self._random
        if self._transactions and random.random() < 0.15:
            undone = random.choice(self._transactions)
            again = {name: undone[name] for name in ("account_id", "type", "amount", "currency")}
            more = {"reverses": undone["event_id"], "reversed_at": undone["occurred_at"], "occurred_at": self._at_ms()}
            return self._event("transactions", undone["customer_id"], **again, **more)
        kind, amount = random.choice(("deposit", "purchase", "fee")), str(random.randrange(1, 5_000))
        fields = {"account_id": "A", "type": kind, "amount": amount, "currency": "TWD", "occurred_at": self._at_ms()}
        event = self._event("transactions", customer, **fields)
        if kind == "deposit":  # nothing is paid for it that would have to be taken back
            self._transactions.append(json.loads(event.value))
        return event

    def _credit(self, customer: str) -> Event:
        standing = self._random.choice(("excellent", "good", "fair", "poor"))
        return self._event("credit", customer, standing=standing, as_of=self._at_ms())

    def _loan(self, customer: str) -> Event:
        fields = {"amount": str(self._random.randrange(1_000, 900_000)), "currency": "TWD", "applied_at": self._at_ms()}
        return self._event("loans", customer, loan_id=f"L{self.sent}", **fields)

    def _action(self, customer: str) -> Event:
        action, at_ms = self._random.choice(("pin", "unpin", "unpin", "opt_out", "opt_in")), self._at_ms()
        more: dict[str, Any] = {}
        if action == "pin":
            tier = self._random.choice(("low", "mid", "high"))
            more = {"tier": tier, "until": at_ms + _FAR_MS, "reason": "r", "by": "b"}
        return self._event("customers", customer, action=action, at=at_ms, **more)

    def _erase(self, customer: str) -> Event:
        return self._event("customers", customer, action="erase", at=self._at_ms())

    def _malformed(self) -> Event:
        topic = self._random.choice(("balances", "transactions", "credit", "loans", "customers"))
        return Event(topic, self._random.choice(PLAIN).encode(), self._random.choice(_MALFORMED))
