#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["faust-streaming==0.15.3"]
# ///
"""The same work on Faust as it comes: an agent a topic, an event at a time, a table. It ends after --expect events.

At least once; the last commit is not waited for.
"""

import argparse
import os
import sys
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import faust

DAY_MS = 86_400_000
REMEMBERED, WINDOW_DAYS = 16, 30
MID_FROM, HIGH_ABOVE = 50_000_000, 500_000_000

parser = argparse.ArgumentParser()
parser.add_argument("--bootstrap", default="127.0.0.1:9092")
parser.add_argument("--in-prefix", default="bank.")
parser.add_argument("--out-topic", required=True)
parser.add_argument("--app-id", required=True)
parser.add_argument("--state-dir", required=True)
parser.add_argument("--expect", type=int, default=50_000)
options = parser.parse_args()

app = faust.App(
    options.app_id,
    broker="kafka://" + options.bootstrap,
    store="memory://",
    datadir=options.state_dir,
    topic_partitions=4,
    topic_replication_factor=1,
    web_enabled=False,
    consumer_auto_offset_reset="earliest",
)


class Transaction(faust.Record, serializer="json"):  # type: ignore[call-arg]
    """A transaction, as it comes."""

    event_id: str
    customer_id: str
    account_id: str
    type: str
    amount: str
    currency: str
    occurred_at: int


class Balance(faust.Record, serializer="json"):  # type: ignore[call-arg]
    """A balance, as it comes."""

    event_id: str
    customer_id: str
    account_id: str
    balance: str
    currency: str
    as_of: int


transactions = app.topic(options.in_prefix + "transactions", value_type=Transaction, key_type=str)
balances = app.topic(options.in_prefix + "balances", value_type=Balance, key_type=str)
changes = app.topic(options.out_topic, value_type=dict)
customers = app.Table("customers", default=dict, partitions=4)


class Progress:
    """How many events were worked, and since when."""

    def __init__(self) -> None:
        self._seen = 0
        self._began = (0.0, 0.0)

    def begin(self) -> None:
        """Notes the first event."""
        if not self._seen:
            self._began = (time.monotonic(), time.process_time())

    def count(self) -> None:
        """Counts an event; after the last one it prints the figures and ends the process."""
        self._seen += 1
        if self._seen != options.expect:
            return
        seconds, cpu_s = time.monotonic() - self._began[0], time.process_time() - self._began[1]
        line = f"processed={self._seen} seconds={seconds:.3f} events_per_s={self._seen / seconds:.0f} cpu_s={cpu_s:.3f}"
        print(line, file=sys.__stdout__, flush=True)
        os._exit(0)


progress = Progress()


def tier_of(aum: int) -> str:
    """Gives the tier of assets in cents."""
    return "HIGH" if aum > HIGH_ABOVE else "MID" if aum >= MID_FROM else "LOW"


def is_new(kept: dict[str, Any], event_id: str) -> bool:
    """Says whether the customer's event is not one of the last; then it is remembered."""
    ids = kept.setdefault("ids", [])
    if event_id in ids:
        return False
    ids.append(event_id)
    del ids[:-REMEMBERED]
    return True


async def settle(customer: str, kept: dict[str, Any], event_id: str, at: int) -> None:
    """Sends a tier change if there is one, and keeps the customer's state."""
    aum = sum(cents for _, cents in kept.setdefault("accounts", {}).values())
    previous, tier = kept.get("tier"), tier_of(aum)
    if previous != tier:
        kept["sequence"], kept["tier"] = kept.get("sequence", 0) + 1, tier
        change = {
            "event_id": f"{customer}-{kept['sequence']}",
            "customer_id": customer,
            "previous": previous,
            "tier": tier,
            "aum": aum,
            "cause": event_id,
            "at": at,
        }
        await changes.send(key=customer, value=change)
    customers[customer] = kept


@app.agent(transactions)
async def on_transactions(stream: AsyncIterator[Transaction]) -> None:
    """Works the transactions."""
    async for event in stream:
        progress.begin()
        kept = customers[event.customer_id]
        if is_new(kept, event.event_id):
            days, day = kept.setdefault("days", {}), event.occurred_at // DAY_MS
            count, cents = days.get(str(day)) or [0, 0]
            days[str(day)] = [count + 1, cents + int(Decimal(event.amount) * 100)]
            oldest = max(map(int, days)) - WINDOW_DAYS
            for old in [each for each in days if int(each) <= oldest]:
                del days[old]
            await settle(event.customer_id, kept, event.event_id, event.occurred_at)
        progress.count()


@app.agent(balances)
async def on_balances(stream: AsyncIterator[Balance]) -> None:
    """Works the balances."""
    async for event in stream:
        progress.begin()
        kept = customers[event.customer_id]
        if is_new(kept, event.event_id):
            accounts = kept.setdefault("accounts", {})
            old = accounts.get(event.account_id)
            if old is None or old[0] <= event.as_of:
                accounts[event.account_id] = [event.as_of, int(Decimal(event.balance) * 100)]
            await settle(event.customer_id, kept, event.event_id, event.as_of)
        progress.count()


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "-l", "error", "--without-web"]
    app.main()
