"""`tierflow bench partition --due`: the CPU time of one partition alone for a decision by time, without Kafka.

The customers are those of `tierflow bench due` (due.py): each has a pin, and all pins end at one instant. They are
decided in batches, as a worker decides a crowd where no event waits.
"""

import gc
import os
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.bench.due import pinned_partition, refuse_single_tier
from streams.bench.stand import DEFAULT_POLICY, stand_environment
from streams.kafka.wall_clock import wall_ms
from streams.partition.customers import Customers
from streams.partition.work import Quota
from streams.settings import Settings, policy_folder, read_policy_file

DUE_IN_MS = 3_600_000  # later than all that is worked before


class DueAloneOptions(NamedTuple):
    """How many customers fall due (timers), how many are decided in a batch, and under which policy."""

    timers: int
    batch: int
    policy_file: Path | None


class DueAlone(msgspec.Struct, frozen=True):
    """What `tierflow bench partition --due` prints (docs/benchmarks.md#what-is-measured-and-how). CPU times."""

    timers: int
    policy: str
    work_us: float
    pack_us: float
    due_us: float
    state_bytes: int


def measure_due_alone(options: DueAloneOptions) -> DueAlone:
    """Decides the crowd in a partition that owns all customers, and gives the time for each.

    Raises:
        UsageError: The policy cannot be used, or has one tier; or an event becomes a dead letter.
    """
    policy = read_policy_file(options.policy_file or policy_folder() / DEFAULT_POLICY, "--policy")
    refuse_single_tier(policy)
    due_ms = wall_ms() + DUE_IN_MS
    settings = Settings.from_environment(stand_environment(os.environ))
    partition = pinned_partition(settings, policy, options.timers, due_ms)
    state_bytes = sum(map(len, partition.packed.values())) // len(partition.packed)
    timers, work_s, pack_s = decide_all(partition, due_ms, options.batch)
    work_us, pack_us = 1e6 * work_s / timers, 1e6 * pack_s / timers
    return DueAlone(
        timers=timers,
        policy=policy.name,
        work_us=round(work_us, 2),
        pack_us=round(pack_us, 2),
        due_us=round(work_us + pack_us, 2),
        state_bytes=state_bytes,
    )


def decide_all(partition: Customers, due_ms: int, batch: int) -> tuple[int, float, float]:
    """Decides all that is due at an instant; gives how many, and the CPU seconds of work and of packing."""
    gc.collect()
    gc.freeze()
    gc.disable()  # a worker's collector runs when nothing waits (worker/garbage.py)
    timers, work_s, pack_s = 0, 0.0, 0.0
    try:
        while (next_ms := partition.next_due_ms()) is not None and next_ms <= due_ms:
            began_s = time.process_time()
            partition.work_some([], due_ms, Quota(batch, 0))
            worked_s = time.process_time()
            work = partition.pack(partition.next_offsets)
            partition.keep(work)
            timers += len(work.states)
            work_s += worked_s - began_s
            pack_s += time.process_time() - worked_s
    finally:
        gc.enable()
    return timers, work_s, pack_s
