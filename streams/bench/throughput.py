"""`tierflow bench throughput`: how fast workers work input topics that are full already, and the CPU time it takes.

The clock starts when the first partition is taken over, before any record is fetched. It stops when the last record
of `tier.order` is read with read_committed: by then every event's transaction is committed. The start of the processes
is not counted.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.feed import Feed
from streams.bench.reading import follow_order, refuse_written_dead_letters
from streams.bench.stand import Stand, stand
from streams.bench.workers import Worker, ended_workers_cpu_s, running_workers, taken_over
from streams.bench.workload import Workload
from streams.kafka.wall_clock import wall_ms
from streams.values.calendar import DAY_MS

GUARANTEE = "exactly_once"
SPAN_DAYS = 29
MILLION = 1_000_000

Say = Callable[[str], None]


class Throughput(msgspec.Struct, frozen=True):
    """What `tierflow bench throughput` prints (docs/benchmarks.md#what-is-measured-and-how).

    cpu_s_per_million: user and system time of the workers while the clock runs, per million events.
    """

    events: int
    seconds: float
    events_per_s: int
    cpu_s_per_million: float
    guarantee: str
    policy: str
    workers: int
    partitions: int


class ThroughputOptions(NamedTuple):
    """The size of the workload and its seed, how many workers and partitions, and the policy (None: assets-only).

    sealed: whether states and outputs are, by keys of customers.
    """

    events: int
    customers: int
    workers: int
    partitions: int
    policy_file: Path | None
    seed: int
    sealed: bool = False


class Run(NamedTuple):
    """What working the inputs took. cpu_s: of the workers, None where the system has no /proc."""

    seconds: float
    cpu_s: float | None


def measure_throughput(options: ThroughputOptions, say: Say) -> Throughput:
    """Loads the workload, starts the workers, and measures until all of it is worked.

    Raises:
        UsageError: A worker ends, the workers stand still, an event becomes a dead letter, the policy cannot be used,
            or no broker answers.
    """
    events = options.events
    with stand(options.policy_file, options.partitions, sealed=options.sealed) as on:
        say(f"loading {events:,} events of {options.customers:,} customers")
        sent = asyncio.run(load(on, recent_workload(events, options.customers, options.seed, on.policy.currency)))
        say(f"working them: {options.workers} worker(s), {options.partitions} partitions, policy {on.policy.name}")
        cpu_before_s = ended_workers_cpu_s()
        with running_workers(on, options.workers) as started:
            run = asyncio.run(measure(on, started, sent))
        # Without /proc the CPU time is that of the ended processes, which includes their start.
        cpu_s = ended_workers_cpu_s() - cpu_before_s if run.cpu_s is None else run.cpu_s
        return Throughput(
            events=events,
            seconds=round(run.seconds, 3),
            events_per_s=round(events / run.seconds),
            cpu_s_per_million=round(cpu_s * MILLION / events, 2),
            guarantee=GUARANTEE,
            policy=on.policy.name,
            workers=options.workers,
            partitions=options.partitions,
        )


def recent_workload(events: int, customers: int, seed: int, currency: str) -> Workload:
    """Gives a workload of the last `SPAN_DAYS` days, so that windows and stores of 30 days hold almost all of it."""
    return workload_until(wall_ms(), events, customers, seed, currency)


def workload_until(ends_at_ms: int, events: int, customers: int, seed: int, currency: str) -> Workload:
    """Gives a workload of the `SPAN_DAYS` days before an instant."""
    span_ms = SPAN_DAYS * DAY_MS
    return Workload(events, customers, seed, ends_at_ms - span_ms, span_ms, currency)


async def load(on: Stand, workload: Workload) -> dict[tuple[str, int], int]:
    """Sends the workload; gives the number of records by topic and partition."""
    async with Feed(on.settings, on.partitions) as feed:
        for chunk in workload.chunks():
            await feed.send(chunk)
    return dict(feed.sent)


async def measure(on: Stand, workers: list[Worker], sent: dict[tuple[str, int], int]) -> Run:
    """Waits until the workers, which are just starting, have worked all that was sent.

    sent: the number of records by topic and partition.

    Raises:
        UsageError: A worker ends, the workers stand still, or an event becomes a dead letter.
    """

    def check() -> None:
        for worker in workers:
            worker.check()

    await taken_over(workers, 1)
    began, cpu_before = time.monotonic(), [worker.cpu_s() for worker in workers]
    ended = await follow_order(on, sent, check)
    used = [worker.cpu_s() for worker in workers]
    await refuse_written_dead_letters(on)
    cpu_s = sum(after - before for after, before in zip(used, cpu_before, strict=True) if after and before is not None)
    return Run(ended - began, cpu_s if all(used) else None)
