"""The generated workload: transactions and balances, the same for the same seed (docs/benchmarks.md#the-workload).

7 of 10 events are transactions, 3 are balances. A quarter of the customers has half of the events. A customer has up
to 3 accounts. Event time moves evenly over the span; 1 event in 50 is late by up to 3 days. Amounts are lognormal.
"""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

import orjson

from streams.values.calendar import DAY_MS
from streams.values.events import BALANCES, TRANSACTIONS

TRANSACTION_TYPES = ("purchase", "transfer_out", "deposit", "withdrawal")
TRANSACTION_SHARE = 0.7
LATE_SHARE = 0.02
LATE_LIMIT_MS = 3 * DAY_MS
ACCOUNTS = 3
CHUNK_EVENTS = 10_000


class InputRecord(NamedTuple):
    """A record to be sent. topic: the number of the input topic (`TOPICS`)."""

    topic: int
    key: bytes
    value: bytes


class Workload(NamedTuple):
    """A workload: so many events of so many customers, over a span of event time in epoch milliseconds.

    All amounts are in one currency, and their figures are the same whichever it is.
    """

    events: int
    customers: int
    seed: int
    begins_at_ms: int
    span_ms: int
    currency: str

    def chunks(self) -> Iterator[list[InputRecord]]:
        """Generates the records in the order of sending, `CHUNK_EVENTS` at a time."""
        records = self._records()
        while chunk := list(islice(records, CHUNK_EVENTS)):
            yield chunk

    def _records(self) -> Iterator[InputRecord]:
        random = Random(self.seed)  # noqa: S311 - repeatable, not secret
        for number in range(self.events):
            customer = int(self.customers * random.random() ** 2)
            at_ms = self.begins_at_ms + self.span_ms * number // self.events
            if random.random() < LATE_SHARE:
                at_ms -= random.randrange(LATE_LIMIT_MS)
            account = f"A{customer:07d}-{random.randrange(ACCOUNTS)}"
            if random.random() < TRANSACTION_SHARE:
                yield _transaction(random, number, customer, account, at_ms, self.currency)
            else:
                balance = f"{random.lognormvariate(12.3, 1.4):.2f}"
                yield balance_record(f"b{number:09d}", customer, account, balance, at_ms, self.currency)


def balance_record(  # noqa: PLR0913, PLR0917 - the fields of the message
    event_id: str, customer: int, account: str, balance: str, at_ms: int, currency: str
) -> InputRecord:
    """Makes a balance event of the customer with this number. balance: a decimal text. at_ms: epoch milliseconds."""
    customer_id = f"C{customer:07d}"
    value = {
        "event_id": event_id,
        "customer_id": customer_id,
        "account_id": account,
        "balance": balance,
        "currency": currency,
        "as_of": at_ms,
    }
    return InputRecord(BALANCES, customer_id.encode(), orjson.dumps(value))


def _transaction(  # noqa: PLR0913, PLR0917 - as above
    random: Random, number: int, customer: int, account: str, at_ms: int, currency: str
) -> InputRecord:
    customer_id = f"C{customer:07d}"
    value = {
        "event_id": f"t{number:09d}",
        "customer_id": customer_id,
        "account_id": account,
        "type": random.choice(TRANSACTION_TYPES),
        "amount": f"{random.lognormvariate(8, 1.2):.2f}",
        "currency": currency,
        "occurred_at": at_ms,
    }
    return InputRecord(TRANSACTIONS, customer_id.encode(), orjson.dumps(value))
