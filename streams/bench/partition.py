"""`tierflow bench partition`: the CPU time of one partition alone, in this process and without Kafka.

It is what a worker does with a batch between the fetch and the transaction: decode, work, pack. With the same options
it is the same work at the same instants each time, so that its instructions can be counted, too (`make check-speed`).
"""

import gc
import os
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import msgspec

from streams.bench.sample import SampleRecord, empty_partition, refuse_letters_of
from streams.bench.stand import DEFAULT_POLICY, stand_environment
from streams.bench.throughput import workload_until
from streams.bench.workload import InputRecord, Workload
from streams.partition.customers import Customers
from streams.partition.heads import merge_heads
from streams.partition.seals import Seals
from streams.partition.work import NO_LIMIT
from streams.sealing.cipher import Cipher
from streams.sealing.keys import MasterKeys, new_key
from streams.settings import Settings, policy_folder, read_policy_file
from streams.values.events import TOPICS

NOW_MS = 1_795_000_000_000
"""The worker's clock: always the same, so that the same events fall into the same days."""


Batch = list[list[SampleRecord]]
"""The records of a batch by topic number, as they come from Kafka."""


class PartitionOptions(NamedTuple):
    """How many events of how many customers are worked, in batches of which size, and under which policy.

    policy_file: None: assets-only. sealed: whether what is written is, by keys of customers.
    """

    events: int
    customers: int
    batch: int
    policy_file: Path | None
    seed: int
    sealed: bool = False


class PartitionCost(msgspec.Struct, frozen=True):
    """What `tierflow bench partition` prints (docs/benchmarks.md#what-is-measured-and-how). Times are CPU times."""

    events: int
    customers: int
    policy: str
    decode_us: float
    work_us: float
    pack_us: float
    seal_us: float
    event_us: float
    state_bytes: int


def measure_partition(options: PartitionOptions) -> PartitionCost:
    """Works the generated events in a partition that owns all customers, and gives the time for each.

    Raises:
        UsageError: The policy cannot be used, or an event becomes a dead letter.
    """
    partition, batches = prepare(options)
    master = MasterKeys([Cipher(new_key(token_bytes))])
    spent = work_batches(partition, batches, Seals(master, {}, token_bytes) if options.sealed else None)
    decode_us, work_us, pack_us, seal_us = (1e6 * sum(times) / options.events for times in zip(*spent, strict=True))
    return PartitionCost(
        events=options.events,
        customers=options.customers,
        policy=partition.setup.policy.name,
        decode_us=round(decode_us, 2),
        work_us=round(work_us, 2),
        pack_us=round(pack_us, 2),
        seal_us=round(seal_us, 2),
        event_us=round(decode_us + work_us + pack_us + seal_us, 2),
        state_bytes=sum(map(len, partition.packed.values())) // len(partition.packed),
    )


def prepare(options: PartitionOptions) -> tuple[Customers, list[Batch]]:
    """Makes the partition, and generates all batches.

    Raises:
        UsageError: The policy cannot be used.
    """
    policy = read_policy_file(options.policy_file or policy_folder() / DEFAULT_POLICY, "--policy")
    settings = Settings.from_environment(stand_environment(os.environ))
    load = workload_until(NOW_MS, options.events, options.customers, options.seed, policy.currency)
    return empty_partition(settings, policy), list(_batches(load, options.batch))


def work_batches(
    partition: Customers, batches: list[Batch], seals: Seals | None = None
) -> list[tuple[float, float, float, float]]:
    """Works the batches one after the other, and gives the CPU seconds of decoding, work, packing and sealing of each.

    Raises:
        UsageError: An event becomes a dead letter.
    """
    gc.collect()
    gc.freeze()
    gc.disable()  # a worker's collector runs when nothing waits (worker/garbage.py)
    try:
        return [_work(partition, batch, seals) for batch in batches]
    finally:
        gc.enable()


def _batches(load: Workload, size: int) -> Iterator[Batch]:
    offsets = [0] * len(TOPICS)
    records = (record for chunk in load.chunks() for record in chunk)
    while batch := list(islice(records, size)):
        yield _by_topic(batch, offsets)


def _by_topic(batch: list[InputRecord], offsets: list[int]) -> Batch:
    fetched: Batch = [[] for _ in TOPICS]
    for topic, key, value in batch:
        fetched[topic].append(SampleRecord(offsets[topic], key, value))
        offsets[topic] += 1
    return fetched


def _work(partition: Customers, fetched: Batch, seals: Seals | None) -> tuple[float, float, float, float]:
    """Works a batch, and gives the CPU seconds of its decoding, its work, its packing, and its sealing."""
    ends = [records[-1].offset + 1 if records else partition.next_offsets[n] for n, records in enumerate(fetched)]
    began_s = time.process_time()
    queues = [deque(partition.decode(topic, records)) for topic, records in enumerate(fetched)]
    entries = merge_heads(queues, frozenset(), sum(map(len, queues)))
    decoded_s = time.process_time()
    partition.work_some(entries, NOW_MS, NO_LIMIT)
    worked_s = time.process_time()
    work = partition.pack(ends)
    partition.keep(work)
    packed_s = time.process_time()
    if seals is not None:
        for _ in seals.sealing(work):
            pass
        seals.keep()
    sealed_s = time.process_time()
    refuse_letters_of(work)
    return decoded_s - began_s, worked_s - decoded_s, packed_s - worked_s, sealed_s - packed_s
