"""A worker with TIERFLOW_TABLES: each message of the outputs is a row once, whatever the registry does."""

import asyncio
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import fastavro
import pytest

from streams.contracts.kept import MOVED_TO
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.tables.columns import TABLES
from tests.support import worker_processes
from tests.support.event_flow import flowing
from tests.support.growing import grown
from tests.support.patience import stretched
from tests.support.schema_registry import SchemaRegistry
from tests.support.worker_processes import PARTITIONS, Events, Worker, Workers, applied, audit_is_clean, read, until


def said(records: Iterable[Any], read_value: Callable[[bytes], Any]) -> dict[int, list[Any]]:
    """What each partition says, in its order: keys with ids, or with None for a tombstone."""
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records:
        value = None if record.value is None else read_value(record.value)
        found[record.partition].append((record.key, value and value["id"], value and value["customer_id"]))
    return found


async def is_same(settings: Settings, output: str, read_row: Callable[[bytes], Any]) -> bool:
    """Whether the rows of an output are its messages, in their order."""
    there = await read(settings, settings.output_topic(output))
    kept = [record for record in there if MOVED_TO not in dict(record.headers)]
    return said(await read(settings, settings.table_topic(output)), read_row) == said(kept, json.loads)


async def each_is_a_row(settings: Settings, worker: Worker, read_row: Callable[[bytes], Any]) -> None:
    async def written() -> bool:
        return all([await is_same(settings, output, read_row) for output in TABLES])

    await until(written, 60.0, f"each message is a row; the log:\n{worker.tail()}")


@pytest.mark.timeout(stretched(120))
async def test_each_message_is_a_row_once_and_a_registry_that_is_away_holds_up_nothing_else(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with SchemaRegistry() as served:
        given = {"TIERFLOW_TABLES": "avro", "TIERFLOW_REGISTRY_URL": served.url, "TIERFLOW_KEYS": "off"}
        environment = {**environment, **given}
        settings = Settings.from_environment(environment, dotenv=None)
        await ensure_topics(settings, PARTITIONS)
        await served.stop()
        with Workers(environment, tmp_path) as workers:
            async with Events(settings) as events:
                worker = workers.start()
                await worker.ready()
                for number in range(12):
                    await events.balance(f"C{number}", 400_000 + 20_000 * number)
                await events.action("C3", "erase")
                await events.settle()
                await applied(settings)
                await until(lambda: worker.says("(is away)"), 20.0, "the registry is missed")
                assert await read(settings, settings.table_topic("changes")) == []
                await served.start()
                await events.balance("C1", 6_000_000)
                await events.settle()
                await applied(settings)

                def read_row(value: bytes) -> Any:
                    schema = served.schema(int.from_bytes(value[1:5], "big"))
                    return fastavro.schemaless_reader(io.BytesIO(value[5:]), schema)

                await each_is_a_row(settings, worker, read_row)
            await audit_is_clean(environment)


@pytest.mark.soak
@pytest.mark.timeout(stretched(400))
async def test_rows_go_on_through_kills_and_a_growth(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**environment, "TIERFLOW_TABLES": "connect", "TIERFLOW_KEYS": "off"}
    settings = Settings.from_environment(environment, dotenv=None)
    await ensure_topics(settings, PARTITIONS)
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        async with Events(settings) as events:
            await worker.ready()
            async with flowing(events):
                for pause_s in (0.4, 1.1, 1.9):
                    await asyncio.sleep(pause_s)
                    worker.kill()
                    worker.start_again()
                    await worker.ready()
            for number in range(12):
                await events.balance(f"R{number}", 600_000)
            await events.action("R3", "erase")
            await events.settle()
            await applied(settings)
            await each_is_a_row(settings, worker, lambda value: json.loads(value)["payload"])
        assert await worker.stop() == 0
        assert (await grown(environment, 6)).status == 0
        monkeypatch.setattr(worker_processes, "PARTITIONS", 6)
        worker.start_again()
        async with Events(settings) as events:
            await worker.ready()
            for number in range(12):
                await events.balance(f"R{number}", 6_000_000 + number)
            await events.settle()
            await applied(settings)
            await each_is_a_row(settings, worker, lambda value: json.loads(value)["payload"])
        await audit_is_clean(environment)
