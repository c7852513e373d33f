"""`tierflow bench latency`: from producing a balance to reading the committed tier change that it causes.

1,000 customers are flipped in turn between 100,000 and 1,000,000, so that every event is a tier change. The changes are
read with read_committed, as any subscriber would. The first 3 seconds are not counted.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.live import Live, percentile
from streams.bench.reading import reader
from streams.bench.stand import Stand, stand
from streams.bench.throughput import GUARANTEE, Say
from streams.bench.workers import Worker, running_workers, taken_over

WARM_UP_S = 3


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


def measure_latency(options: LatencyOptions, say: Say) -> Latency:
    """Starts a worker, sends at the rate, and measures every change."""
    with stand(options.policy_file, options.partitions) as on, running_workers(on, 1) as workers:
        say(f"sending {options.rate:,} events a second for {options.seconds} s, after {WARM_UP_S} s of warm-up")
        return asyncio.run(_measure(on, workers, options))


async def _measure(on: Stand, workers: list[Worker], options: LatencyOptions) -> Latency:
    await taken_over(workers, on.partitions)
    total = options.rate * (options.seconds + WARM_UP_S)
    live = Live(on, options.rate, total)
    async with reader(on, on.settings.output_topic("changes")) as consumer, asyncio.TaskGroup() as group:
        sending = group.create_task(live.send())
        while live.missing:
            workers[0].check()
            await live.read(consumer)
    counted = sorted(live.delays_ms[options.rate * WARM_UP_S :])
    return Latency(
        rate=round(total / sending.result()),
        p50_ms=percentile(counted, 0.50),
        p95_ms=percentile(counted, 0.95),
        p99_ms=percentile(counted, 0.99),
        max_ms=percentile(counted, 1.0),
        guarantee=GUARANTEE,
    )
