#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["quixstreams==3.28.1"]
# ///
"""The same work on Quix Streams: one stateful function over both topics. It ends after --expect events.

The last commit is not waited for: the process ends as soon as the last event is through its function.
"""

import argparse
import os
import time
from decimal import Decimal
from typing import Any

from quixstreams import Application, State

DAY_MS = 86_400_000
REMEMBERED, WINDOW_DAYS = 16, 30
MID_FROM, HIGH_ABOVE = 50_000_000, 500_000_000


def tier_of(aum: int) -> str:
    """Gives the tier of assets in cents."""
    return "HIGH" if aum > HIGH_ABOVE else "MID" if aum >= MID_FROM else "LOW"


class Job:
    """Counts the events, and works one at a time."""

    def __init__(self, expect: int) -> None:
        self._expect = expect
        self._seen = 0
        self._began = (0.0, 0.0)

    def step(self, event: dict[str, Any], state: State) -> dict[str, Any] | None:
        """Works an event; gives a tier change, or nothing."""
        self._begin()
        change = _worked(event, state)
        self._count()
        return change

    def _begin(self) -> None:
        if not self._seen:
            self._began = (time.monotonic(), time.process_time())

    def _count(self) -> None:
        self._seen += 1
        if self._seen != self._expect:
            return
        seconds, cpu_s = time.monotonic() - self._began[0], time.process_time() - self._began[1]
        rate = self._seen / seconds
        print(f"processed={self._seen} seconds={seconds:.3f} events_per_s={rate:.0f} cpu_s={cpu_s:.3f}", flush=True)
        os._exit(0)


def _worked(event: dict[str, Any], state: State) -> dict[str, Any] | None:
    kept = state.get("customer") or {"accounts": {}, "days": {}, "ids": [], "sequence": 0, "tier": None}
    if event["event_id"] in kept["ids"]:
        return None
    kept["ids"].append(event["event_id"])
    del kept["ids"][:-REMEMBERED]
    if "balance" in event:
        at = event["as_of"]
        old = kept["accounts"].get(event["account_id"])
        if old is None or old[0] <= at:
            kept["accounts"][event["account_id"]] = [at, int(Decimal(event["balance"]) * 100)]
    else:
        at = event["occurred_at"]
        _count_in(kept["days"], at // DAY_MS, int(Decimal(event["amount"]) * 100))
    aum = sum(cents for _, cents in kept["accounts"].values())
    change = None
    if kept["tier"] != tier_of(aum):
        change = _change(event, kept, aum, at)
    state.set("customer", kept)
    return change


def _count_in(days: dict[str, list[int]], day: int, cents: int) -> None:
    count, total = days.get(str(day)) or [0, 0]
    days[str(day)] = [count + 1, total + cents]
    oldest = max(map(int, days)) - WINDOW_DAYS
    for old in [each for each in days if int(each) <= oldest]:
        del days[old]


def _change(event: dict[str, Any], kept: dict[str, Any], aum: int, at: int) -> dict[str, Any]:
    previous, kept["tier"] = kept["tier"], tier_of(aum)
    kept["sequence"] += 1
    customer = event["customer_id"]
    return {
        "event_id": f"{customer}-{kept['sequence']}",
        "customer_id": customer,
        "previous": previous,
        "tier": kept["tier"],
        "aum": aum,
        "cause": event["event_id"],
        "at": at,
    }


def main() -> None:
    """Works the topics that the options name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--in-prefix", default="bank.")
    parser.add_argument("--out-topic", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--state-dir", required=True)
    parser.add_argument("--expect", type=int, default=100_000)
    parser.add_argument("--guarantee", choices=("at-least-once", "exactly-once"), default="exactly-once")
    options = parser.parse_args()
    app = Application(
        broker_address=options.bootstrap,
        consumer_group=options.app_id,
        auto_offset_reset="earliest",
        state_dir=options.state_dir,
        processing_guarantee=options.guarantee,
        loglevel="ERROR",
    )
    transactions, balances = (
        app.topic(options.in_prefix + name, value_deserializer="json", key_deserializer="str")
        for name in ("transactions", "balances")
    )
    changes = app.topic(options.out_topic, value_serializer="json", key_serializer="str")
    job = Job(options.expect)
    both = app.dataframe(transactions).concat(app.dataframe(balances))
    both.apply(job.step, stateful=True).filter(lambda change: change is not None).to_topic(changes)
    app.run()


if __name__ == "__main__":
    main()
