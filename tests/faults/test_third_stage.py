"""A stage that no line of worker/ knows of: worked, killed, taken over and audited as those of tierflow are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.audit.following import audit_stage
from streams.kafka.topics import wait_until_led
from streams.settings import Settings
from streams.stages.stage import Stage
from tests.support.counting import COUNTS, counting_stage
from tests.support.event_flow import flowing
from tests.support.patience import stretched
from tests.support.worker_processes import (
    PARTITIONS,
    Events,
    Workers,
    all_is_right,
    group_offsets,
    read,
    until,
)

WITH_A_THIRD_STAGE = """
import sys
from streams.cli.main import run
from streams.worker import app
from tests.support.counting import counting_stage
worked_stages = app.worked_stages
app.worked_stages = lambda settings, *more: (*worked_stages(settings, *more), counting_stage(settings))
sys.argv = ["tierflow", "worker"]
run()
"""
KILLS = 3


@pytest.mark.soak
@pytest.mark.timeout(stretched(150))
async def test_a_third_stage_counts_every_change_once_after_kills(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    stage = counting_stage(settings)
    await make_topics(settings, stage)
    random = Random(20261128)  # noqa: S311 - repeatable, not secret
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            pair = [workers.start(name, WITH_A_THIRD_STAGE) for name in ("w1", "w2")]
            await asyncio.gather(*(worker.ready() for worker in pair))
            async with flowing(events):
                for _ in range(KILLS):
                    await asyncio.sleep(random.uniform(0.3, 2.0))
                    victim = random.choice(pair)
                    victim.kill()
                    victim.start_again()
                await asyncio.sleep(1.0)
            await asyncio.gather(*(worker.ready() for worker in pair))
            changes = await all_is_right(settings, environment, events)
            await counted(settings, stage)
    found = [(record.key.decode(), int(record.value)) for record in await read(settings, settings.output_topic(COUNTS))]
    assert Counter(found) == Counter(
        (customer, number) for customer, told in changes.by_customer.items() for number in range(1, len(told) + 1)
    )
    assert await differences(settings, stage) == []
    who, how_often = found[0]
    async with producer(settings) as writer:
        await writer.send_and_wait(settings.output_topic(COUNTS), b"%d" % how_often, who.encode())
        await writer.send_and_wait(settings.output_topic(COUNTS), b"1000", who.encode())
    assert sorted(kind for kind, _ in await differences(settings, stage)) == ["doubled", "extra"]


async def make_topics(settings: Settings, stage: Stage) -> None:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    topics = [stage.changelog, *(output.topic for output in stage.outputs.values())]
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    await wait_until_led(admin, topics, PARTITIONS)
    await admin.close()


async def counted(settings: Settings, stage: Stage) -> None:
    """Waits until the stage has worked all of its input.

    After the last record there may be the marker of a transaction that a kill has cut off: no batch is made for it.
    """
    [topic] = stage.inputs
    newest = {record.partition: record.offset for record in await read(settings, topic)}

    async def reached() -> bool:
        offsets = await group_offsets(settings)
        return all(offsets.get(TopicPartition(topic, number), 0) > offset for number, offset in newest.items())

    await until(reached, 40.0, "all changes are counted")


async def differences(settings: Settings, stage: Stage) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    options = settings.client_options()
    await audit_stage(options, stage, PARTITIONS, lambda found_one: found.append((found_one.kind, found_one.what)))
    return found


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    writer = AIOKafkaProducer(**settings.client_options())
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()
