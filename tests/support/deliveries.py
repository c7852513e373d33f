"""Tier changes on their topic, and real `tierflow deliver` processes that send them on."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from tests.support.http_endpoint import SECRET, VARIABLE
from tests.support.patience import stretched, until

PARTITIONS = 4
TIERFLOW = str(Path(sys.executable).with_name("tierflow"))
TYPES = {
    "changes": "tierflow.tier.changed.v1",
    "campaigns": "tierflow.campaign.triggered.v1",
    "risk": "tierflow.risk.decided.v1",
    "erasures": "tierflow.customer.erased.v1",
}


# From the oldest event on, tried again quickly; and an answer is waited for: no event is sent twice since all is slow.
USUAL = {"begin": '"earliest"', "backoff_s": 0.05, "backoff_limit_s": 0.4, "timeout_s": 60}


def change(customer: str, sequence: int, **fields: Any) -> dict[str, Any]:
    """A tier change, as far as a delivery looks at it."""
    return {
        "id": f"{customer}:{sequence}",
        "customer_id": customer,
        "sequence": sequence,
        "direction": "initial" if sequence == 1 else "upgrade",
        "tier": "low",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        **fields,
    }


def changes(customers: int, each: int) -> list[dict[str, Any]]:
    """So many customers with so many changes each, all customers' first ones first."""
    return [change(f"C{number:03}", sequence) for sequence in range(1, each + 1) for number in range(customers)]


def cloud_event(value: Mapping[str, Any], stream: str = "changes") -> list[tuple[str, bytes]]:
    """The headers with which a worker writes it."""
    return [
        ("ce_id", value["id"].encode()),
        ("ce_source", b"/tierflow/test"),
        ("ce_type", TYPES[stream].encode()),
        ("ce_time", b"2026-11-24T09:30:00.125+08:00"),
        ("ce_subject", value["customer_id"].encode()),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
    ]


async def produce(
    settings: Settings, values: Iterable[Mapping[str, Any]], stream: str = "changes", *, transaction: bool = False
) -> None:
    """Writes them; in a transaction, as a worker does, if asked to: that takes longer to begin."""
    named = {"transactional_id": f"{settings.app_id}-test"} if transaction else {}
    producer = AIOKafkaProducer(**settings.client_options(), **named)
    await producer.start()
    try:
        async with producer.transaction() if transaction else nullcontext():
            sent = [
                await producer.send(
                    settings.output_topic(stream),
                    json.dumps(value, ensure_ascii=False).encode(),
                    key=value["customer_id"].encode(),
                    partition=partition_of(value["customer_id"].encode(), PARTITIONS, "murmur2"),
                    headers=cloud_event(value, stream),
                )
                for value in values
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def committed(settings: Settings, endpoint: str) -> Mapping[TopicPartition, Any]:
    """The positions of an endpoint's group."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        found: Mapping[TopicPartition, Any] = await admin.list_consumer_group_offsets(
            f"{settings.app_id}-deliver-{endpoint}"
        )
    finally:
        await admin.close()
    return found


def config(folder: Path, *endpoints: tuple[str, str, str]) -> Path:
    """A file of endpoints: name, url, and further lines, which go before what is usual."""
    texts = [
        f'[[endpoints]]\nname = "{name}"\nurl = "{url}"\nsecret_env = "{VARIABLE}"\n{more}\n'
        + "".join(f"{word} = {value}\n" for word, value in USUAL.items() if word not in more)
        for name, url, more in endpoints
    ]
    path = folder / "deliver.toml"
    path.write_text("".join(texts))
    return path


class Delivery:
    """A context: one `tierflow deliver` process, which ends with it."""

    def __init__(
        self, environment: Mapping[str, str], file: Path, *options: str, name: str = "d1", code: str | None = None
    ) -> None:
        """code: Python that runs the command line, in the place of the command."""
        command = [TIERFLOW] if code is None else [sys.executable, "-c", code]
        self._command = [*command, "deliver", "--config", str(file), *options]
        self._environment = {**environment, VARIABLE: SECRET}
        self.log = file.parent / f"{name}.log"
        self.process: subprocess.Popen[bytes] = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def start_again(self) -> None:
        assert self.process.poll() is not None
        self.process = self._start()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")  # it is being written

    async def ready(self, endpoints: int = 1) -> None:
        await until(lambda: self.said.count("has the partitions") >= endpoints, 20, "partitions are assigned")

    async def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, stretched(20))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            sys.stderr.write(self.said)
        if self.process.poll() is None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


def run(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    """A command of the group, to its end: status, standard output, standard error."""
    done = subprocess.run(
        [TIERFLOW, "deliver", *arguments],
        env={**environment, VARIABLE: SECRET},
        capture_output=True,
        text=True,
        timeout=stretched(60),
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def in_order(sequences: Mapping[str, Sequence[int]]) -> bool:
    return all(list(found) == sorted(found) for found in sequences.values())
