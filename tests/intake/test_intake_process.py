"""`tierflow intake` on a real broker: every row of a source once, through kills, and the audit knows."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams.audit.report import Report
from streams.audit.sources import audit_sources
from streams.intake.compile.mapping import load_mapping
from streams.settings import Settings
from tests.support.patience import stretched, until
from tests.support.sources import PARTITIONS, Booking, Core, IntakeProcess, bookings
from tests.support.worker_processes import read

KILLS = 3


@pytest.mark.timeout(stretched(150))
async def test_every_row_comes_once_and_in_order_through_kills(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    await core.make()
    random = Random(20261129)  # noqa: S311 - repeatable, not secret
    made = bookings(6_000, seed=1)
    with ExitStack() as ends:
        pair = [IntakeProcess(environment, tmp_path, name, core.mapping) for name in ("i1", "i2")]
        for process in pair:
            ends.callback(process.discard)
        await asyncio.gather(*(process.ready() for process in pair))
        step = len(made) // (KILLS + 1)
        for begin in range(0, len(made), step):
            await core.put(made[begin : begin + step])
            if begin + step < len(made):
                victim = random.choice(pair)
                victim.kill()
                victim.start_again()
        await until(lambda: all_written(core.settings, made), 60, "all rows are written")
        await pair[0].ready()  # the other one may have written all of it before this one was up again
        assert await pair[0].stop() == 0
    await is_right(core.settings, made)


async def all_written(settings: Settings, made: list[Booking]) -> bool:
    events = await read(settings, settings.input_topic("transactions"))
    letters = await read(settings, settings.output_topic("source-dead-letters"))
    return len(events) + len(letters) >= sum(1 for one in made if one.event or one.letter)


async def is_right(settings: Settings, made: list[Booking]) -> None:
    """By code that shares nothing with the mapping: each event once, as its row said, in the order of its key."""
    found: dict[str, list[dict[str, Any]]] = {}
    positions = set()
    for record in await read(settings, settings.input_topic("transactions")):
        event = json.loads(record.value)
        assert record.key.decode() == event["customer_id"]
        found.setdefault(event["customer_id"], []).append(event)
        positions.add(dict(record.headers)["source-position"])
    wanted: dict[str, list[dict[str, Any]]] = {}
    for booking in made:
        if booking.event:
            wanted.setdefault(booking.event["customer_id"], []).append(booking.event)
    assert {customer: [event["event_id"] for event in events] for customer, events in found.items()} == {
        customer: [event["event_id"] for event in events] for customer, events in wanted.items()
    }
    assert len(positions) == sum(map(len, found.values()))
    for customer, events in found.items():
        for event, meant in zip(events, wanted[customer], strict=True):
            assert (event["type"], event["currency"]) == (meant["type"], meant["currency"])
            assert round(float(event["amount"]) * 100) == meant["cents"]
    letters = [json.loads(one.value) for one in await read(settings, settings.output_topic("source-dead-letters"))]
    assert sorted((one["reason"], one.get("field") or "") for one in letters) == sorted(
        (one.letter[0], one.letter[1] or "") for one in made if one.letter
    )
    assert {one["source"] for one in letters} == {"bookings"}


@pytest.mark.timeout(stretched(120))
async def test_the_audit_finds_what_the_mapping_does_not_make_of_the_source(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    await core.make()
    made = bookings(300, seed=2)
    made += [Booking(b"A1", b"x" * (800 << 10), letter=("malformed", None))]  # its letter is larger than 1 MiB
    await core.put(made)
    process = IntakeProcess(environment, tmp_path, "i1", core.mapping)
    try:
        await until(lambda: all_written(core.settings, made), 60, "all rows are written")
        assert await process.stop() == 0
    finally:
        process.discard()
    assert await differences(core) == []
    await core.forget(20)
    assert await differences(core) == []
    events = await read(settings, settings.input_topic("transactions"))
    # Of what is forgotten nothing is compared, and which source comes last in a topic is not said.
    same, other = [one for one in events if source_offset(one) >= 20][-2:]
    async with AIOKafkaProducer(**settings.client_options()) as writer:
        for one, value in ((same, same.value), (other, other.value.replace(b"TWD", b"USD"))):
            await writer.send_and_wait(one.topic, value, one.key, headers=list(one.headers))
        await writer.send_and_wait(events[0].topic, events[0].value, events[0].key)  # somebody else's
        for position in (None, b"?", f"{core.topic}/0/x/0".encode()):
            await writer.send_and_wait(events[0].topic, b"{}", headers=[("source-position", position)])
        await writer.send_and_wait(
            events[0].topic, b"{}", headers=[("source-position", f"{core.topic}/0/99999/0".encode())]
        )
    assert await differences(core) == ["doubled", "doubled", "extra"]


async def test_another_mapping_goes_on_with_a_source_that_has_grown_and_is_not_held_against_what_was_made(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    await core.make()
    made = bookings(200, seed=3)
    for begin, change, partitions in ((0, ("", ""), PARTITIONS), (100, ("TWD", "JPY"), PARTITIONS + 2)):
        core.mapping.write_text(core.mapping.read_text().replace(*change))
        if partitions > PARTITIONS:
            await core.grow(partitions)
        await core.put(made[begin : begin + 100])
        process = IntakeProcess(environment, tmp_path, "i1", core.mapping)
        try:
            there = made[: begin + 100]
            await until(lambda there=there: all_written(core.settings, there), 60, "all rows are written")
            assert await process.stop() == 0
        finally:
            process.discard()
    report = Report()
    await audit_sources(core.settings, load_mapping(core.mapping.read_text()), report)
    assert (report.differences, len(report.notes)) == (0, PARTITIONS)
    assert 0 < report.sourced < len(made)


def source_offset(record: ConsumerRecord) -> int:
    """Where the source's record of an event is in its partition."""
    return int(dict(record.headers)["source-position"].split(b"/")[2])


async def differences(core: Core) -> list[str]:
    report = Report()
    await audit_sources(core.settings, load_mapping(core.mapping.read_text()), report)
    return [found.kind for found in report.found]
