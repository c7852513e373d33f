"""`tierflow bench latency`: the delay from producing a balance to reading the committed tier change that it causes.

Every event is a tier change (see live.py). Changes are read with read_committed, as a subscriber would. The events of
the first 3 seconds are not counted.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.live import Live, percentile, sending
from streams.bench.reading import reader
from streams.bench.stand import Stand, stand
from streams.bench.steps import Steps, means_ms, steps_of
from streams.bench.throughput import GUARANTEE, Say
from streams.bench.workers import Worker, running_workers, taken_over

WARM_UP_S = 3


class Latency(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `tierflow bench latency` prints (docs/benchmarks.md#what-is-measured-and-how).

    rate: events a second, as really sent. steps_ms: with --steps, the mean of each step of a batch (bench/steps.py).
    """

    rate: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    guarantee: str
    steps_ms: dict[str, float] | None = None


class LatencyOptions(NamedTuple):
    """How many events are sent a second (rate), and how long; the warm-up is added to `seconds`.

    steps: whether the steps of the worker's batches are measured, too.
    """

    rate: int
    seconds: int
    partitions: int
    policy_file: Path | None
    steps: bool = False


def measure_latency(options: LatencyOptions, say: Say) -> Latency:
    """Starts a worker, sends events at the rate, and waits for the tier change of every one.

    Raises:
        UsageError: The worker ends, a change does not come, the policy cannot be used, or no broker answers.
    """
    with stand(options.policy_file, options.partitions) as on, running_workers(on, 1) as workers:
        say(f"sending {options.rate:,} events a second for {options.seconds} s, after {WARM_UP_S} s of warm-up")
        return asyncio.run(_measure(on, workers, options))


async def _measure(on: Stand, workers: list[Worker], options: LatencyOptions) -> Latency:
    await taken_over(workers, on.partitions)
    total = options.rate * (options.seconds + WARM_UP_S)
    live = Live(on, options.rate, total)
    async with reader(on, on.settings.output_topic("changes")) as consumer, sending(live) as sent:
        before: Steps | None = None
        while live.missing:
            workers[0].check()
            await live.read(consumer)
            if options.steps and before is None and live.read_count >= options.rate * WARM_UP_S:
                before = await steps_of(workers[0])
    steps_ms = None if before is None else means_ms(before, await steps_of(workers[0]))
    counted = sorted(live.delays_ms[options.rate * WARM_UP_S :])
    return Latency(
        rate=round(total / sent.result()),
        p50_ms=percentile(counted, 0.50),
        p95_ms=percentile(counted, 0.95),
        p99_ms=percentile(counted, 0.99),
        max_ms=percentile(counted, 1.0),
        guarantee=GUARANTEE,
        steps_ms=steps_ms,
    )
