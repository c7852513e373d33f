"""`tierflow bench recovery`: how fast a worker takes over a changelog, a record a customer, all of them full.

The records are those of customers with 40 events on average, worked by the engine itself; every partition ends with a
lane record, as transactions leave it. The time is what the worker says: from fencing the former owner until the last
partition is ready.
"""

import asyncio
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from streams.bench.feed import Feed
from streams.bench.stand import Stand, stand
from streams.bench.throughput import Say, recent_workload
from streams.bench.workers import Worker, running_workers, taken_over
from streams.contracts.packing import LANE_KEY, LaneRecord, pack_lane
from streams.engine.events import TOPICS
from streams.kafka.rules import partition_rules
from streams.partition import Partition

if TYPE_CHECKING:
    from streams.entries import Entry

SAMPLE_CUSTOMERS = 1_000
EVENTS_PER_CUSTOMER = 40
SAMPLE_SEED = 7
WITHIN_S = 600.0


class Recovery(msgspec.Struct, frozen=True):
    """The contract's fields."""

    records: int
    seconds: float
    records_per_s: int


class RecoveryOptions(NamedTuple):
    """What is measured."""

    records: int
    partitions: int
    policy_file: Path | None


class _Read(NamedTuple):
    """A record as a partition takes it."""

    offset: int
    key: bytes
    value: bytes


def measure_recovery(options: RecoveryOptions, say: Say) -> Recovery:
    """Fills a changelog, starts a worker on it, and reads what it says of its take-over."""
    with stand(options.policy_file, options.partitions) as on:
        sample = packed_sample(on)
        size = sum(map(len, sample)) // len(sample)
        say(f"filling the changelog with {options.records:,} records of {size:,} bytes on average")
        asyncio.run(_fill(on, sample, options.records))
        with running_workers(on, 1) as workers:
            seconds = asyncio.run(_take_over(on, workers))
    return Recovery(options.records, round(seconds, 3), round(options.records / seconds))


def packed_sample(on: Stand) -> list[bytes]:
    """The changelog records of a thousand customers with a history."""
    partition = Partition(partition_rules(on.settings, on.policy, partition=0, partitions=1))
    entries: list[Entry] = []
    offset = 0
    for chunk in recent_workload(SAMPLE_CUSTOMERS * EVENTS_PER_CUSTOMER, SAMPLE_CUSTOMERS, SAMPLE_SEED).chunks():
        for topic, key, value in chunk:
            entries += partition.decode(topic, [_Read(offset, key, value)])
            offset += 1
    return list(partition.work(entries, [offset] * len(TOPICS), int(time.time() * 1000)).states.values())


async def _fill(on: Stand, sample: list[bytes], records: int) -> None:
    topic = on.settings.changelog_topic
    async with Feed(on.settings, on.partitions) as feed:
        for number, packed in enumerate(islice(cycle(sample), records)):
            key = b"C%09d" % number
            await feed.put(topic, feed.partition(key), key, packed)
        for partition in range(on.partitions):
            lane = LaneRecord((0,) * len(TOPICS), counter=1, clock_ms=int(time.time() * 1000))
            await feed.put(topic, partition, LANE_KEY, pack_lane(lane))


async def _take_over(on: Stand, workers: list[Worker]) -> float:
    """The seconds until the slowest partition was ready: they are taken over side by side."""
    return max(each.seconds for each in await taken_over(workers, on.partitions, WITHIN_S))
