"""Keeps the log of a release: what its workers wrote for the first part of some events, and give for the rest.

    python -m tests.upgrade.keep

runs the installed `tierflow` against a broker of its own and writes `kept/{version}/{policy}.json.xz`: every record of
every topic when the first part was worked, where the partitions ended, the topics' ids, the events of the rest, and
what came of them. A later release restores the records at the same offsets, goes on, and has to come to the same. It is
run once, before a release changes hands. What is kept of a version that is not released yet is written anew where that
changes its form.
"""

import asyncio
import base64
import json
import lzma
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.kafka.local import free_port
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.topic_specs import topic_specs
from streams.settings import Settings
from tests.corpus.events import histories
from tests.support.patience import stretched

HERE = Path(__file__).parent
TIERFLOW = Path(sys.executable).with_name("tierflow")
PARTITIONS = 4
PARTS = (1_000, 1_400, 1_200)  # the last one is the rest
INPUTS = tuple(f"bank.{name}" for name in ("balances", "transactions", "credit", "loans", "customers"))
OUTPUTS = ("tier.changes", "tier.campaigns", "tier.risk", "tier.erasures", "tier.dead-letters", "tierflow-candidates")
INNER = (
    *("tier.current", "tier.order", "tier.policies", "tierflow-customers-changelog", "tierflow-budgets-changelog"),
)


def environment(folder: Path, policy: str, servers: str) -> dict[str, str]:
    """The settings of what is run: the event clock, so that the time of the day makes no difference."""
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "TIERFLOW_DATA_DIR": str(folder),
        "TIERFLOW_CLOCK": "event",
        "TIERFLOW_POLICY": str(HERE / f"{policy}.toml"),
        "TIERFLOW_HTTP_PORT": "0",
    }


def parts(tiers: Iterable[str]) -> list[list[bytes]]:
    """The events, in their parts."""
    lines = histories(2026, "TWD", list(tiers))
    return [list(islice(lines, size)) for size in PARTS]


async def keep(policy: str) -> dict[str, Any]:
    """Runs the release over the parts; what is kept of it."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), str(free_port())
        servers = f"127.0.0.1:{port}"
        settings = environment(folder, policy, servers)
        _run(settings, "kafka", "start", "--port", port)
        try:
            _run(settings, "topics", "create", "--partitions", str(PARTITIONS))
            *first, rest = parts(["low", "mid", "high"])
            for part in first:
                await _worked(settings, part, folder)
            records = await read_all(servers, [*INPUTS, *OUTPUTS, *INNER])
            ends = await end_offsets(servers, records)
            ids = await topic_ids(settings)
            await _worked(settings, rest, folder)
            given = await read_all(servers, OUTPUTS)
        finally:
            _run(settings, "kafka", "stop")
    gives = {topic: values(later(found, records[topic])) for topic, found in given.items()}
    return {"records": records, "ends": ends, "ids": ids, "rest": [line.decode() for line in rest], "gives": gives}


async def topic_ids(variables: Mapping[str, str]) -> dict[str, str]:
    """The ids that the broker has given to all topics of these settings, by name."""
    settings = Settings.from_environment(variables, dotenv=None)
    names = {spec.name for spec in topic_specs(settings)}
    return {name: known.id for name, known in (await ask_for_topics(settings.client_options(), names)).items()}


def later(records: list[list[Any]], kept: list[list[Any]]) -> list[list[Any]]:
    """The records that are not among those kept."""
    places = {(partition, offset) for partition, offset, *_ in kept}
    return [record for record in records if (record[0], record[1]) not in places]


def values(records: list[list[Any]]) -> list[str]:
    """What they say, in an order that does not depend on partitions. When a dead letter was written is no result."""
    found = [json.loads(base64.b64decode(record[4])) for record in records]
    without_time = [{name: said for name, said in value.items() if name != "at"} for value in found]
    return sorted(json.dumps(value, ensure_ascii=False) for value in without_time)


def _run(settings: dict[str, str], *arguments: str) -> None:
    subprocess.run([TIERFLOW, *arguments], env=settings, check=True, stdout=subprocess.DEVNULL)


async def _worked(settings: dict[str, str], lines: list[bytes], folder: Path) -> None:
    """Loads the events, and runs a worker until everything is worked, granted ones too; then it is stopped."""
    file = folder / "events.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    _run(settings, "load", "events", str(file))
    servers = settings["KAFKA_BOOTSTRAP_SERVERS"]
    worker = subprocess.Popen([TIERFLOW, "worker"], env=settings, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        await worked(servers, [*INPUTS])
        await worked(servers, ["tierflow-candidates"])
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(stretched(30))


async def worked(servers: str, topics: list[str], group: str = "tierflow", within_s: float = 60.0) -> None:
    """Returns when the group has committed all records of the topics, as they are now."""
    newest: dict[TopicPartition, int] = {}
    for topic, records in (await read_all(servers, topics)).items():
        newest |= {TopicPartition(topic, partition): offset for partition, offset, *_ in records}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    give_up_at = time.monotonic() + stretched(within_s)
    try:
        while True:
            found = await _committed(admin, group)
            behind = [tp for tp, offset in newest.items() if tp not in found or found[tp].offset <= offset]
            if not behind:
                return
            assert time.monotonic() < give_up_at, behind
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def _committed(admin: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, Any]:
    try:
        return dict(await admin.list_consumer_group_offsets(group))
    except GroupCoordinatorNotAvailableError:
        return {}  # a fresh broker has no group yet


def _reader(servers: str, isolation: str = "read_committed") -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )


async def read_all(servers: str, topics: Iterable[str]) -> dict[str, list[list[Any]]]:
    """Every committed record of the topics: partition, offset, timestamp, key, value, headers; bytes as base64.

    What is open there is waited for: the markers of a transaction come a moment after it is committed.
    """
    found: dict[str, list[list[Any]]] = {topic: [] for topic in topics}
    async with _reader(servers) as reader:
        for topic, of_topic in found.items():
            tps = _partitions(topic)
            ends = (await end_offsets(servers, [topic]))[topic]
            reader.assign(tps)
            await reader.seek_to_beginning(*tps)
            while any([await reader.position(tp) < ends[tp.partition] for tp in tps]):
                for records in (await reader.getmany(timeout_ms=200)).values():
                    of_topic.extend(map(_kept, records))
            of_topic.sort(key=lambda record: (record[0], record[1]))
    return found


async def end_offsets(servers: str, topics: Iterable[str]) -> dict[str, list[int]]:
    """Where the partitions of each topic end, markers of transactions included."""
    async with _reader(servers, "read_uncommitted") as reader:
        ends = await reader.end_offsets([tp for topic in topics for tp in _partitions(topic)])
    return {topic: [ends[tp] for tp in _partitions(topic)] for topic in topics}


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(1 if topic == "tier.policies" else PARTITIONS)]


def _kept(record: ConsumerRecord) -> list[Any]:
    headers = [[name, _text(value)] for name, value in record.headers]
    return [record.partition, record.offset, record.timestamp, _text(record.key), _text(record.value), headers]


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def write(file: Path, kept: dict[str, Any]) -> None:
    """Writes a kept log."""
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    file.write_bytes(lzma.compress(text, preset=9))


def main() -> None:
    """Keeps the log of the installed release under every policy."""
    folder = HERE / "kept" / version("tierflow")
    folder.mkdir(parents=True, exist_ok=True)
    for policy in ("at-once", "by-calendar"):
        kept = asyncio.run(keep(policy))
        write(folder / f"{policy}.json.xz", kept)
        counts = {topic: len(records) for topic, records in kept["records"].items()}
        print(policy, counts, {topic: len(found) for topic, found in kept["gives"].items()}, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
