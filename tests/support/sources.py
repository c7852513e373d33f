"""A core's bookings on a topic of its own, and processes of `tierflow intake` that read them."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.kafka.topics import raise_partitions, wait_until_led
from streams.settings import Settings
from tests.support.patience import until
from tests.support.worker_processes import STARTED_WITHIN_S, TIERFLOW, Worker, trace_of

PARTITIONS = 3
TYPES = {"PUR": "purchase", "DEP": "deposit"}
MAPPING = """
[sources.bookings]
topic = "{topic}"
format = "json"
skip = "status == 'PENDING'"

[sources.bookings.transactions]
event_id = {{ template = "core-{{booking.id}}" }}
customer_id = "owner"
account_id = "account"
type = {{ path = "booking.kind", codes = {{ PUR = "purchase", DEP = "deposit" }} }}
amount = {{ path = "booking.cents", scale = 2 }}
currency = {{ constant = "TWD" }}
occurred_at = {{ path = "booking.at", unit = "ms" }}
"""
# What is wrong with a booking, and the reason and the field that its dead letter has to give.
BROKEN: tuple[tuple[dict[str, Any] | bytes, str, str | None], ...] = (
    (b"{", "malformed", None),
    (b"[1, 2]", "malformed", None),
    ({"owner": None}, "missing_field", "transactions.customer_id"),
    ({"booking": {"kind": "???"}}, "unknown_code", "transactions.type"),
    ({"booking": {"cents": "ten"}}, "invalid_field", "transactions.amount"),
    ({"booking": {"at": "yesterday"}}, "invalid_field", "transactions.occurred_at"),
)


class Booking(NamedTuple):
    """A record of the source. event: what its input has to be; None: nothing. letter: reason and field, if any."""

    key: bytes
    value: bytes
    event: dict[str, Any] | None = None
    letter: tuple[str, str | None] | None = None


def bookings(how_many: int, seed: int, customers: int = 40) -> list[Booking]:
    """Bookings by their number, of which one in ten is broken, and one in ten is pending."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    made = []
    for number in range(how_many):
        account = random.randrange(customers)
        cents, at_ms = random.randrange(1, 10_000_000), 1_790_000_000_000 + number
        kind = random.choice(sorted(TYPES))
        booking = {"id": number, "kind": kind, "cents": cents, "at": at_ms}
        row = {"owner": f"C{account}", "account": f"A{account}", "status": "BOOKED", "booking": booking}
        key, what = f"A{account}".encode(), random.random()
        if what < 0.1:
            wrong, reason, field = random.choice(BROKEN)
            value = wrong if isinstance(wrong, bytes) else json.dumps(_with(row, wrong)).encode()
            made.append(Booking(key, value, letter=(reason, field)))
        elif what < 0.2:
            made.append(Booking(key, json.dumps({**row, "status": "PENDING"}).encode()))
        else:
            event = {"event_id": f"core-{number}", "customer_id": f"C{account}", "account_id": f"A{account}"}
            event |= {"type": TYPES[kind], "cents": cents, "currency": "TWD", "at_ms": at_ms}
            made.append(Booking(key, json.dumps(row).encode(), event))
    return made


def _with(row: dict[str, Any], wrong: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**value, **wrong[name]} if isinstance(wrong.get(name), dict) else wrong.get(name, value)
        for name, value in row.items()
    }


class Core:
    """The source's topic, and the mapping of it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.topic = f"{settings.input_prefix}core"
        self.mapping = folder / "sources.toml"
        self.mapping.write_text(MAPPING.format(topic=self.topic))
        self.settings = replace(settings, sources=self.mapping)

    async def make(self) -> None:
        """Makes the topic."""
        admin = AIOKafkaAdminClient(**self.settings.client_options())
        await admin.start()
        await admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])
        await wait_until_led(admin, [self.topic], PARTITIONS)
        await admin.close()

    async def grow(self, partitions: int) -> None:
        """Gives the topic so many partitions, more than it has."""
        await raise_partitions(self.settings, [self.topic], partitions)

    async def forget(self, records: int) -> None:
        """Deletes the first records of each partition, as retention does."""
        admin = AIOKafkaAdminClient(**self.settings.client_options())
        await admin.start()
        tps = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        await admin.delete_records({tp: RecordsToDelete(before_offset=records) for tp in tps})
        await admin.close()

    async def delete(self) -> None:
        """Deletes the topic, and returns when it is gone."""
        admin = AIOKafkaAdminClient(**self.settings.client_options())
        await admin.start()
        await admin.delete_topics([self.topic])

        async def is_gone() -> bool:
            return self.topic not in await admin.list_topics()

        await until(is_gone, STARTED_WITHIN_S, f"{self.topic} is gone")
        await admin.close()

    async def put(self, these: list[Booking]) -> None:
        """Writes bookings; each account's are in one partition."""
        producer = AIOKafkaProducer(**self.settings.client_options(), linger_ms=5)
        await producer.start()
        for number, booking in enumerate(these):
            headers = trace_of(number) if number % 2 else []
            await producer.send(self.topic, booking.value, booking.key, headers=headers)
        await producer.stop()


class IntakeProcess(Worker):
    """One `tierflow intake`."""

    def __init__(self, environment: Mapping[str, str], folder: Path, name: str, mapping: Path) -> None:
        super().__init__({**environment, "TIERFLOW_SOURCES": str(mapping)}, folder, name)

    def _start(self) -> subprocess.Popen[bytes]:
        self._command = [TIERFLOW, "intake"]
        return super()._start()

    async def ready(self, within_s: float = STARTED_WITHIN_S) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
            return bool(self.says(r"ready at "))

        await until(is_ready, within_s, f"{self.name} is ready; its log:\n{self.tail()}")

    @property
    def lanes(self) -> set[str] | None:
        """The lanes of the newest assignment; None before the first."""
        said = self.says(r"ready at [^,]*, partitions: ([^\n\"]+)")
        return None if not said else set(re.split(", ", said[-1][0]))
