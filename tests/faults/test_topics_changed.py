"""Nothing around the topics changes unseen: the worker stops for good, says which topic, and what to do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from msgspec import structs

from streams.contracts.packing import LANE_KEY, pack_lane, unpack_lane
from streams.kafka.topic_specs import topic_specs
from streams.kafka.topics import raise_partitions
from streams.settings import Settings
from tests.support.commands import tierflow
from tests.support.topic_changes import admin_of, delete_topic, limit_records
from tests.support.worker_processes import (
    PARTITIONS,
    Events,
    Worker,
    Workers,
    all_is_right,
    applied,
    customers_of,
    dead_letters,
    read,
    until,
)

NEEDS_A_PERSON = 2
# A worker that looks more often: the tests need not wait for half a minute.
QUICK = """
import sys
from streams.cli.main import run
from streams.kafka import unchanged
from streams.worker import topics_watch

topics_watch.LOOK_EVERY_S, unchanged.CONFIRMED_FOR_S, unchanged._ASK_AGAIN_S = 0.2, 0.5, 0.1
sys.argv = ["tierflow", "worker"]
run()
"""


async def make_anew(settings: Settings, topic: str) -> None:
    [config] = [spec.config for spec in topic_specs(settings) if spec.name == topic]
    await delete_topic(settings, topic)
    async with admin_of(settings) as admin:

        async def is_there() -> bool:
            return topic in await admin.list_topics()

        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=dict(config))])
        await until(is_there, 20, "the topic is there again")


def shared_topics(settings: Settings) -> list[str]:
    return [spec.name for spec in topic_specs(settings) if not spec.single_partition]


async def ends_and_says(worker: Worker, pattern: str) -> None:
    assert await worker.ended() == NEEDS_A_PERSON, worker.tail()
    assert worker.says(f"({pattern})"), worker.tail()


async def everybody_says(worker: Worker, environment: Mapping[str, str], pattern: str) -> None:
    """A worker that is started again, and `topics check`, refuse with the same sentence."""
    worker.start_again()
    await ends_and_says(worker, pattern)
    said = await asyncio.to_thread(tierflow, environment, "topics", "check")
    assert (said.status, pattern in said.err) == (NEEDS_A_PERSON, True), said.err


@asynccontextmanager
async def at_work(
    settings: Settings, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[tuple[Worker, Events]]:
    """A worker that has worked a balance in each partition."""
    with Workers(environment, folder) as workers:
        async with Events(settings) as events:
            worker = workers.start(code=QUICK)
            await worker.ready()
            for number in range(PARTITIONS):
                await events.balance(*customers_of(number, 1), 600_000)
            await events.settle()
            await applied(settings)
            yield worker, events


async def test_inputs_with_more_partitions_stop_a_running_worker(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with at_work(settings, environment, tmp_path) as (worker, _):
        await raise_partitions(settings, settings.input_topics(), 8)
        says = "has 8 partitions, the state was made under 4"
        await ends_and_says(worker, f"{settings.input_prefix}[a-z]+ {says}: .*tierflow topics grow --partitions 8")
        await everybody_says(worker, environment, says)


@pytest.mark.soak
async def test_all_topics_with_more_partitions_stop_a_worker_before_it_works(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with at_work(settings, environment, tmp_path) as (worker, events):
        assert await worker.stop() == 0
        changes = await read(settings, settings.output_topic("changes"))
        await raise_partitions(settings, shared_topics(settings), 8)
        await events.balance(*customers_of(0, 1), 1)
        await events.settle()
        await everybody_says(worker, environment, "has 8 partitions, the state was made under 4")
        assert await read(settings, settings.output_topic("changes")) == changes


async def test_an_input_that_was_made_anew_stops_a_running_worker(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """It has more records than before: no offset tells."""
    [customer] = customers_of(2, 1)
    async with at_work(settings, environment, tmp_path) as (worker, events):
        topic = settings.input_topic("balances")
        await make_anew(settings, topic)
        await events.backlog([(customer, 600_000)] * 30)
        # The worker may have looked in the moment between.
        changed = "was deleted and made anew: its id is .*|, with which the state was made, is gone: .*"
        await ends_and_says(worker, f"the topic {topic} ?(?:{changed}) or start with another")
        await everybody_says(worker, environment, f"the topic {topic} was deleted and made anew")


async def test_limits_that_are_lowered_under_a_running_worker_are_noticed_before_they_are_met(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """It makes its dead letters smaller. What is less than has to be written stops it."""
    [customer] = customers_of(2, 1)
    letters, changes = settings.output_topic("dead-letters"), settings.output_topic("changes")
    async with at_work(settings, environment, tmp_path) as (worker, events):
        await limit_records(settings, letters, 1_000_000)
        await until(lambda: worker.says("(dead letters may have 1000000 bytes)"), 20, "the limit is noticed")
        await events.put("balances", customer, raw=b"x" * 900_000)  # 1.2 MB in base64
        await events.settle()
        await all_is_right(settings, environment, events)
        assert [letter["value_bytes"] for letter in await dead_letters(settings)] == [900_000]
        await limit_records(settings, changes, 20_000)
        await ends_and_says(worker, f"{changes} has max.message.bytes=20000 .*, it must be at least 1000000")


@pytest.mark.parametrize(
    "name", ["policies", *(pytest.param(name, marks=pytest.mark.soak) for name in ("changes", "order"))]
)
async def test_an_output_that_was_made_anew_while_no_worker_ran_stops_the_next(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, name: str
) -> None:
    async with at_work(settings, environment, tmp_path) as (worker, _):
        assert await worker.stop() == 0
        topic = settings.output_topic(name)
        await make_anew(settings, topic)
        await everybody_says(worker, environment, f"the topic {topic} was deleted and made anew")


@pytest.mark.soak
async def test_a_topic_that_is_gone_is_not_made_anew_without_a_word(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with at_work(settings, environment, tmp_path) as (worker, _):
        topic = settings.input_topic("loans")
        await delete_topic(settings, topic)
        says = f"the topic {topic}, with which the state was made, is gone: restore it"
        await ends_and_says(worker, says)
        await everybody_says(worker, environment, says)


async def test_a_changelog_that_was_made_anew_takes_no_commit(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The worker looks at the topics later than events come: the end of the changelog tells first."""
    [customer] = customers_of(2, 1)
    patient = QUICK.replace("= 0.2, 0.5, 0.1", "= 600.0, 0.5, 0.1")
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start(code=patient)
            await worker.ready()
            for amount in (1, 600_000, 1):
                await events.balance(customer, amount)
                await events.settle()
                await applied(settings)
            changes = await read(settings, settings.output_topic("changes"))
            await make_anew(settings, settings.changelog_topic)
            await events.balance(customer, 5_000_000)
            await events.settle()
            says = f"{settings.changelog_topic} partition 2 went on at offset 0, it ended at [0-9]+ before: it was made"
            await ends_and_says(worker, says)
            assert await read(settings, settings.output_topic("changes")) == changes


async def test_a_state_that_is_older_than_the_order_of_work_is_not_gone_on_with(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with at_work(settings, environment, tmp_path) as (worker, events):
        assert await worker.stop() == 0
        [*_, record] = [found for found in await read(settings, settings.changelog_topic) if found.key == LANE_KEY]
        lane = unpack_lane(record.value)
        older = structs.replace(lane, counter=lane.counter - 1)
        await events.put_changelog(record.partition, LANE_KEY, pack_lane(older))
        worker.start_again()
        numbers = f"that of transaction {lane.counter - 1}, its order of work holds transaction {lane.counter}"
        says = f"partition {record.partition}: the state is {numbers}"
        await ends_and_says(worker, says)


async def test_a_state_that_names_no_topics_takes_them_as_they_are(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 1)
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            [*_, record] = [found for found in await read(settings, settings.changelog_topic) if found.key == LANE_KEY]
            lane = unpack_lane(record.value)
            assert {known.partitions for known in lane.topics.values()} == {PARTITIONS, 1}
            assert set(lane.topics) >= {*settings.input_topics(), settings.changelog_topic}
            old = type(lane)(lane.next_offsets, lane.counter, lane.clock_ms)
            await events.put_changelog(2, LANE_KEY, pack_lane(old))
            worker.start_again()
            await worker.ready()
            assert worker.says("(partition 2: the state, of a release before 0.2.0, does not name its topics)")
            await events.balance(customer, 600_000)
            await events.settle()
            await all_is_right(settings, environment, events)
            [*_, record] = [found for found in await read(settings, settings.changelog_topic) if found.key == LANE_KEY]
            assert unpack_lane(record.value).topics == lane.topics
