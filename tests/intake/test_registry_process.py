"""`tierflow intake` and `try` with a registry: one that is away is waited for, and nothing is lost by it."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from streams.audit.report import Report
from streams.audit.sources import audit_sources
from streams.intake.compile.mapping import load_mapping
from streams.settings import Settings
from tests.intake.test_protobuf import MAPPING as PROTOBUF_MAPPING
from tests.intake.test_protobuf import SECOND, VALUE
from tests.support import protobuf
from tests.support.avro import BOOKING, DECIMAL, framed, mapping_of, written
from tests.support.commands import tierflow
from tests.support.patience import stretched, until
from tests.support.schema_registry import SchemaRegistry
from tests.support.sources import PARTITIONS, Booking, Core, IntakeProcess
from tests.support.worker_processes import read

BOOKINGS = 300
LATER = BOOKING | {"fields": [*BOOKING["fields"], {"name": "branch", "type": "string", "default": ""}]}
LATER["fields"] = [
    field | ({"type": DECIMAL | {"scale": 4}} if field["name"] == "amount" else {}) for field in LATER["fields"]
]
AT = datetime(2026, 11, 24, tzinfo=UTC)


def booking(number: int, schema: Any, schema_number: int) -> Booking:
    row = {
        "id": number,
        "owner": f"C{number % 7}",
        "account": f"A{number % 7}",
        "kind": "PUR",
        "amount": Decimal(number).scaleb(-2),
        "currency": "TWD",
        "at": AT + timedelta(seconds=number),
        "channel": None,
        "branch": "B1",
    }
    return Booking(row["account"].encode(), written(schema, row, schema_number))


@pytest.mark.timeout(stretched(120))
async def test_a_registry_that_is_away_at_first_is_waited_for(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core, registry = Core(settings, tmp_path), SchemaRegistry()
    core.mapping.write_text(mapping_of(registry.url, topic=core.topic))
    registry.user = ("intake", "secret-of-intake")
    access = {"TIERFLOW_REGISTRY_USER": registry.user[0], "TIERFLOW_REGISTRY_PASSWORD": registry.user[1]}
    first, second = registry.register(BOOKING), registry.register(LATER)
    await core.make()
    half = BOOKINGS // 2
    await core.put([booking(number, BOOKING, first) for number in range(half)])
    process = IntakeProcess({**environment, **access}, tmp_path, "i1", core.mapping)
    try:
        await until(lambda: process.says("is away: it cannot be reached"), 60, "it waits for the registry")
        async with registry:
            await until(lambda: written_are(core.settings, half), 60, "all are written")
        said_before = len(process.says("is away"))
        # What is known stays known: the registry may go again.
        await core.put([booking(number, BOOKING, first) for number in range(half, half + 10)])
        await until(lambda: written_are(core.settings, half + 10), 60, "those of the known schema are written")
        await core.put([booking(number, LATER, second) for number in range(half + 10, BOOKINGS)])
        await core.put([Booking(b"A0", framed(77, b"x")), Booking(b"A0", b"no head")])
        await until(lambda: len(process.says("is away")) > said_before, 60, "it says so once more")
        async with registry:
            await until(lambda: written_are(core.settings, BOOKINGS, 2), 60, "all are written")
            assert await process.stop() == 0
            assert await found_by_the_audit(core, registry) == (0, BOOKINGS + 2)
    finally:
        process.discard()
    events = [json.loads(record.value) for record in await read(settings, settings.input_topic("transactions"))]
    assert sorted((event["event_id"], Decimal(event["amount"])) for event in events) == sorted(
        (f"core-{number}", Decimal(number).scaleb(-2)) for number in range(BOOKINGS)
    )
    letters = [json.loads(one.value) for one in await read(settings, settings.output_topic("source-dead-letters"))]
    assert {one["reason"] for one in letters} == {"unknown_schema", "malformed"}
    # Once each time that it is away; a lane that was taken over once more while it waited says it anew.
    assert len(process.says("is away")) == 2 or len(process.says("taken over: ")) > PARTITIONS
    assert not process.says("secret-of-intake")


async def written_are(settings: Settings, events: int, letters: int = 0) -> bool:
    there = len(await read(settings, settings.input_topic("transactions")))
    return there == events and len(await read(settings, settings.output_topic("source-dead-letters"))) == letters


async def found_by_the_audit(core: Core, registry: SchemaRegistry) -> tuple[int, int]:
    report, (user, password) = Report(), registry.user or ("", "")
    settings = replace(core.settings, registry=replace(core.settings.registry, user=user, password=password))
    await audit_sources(settings, load_mapping(core.mapping.read_text()), report)
    return report.differences, report.sourced


@pytest.mark.timeout(stretched(120))
async def test_a_registry_that_does_not_let_it_in_ends_intake_with_a_sentence(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    async with SchemaRegistry() as registry:
        core.mapping.write_text(mapping_of(registry.url, topic=core.topic))
        registry.user = ("intake", "secret-of-intake")
        await core.make()
        await core.put([booking(1, BOOKING, registry.register(BOOKING))])
        process = IntakeProcess(environment, tmp_path, "i1", core.mapping)
        try:
            await until(lambda: process.process.poll() is not None, 60, "it has ended")
        finally:
            process.discard()
    assert process.process.returncode == 2
    assert process.says("does not let us in .it answers 401.; set TIERFLOW_REGISTRY_USER")
    assert await read(settings, settings.output_topic("source-dead-letters")) == []


@pytest.mark.parametrize("format_", ["avro", "protobuf"])
async def test_try_asks_the_registry(tmp_path: Path, format_: str) -> None:
    sample, mapping = tmp_path / "sample.jsonl", tmp_path / "sources.toml"
    async with SchemaRegistry() as registry:
        if format_ == "avro":
            mapping.write_text(mapping_of(registry.url))
            value = booking(5, BOOKING, registry.register(BOOKING)).value
        else:
            mapping.write_text(PROTOBUF_MAPPING.replace("http://r", registry.url))
            held = {"kind": "PROTOBUF", "serialized": protobuf.serialized(protobuf.BOOKING)}
            number = registry.register("message Booking {}", **held)
            value = protobuf.written(protobuf.BOOKING, "core.Booking", VALUE, SECOND, number)
        sample.write_text(json.dumps({"value_base64": b64encode(value).decode()}) + "\n")
        command = ("intake", "try", str(mapping), "--records", str(sample), "--json")
        done = await asyncio.to_thread(tierflow, os.environ, *command)
    [event] = json.loads(done.out)["with"]
    assert event["amount"] == ("0.05" if format_ == "avro" else "1234.50")
