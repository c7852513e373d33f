"""The delay from an event to its committed tier change, measured in the same way for every system.

Each has topics of its own. One event is sent until its change is there, so that the system has started; then events
are sent at the rate, and those of the first `WARM_UP_S` are not counted. Changes are read with read_committed.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from benchmarks.beside.ground import Ground
from benchmarks.beside.machine import loads
from benchmarks.beside.peer import PeerProcess
from benchmarks.beside.results import Delay
from benchmarks.beside.systems import Peer, Tierflow
from benchmarks.beside.tierflow import variables_of
from streams.bench.feed import Feed
from streams.bench.live import CUSTOMERS, Live, event_of, percentile, sending
from streams.bench.reading import POLL_MS, reader
from streams.bench.stand import Stand
from streams.bench.workers import Worker, running_workers
from streams.bench.workload import balance_record
from streams.errors import UsageError
from streams.kafka.wall_clock import wall_ms

WARM_UP_S = 10
STARTED_WITHIN_S = 180.0

EventOf = Callable[[bytes], str | None]


class _PeerChange(msgspec.Struct):
    """The part of a peer's tier change that is read here: the id of the event that caused it."""

    cause: str


_decode = msgspec.json.Decoder(_PeerChange).decode


def measure_delay(  # noqa: PLR0913, PLR0917 - what a measurement is
    ground: Ground, system: Tierflow | Peer, number: int, rate: int, seconds: int, warm_up_s: int = WARM_UP_S
) -> Delay:
    """Starts a system, sends events at the rate, and waits for the tier change of every one. number: of the round.

    Raises:
        UsageError: The system ends, or a change does not come.
    """
    variables = variables_of(system) if isinstance(system, Tierflow) else {}
    on = ground.stand("assets-only", variables, on_loaded=False)
    with _running(on, system) as running:
        told = event_of if isinstance(system, Tierflow) else _event_of_peer
        figures = asyncio.run(_measure(on, running, rate, seconds, warm_up_s, told))
    ground.clear(on)
    return msgspec.convert({**figures, "system": system.name, "round": number, "asked": rate}, Delay)


@contextmanager
def _running(on: Stand, system: Tierflow | Peer) -> Iterator[PeerProcess | Worker]:
    """Runs a system for ever, until the end of the block."""
    if isinstance(system, Peer):
        with PeerProcess(system, on, events=0) as process:
            yield process
    else:
        with running_workers(on, 1) as [worker]:
            yield worker


async def _measure(  # noqa: PLR0913, PLR0917 - as above
    on: Stand, running: PeerProcess | Worker, rate: int, seconds: int, warm_up_s: int, told: EventOf
) -> dict[str, Any]:
    total = rate * (warm_up_s + seconds)
    async with reader(on, on.settings.output_topic("changes")) as consumer:
        await _until_started(on, consumer, running.check)
        live = Live(on, rate, total, told)
        began, used_s = time.monotonic(), running.cpu_s() or 0.0
        with loads() as around:
            async with sending(live) as sent:
                while live.missing:
                    running.check()
                    await live.read(consumer)
        cores = ((running.cpu_s() or 0.0) - used_s) / (time.monotonic() - began)
    counted = sorted(live.delays_ms[rate * warm_up_s :])
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
    delays = {name: percentile(counted, share) for name, share in shares.items()}
    rate_sent, load = round(total / sent.result()), msgspec.to_builtins(around.load)
    return {**delays, "rate": rate_sent, "cores": round(cores, 2), "load": load}


async def _until_started(on: Stand, consumer: AIOKafkaConsumer, check: Callable[[], None]) -> None:
    """Sends one event of a customer of its own, and waits for its change."""
    async with Feed(on.settings, on.partitions) as feed:
        await feed.send([balance_record("probe", CUSTOMERS, "A", "1.00", wall_ms(), on.policy.currency)])
    give_up_at = time.monotonic() + STARTED_WITHIN_S
    while not await consumer.getmany(timeout_ms=POLL_MS):
        check()
        if time.monotonic() > give_up_at:
            raise UsageError(f"no tier change came within {STARTED_WITHIN_S:.0f} s of its start")


def _event_of_peer(change: bytes) -> str:
    return _decode(change).cause
