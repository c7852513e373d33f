"""`tierflow bench deliver`: how fast one `tierflow deliver` process sends tier changes that are in the topic already.

The endpoint runs in the benchmark's process and answers 204 at once. So the sender is what is measured: reading,
signing, HTTP and committing. Time and CPU time count from the first request to the last.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from streams.bench.endpoint import LocalEndpoint, RequestCount
from streams.bench.feed import FUTURES_LIMIT
from streams.bench.sample import SampleRecord, empty_partition
from streams.bench.stand import Stand, stand
from streams.bench.throughput import Say, recent_workload
from streams.bench.workers import POLL_S, STARTED_WITHIN_S, Worker
from streams.contracts.envelope import Headers
from streams.errors import UsageError
from streams.kafka.partitioner import partition_of
from streams.kafka.wall_clock import wall_ms
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES
from streams.values.events import TOPICS

SAMPLE = 1_000
CUSTOMERS = 10_000
VARIABLE = "TIERFLOW_DELIVER_SECRET_BENCH"
# A public test secret of 24 bytes.
SIGNED_WITH = "whsec_" + "YmVuY2ht" * 4


class Deliver(msgspec.Struct, frozen=True):
    """What `tierflow bench deliver` prints.

    requests: how many the endpoint received, as many as events unless one was sent again. cpu_s: user and system time
    of the process; null where the system has no /proc. body_bytes: on average.
    """

    events: int
    requests: int
    seconds: float
    events_per_s: int
    cpu_s: float | None
    events_per_cpu_s: int | None
    body_bytes: int
    in_flight: int
    guarantee: str = "at_least_once"


class DeliverOptions(NamedTuple):
    """How many events wait, how many requests are sent at a time, and under which policy (None: assets-only)."""

    events: int
    in_flight: int
    partitions: int
    policy_file: Path | None


class _Change(NamedTuple):
    value: bytes
    headers: Headers


def measure_deliver(options: DeliverOptions, say: Say) -> Deliver:
    """Fills `tier.changes`, starts one `tierflow deliver` on it, and measures.

    Raises:
        UsageError: The policy cannot be used or gives no tier change, no broker answers, the process ends, or the
            endpoint does not get the requests in time.
    """
    with stand(options.policy_file, options.partitions) as on:
        sample = _sample(on)
        say(f"loading {options.events:,} tier changes of {CUSTOMERS:,} customers")
        return asyncio.run(_measure(on, sample, options, say))


async def _measure(on: Stand, sample: Sequence[_Change], options: DeliverOptions, say: Say) -> Deliver:
    await _load(on, sample, options.events)
    counter = RequestCount()
    server = await asyncio.get_running_loop().create_server(lambda: LocalEndpoint(counter), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    file = _config(on, f"http://127.0.0.1:{port}/", options.in_flight)
    say(f"sending them to a local endpoint, {options.in_flight} at a time")
    process = Worker(on, 1, ("deliver", "--config", str(file)), {VARIABLE: SIGNED_WITH})
    try:
        await wait_for_requests(process.check, counter, 1, STARTED_WITHIN_S)
        began, cpu_began, before = time.monotonic(), process.cpu_s(), counter.requests
        await wait_for_requests(process.check, counter, options.events, STARTED_WITHIN_S + options.events / 100)
        seconds, cpu_ended = time.monotonic() - began, process.cpu_s()
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        server.close()
    sent = counter.requests - before
    cpu_s = None if cpu_began is None or cpu_ended is None else cpu_ended - cpu_began
    return Deliver(
        events=options.events,
        requests=counter.requests,
        seconds=round(seconds, 3),
        events_per_s=round(sent / seconds),
        cpu_s=None if cpu_s is None else round(cpu_s, 2),
        events_per_cpu_s=round(sent / cpu_s) if cpu_s else None,
        body_bytes=round(sum(len(change.value) for change in sample) / len(sample)),
        in_flight=options.in_flight,
    )


async def wait_for_requests(check: Callable[[], None], counter: RequestCount, requests: int, within_s: float) -> None:
    """Waits until the endpoint has received so many requests. check: raises where the process has ended.

    Raises:
        UsageError: The requests do not come within the time, or `check` raises one.
    """
    give_up_at = time.monotonic() + within_s
    while counter.requests < requests:
        check()
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"the endpoint received {counter.requests:,} of {requests:,} requests within {within_s:.0f} s: this "
                "machine is too slow, or too busy; take fewer --events, or measure when it is quiet"
            )
        await asyncio.sleep(POLL_S)


def _sample(on: Stand) -> list[_Change]:
    """Makes real tier changes: a small workload, decided by the engine.

    Raises:
        UsageError: The workload changes no tier.
    """
    partition = empty_partition(on.settings, on.policy)
    workload = recent_workload(SAMPLE, SAMPLE, 7, on.policy.currency)
    entries = [
        entry
        for offset, (topic, key, value) in enumerate(record for chunk in workload.chunks() for record in chunk)
        for entry in partition.decode(topic, [SampleRecord(offset, key, value)])
    ]
    work = partition.work(entries, [SAMPLE] * len(TOPICS), wall_ms())
    sample = [_Change(value or b"", headers) for _, value, headers in sent_to(work, CHANGES)]
    if not sample:
        raise UsageError(
            f"policy {on.policy.name}: no event of the workload gives a tier change, so there is nothing to send; take "
            "a --policy under which balances give tiers"
        )
    return sample


async def _load(on: Stand, sample: Sequence[_Change], events: int) -> None:
    """Writes so many events to `tier.changes`: the sample, repeated under the ids of `CUSTOMERS` customers."""
    topic = on.settings.output_topic("changes")
    sent: list[asyncio.Future[object]] = []
    async with AIOKafkaProducer(**on.settings.client_options(), acks="all") as producer:
        for key, change in _addressed(sample, events):
            partition = partition_of(key, on.partitions, "murmur2")
            sent.append(
                await producer.send(topic, change.value, key=key, partition=partition, headers=list(change.headers))
            )
            if len(sent) >= FUTURES_LIMIT * 100:
                await asyncio.gather(*sent)
                sent.clear()
        await asyncio.gather(*sent)


def _addressed(sample: Sequence[_Change], events: int) -> Iterator[tuple[bytes, _Change]]:
    for number, change in enumerate(islice(cycle(sample), events)):
        key = b"C%09d" % (number % CUSTOMERS)
        headers = {**dict(change.headers), "ce_id": b"%b:%d" % (key, number // CUSTOMERS + 1), "ce_subject": key}
        yield key, _Change(change.value, list(headers.items()))


def _config(on: Stand, url: str, in_flight: int) -> Path:
    path = on.folder / "deliver.toml"
    path.write_text(
        f'[[endpoints]]\nname = "bench"\nurl = "{url}"\nevents = ["changes"]\nbegin = "earliest"\n'
        f'secret_env = "{VARIABLE}"\nin_flight = {in_flight}\n'
    )
    return path
