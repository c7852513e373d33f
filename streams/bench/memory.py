"""`tierflow bench memory`: the resident memory of a worker that has worked 10 events per customer on average.

The memory of the same worker before its first event is taken off; the rest is counted as the customers'.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.feed import Feed
from streams.bench.reading import follow_order, refuse_written_dead_letters
from streams.bench.stand import Stand, stand
from streams.bench.throughput import Say, recent_workload
from streams.bench.workers import Worker, running_workers, taken_over
from streams.bench.workload import InputRecord, balance_record
from streams.kafka.wall_clock import wall_ms

EVENTS_PER_CUSTOMER = 10
SEED = 7
MIB = 1 << 20


class Memory(msgspec.Struct, frozen=True):
    """What `tierflow bench memory` prints (docs/benchmarks.md#what-is-measured-and-how)."""

    customers: int
    rss_mib: float
    bytes_per_customer: int


class MemoryOptions(NamedTuple):
    """How many customers the worker holds, in how many partitions, and under which policy (None: assets-only)."""

    customers: int
    partitions: int
    policy_file: Path | None


def measure_memory(options: MemoryOptions, say: Say) -> Memory:
    """Starts a worker, gives it events of every customer, and reads its memory from /proc.

    Raises:
        UsageError: The system has no /proc, the worker ends or stands still, an event becomes a dead letter, the
            policy cannot be used, or no broker answers.
    """
    with stand(options.policy_file, options.partitions) as on, running_workers(on, 1) as workers:
        say(f"{EVENTS_PER_CUSTOMER} events for each of {options.customers:,} customers")
        empty, full = asyncio.run(_measure(on, workers[0], options.customers))
    return Memory(options.customers, round(full / MIB, 1), round((full - empty) / options.customers))


async def _measure(on: Stand, worker: Worker, customers: int) -> tuple[int, int]:
    await taken_over([worker], on.partitions)
    empty = worker.rss_bytes()
    async with Feed(on.settings, on.partitions) as feed:
        for chunk in _events(customers, on.policy.currency):
            await feed.send(chunk)
    await follow_order(on, feed.sent, worker.check)
    full = worker.rss_bytes()
    await refuse_written_dead_letters(on)
    return empty, full


def _events(customers: int, currency: str) -> Iterator[list[InputRecord]]:
    """Gives a balance of every customer, so that each has a state, then the generated workload."""
    now_ms = wall_ms()
    yield [
        balance_record(f"first{number}", number, f"A{number:07d}-0", "100000.00", now_ms, currency)
        for number in range(customers)
    ]
    yield from recent_workload(customers * (EVENTS_PER_CUSTOMER - 1), customers, SEED, currency).chunks()
