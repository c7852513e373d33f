"""Live events, every one a tier change: sent at an even rate, each by itself, and waited for as any subscriber would.

1,000 customers are flipped in turn between 100,000 and 1,000,000.
"""

import asyncio
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.bench.reading import POLL_MS
from streams.bench.stand import Stand
from streams.bench.workload import InputRecord, balance_record
from streams.errors import UsageError
from streams.values.events import BALANCES

CUSTOMERS = 1_000
BALANCES_IN_TURN = ("100000.00", "1000000.00")
LAST_CHANGES_WITHIN_S = 30.0
PACE_S = 0.002


class _Cause(msgspec.Struct):
    event_id: str


class _Change(msgspec.Struct):
    """What is read of a tier change."""

    cause: _Cause | None


_decode_change = msgspec.json.Decoder(_Change).decode


class Live:
    """The events by their number: when each was sent, and after how long its change was read.

    Moments are those of time.perf_counter. `by_time` counts the changes read that no event has caused, and
    `newest_by_time` is when the newest of them was read.
    """

    def __init__(self, on: Stand, rate: int, total: int = sys.maxsize) -> None:
        self.sent_at: list[float] = []
        self.delays_ms: list[float] = []
        self.by_time = 0
        self.newest_by_time = 0.0
        self._on = on
        self._rate = rate
        self._total = total
        self._read = 0
        self._newest = time.perf_counter()

    @property
    def missing(self) -> int:
        """How many changes are yet to come."""
        return self._total - self._read

    def stop(self) -> None:
        """No more than was sent up to now."""
        self._total = len(self.sent_at)

    async def send(self) -> float:
        """Sends all, or until it is stopped; the seconds it took."""
        topic = self._on.settings.input_topics()[BALANCES]
        producer = AIOKafkaProducer(**self._on.settings.client_options(), linger_ms=0)
        await producer.start()
        try:
            began = time.perf_counter()
            while len(self.sent_at) < self._total:
                due = int((time.perf_counter() - began) * self._rate) + 1
                while len(self.sent_at) < min(due, self._total):
                    _, key, value = self._flip(len(self.sent_at))
                    self.delays_ms.append(-1.0)
                    self.sent_at.append(time.perf_counter())
                    await producer.send(topic, key=key, value=value)
                await asyncio.sleep(PACE_S)
            took_s = time.perf_counter() - began
            await producer.flush()
        finally:
            await producer.stop()
        return took_s

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Takes in what has come. UsageError: nothing has for half a minute."""
        fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=POLL_MS)
        now = time.perf_counter()
        for record in (record for records in fetched.values() for record in records):
            cause = _decode_change(record.value).cause
            if cause is None:
                self.by_time, self.newest_by_time = self.by_time + 1, now
            else:
                number = int(cause.event_id)
                self.delays_ms[number] = (now - self.sent_at[number]) * 1000
                self._read += 1
            self._newest = now
        if now - self._newest > LAST_CHANGES_WITHIN_S:
            raise UsageError(
                f"{len(self.sent_at) - self._read} of {len(self.sent_at)} tier changes did not come; the policy must "
                f"have a floor between {BALANCES_IN_TURN[0]} and {BALANCES_IN_TURN[1]}, and move up and down at once"
            )

    def _flip(self, number: int) -> InputRecord:
        turn, customer = divmod(number, CUSTOMERS)
        balance, currency = BALANCES_IN_TURN[turn % len(BALANCES_IN_TURN)], self._on.policy.currency
        return balance_record(str(number), customer, f"A{customer}", balance, int(time.time() * 1000), currency)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of what is in order already."""
    return round(ordered[max(math.ceil(len(ordered) * share) - 1, 0)], 1)
