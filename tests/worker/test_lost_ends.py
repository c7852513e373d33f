"""A broker that has decided a transaction and left some of its ends unwritten: the next owner writes them.

Kafka 4.3.1, killed while it is the only broker, does that. Here the broker is made to: it writes the ends
only where a producer has said that it writes, and does not look whether that was said (its verification is off).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.kafka import producers, transactional
from streams.kafka.changelog import read_changelog
from streams.kafka.offsets import InputOffsets
from streams.kafka.open_transactions import Decision, decision_on
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.stages.customers import customers_stage
from streams.worker.broker import StageBroker
from streams.worker.transactions import Transactions
from tests.support.batches import ASSETS_ONLY, NUMBER, PARTITIONS, batches, started, transactions, written
from tests.support.own_broker import OwnBroker

UNVERIFIED = {"transaction.partition.verification.enable": "false"}
pytestmark = [pytest.mark.soak, pytest.mark.parametrize("broker_settings", [UNVERIFIED], ids=["unverified"])]


@pytest.fixture(autouse=True)
def protocol_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """In protocol 2 records themselves say where a producer writes."""

    async def has_it(_: object) -> bool:
        return False

    monkeypatch.setattr(transactional, "has_protocol_2", has_it)


@pytest.fixture
def settings(own: OwnBroker) -> Settings:
    asyncio.run(ensure_topics(own.settings, PARTITIONS))
    return own.settings


def lose_ends(of: Transactions, settings: Settings, topics: Sequence[str], turns: Sequence[int] = (0, 1)) -> None:
    """Has the broker write no end into these topics, for the producers a (0) and b (1)."""
    tps = {TopicPartition(topic_of(settings, name), NUMBER) for name in topics}
    for turn in turns:
        producer = of._producers._producers[turn]
        producer.begin_transaction = partial(begin_with, producer, producer.begin_transaction, tps)


async def begin_with(producer: Any, begin: Callable[[], Awaitable[None]], tps: set[TopicPartition]) -> None:
    """Begins a transaction that takes these partitions for known to the broker."""
    await begin()
    producer._txn_manager._txn_partitions.update(tps)


def topic_of(settings: Settings, name: str) -> str:
    return settings.changelog_topic if name == "changelog" else settings.output_topic(name)


async def taken_over(settings: Settings) -> None:
    """What a lane does before it reads the changelog."""
    stage = customers_stage(settings, ASSETS_ONLY, PARTITIONS)
    broker = StageBroker(settings, stage, SimpleNamespace(partitions=PARTITIONS))
    ours = broker.transactions(NUMBER, lambda: None)
    try:
        await ours.start()
        await broker.end_leftovers(NUMBER, ours)
    finally:
        await ours.stop()
        await broker.inputs.stop()


ALL = ("changelog", "order", "changes", "current")


@pytest.mark.parametrize(
    ("lost", "turns"),
    [
        (["order", "changes"], [0, 1]),
        (["changelog"], [0, 1]),
        (ALL, [0, 1]),
        (["order", "changes", "current"], [0]),  # b, after it, is whole: what a has committed was seen
        (ALL, [1]),
    ],
    ids=["outputs", "changelog", "all", "outputs of a", "all of b"],
)
async def test_what_was_committed_is_seen_whole(settings: Settings, lost: Sequence[str], turns: Sequence[int]) -> None:
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, lost, turns)
        await former.commit(made.next("600000"))
        await former.commit(made.next("1"))
    await taken_over(settings)
    assert await written(settings) == {"changes": 2, "current": 2, "order": 2, "changelog": 4}
    found = await read_changelog(settings.client_options(), settings.changelog_topic, NUMBER, 1.0)
    assert found.lane is not None
    assert (found.lane.counter, found.lane.next_offsets[0]) == (2, 2)
    async with started(settings) as ours:
        await ours.commit(made.next("600000"))
    offsets = InputOffsets(settings.client_options(), settings.app_id, settings.input_topics())
    assert (await offsets.committed(NUMBER))[0] == 3


async def test_what_was_aborted_is_never_seen(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        await former.commit(made.next("600000"))
        lose_ends(former, settings, ALL)
        work = made.next("1")
        await former._producers._producers[1].abort(lambda producer: former._send_all(work, 0, producer))
    before = {"changes": 1, "current": 1, "order": 1, "changelog": 2}
    await taken_over(settings)
    assert await written(settings) == before


async def test_what_a_take_over_itself_aborts_is_ended_everywhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fence aborts the transaction that is going on; the broker writes no end into one output.

    This broker has not been told of that output, so that here the coordinator cannot name it.
    """
    made = batches(settings)
    changes = TopicPartition(topic_of(settings, "changes"), NUMBER)
    asked: list[Decision | None] = []

    async def told_of_changes(*arguments: Any) -> Decision | None:
        found = await decision_on(*arguments)
        asked.append(found)
        if found is None or found.partitions is None:
            return found
        return found._replace(partitions=found.partitions | {changes})

    monkeypatch.setattr(producers, "decision_on", told_of_changes)
    async with started(settings) as former:
        await former.commit(made.next("600000"))
        lose_ends(former, settings, ["changes"])
        producer = former._producers._producers[1]
        await producer.begin_transaction()
        await former._send_all(made.next("1"), 0, producer)
        await producer.flush()
        asked.clear()
        await taken_over(settings)
    of_a, of_b = asked
    assert of_a == Decision("commit")
    assert of_b is not None
    assert of_b.outcome == "abort"
    assert TopicPartition(settings.changelog_topic, NUMBER) in (of_b.partitions or ())
    again = batches(settings)
    again.next("600000")
    async with started(settings) as ours:
        for amount in ("1", "600000"):
            await ours.commit(again.next(amount))
    assert (await written(settings))["changes"] == 3  # none of what was aborted among them


@pytest.mark.soak
async def test_a_take_over_that_was_cut_short_is_made_good_by_its_next_try(settings: Settings) -> None:
    """The first start makes the broker forget how it had decided. The worker remembers."""
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, ["order", "changes"])
        await former.commit(made.next("600000"))
    broker = StageBroker(settings, customers_stage(settings, ASSETS_ONLY, PARTITIONS), app=None)
    for ends in (False, True):
        ours = broker.transactions(NUMBER, lambda: None)
        await ours.start()
        if ends:
            await broker.end_leftovers(NUMBER, ours)
        await ours.stop()
    assert (await written(settings))["changes"] == 1


@pytest.mark.soak
async def test_where_nothing_is_left_open_nothing_is_written(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        await former.commit(made.next("600000"))
    before = await written(settings)
    ours = transactions(settings)
    await ours.start()
    assert await ours.end_leftovers() == {}
    await ours.stop()
    assert await written(settings) == before


async def test_where_the_broker_has_forgotten_what_nobody_has_seen_is_aborted(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, ALL)
        await former.commit(made.next("600000"))
    async with started(settings):  # its start makes the broker forget; it dies before it has ended what is open
        pass
    await taken_over(settings)
    assert await written(settings) == {}
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
    assert (await written(settings))["changes"] == 1
