"""Batches of one partition as a worker would commit them, and what is read back of them."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from streams.contracts.kept import LaneRecord
from streams.kafka.changelog import end_offset
from streams.kafka.offsets import InputOffsets, Offsets
from streams.kafka.partitioner import partition_of
from streams.partition.customers import Customers
from streams.partition.setup import PartitionSetup
from streams.partition.work import Work
from streams.policy.compile.load import load_policy
from streams.settings import Settings, policy_folder
from streams.stages.customers import customers_stage, partition_setup
from streams.values.events import TOPICS
from streams.worker.transactions import Transactions
from tests.support.patience import stretched, until

PARTITIONS = 4
OUTPUTS = ("changes", "current", "campaigns", "risk", "erasures", "order", "dead-letters")
NUMBER = 1
AT_MS = 1_795_483_800_000
ASSETS_ONLY = load_policy((policy_folder() / "assets-only.toml").read_text())
CUSTOMER, OTHER, *OTHERS = [
    name for name in map("C{:04}".format, range(400)) if partition_of(name.encode(), PARTITIONS, "murmur2") == NUMBER
]


class Line(NamedTuple):
    """A record of an input topic."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = AT_MS


def line(offset: int, customer: str = CUSTOMER, amount: str = "1", at_ms: int = AT_MS) -> Line:
    """A balance."""
    value = {
        "event_id": f"b{offset}",
        "customer_id": customer,
        "account_id": "A",
        "balance": amount,
        "currency": "TWD",
        "as_of": at_ms + offset,
    }
    return Line(offset, customer.encode(), json.dumps(value).encode())


class Batches:
    """The batches of a partition, one after another, worked by the very class that the worker uses."""

    def __init__(self, rules: PartitionSetup, lane: LaneRecord | None = None) -> None:
        self.partition = Customers(rules, {}, lane)

    def next(self, amount: str = "1", customer: str = CUSTOMER) -> Work:
        """One balance."""
        offset = self.partition.next_offsets[0]
        entries = self.partition.decode(0, [line(offset, customer, amount)])
        queue = deque(entries)
        work = self.partition.work(queue, [offset + 1, *self.partition.next_offsets[1:]], AT_MS + offset)
        self.partition.keep(work)
        return work


def batches(settings: Settings) -> Batches:
    return Batches(partition_setup(settings, ASSETS_ONLY, NUMBER, PARTITIONS))


def transactions(settings: Settings) -> Transactions:
    return Transactions(settings.client_options(), customers_stage(settings, ASSETS_ONLY, PARTITIONS), NUMBER)


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Transactions]:
    """Transactions that have taken the partition over."""
    made = transactions(settings)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def open_transaction(settings: Settings, *topics: str) -> AsyncIterator[AIOKafkaProducer]:
    """Somebody else's transaction, open, a record in each topic; aborted at the end unless it was ended before."""
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=f"foreign-{settings.app_id}")
    await producer.start()
    try:
        await producer.begin_transaction()
        for topic in topics:
            await producer.send_and_wait(topic, b"foreign", key=b"foreign", partition=NUMBER)
        yield producer
        if producer._txn_manager.is_in_transaction():
            await producer.abort_transaction()
    finally:
        await producer.stop()


async def put(settings: Settings, topic: str, records: list[tuple[bytes, bytes | None]], number: int = NUMBER) -> None:
    """Records on the partition, from a producer without transactions."""
    producer = AIOKafkaProducer(**settings.client_options())
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(topic, value, key=key, partition=number)
    finally:
        await producer.stop()


async def read(settings: Settings, topic: str, number: int = NUMBER) -> list[ConsumerRecord]:
    """The committed records of the partition; the markers of what was committed just now are waited for."""
    written = await end_offset(settings.client_options(), topic, number)
    tp = TopicPartition(topic, number)
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        consumer.seek(tp, 0)
        async with asyncio.timeout(stretched(10)):
            while (await consumer.end_offsets([tp]))[tp] < written:  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.005)
        found: list[ConsumerRecord] = []
        while await consumer.position(tp) < written:
            for records in (await consumer.getmany(tp, timeout_ms=100)).values():
                found.extend(records)
    finally:
        await consumer.stop()
    return found


async def all_ended(settings: Settings, topics: Iterable[str], partitions: int = PARTITIONS) -> None:
    """Waits until all that is in these topics is decided: a commit is answered before its markers are written."""
    tps = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    async with Offsets(settings.client_options()) as offsets:
        ends = await offsets.written_ends(tps)

        async def are_decided() -> bool:
            decided = await offsets.decided_ends(tps)
            return all(known >= end for known, end in zip(decided, ends, strict=True))

        await until(are_decided, 20, "every transaction has ended")


async def group_comes_to(settings: Settings, topics: Sequence[str], offsets: Sequence[int | None]) -> None:
    """Waits until the group has committed these offsets of the partition, by topic: they are seen after the answer."""
    asked = InputOffsets(settings.client_options(), settings.app_id, topics)

    async def are_seen() -> bool:
        return await asked.committed(NUMBER) == offsets

    await until(are_seen, 20, f"the group has committed {offsets}")


async def written(settings: Settings) -> dict[str, int]:
    """How many committed records each output has."""
    names = {name: settings.output_topic(name) for name in OUTPUTS}
    names["changelog"] = settings.changelog_topic
    found = await asyncio.gather(*(read(settings, topic) for topic in names.values()))
    return {name: len(records) for name, records in zip(names, found, strict=True) if records}


def next_offsets(first: int) -> list[int]:
    return [first, *[0] * (len(TOPICS) - 1)]


def told(records: list[ConsumerRecord]) -> list[Any]:
    return [json.loads(record.value) for record in records]
