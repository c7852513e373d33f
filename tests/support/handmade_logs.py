"""Logs made by hand on the real broker: the worker's Partition and Transactions, and what is to be damaged."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from aiokafka import AIOKafkaProducer

from streams.contracts.kept import LaneRecord
from streams.kafka.partitioner import partition_of
from streams.kafka.policies import publish_policy
from streams.partition.customers import Customers
from streams.partition.entries import Entry
from streams.partition.heads import merge_heads
from streams.partition.work import Work
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import Settings, policy_folder
from streams.stages.customers import customers_stage, partition_setup
from streams.values.calendar import NEVER_MS, Clock
from streams.values.events import TOPICS
from streams.worker.transactions import Transactions
from tests.support.markers import until_written
from tests.support.sealing import sealed

PARTITIONS = 4
START_MS = 1_795_483_800_000
DAY_MS = 86_400_000


class Input(NamedTuple):
    """A record for an input topic. key: where it is not the customer's."""

    topic: str
    value: dict[str, object] | bytes
    key: bytes | None = None


class Stored(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes | None


def policy_named(name: str) -> Policy:
    document = (policy_folder() / f"{name}.toml").read_text(encoding="utf-8")
    # Without grace and protection a balance moves a tier down at once.
    return load_policy(document.replace("[falling]\nafter_days = 30\nprotection_days = 90\n", ""))


def customers_of(partition: int, count: int) -> list[str]:
    """So many customers whom murmur2 puts into the partition."""
    found = (
        f"C{number:04}"
        for number in range(10_000)
        if partition_of(f"C{number:04}".encode(), PARTITIONS, "murmur2") == partition
    )
    return [next(found) for _ in range(count)]


def balance(event_id: str, customer: str, amount: str, at_ms: int = START_MS) -> Input:
    value = {
        "event_id": event_id,
        "customer_id": customer,
        "account_id": "A1",
        "balance": amount,
        "currency": "TWD",
        "as_of": at_ms,
    }
    return Input("balances", value)


def purchase(event_id: str, customer: str, amount: str, at_ms: int = START_MS) -> Input:
    value = {
        "event_id": event_id,
        "customer_id": customer,
        "account_id": "A1",
        "type": "purchase",
        "amount": amount,
        "currency": "TWD",
        "occurred_at": at_ms,
    }
    return Input("transactions", value)


def action(event_id: str, customer: str, what: str, at_ms: int = START_MS, **more: object) -> Input:
    return Input("customers", {"event_id": event_id, "customer_id": customer, "action": what, "at": at_ms, **more})


def loan(event_id: str, customer: str, amount: str, at_ms: int = START_MS) -> Input:
    value = {
        "event_id": event_id,
        "customer_id": customer,
        "loan_id": "L1",
        "amount": amount,
        "currency": "TWD",
        "applied_at": at_ms,
    }
    return Input("loans", value)


@dataclass
class LogWriter:
    """Writes the log of one partition, a batch at a time, as a worker would."""

    settings: Settings
    number: int
    policy: Policy
    producer: AIOKafkaProducer
    clock: Clock = "wall"

    async def start(self) -> None:
        stage = customers_stage(self.settings, self.policy, PARTITIONS)
        self.seals = None if stage.seals is None else stage.seals({})
        self.transactions = Transactions(self.settings.client_options(), stage, self.number)
        await self.transactions.start()
        self.partition = self._new_partition({}, LaneRecord((0,) * len(TOPICS), 0, NEVER_MS))

    async def restart(self, policy: Policy) -> None:
        """Goes on as a new worker with another policy."""
        self.policy = policy
        former = self.partition
        lane = LaneRecord(tuple(former.next_offsets), former.counter, former.clock_ms)
        self.partition = self._new_partition(dict(former.packed), lane)

    async def batch(
        self,
        inputs: Sequence[Input],
        wall_ms: int = START_MS,
        *,
        shuffle: Callable[[list[Entry]], list[Entry]] = list,
        damage: Callable[[Work], Work] = lambda work: work,
    ) -> Work:
        """Sends the inputs, and works them in one transaction."""
        stored: list[list[Stored]] = [[] for _ in TOPICS]
        for item in inputs:
            stored[TOPICS.index(item.topic)].append(await self._send(item))
        partition = self.partition
        nexts = [
            found[-1].offset + 1 if found else before
            for found, before in zip(stored, partition.next_offsets, strict=True)
        ]
        queues = [deque(partition.decode(topic, found)) for topic, found in enumerate(stored)]
        entries = shuffle(merge_heads(queues, frozenset(), 5_000, partition.latest_ms(wall_ms)))
        work = partition.work(entries, nexts, wall_ms)
        await self.transactions.commit(sealed(self.seals, damage(work)))
        # So that this is in what is read next, and the records of the next batch come to the same offsets each time.
        producers = self.transactions._producers
        await until_written(producers._producers[producers._turn])
        partition.keep(work)
        if self.seals is not None:
            self.seals.keep()
        return work

    async def stop(self) -> None:
        await self.transactions.stop()

    def _new_partition(self, packed: dict[bytes, bytes], lane: LaneRecord) -> Customers:
        return Customers(partition_setup(self.settings, self.policy, self.number, PARTITIONS, self.clock), packed, lane)

    async def _send(self, item: Input) -> Stored:
        value = item.value if isinstance(item.value, bytes) else json.dumps(item.value).encode()
        key = item.key
        if key is None and isinstance(item.value, dict):
            key = str(item.value["customer_id"]).encode()
        sent = await self.producer.send_and_wait(
            self.settings.input_topic(item.topic), value, key=key, partition=self.number
        )
        return Stored(sent.offset, key, value)


class Writing:
    """A context with writers of logs, and a producer that is none of ours."""

    def __init__(self, settings: Settings, policy: str = "standard", clock: Clock = "wall") -> None:
        self.settings = settings
        self.policy = policy_named(policy)
        self.clock = clock
        self.writers: list[LogWriter] = []

    async def __aenter__(self) -> Self:
        self.foreign = AIOKafkaProducer(**self.settings.client_options())
        await asyncio.gather(self.foreign.start(), publish_policy(self.settings, self.policy))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(self.foreign.stop(), *(writer.stop() for writer in self.writers))

    async def writer(self, number: int) -> LogWriter:
        writer = LogWriter(self.settings, number, self.policy, self.foreign, self.clock)
        self.writers.append(writer)
        await writer.start()
        return writer
