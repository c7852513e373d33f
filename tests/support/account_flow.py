"""Account records on `bank.accounts` and bookings by account on a topic of a core, and what must come of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from tests.support.naive_owners import held_at, told_at
from tests.support.worker_processes import read

FIRST_MS = 1_790_000_000_000
MAPPING = """
[sources.ledger]
topic = "{topic}"
format = "json"

[[sources.ledger.transactions]]
when = "kind == 'T'"
event_id = "id"
account_id = "account"
type = {{ constant = "purchase" }}
amount = "amount"
currency = {{ constant = "TWD" }}
occurred_at = {{ path = "at", unit = "ms" }}

[[sources.ledger.balances]]
when = "kind == 'B'"
event_id = "id"
account_id = "account"
balance = "amount"
currency = {{ constant = "TWD" }}
as_of = {{ path = "at", unit = "ms" }}
"""


@dataclass
class Bank:
    """What a bank has sent. Accounts whose number is above `known` are never told."""

    random: Random
    known: int = 20
    unknown: int = 3
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by account, balances and account records
    transactions: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0

    def account_records(self, how_many: int) -> list[dict[str, Any]]:
        """Draws account records; one in five is sent again later, as a snapshot does."""
        made = []
        for _ in range(how_many):
            owners = self.random.sample(range(12), self.random.randint(1, 3))
            roles = ["owner", *(self.random.choice(("joint", "authorised")) for _ in owners[1:])]
            listed = [{"customer_id": f"C{who}", "role": role} for who, role in zip(owners, roles, strict=True)]
            made.append(self._noted({"account_id": self._account(), "owners": listed, "as_of": self._time()}))
        return made + self.random.sample(made, len(made) // 5)

    def first_records(self) -> list[dict[str, Any]]:
        """Gives an account record of every account that is to be known."""
        return [
            self._noted({"account_id": f"A{number}", "owners": [{"customer_id": f"C{number % 12}"}], "as_of": FIRST_MS})
            for number in range(self.known)
        ]

    def bookings(self, how_many: int) -> list[dict[str, Any]]:
        """Draws bookings as the core has them."""
        made = []
        for _ in range(how_many):
            self.sent += 1
            kind, at = self.random.choice("TB"), self._time()
            account = self._account() if self.random.random() < 0.97 else self._unknown()
            amount = f"{self.random.randrange(1, 100_000)}.00"
            made.append({"id": f"e{self.sent}", "kind": kind, "account": account, "amount": amount, "at": at})
            if kind == "T":
                self.transactions.append(made[-1])
            else:
                self._noted({"account_id": account, "balance": amount, "currency": "TWD", "as_of": at})
        return made

    def holdings(self, at_ms: int) -> dict[tuple[str, str, str], Decimal]:
        """Gives by account, customer and currency what is held at last, by the naive way."""
        return {
            (account, *who): amount
            for account, records in self.records.items()
            if any("owners" in record for record in records)
            for who, amount in held_at(records, at_ms).items()
        }

    def _noted(self, record: dict[str, Any]) -> dict[str, Any]:
        self.records.setdefault(record["account_id"], []).append(record)
        return record

    def _time(self) -> int:
        """Draws a time that no other record has: of two of one time the later one would count."""
        self.sent += 1
        return FIRST_MS + self.random.randrange(1, 10_000) * 100_000 + self.sent

    def _account(self) -> str:
        return f"A{self.random.randrange(self.known)}"

    def _unknown(self) -> str:
        return f"U{self.random.randrange(self.unknown)}"


async def put(settings: Settings, topic: str, values: Sequence[Mapping[str, Any]]) -> None:
    """Writes records, each under its account."""
    producer = AIOKafkaProducer(**settings.client_options(), linger_ms=5)
    await producer.start()
    for value in values:
        key = value["account_id"] if "account_id" in value else value["account"]
        await producer.send(topic, json.dumps(value).encode(), key.encode())
    await producer.stop()


async def told_holdings(settings: Settings, at_ms: int) -> dict[tuple[str, str, str], Decimal]:
    """Gives the same as `Bank.holdings`, by what stands on the topic of balances."""
    told: dict[str, dict[tuple[str, str], dict[int, str]]] = {}
    for record in await read(settings, settings.input_topic("balances")):
        event = json.loads(record.value)
        assert record.key.decode() == event["customer_id"]
        of_account = told.setdefault(event["account_id"], {})
        of_account.setdefault((event["customer_id"], event["currency"]), {})[event["as_of"]] = event["balance"]
    return {
        (account, *who): amount
        for account, owners in told.items()
        for who, amount in told_at({who: sorted(events.items()) for who, events in owners.items()}, at_ms).items()
    }
