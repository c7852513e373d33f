"""What the API's tests serve: a table of customers in the place of a worker's partitions."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient

from streams.api.source import Anyone, CustomerView, Local, Readiness, Remote, Unavailable


@dataclass
class Table:
    """A TierSource of rows: customer id to tier; ids in `elsewhere` or `recovering` are not held here."""

    tiers: dict[str, str | None] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    recovering: dict[str, float] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)  # former ids, and those that their customers have now
    by_key: bool = True  # False: no partitioner says who has a customer
    others: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    wrong: str | None = None
    asked: list[str] = field(default_factory=list)  # of whom

    def ready(self) -> Readiness:
        return Readiness(not self.reasons, self.reasons)

    def healthy(self) -> str | None:
        return self.wrong

    def customer(self, customer_id: str) -> CustomerView | None:
        if customer_id in self.moved:
            return CustomerView(None, {}, merged_into=self.moved[customer_id])
        if customer_id not in self.tiers:
            return None
        tier = self.tiers[customer_id]
        change = {"id": f"{customer_id}:1", "customer_id": customer_id, "tier": tier, "value": "512345.00"}
        return CustomerView(orjson.dumps(change) if tier else None, {"assets": "500000.00"})

    async def owner(self, customer_id: str) -> Local | Remote | Anyone | Unavailable:
        self.asked.append(customer_id)
        if not self.by_key and customer_id not in self.tiers and customer_id not in self.moved:
            return Anyone(self.others, searched=not self.reasons)
        if customer_id in self.elsewhere:
            return Remote(self.elsewhere[customer_id])
        if customer_id in self.recovering:
            return Unavailable(self.recovering[customer_id])
        return Local()

    def distribution(self) -> dict[str, int]:
        held = list(self.tiers.values())
        return {tier: held.count(tier) for tier in ("low", "mid", "high")}

    def peers(self) -> list[str]:
        return self.others

    def held(self) -> dict[str, list[int]]:
        return {"http://127.0.0.1:1": [1, 0], **{url: [] for url in self.others}}


Client = TestClient[web.Request, web.Application]
Start = Callable[..., Coroutine[Any, Any, Client]]


def address(client: Client) -> str:
    return str(client.make_url("")).rstrip("/")
