"""Live events: balances sent one by one at an even rate, each of which causes a tier change, whose delay is measured.

The events go round `CUSTOMERS` customers. A customer's balance alternates between 100,000 and 1,000,000, so that its
tier changes with every event, under a policy with a floor in between.
"""

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.bench.reading import POLL_MS
from streams.bench.stand import Stand
from streams.bench.workload import InputRecord, balance_record
from streams.errors import UsageError
from streams.kafka.wall_clock import wall_ms
from streams.values.events import BALANCES

CUSTOMERS = 1_000
BALANCES_IN_TURN = ("100000.00", "1000000.00")
LAST_CHANGES_WITHIN_S = 30.0
PACE_S = 0.002


class _Cause(msgspec.Struct):
    event_id: str


class _Change(msgspec.Struct):
    """The part of a tier change that is read here."""

    cause: _Cause | None


_decode_change = msgspec.json.Decoder(_Change).decode


def event_of(change: bytes) -> str | None:
    """Gives the id of the event that caused a tier change; None where time alone did."""
    cause = _decode_change(change).cause
    return None if cause is None else cause.event_id


class Live:
    """The live events of one run, by their number from 0. A moment is a value of time.perf_counter, in seconds.

    sent_at: when each event was sent. delays_ms: after how long its change was read; -1 until then.
    by_time: how many changes were read that no event caused. newest_by_time: when the newest of those was read.
    event_of: tells which event caused a change, where it is not written as tierflow writes it.
    """

    def __init__(
        self,
        on: Stand,
        rate: int,
        total: int = sys.maxsize,
        event_of: Callable[[bytes], str | None] = event_of,
        topic: str | None = None,
    ) -> None:
        """Prepares the events. topic: where they are sent to; None: to the balances."""
        self.sent_at: list[float] = []
        self.delays_ms: list[float] = []
        self.by_time = 0
        self.newest_by_time = 0.0
        self._on = on
        self._rate = rate
        self._total = total
        self._event_of = event_of
        self._topic = topic or on.settings.input_topics()[BALANCES]
        self._read = 0
        self._newest = time.perf_counter()

    @property
    def missing(self) -> int:
        """Gives the number of events whose change has not been read."""
        return self._total - self._read

    @property
    def read_count(self) -> int:
        """Gives the number of events whose change has been read."""
        return self._read

    def stop(self) -> None:
        """Ends the sending: the events sent up to now are all there are."""
        self._total = len(self.sent_at)

    async def send(self) -> float:
        """Sends the events at the rate, until all are sent or `stop` is called; gives the seconds that took."""
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
                    await producer.send(self._topic, key=key, value=value)
                await asyncio.sleep(PACE_S)
            took_s = time.perf_counter() - began
            await producer.flush()
        finally:
            await producer.stop()
        return took_s

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Reads the changes that have arrived, and notes their delays.

        Raises:
            UsageError: No change has arrived for `LAST_CHANGES_WITHIN_S`.
        """
        fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=POLL_MS)
        now = time.perf_counter()
        for record in (record for records in fetched.values() for record in records):
            event = self._event_of(record.value)
            if event is None:
                self.by_time, self.newest_by_time = self.by_time + 1, now
            else:
                number = int(event)
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
        return balance_record(str(number), customer, f"A{customer}", balance, wall_ms(), currency)


@asynccontextmanager
async def sending(live: Live) -> AsyncIterator[asyncio.Task[float]]:
    """Sends the live events while the block runs, and waits for the end of that; gives the task of `Live.send`.

    An error of the block or of the sending ends both. It is raised as it is: a group of one would be a traceback.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group.create_task(live.send())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def percentile(ordered: Sequence[float], share: float) -> float:
    """Gives the nearest-rank percentile of values in ascending order, rounded to one decimal.

    ordered: at least one value. share: from 0 to 1.
    """
    return round(ordered[max(math.ceil(len(ordered) * share) - 1, 0)], 1)
