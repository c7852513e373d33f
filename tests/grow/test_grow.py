"""More partitions: every customer goes on in the new place as if nothing had been, wherever the growth was cut off."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.topics import raise_partitions
from streams.settings import Settings
from tests.support import worker_processes
from tests.support.batches import NUMBER, put
from tests.support.commands import tierflow
from tests.support.growing import (
    BEFORE,
    CUSTOMERS,
    all_goes_on,
    changes_of,
    grown,
    history,
    is_cut_off,
    newest_by_place,
    owner,
    policy,
)
from tests.support.patience import stretched
from tests.support.worker_processes import Events, Worker, Workers, applied, audit_is_clean, dead_letters

NEEDS_A_PERSON = 2
NOBODY_STARTS = r"(a growth from 4 to 8 partitions is under way|topics grow --partitions 8)"


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """With campaigns that have budgets."""
    return {**environment, "TIERFLOW_POLICY": policy(tmp_path)}


@pytest.mark.timeout(stretched(600))
async def test_customers_go_on_in_their_new_places(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To six, old partitions get customers of others, too."""
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await history(settings, worker)
        said = await grown(environment, 6)
        assert (said.status, "finished: 6 partitions" in said.out) == (0, True), said
        monkeypatch.setattr(worker_processes, "PARTITIONS", 6)
        assert set(await newest_by_place(settings, "current")) >= {(name, owner(name, 6)) for name in CUSTOMERS[:5]}
        again = await grown(environment, 6)
        assert (again.status, "nothing to do" in again.out) == (0, True), again
        await all_goes_on(settings, environment, worker)
        audited = await asyncio.to_thread(tierflow, environment, "audit", "--customer", CUSTOMERS[3], within_s=100)
        assert audited.status == 0, audited


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
async def test_a_growth_that_is_cut_off_goes_on(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it marks, while it moves, and while it finishes; no worker starts in between."""
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await history(settings, worker)
        for after in (2, 12, 4, 5):
            assert await is_cut_off(environment, 8, after)
        await nobody_starts(worker)
        said = await grown(environment, 8)
        assert said.status == 0, said
        monkeypatch.setattr(worker_processes, "PARTITIONS", 8)
        await all_goes_on(settings, environment, worker)


async def nobody_starts(worker: Worker) -> None:
    worker.start_again()
    assert await worker.ended(40.0) == NEEDS_A_PERSON
    assert worker.says(NOBODY_STARTS), worker.tail()


@pytest.mark.soak
@pytest.mark.timeout(stretched(3600))
async def test_a_growth_goes_on_wherever_it_is_cut_off(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each single transaction, and no worker starts in between; somebody had raised the inputs by hand."""
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await history(settings, worker)
        await raise_partitions(settings, settings.input_topics(), 8)
        while await is_cut_off(environment, 8, 1):
            await nobody_starts(worker)
        monkeypatch.setattr(worker_processes, "PARTITIONS", 8)
        await all_goes_on(settings, environment, worker)


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
async def test_an_event_that_waited_when_somebody_raised_the_inputs_is_put_right(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker may come to the end then, so the growth goes on with a note."""
    mover = CUSTOMERS[0]
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await history(settings, worker)
        await raise_partitions(settings, settings.input_topics(), 8)
        async with Events(settings) as events:
            events.sent = 500
            await events.balance(mover, 600_000)  # to where the customer was
            await events.settle()
        said = await grown(environment, 8)
        assert (said.status, "note: not all is worked yet" in said.out) == (0, True), said
        monkeypatch.setattr(worker_processes, "PARTITIONS", 8)
        worker.start_again()
        await worker.ready()
        await applied(settings)
        assert [letter["reason"] for letter in await dead_letters(settings)] == ["wrong_partition"]
        replayed = await asyncio.to_thread(
            tierflow, environment, "dead-letters", "replay", "--reason", "wrong_partition"
        )
        assert replayed.status == 0, replayed
        await applied(settings)
        assert [change["tier"] for change in (await changes_of(settings))[mover]] == ["mid", "low", "mid"]
        await audit_is_clean(environment)


async def test_what_cannot_grow_now_says_why(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    none = await grown({**environment, "TIERFLOW_PARTITIONER": "none"}, 8)
    assert (none.status, "TIERFLOW_PARTITIONER=none" in none.err) == (2, True), none
    fewer = await grown(environment, 3)
    assert (fewer.status, "there are 4 already, and they cannot become fewer" in fewer.err) == (2, True), fewer
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            busy = await grown(environment, 8)
            says = f"members of the groups: {settings.app_id} has 1; stop all workers"
            assert (busy.status, says in busy.err) == (2, True), busy
            assert await worker.stop() == 0
            await events.balance(CUSTOMERS[0], 1)
            await events.settle()
            waiting = await grown(environment, 8)
            says = f"{settings.input_topic('balances')} partition {owner(CUSTOMERS[0], BEFORE)} stands at 0 of 1"
            assert (waiting.status, says in waiting.err) == (2, True), waiting
            worker.start_again()
            await worker.ready()


async def test_endpoints_go_on_at_the_beginning_of_new_partitions(
    settings: Settings, environment: Mapping[str, str]
) -> None:
    """One that begins with the newest events would pass over what is written before it knows of them."""
    group, topic = f"{settings.app_id}-deliver-crm", settings.output_topic("changes")
    async with a_group(settings, group) as consumer:
        await consumer.commit({TopicPartition(topic, number): 0 for number in range(BEFORE)})
    await put(settings, topic, [(b"C1", b"{}")])
    waiting = await grown(environment, 8)
    assert (waiting.status, f"{group} (1 offsets behind)" in waiting.err) == (2, True), waiting
    async with a_group(settings, group) as consumer:
        await consumer.commit({TopicPartition(topic, NUMBER): 1})
    assert (await grown(environment, 8)).status == 0
    async with a_group(settings, group) as consumer:
        committed = [await consumer.committed(TopicPartition(topic, number)) for number in range(8)]
    assert committed == [0, 1, 0, 0, 0, 0, 0, 0]


@asynccontextmanager
async def a_group(settings: Settings, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**settings.client_options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(settings.output_topic("changes"), number) for number in range(BEFORE)])
        yield consumer
    finally:
        await consumer.stop()
