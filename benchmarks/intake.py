"""How fast `tierflow intake` maps a topic that is full, and the delay from a source's record to its tier change.

    make bench-intake FORMAT=debezium RECORDS=500000

The clock of the first part starts when the process is ready, and stops when the group's offsets are at the end of the
source. The second part sends balances to a source's topic, each of which causes a tier change, beside a worker.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.beside.ground import Ground, ground
from benchmarks.beside.machine import loads
from streams.bench.feed import Feed
from streams.bench.live import Live, percentile, sending
from streams.bench.reading import reader
from streams.bench.stand import Stand
from streams.bench.workers import Worker, running_workers, taken_over
from streams.errors import UsageError
from streams.signals import signals_wait

PARTITIONS = 4
RATE, SECONDS, WARM_UP_S = 2_000, 15, 5
WITHIN_S = 300.0
MILLION = 1_000_000
BOOKINGS = """
[sources.core]
topic = "{topic}"
format = "{form}"

[sources.core.transactions]
event_id = {{ template = "bk-{{id}}" }}
customer_id = "customer"
account_id = "account"
type = {{ path = "kind", codes = {{ PUR = "purchase", DEP = "deposit" }} }}
amount = "amount"
currency = "currency"
occurred_at = {{ path = "booked", unit = "us" }}
channel = "channel"
"""
BALANCES = """
[sources.core]
topic = "{topic}"
format = "json"

[sources.core.balances]
event_id = "event_id"
customer_id = "customer_id"
account_id = "account_id"
balance = "balance"
currency = "currency"
as_of = {{ path = "as_of", unit = "ms" }}
"""


def rows(records: int, form: str) -> Iterator[tuple[bytes, bytes]]:
    """Makes keys and values: bookings of 10 columns, alone or in Debezium's envelope."""
    now_us = time.time_ns() // 1_000
    around = {"version": "3.4.0.Final", "connector": "postgresql", "name": "core", "snapshot": "false", "db": "core"}
    for number in range(records):
        account = number * 7919 % 100_000
        row = {
            "id": number,
            "customer": f"C{account}",
            "account": f"A{account}",
            "kind": "PUR" if number % 3 else "DEP",
            "amount": f"{number % 99_991}.{number % 100:02}",
            "currency": "TWD",
            "booked": now_us - records + number,
            "channel": "card",
            "branch": "012",
            "text": "a booking as cores write them",
        }
        source = {**around, "ts_ms": now_us // 1_000, "schema": "public", "table": "bookings", "lsn": number}
        envelope = {"before": None, "after": row, "source": source, "op": "c", "ts_ms": now_us // 1_000}
        yield f"A{account}".encode(), json.dumps(row if form == "json" else envelope).encode()


async def make(on: Stand, topic: str) -> None:
    """Makes the topic of the source."""
    admin = AIOKafkaAdminClient(**on.settings.client_options())
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await admin.close()


def intake(on: Stand, mapping: str) -> Worker:
    """Starts a `tierflow intake`."""
    file = on.folder / "sources.toml"
    file.write_text(mapping)
    with signals_wait():
        return Worker(on, 9, ("intake",), {"TIERFLOW_SOURCES": str(file)})


async def ready(process: Worker) -> None:
    """Waits until it has its partitions."""
    while True:
        process.check()
        try:
            process.url()
        except UsageError:
            await asyncio.sleep(0.01)
        else:
            return


async def fed(on: Stand, topic: str, records: int, form: str) -> None:
    """Fills the topic."""
    async with Feed(on.settings, PARTITIONS) as feed:
        for key, value in rows(records, form):
            await feed.put(topic, feed.partition(key), key, value)


async def worked(on: Stand, topic: str, records: int) -> None:
    """Waits until the group has come to the end of the topic."""
    give_up_at = time.monotonic() + WITHIN_S
    options = {**on.settings.client_options(), "group_id": on.settings.intake_id, "enable_auto_commit": False}
    consumer = AIOKafkaConsumer(**options)
    await consumer.start()
    try:
        while time.monotonic() < give_up_at:
            tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            done = await asyncio.gather(*map(consumer.committed, tps))
            if sum(offset or 0 for offset in done) >= records:
                return
            await asyncio.sleep(0.05)
    finally:
        await consumer.stop()
    raise UsageError(f"{records:,} records were not mapped within {WITHIN_S:.0f} s")


def measure_rate(field: Ground, records: int, form: str) -> None:
    """Measures one process on a topic that is full."""
    on = field.stand("assets-only", {}, on_loaded=False)
    topic = f"{on.settings.app_id}.core"
    asyncio.run(make(on, topic))
    asyncio.run(fed(on, topic, records, form))
    process = intake(on, BOOKINGS.format(topic=topic, form=form))
    try:
        with loads() as around:
            asyncio.run(ready(process))
            began, cpu_s = time.perf_counter(), process.cpu_s() or 0.0
            asyncio.run(worked(on, topic, records))
            seconds, cpu_s = time.perf_counter() - began, (process.cpu_s() or 0.0) - cpu_s
    finally:
        process.terminate()
        process.wait()
    print(
        f"{form}: {records:,} records in {seconds:.1f} s, {records / seconds:,.0f} a second, "
        f"{cpu_s * MILLION / records:.1f} CPU s a million ({records / cpu_s:,.0f} a second and core); "
        f"load {around.load.before:.1f}, {around.load.after:.1f}"
    )
    field.clear(on)


def measure_delay(field: Ground) -> None:
    """Measures from a source's record to the tier change, with a worker and an intake."""
    on = field.stand("assets-only", {}, on_loaded=False)
    topic = f"{on.settings.app_id}.core"
    asyncio.run(make(on, topic))
    with running_workers(on, 1) as workers:
        process = intake(on, BALANCES.format(topic=topic))
        try:
            delays = asyncio.run(_delays(on, workers, process, topic))
        finally:
            process.terminate()
            process.wait()
    shown = ", ".join(f"p{share * 100:.0f} {percentile(delays, share)} ms" for share in (0.5, 0.95, 0.99))
    print(f"source -> tier change at {RATE:,}/s: {shown}")


async def _delays(on: Stand, workers: list[Worker], process: Worker, topic: str) -> list[float]:
    await taken_over(workers, PARTITIONS)
    await ready(process)
    live = Live(on, RATE, RATE * (SECONDS + WARM_UP_S), topic=topic)
    async with reader(on, on.settings.output_topic("changes")) as consumer, sending(live):
        while live.missing:
            process.check()
            await live.read(consumer)
    return sorted(live.delays_ms[RATE * WARM_UP_S :])


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=("json", "debezium"), default="debezium")
    parser.add_argument("--records", type=int, default=500_000)
    options = parser.parse_args()
    with ground(PARTITIONS) as field:
        measure_rate(field, options.records, options.form)
        measure_delay(field)


if __name__ == "__main__":
    main()
