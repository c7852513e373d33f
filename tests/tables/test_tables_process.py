"""A worker with TIERFLOW_TABLES: each message of the outputs is a row once, whatever the registry does."""

import io
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastavro
import pytest

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.tables.columns import TABLES
from tests.support.patience import stretched
from tests.support.schema_registry import SchemaRegistry
from tests.support.worker_processes import PARTITIONS, SOAK, Events, Workers, applied, audit_is_clean, read, until


def rows(records: list[Any], served: SchemaRegistry) -> dict[int, list[Any]]:
    """What each partition says, in its order: keys with ids, or with None for a tombstone."""
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records:
        row = None
        if record.value is not None:
            number = int.from_bytes(record.value[1:5], "big")
            row = fastavro.schemaless_reader(io.BytesIO(record.value[5:]), served.schema(number))
        found[record.partition].append((record.key, row and row["id"], row and row["customer_id"]))
    return found


def messages(records: list[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records:
        value = None if record.value is None else json.loads(record.value)
        found[record.partition].append((record.key, value and value["id"], value and value["customer_id"]))
    return found


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
                assert worker.says("(is away)")
                assert await read(settings, settings.table_topic("changes")) == []
                await served.start()
                if SOAK:
                    worker.kill()
                    worker.start_again()
                    await worker.ready()
                await events.balance("C1", 6_000_000)
                await events.settle()
                await applied(settings)

                async def written() -> bool:
                    return all([await self_same(settings, output, served) for output in TABLES])

                await until(written, 60.0, f"each message is a row; the log:\n{worker.tail()}")
            await audit_is_clean(environment)


async def self_same(settings: Settings, output: str, served: SchemaRegistry) -> bool:
    """Whether the rows of an output are its messages, in their order."""
    there = messages(await read(settings, settings.output_topic(output)))
    return rows(await read(settings, settings.table_topic(output)), served) == there
