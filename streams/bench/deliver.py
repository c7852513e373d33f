"""`tierflow bench deliver`: how fast one `tierflow deliver` process sends tier changes that are in the topic already.

The endpoint runs in the benchmark's process and answers 204 at once. So the sender is what is measured: reading,
signing, HTTP and committing. Time and CPU time count from the first request to the last.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from streams.bench.feed import FUTURES_LIMIT
from streams.bench.stand import Stand, stand
from streams.bench.throughput import Say, recent_workload
from streams.bench.workers import POLL_S, STARTED_WITHIN_S, Worker
from streams.contracts.envelope import Headers
from streams.kafka.partitioner import partition_of
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES
from streams.stages.customers import partition_setup
from streams.values.events import TOPICS

SAMPLE = 1_000
CUSTOMERS = 10_000
VARIABLE = "TIERFLOW_DELIVER_SECRET_BENCH"
# A public test secret of 24 bytes.
SIGNED_WITH = "whsec_" + "YmVuY2ht" * 4
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


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
        UsageError: The policy cannot be used, no broker answers, or the process ends.
        TimeoutError: The endpoint does not get the requests in time.
    """
    with stand(options.policy_file, options.partitions) as on:
        sample = _sample(on)
        say(f"loading {options.events:,} tier changes of {CUSTOMERS:,} customers")
        return asyncio.run(_measure(on, sample, options, say))


async def _measure(on: Stand, sample: Sequence[_Change], options: DeliverOptions, say: Say) -> Deliver:
    await _load(on, sample, options.events)
    counter = _Counter()
    server = await asyncio.get_running_loop().create_server(lambda: _Endpoint(counter), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    file = _config(on, f"http://127.0.0.1:{port}/", options.in_flight)
    say(f"sending them to a local endpoint, {options.in_flight} at a time")
    process = Worker(on, 1, ("deliver", "--config", str(file)), {VARIABLE: SIGNED_WITH})
    try:
        await _reached(process, counter, 1, STARTED_WITHIN_S)
        began, cpu_began, before = time.monotonic(), process.cpu_s(), counter.requests
        await _reached(process, counter, options.events, STARTED_WITHIN_S + options.events / 100)
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


async def _reached(process: Worker, counter: "_Counter", requests: int, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while counter.requests < requests:
            process.check()
            await asyncio.sleep(POLL_S)


class _Counter:
    """The number of requests that the endpoint has received."""

    def __init__(self) -> None:
        self.requests = 0


class _Endpoint(asyncio.Protocol):
    """A minimal HTTP server for this one client: it answers every request 204, and ends a body by Content-Length."""

    def __init__(self, counter: _Counter) -> None:
        self._counter = counter
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport to answer on."""
        assert isinstance(transport, asyncio.Transport), "of a TCP server"  # noqa: S101 - for the type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers the requests that have arrived whole, and keeps the rest."""
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = self._buffer[:end].lower() + b"\r\n"
            length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
            end += len(_HEAD_END) + length
            if len(self._buffer) < end or self._transport is None:
                return
            self._buffer = self._buffer[end:]
            self._counter.requests += 1
            self._transport.write(_NO_CONTENT)


def _sample(on: Stand) -> list[_Change]:
    """Makes real tier changes: a small workload, decided by the engine."""
    partition = Customers(partition_setup(on.settings, on.policy, partition=0, partitions=1))
    workload = recent_workload(SAMPLE, SAMPLE, 7, on.policy.currency)
    entries = [
        entry
        for offset, (topic, key, value) in enumerate(record for chunk in workload.chunks() for record in chunk)
        for entry in partition.decode(topic, [_Read(offset, key, value)])
    ]
    work = partition.work(entries, [SAMPLE] * len(TOPICS), int(time.time() * 1000))
    return [_Change(value or b"", headers) for _, value, headers in sent_to(work, CHANGES)]


class _Read(NamedTuple):
    offset: int
    key: bytes
    value: bytes


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
        told = {**dict(change.headers), "ce_id": b"%b:%d" % (key, number // CUSTOMERS + 1), "ce_subject": key}
        yield key, _Change(change.value, list(told.items()))


def _config(on: Stand, url: str, in_flight: int) -> Path:
    path = on.folder / "deliver.toml"
    path.write_text(
        f'[[endpoints]]\nname = "bench"\nurl = "{url}"\nevents = ["changes"]\nbegin = "earliest"\n'
        f'secret_env = "{VARIABLE}"\nin_flight = {in_flight}\n'
    )
    return path
