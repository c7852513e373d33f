"""`tierflow bench due`: many customers fall due at one instant, while live events go on.

The worker takes the customers over from a changelog, as after a restart. Each has 10 events on average, worked by the
engine itself, and a pin to another tier than its own. All pins end at the instant, so each customer's tier changes
then by time alone (`pin_ended`). Live events are sent from 3 seconds before the instant until the last of the
customers is decided; those sent before the instant are not counted. Changes are read with read_committed.
"""

import asyncio
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson

from streams.bench.live import LAST_CHANGES_WITHIN_S, Live, percentile, sending
from streams.bench.reading import reader
from streams.bench.sample import empty_partition, fill_changelog, work_records
from streams.bench.stand import Stand, stand
from streams.bench.throughput import GUARANTEE, Say, recent_workload
from streams.bench.workers import Worker, running_workers, taken_over
from streams.bench.workload import InputRecord
from streams.contracts.packing import unpack_header
from streams.errors import UsageError
from streams.kafka.wall_clock import wall_ms
from streams.partition.customers import Customers
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.values.events import CUSTOMERS

SAMPLE_CUSTOMERS = 1_000
EVENTS_PER_CUSTOMER = 10
SAMPLE_SEED = 7
WARM_UP_S = 3
# The time until the instant: `START_S` for the worker's start, and the customers at `READY_PER_S` a second into the
# changelog and out of it again.
START_S = 12
READY_PER_S = 20_000


class Due(msgspec.Struct, frozen=True):
    """What `tierflow bench due` prints (docs/benchmarks.md#what-is-measured-and-how).

    decided_within_s: from the instant until the last decision was read. rate: live events a second, as really sent.
    p50_ms to max_ms: delays of the live events that were sent after the instant.
    """

    timers: int
    decided_within_s: float
    due_per_s: int
    rate: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    guarantee: str


class DueOptions(NamedTuple):
    """How many customers fall due at once (timers), and how many live events are sent a second (rate)."""

    timers: int
    rate: int
    partitions: int
    policy_file: Path | None


def measure_due(options: DueOptions, say: Say) -> Due:
    """Fills a changelog, starts a worker on it, sends live events, and waits for every decision.

    Raises:
        UsageError: The worker is not ready in time, or has ended; a decision does not come; no live event was sent
            before the last one; the policy cannot be used, or has one tier; or no broker answers.
    """
    with stand(options.policy_file, options.partitions) as on:
        refuse_single_tier(on.policy)
        wait_s = START_S + options.timers / READY_PER_S
        due_ms = wall_ms() + round(wait_s * 1000)
        say(f"{options.timers:,} customers fall due in {wait_s:.0f} s; filling the changelog with them")
        asyncio.run(fill_changelog(on, pinned_sample(on, due_ms), options.timers))
        with running_workers(on, 1) as workers:
            return asyncio.run(_measure(on, workers[0], options, due_ms))


def refuse_single_tier(policy: Policy) -> None:
    """Refuses a policy of one tier: under it there is no other tier to pin a customer to.

    Raises:
        UsageError: The policy has one tier.
    """
    if len(policy.tiers) == 1:
        raise UsageError(
            f"policy {policy.name} has one tier, {policy.tiers[0].id}, and what falls due here are pins to another; "
            "take a --policy with two tiers or more"
        )


def pinned_sample(on: Stand, until_ms: int) -> list[bytes]:
    """Gives the packed states of about 1,000 customers, each with a pin to another tier than its own.

    until_ms: when the pins end, in epoch milliseconds.
    """
    return list(pinned_partition(on.settings, on.policy, SAMPLE_CUSTOMERS, until_ms).packed.values())


def pinned_partition(settings: Settings, policy: Policy, customers: int, until_ms: int) -> Customers:
    """Makes a partition of about so many customers with 10 events on average, each with a pin as above."""
    partition, events = empty_partition(settings, policy), customers * EVENTS_PER_CUSTOMER
    workload = recent_workload(events, customers, SAMPLE_SEED, policy.currency)
    work_records(partition, chain.from_iterable(workload.chunks()))
    work_records(partition, list(_pins(policy, partition.packed, until_ms)))
    return partition


def _pins(policy: Policy, packed: dict[bytes, bytes], until_ms: int) -> Iterator[InputRecord]:
    lowest, highest = policy.tiers[0].id, policy.tiers[-1].id
    for key, state in packed.items():
        value = {
            "event_id": f"pin{key.decode()}",
            "customer_id": key.decode(),
            "action": "pin",
            "at": wall_ms(),
            "tier": lowest if unpack_header(state).tier == highest else highest,
            "until": until_ms,
            "reason": "a crowd that falls due at once",
            "by": "tierflow bench due",
        }
        yield InputRecord(CUSTOMERS, key, orjson.dumps(value))


async def _measure(on: Stand, worker: Worker, options: DueOptions, due_ms: int) -> Due:
    await taken_over([worker], on.partitions, within_s=options.timers / READY_PER_S + START_S)
    wait_s = due_ms / 1000 - time.time()
    if wait_s < WARM_UP_S:
        raise UsageError(
            f"the worker was ready {WARM_UP_S - wait_s:.0f} s too late for the instant: this machine is too slow, or "
            f"too busy, for {options.timers:,} timers; take fewer"
        )
    await asyncio.sleep(wait_s - WARM_UP_S)
    live, due_at = Live(on, options.rate), time.perf_counter() + due_ms / 1000 - time.time()
    async with reader(on, on.settings.output_topic("changes")) as consumer, sending(live) as sent:
        while live.missing:
            worker.check()
            await live.read(consumer)
            if live.by_time >= options.timers:
                live.stop()
            elif time.perf_counter() - max(live.newest_by_time, due_at) > LAST_CHANGES_WITHIN_S:
                raise UsageError(
                    f"{options.timers - live.by_time} of {options.timers} customers were not decided; the policy must "
                    f"serve the tier earned as soon as a pin ends"
                )
    return figures_of(live, due_at, sent.result(), options.timers)


def figures_of(live: Live, due_at: float, sent_in_s: float, timers: int) -> Due:
    """Works the figures out from the live events. due_at: the instant, as a moment of `Live`.

    Raises:
        UsageError: No live event was sent after the instant.
    """
    decided_within_s = live.newest_by_time - due_at
    counted = sorted(delay for sent_at, delay in zip(live.sent_at, live.delays_ms, strict=True) if sent_at >= due_at)
    if not counted:
        raise UsageError(
            f"all {timers:,} customers were decided before the next live event was sent, so no delay was measured; "
            "take more --timers, or a higher --rate"
        )
    return Due(
        timers=timers,
        decided_within_s=round(decided_within_s, 3),
        due_per_s=round(timers / decided_within_s),
        rate=round(len(live.sent_at) / sent_in_s),
        p50_ms=percentile(counted, 0.50),
        p95_ms=percentile(counted, 0.95),
        p99_ms=percentile(counted, 0.99),
        max_ms=percentile(counted, 1.0),
        guarantee=GUARANTEE,
    )
