"""`tierflow bench latency`: from producing a balance to reading the committed tier change that it causes.

1,000 customers are flipped in turn between 100,000 and 1,000,000, so that every event is a tier change. The changes are
read with read_committed, as any subscriber would. The first 3 seconds are not counted.
"""

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.bench.reading import POLL_MS, reader
from streams.bench.stand import Stand, stand
from streams.bench.throughput import GUARANTEE, Say
from streams.bench.workers import Worker, running_workers, taken_over
from streams.bench.workload import balance_record
from streams.engine.events import BALANCES
from streams.errors import UsageError

CUSTOMERS = 1_000
BALANCES_IN_TURN = ("100000.00", "1000000.00")
WARM_UP_S = 3
LAST_CHANGES_WITHIN_S = 30.0
PACE_S = 0.002


class Latency(msgspec.Struct, frozen=True):
    """The contract's fields; `rate` is the events a second that were really sent."""

    rate: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    guarantee: str


class LatencyOptions(NamedTuple):
    """What is measured; the warm-up comes on top of `seconds`."""

    rate: int
    seconds: int
    partitions: int
    policy_file: Path | None


class _Cause(msgspec.Struct):
    event_id: str


class _Change(msgspec.Struct):
    """What is read of a tier change."""

    cause: _Cause | None


_decode_change = msgspec.json.Decoder(_Change).decode


def measure_latency(options: LatencyOptions, say: Say) -> Latency:
    """Starts a worker, sends at the rate, and measures every change."""
    with stand(options.policy_file, options.partitions) as on, running_workers(on, 1) as workers:
        say(f"sending {options.rate:,} events a second for {options.seconds} s, after {WARM_UP_S} s of warm-up")
        return asyncio.run(_measure(on, workers, options))


async def _measure(on: Stand, workers: list[Worker], options: LatencyOptions) -> Latency:
    await taken_over(workers, on.partitions)
    total = options.rate * (options.seconds + WARM_UP_S)
    sent_at: list[float] = []
    async with reader(on, on.settings.output_topic("changes")) as consumer, asyncio.TaskGroup() as group:
        reading = group.create_task(_read(consumer, sent_at, total, workers[0].check))
        took_s = await _send(on, sent_at, total, options.rate)
    counted = sorted(reading.result()[options.rate * WARM_UP_S :])
    return Latency(
        rate=round(total / took_s),
        p50_ms=_percentile(counted, 0.50),
        p95_ms=_percentile(counted, 0.95),
        p99_ms=_percentile(counted, 0.99),
        max_ms=_percentile(counted, 1.0),
        guarantee=GUARANTEE,
    )


async def _send(on: Stand, sent_at: list[float], total: int, rate: int) -> float:
    """Sends at an even rate, each event by itself as a bank's system would; the seconds it took."""
    topic = on.settings.input_topics()[BALANCES]
    producer = AIOKafkaProducer(**on.settings.client_options(), linger_ms=0)
    await producer.start()
    try:
        began = time.perf_counter()
        while len(sent_at) < total:
            due = min(int((time.perf_counter() - began) * rate) + 1, total)
            for number in range(len(sent_at), due):
                _, key, value = _flip(number)
                sent_at.append(time.perf_counter())
                await producer.send(topic, key=key, value=value)
            await asyncio.sleep(PACE_S)
        took_s = time.perf_counter() - began
        await producer.flush()
    finally:
        await producer.stop()
    return took_s


def _flip(number: int) -> tuple[int, bytes, bytes]:
    turn, customer = divmod(number, CUSTOMERS)
    balance = BALANCES_IN_TURN[turn % len(BALANCES_IN_TURN)]
    return balance_record(str(number), customer, f"A{customer}", balance, int(time.time() * 1000))


async def _read(consumer: AIOKafkaConsumer, sent_at: list[float], total: int, check: Callable[[], None]) -> list[float]:
    """The delay of every event in ms, by its number. UsageError: changes are missing, or `check` raised one."""
    delays_ms = [-1.0] * total
    missing, newest = total, time.perf_counter()
    while missing:
        check()
        fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=POLL_MS)
        now = time.perf_counter()
        for record in (record for records in fetched.values() for record in records):
            cause = _decode_change(record.value).cause
            if cause is not None:
                delays_ms[int(cause.event_id)] = (now - sent_at[int(cause.event_id)]) * 1000
                missing, newest = missing - 1, now
        if now - newest > LAST_CHANGES_WITHIN_S:
            raise UsageError(
                f"{missing} of {total} tier changes did not come; the policy must have a floor between "
                f"{BALANCES_IN_TURN[0]} and {BALANCES_IN_TURN[1]}, and move up and down at once"
            )
    return delays_ms


def _percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    return round(ordered[max(math.ceil(len(ordered) * share) - 1, 0)], 1)
