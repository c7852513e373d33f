"""How long an event takes to be decoded, and to be worked, in microseconds: `python -m tests.support.timed_work`.

The best of several rounds, over the same balances and transactions. Run it before and after a change of decode or fold.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable

from streams.contracts.decode import decode
from streams.partition.customers import Customers
from streams.partition.setup import PartitionSetup
from streams.values.events import BALANCES, TRANSACTIONS
from tests.support.histories import DOOMSDAY_MS, INPUTS, STANDARD, Line

EVENTS, CUSTOMERS, ROUNDS = 20_000, 2_000, 7
BEGINS_MS = 1_795_483_800_000


def lines(topic: int) -> list[Line]:
    """The records of one topic: some accounts and currencies of many customers."""
    found = []
    for number in range(EVENTS):
        value = {"event_id": f"e{number}", "customer_id": f"C{number % CUSTOMERS}", "account_id": f"A{number % 3}"}
        at_ms, currency = BEGINS_MS + number * 100, ("TWD", "USD")[number % 2]
        amount = f"{number % 900}.50"
        if topic == BALANCES:
            value |= {"balance": amount, "currency": currency, "as_of": at_ms, "product": "deposit"}
        else:
            value |= {"type": "purchase", "amount": amount, "currency": currency, "occurred_at": at_ms}
        found.append(Line(number, value["customer_id"].encode(), json.dumps(value).encode()))
    return found


def best_us(action: Callable[[], object]) -> float:
    """The shortest of the rounds, an event."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        rounds.append(time.process_time() - began)
    return min(rounds) / EVENTS * 1e6


def measured(topic: int) -> str:
    """Both times of one topic, as a line."""
    records = lines(topic)
    decoded_us = best_us(lambda: [decode(topic, line.key, line.value, STANDARD) for line in records])
    entries = _new().decode(topic, records)
    worked_us = best_us(lambda: _new().work(deque(entries), [EVENTS] * len(INPUTS), DOOMSDAY_MS))
    return f"{INPUTS[topic]:18} decode {decoded_us:.2f} us, work {worked_us:.2f} us an event\n"


def main() -> None:
    """Measures both topics."""
    for topic in (BALANCES, TRANSACTIONS):
        sys.stdout.write(measured(topic))


def _new() -> Customers:
    return Customers(PartitionSetup(0, STANDARD, "event", INPUTS, "/tierflow/timed", lambda _: True))


if __name__ == "__main__":
    main()
