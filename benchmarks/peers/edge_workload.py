#!/usr/bin/env python3
"""Prints a workload of 20,000 hard lines, by which a peer is checked (verify.py): topic, key, JSON, with tabs between.

Many events a customer; repeats within and past the last 16 ids; late balances and balances of one time; jumps past 30
days; late transactions at the window's edge; tiers up and down; exact floors.
"""

import json
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

EVENTS, CUSTOMERS, SEED = 20_000, 300, 7
DAY_MS = 86_400_000
BEGINS_AT_MS = 1_760_000_000_000
STEPS_MS = (0, 1_000, DAY_MS // 3, DAY_MS, 2 * DAY_MS, 29 * DAY_MS, 31 * DAY_MS)
LATE_BY_MS = (1, DAY_MS, 29 * DAY_MS, 30 * DAY_MS, 31 * DAY_MS, 40 * DAY_MS)
AMOUNTS = ("0.01", "10", "99.9", "-5.25", "12345.67", "600000.00")
BALANCES = ("0.00", "-100.00", "500000.00", "499999.99", "5000000.00", "5000000.01", "1250000.00", "0.01")
# By customer: both topics, transactions alone, balances alone.
BOTH, TRANSACTIONS_ALONE = 0, 1
# Between topics there is no certain order: of both, only the newest event is repeated.
REPEATED_BACK = 26

Line = tuple[str, dict[str, Any]]


def lines(random: Random) -> Iterator[tuple[str, Line]]:
    """Makes the lines: the key, and topic and event."""
    sent: dict[str, list[Line]] = {}
    newest: dict[str, int] = {}
    for number in range(EVENTS):
        key = f"E{random.randrange(CUSTOMERS):05d}"
        before = sent.setdefault(key, [])
        line = _repeated(random, before, int(key[1:]) % 3) or _new(random, number, key, newest)
        before.append(line)
        yield key, line


def _repeated(random: Random, before: list[Line], mode: int) -> Line | None:
    if not before or random.random() >= 0.15:  # noqa: PLR2004 - a share
        return None
    back = 1 if mode == BOTH else random.randrange(1, REPEATED_BACK)
    return before[-back] if back <= len(before) else None


def _new(random: Random, number: int, key: str, newest: dict[str, int]) -> Line:
    jump = random.random() < 0.3  # noqa: PLR2004 - a share
    newest[key] = newest.get(key, BEGINS_AT_MS) + (random.choice(STEPS_MS) if jump else 60_000)
    is_late = random.random() < 0.25  # noqa: PLR2004 - a share
    at_ms = newest[key] - (random.choice(LATE_BY_MS) if is_late else 0)
    mode = int(key[1:]) % 3
    event = {"event_id": f"x{number:06d}", "customer_id": key, "account_id": f"{key}-{random.randrange(4)}"}
    if mode == TRANSACTIONS_ALONE or (mode == BOTH and random.random() < 0.6):  # noqa: PLR2004 - a share
        amount = random.choice(AMOUNTS)
        return "transactions", {**event, "type": "purchase", "amount": amount, "currency": "TWD", "occurred_at": at_ms}
    return "balances", {**event, "balance": random.choice(BALANCES), "currency": "TWD", "as_of": at_ms}


def main() -> None:
    """Prints the workload."""
    for key, (topic, event) in lines(Random(SEED)):
        sys.stdout.write(f"{topic}\t{key}\t{json.dumps(event, separators=(',', ':'))}\n")


if __name__ == "__main__":
    main()
