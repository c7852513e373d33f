"""`tierflow bench recovery`: how fast a worker takes over a changelog with one record per customer.

The records are those of customers with 40 events on average, worked by the engine itself. Every partition ends with a
lane record, as transactions leave it. The time is what the worker logs: from fencing the former owner until the
partition is ready.
"""

import asyncio
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.sample import empty_partition, fill_changelog, work_records
from streams.bench.stand import Stand, stand
from streams.bench.throughput import Say, recent_workload
from streams.bench.workers import Worker, running_workers, taken_over

SAMPLE_CUSTOMERS = 1_000
EVENTS_PER_CUSTOMER = 40
SAMPLE_SEED = 7
WITHIN_S = 600.0


class Recovery(msgspec.Struct, frozen=True):
    """What `tierflow bench recovery` prints (docs/benchmarks.md#what-is-measured-and-how)."""

    records: int
    seconds: float
    records_per_s: int


class RecoveryOptions(NamedTuple):
    """How many customers are in the changelog, in how many partitions, and under which policy (None: assets-only)."""

    records: int
    partitions: int
    policy_file: Path | None


def measure_recovery(options: RecoveryOptions, say: Say) -> Recovery:
    """Fills a changelog, starts a worker on it, and reads the times of its take-overs from its log.

    Raises:
        UsageError: The take-over does not end in time, the worker ends, the policy cannot be used, or no broker
            answers.
    """
    with stand(options.policy_file, options.partitions) as on:
        sample = packed_sample(on)
        size = sum(map(len, sample)) // len(sample)
        say(f"filling the changelog with {options.records:,} records of {size:,} bytes on average")
        asyncio.run(fill_changelog(on, sample, options.records))
        with running_workers(on, 1) as workers:
            seconds = asyncio.run(_take_over(on, workers))
    return Recovery(options.records, round(seconds, 3), round(options.records / seconds))


def packed_sample(on: Stand) -> list[bytes]:
    """Gives the packed states of about 1,000 customers with 40 events on average."""
    partition, events = empty_partition(on.settings, on.policy), SAMPLE_CUSTOMERS * EVENTS_PER_CUSTOMER
    workload = recent_workload(events, SAMPLE_CUSTOMERS, SAMPLE_SEED, on.policy.currency)
    work_records(partition, chain.from_iterable(workload.chunks()))
    return list(partition.packed.values())


async def _take_over(on: Stand, workers: list[Worker]) -> float:
    """Gives the seconds of the slowest partition, since partitions are taken over side by side."""
    return max(each.seconds for each in await taken_over(workers, on.partitions, WITHIN_S))
