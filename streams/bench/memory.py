"""`tierflow bench memory`: the resident memory of a worker that has worked 10 events for each of its customers.

The same worker is looked at before its first event and after its last one; what lies between is the customers'.
"""

import asyncio
import time
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

EVENTS_PER_CUSTOMER = 10
SEED = 7
MIB = 1 << 20


class Memory(msgspec.Struct, frozen=True):
    """The contract's fields."""

    customers: int
    rss_mib: float
    bytes_per_customer: int


class MemoryOptions(NamedTuple):
    """What is measured."""

    customers: int
    partitions: int
    policy_file: Path | None


def measure_memory(options: MemoryOptions, say: Say) -> Memory:
    """Starts a worker, gives it events of every customer, and looks at its memory."""
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
    """A balance of every customer, then the workload."""
    now_ms = int(time.time() * 1000)
    yield [balance_record(f"first{n}", n, f"A{n:07d}-0", "100000.00", now_ms, currency) for n in range(customers)]
    yield from recent_workload(customers * (EVENTS_PER_CUSTOMER - 1), customers, SEED, currency).chunks()
