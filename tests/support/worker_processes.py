"""Real workers as processes, events for them, and what is read back: for the tests of faults."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.bench.feed import Feed
from streams.bench.workload import InputRecord
from streams.kafka.keys import Keys
from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from streams.values.events import BALANCES
from tests.support.patience import stretched, until
from tests.support.ports import free_port

PARTITIONS = 4
TIERFLOW = str(Path(sys.executable).with_name("tierflow"))
STARTED_WITHIN_S = 30.0
STOPPED_WITHIN_S = 20.0
SOAK = os.environ.get("TIERFLOW_SOAK") == "1"


class Worker:
    """One `tierflow worker`, with a log and a data folder of its own; started again under the same name if wished."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        name: str = "w1",
        code: str | None = None,
        program: str = TIERFLOW,
    ) -> None:
        """code: what runs a worker, in place of the command. program: the `tierflow` of another release."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._environment = {**environment, "TIERFLOW_DATA_DIR": str(folder / name)}
        if environment.get("TIERFLOW_HTTP_PORT") == "0":  # what it chose itself could be another's before it listens
            self._environment["TIERFLOW_HTTP_PORT"] = str(free_port())
        self._command = [program, "worker"] if code is None else [sys.executable, "-c", code]
        self._read_from = 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def start_again(self) -> None:
        assert self.process.poll() is not None
        self.process = self._start()

    def says(self, pattern: str) -> list[tuple[str, ...]]:
        """What the log of the newest process holds of a pattern."""
        with self.log.open("rb") as log:
            log.seek(self._read_from)
            text = log.read().decode(errors="replace")
        return [match.groups() for match in re.finditer(pattern, text)]

    @property
    def holds(self) -> set[int] | None:
        """The partitions of the newest assignment; None before the first."""
        said = self.says(r"ready at [^,]*, partitions: ([\d, ]+|none)")
        if not said:
            return None
        return set() if said[-1][0] == "none" else {int(number) for number in said[-1][0].split(", ")}

    async def ready(self, within_s: float = STARTED_WITHIN_S) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
            return self.holds is not None

        await until(is_ready, within_s, f"{self.name} is ready; its log:\n{self.tail()}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def ended(self, within_s: float = STOPPED_WITHIN_S) -> int:
        """Waits for the end; the exit status."""
        await until(lambda: self.process.poll() is not None, within_s, f"{self.name} ends; its log:\n{self.tail()}")
        return int(self.process.returncode)

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def discard(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # also if it is stopped
        self.process.wait()


class Workers:
    """Workers of one test; at its end none is left."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._workers: list[Worker] = []

    def start(self, name: str = "w1", code: str | None = None, program: str = TIERFLOW, **more: str) -> Worker:
        worker = Worker({**self._environment, **more}, self._folder, name, code, program)
        self._workers.append(worker)
        return worker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.discard()


async def metrics(worker: Worker, *names: str) -> list[float]:
    """The sums of a worker's metrics that begin so, all of one moment."""
    [(address,)] = worker.says(r"ready at (http://[^,\s\"]+)")[-1:]
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return [sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)) for name in names]


class Events:
    """Puts events on the input topics, and remembers what every customer's balance must come to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sent = 0
        self.balances: dict[str, int] = {}
        # A broker may be away for longer than the 40 s for which aiokafka would wait.
        self._producer = AIOKafkaProducer(
            **settings.client_options(), acks="all", linger_ms=2, request_timeout_ms=180_000
        )
        self._futures: list[Any] = []

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def put(
        self, topic: str, customer: str, *, partition: int | None = None, raw: bytes | None = None, **fields: Any
    ) -> None:
        """One event; raw: a value as it is. It is there when `settle` has returned."""
        self.sent += 1
        value = {"event_id": f"e{self.sent}", "customer_id": customer, **fields}
        key = customer.encode()
        number = partition_of(key, PARTITIONS, "murmur2") if partition is None else partition
        body = json.dumps(value).encode() if raw is None else raw
        topic = self.settings.input_topic(topic)
        headers = trace_of(self.sent) if self.sent % 2 else []
        self._futures.append(await self._producer.send(topic, body, key=key, partition=number, headers=headers))

    async def balance(self, customer: str, amount: int, **more: Any) -> None:
        """A balance of the customer's one account. Later calls have later times."""
        self.balances[customer] = amount
        fields = {"account_id": "A", "balance": f"{amount}.00", "currency": "TWD", "as_of": now_ms()}
        await self.put("balances", customer, **{**fields, **more})

    async def backlog(self, balances: Iterable[tuple[str, int]]) -> None:
        """Many balances at once."""
        async with Feed(self.settings, PARTITIONS) as feed:
            for customer, amount in balances:
                self.sent += 1
                self.balances[customer] = amount
                fields = {"account_id": "A", "balance": amount, "currency": "TWD", "as_of": now_ms()}
                value = {"event_id": f"e{self.sent}", "customer_id": customer, **fields}
                await feed.send([InputRecord(BALANCES, customer.encode(), json.dumps(value).encode())])

    async def purchase(self, customer: str, amount: int) -> None:
        self.balances.setdefault(customer, 0)
        fields = {"account_id": "A", "type": "purchase", "amount": amount, "currency": "TWD", "occurred_at": now_ms()}
        await self.put("transactions", customer, **fields)

    async def action(self, customer: str, what: str, **more: Any) -> None:
        await self.put("customers", customer, action=what, at=now_ms(), **more)

    async def put_changelog(self, partition: int, key: bytes, value: bytes) -> None:
        """A changelog record that is none of ours."""
        await self._producer.send_and_wait(self.settings.changelog_topic, value, key=key, partition=partition)

    async def settle(self) -> None:
        """Returns when the broker has everything."""
        futures, self._futures = self._futures, []
        await asyncio.gather(*futures)

    def tiers(self) -> dict[str, str]:
        """The tier of every customer by a naive look at the newest balance (assets-only.toml)."""
        return {customer: tier_of(amount) for customer, amount in self.balances.items()}


def trace_of(number: int) -> list[tuple[str, bytes]]:
    """The headers of a record that is part of a trace; half of all inputs are."""
    return [("traceparent", f"00-{number:032x}-{1:016x}-01".encode())]


def tier_of(amount: int) -> str:
    return "high" if amount >= 5_000_000 else "mid" if amount >= 500_000 else "low"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def customers_of(partition: int, how_many: int) -> list[str]:
    """Customers whom murmur2 puts into the partition."""
    found = (name for name in map("C{:05d}".format, range(100_000)) if owner(name) == partition)
    return [next(found) for _ in range(how_many)]


def owner(customer: str) -> int:
    return partition_of(customer.encode(), PARTITIONS, "murmur2")


# --- reading back ---


@asynccontextmanager
async def consumer(settings: Settings, isolation: str = "read_committed") -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(
        **settings.client_options(), isolation_level=isolation, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def read(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """All committed records of a topic, by partition, read by position up to the ends of now.

    What is open there is waited for: the markers of a transaction come a moment after it is committed.
    """
    found: list[ConsumerRecord] = []
    tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    goal = await ends(settings, [topic], "read_uncommitted")
    async with consumer(settings) as reader:
        reader.assign(tps)
        async with asyncio.timeout(stretched(20)):
            while any(end < goal[tp] for tp, end in (await reader.end_offsets(tps)).items()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for tp in tps:
            reader.seek(tp, 0)
        for tp in tps:
            while await reader.position(tp) < goal[tp]:
                for records in (await reader.getmany(timeout_ms=100)).values():
                    found.extend(records)
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def ends(settings: Settings, topics: Iterable[str], isolation: str = "read_committed") -> dict[Any, int]:
    async with consumer(settings, isolation) as reader:
        tps = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        return dict(await reader.end_offsets(tps))


async def group_offsets(settings: Settings, group: str = "") -> dict[TopicPartition, int]:
    """What a group has committed. group: the workers' own, if none is named."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group or settings.app_id)
    except GroupCoordinatorNotAvailableError:
        return {}  # a fresh broker has no group yet
    finally:
        await admin.close()
    return {tp: committed.offset for tp, committed in found.items()}


async def applied(settings: Settings, within_s: float = 40.0) -> None:
    """Waits until the group's offsets have reached the ends of all inputs."""
    goal = await ends(settings, settings.input_topics())

    async def reached() -> bool:
        offsets = await group_offsets(settings)
        return all(offsets.get(tp, 0) >= end for tp, end in goal.items())

    await until(reached, within_s, "all events are applied")


class Changes(NamedTuple):
    """The tier changes that were read."""

    by_customer: dict[str, list[dict[str, Any]]]

    def tiers(self) -> dict[str, str]:
        return {customer: changes[-1]["tier"] for customer, changes in self.by_customer.items()}


async def read_opened(settings: Settings, output: str) -> list[ConsumerRecord]:
    """All records of an output, tombstones included, in the clear; those of whom was erased since are left out."""
    records = await read(settings, settings.output_topic(output))
    async with Keys(settings) as keys:
        found = [(record, await keys.opened(record)) for record in records]
    return [replace(record, value=opened.value) for record, opened in found if not opened.is_erased]


async def read_changes(settings: Settings) -> Changes:
    """The tier changes, checked: in sequence without gaps, ids unique, each from where the one before ended."""
    by_customer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    ids = []
    for record in await read_opened(settings, "changes"):
        change = json.loads(record.value)
        assert record.key.decode() == change["customer_id"]
        by_customer[change["customer_id"]].append(change)
        ids.append(change["id"])
    assert len(ids) == len(set(ids)), f"{len(ids) - len(set(ids))} ids twice"
    for customer, changes in by_customer.items():
        assert [change["sequence"] for change in changes] == list(range(1, len(changes) + 1)), customer
        for before, change in pairwise(changes):
            # The initial change of somebody erased before comes from nowhere.
            assert change["previous_tier"] == (None if change["direction"] == "initial" else before["tier"])
    return Changes(dict(by_customer))


async def dead_letters(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in await read(settings, settings.output_topic("dead-letters"))]


async def audit_is_clean(environment: Mapping[str, str]) -> None:
    """`tierflow audit` finds no difference."""
    process = await asyncio.create_subprocess_exec(
        TIERFLOW, "audit", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environment)
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def all_is_right(settings: Settings, environment: Mapping[str, str], events: Events) -> Changes:
    """Everything applied once: by the audit, by the sequences, and by the newest balance of every customer."""
    await applied(settings)
    changes = await read_changes(settings)
    expected, found = events.tiers(), changes.tiers()
    differing = {who: (expected.get(who), found.get(who)) for who in expected.keys() | found.keys()}
    differing = {who: (wanted, tier) for who, (wanted, tier) in differing.items() if wanted != tier}
    assert not differing, f"{len(differing)} of {len(expected)} tiers differ, (expected, found): {differing}"
    await audit_is_clean(environment)
    return changes
