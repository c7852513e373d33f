"""A broker that has decided a transaction and left some of its ends unwritten: the next owner writes them.

Kafka 4.3.1, killed while it is the only broker, does that. Here the broker is made to: it writes the ends
only where a producer has said that it writes, and does not look whether that was said (its verification is off).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.protocol.transaction import InitProducerIdRequest

from streams.kafka import lost_ends, transactional
from streams.kafka.changelog import read_changelog
from streams.kafka.lost_ends import LostEnds, RevokedError
from streams.kafka.never_taken import NeverTakenError
from streams.kafka.offsets import InputOffsets
from streams.kafka.producers import TransactionFailedError
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


async def commit_and_lose(settings: Settings) -> None:
    """One batch is committed, and the broker loses the end of it in two outputs."""
    async with started(settings) as former:
        lose_ends(former, settings, ["order", "changes"], [0])
        await former.commit(batches(settings).next("600000"))


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
    broker = StageBroker(settings, stage, SimpleNamespace(counts=dict.fromkeys(stage.topics, PARTITIONS)))
    ours = broker.transactions(NUMBER, lambda: None)
    try:
        await ours.start()
        await broker.end_leftovers(NUMBER, ours)
    finally:
        await ours.stop()
        await broker.inputs.stop()


def id_of(settings: Settings, name: str) -> str:
    return f"{settings.app_id}-{NUMBER}-{name}"


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(**settings.client_options())
    await client.bootstrap()
    try:
        yield client
    finally:
        await client.close()


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


async def test_what_a_take_over_itself_aborts_is_ended_everywhere(settings: Settings) -> None:
    """The fence aborts the transaction that is going on; the broker writes no end into one output."""
    made = batches(settings)
    async with started(settings) as former:
        await former.commit(made.next("600000"))
        lose_ends(former, settings, ["changes"])
        producer = former._producers._producers[1]
        await producer.begin_transaction()
        await former._send_all(made.next("1"), 0, producer)
    before = {"changes": 1, "current": 1, "order": 1, "changelog": 2}
    await taken_over(settings)
    assert await written(settings) == before
    again = batches(settings)
    again.next("600000")
    async with started(settings) as ours:
        for amount in ("1", "600000"):
            await ours.commit(again.next(amount))
    assert (await written(settings))["changes"] == 3  # none of what was aborted among them


class KilledError(Exception):
    """Stands for kill -9."""


async def killed(*_: Any) -> None:
    """In the place of a step: the process dies before it."""
    raise KilledError


@pytest.mark.parametrize("before", ["_add", "_commit"])
async def test_a_take_over_that_dies_while_it_commits_is_gone_on_with(
    settings: Settings, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker remembers that what is open is to be committed, and the next take-over ends it so."""
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, ["order", "changes"])
        await former.commit(made.next("600000"))
        await former.commit(made.next("1"))

    monkeypatch.setattr(lost_ends, "LOOKED_BEFORE_S", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(LostEnds, before, killed)
        for _ in range(2):
            with pytest.raises(KilledError):
                await taken_over(settings)
    await taken_over(settings)
    assert await written(settings) == {"changes": 2, "current": 2, "order": 2, "changelog": 4}


async def test_a_broker_that_allows_no_long_timeout_remembers_by_a_short_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit_and_lose(settings)
    beyond_the_limit_ms = 2_000_000_000
    monkeypatch.setattr(lost_ends, "ENDS_MS", (beyond_the_limit_ms, *lost_ends.ENDS_MS[1:]))
    await taken_over(settings)
    assert await written(settings) == {"changes": 1, "current": 1, "order": 1, "changelog": 2}


async def test_without_the_right_to_look_nothing_is_started_and_so_nothing_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit_and_lose(settings)

    async def refused(*_: Any) -> None:
        raise TopicAuthorizationFailedError(topic_of(settings, "changes"))

    with monkeypatch.context() as patched:
        patched.setattr(lost_ends, "open_transactions", refused)
        with pytest.raises(NeverTakenError, match=r"partition 1: our user needs READ on topic .*changes"):
            await taken_over(settings)
    await taken_over(settings)
    assert await written(settings) == {"changes": 1, "current": 1, "order": 1, "changelog": 2}


async def test_an_end_that_is_lost_again_is_written_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit_and_lose(settings)
    real, added = LostEnds._add, list[Sequence[TopicPartition]]()

    async def half(self: Any, client: Any, node: int, look: Any) -> bool:
        added.append(look.left)
        return await real(self, client, node, look._replace(left=look.left[:1]))

    monkeypatch.setattr(LostEnds, "_add", half)
    await taken_over(settings)
    assert [len(left) for left in added] == [2, 1]
    assert await written(settings) == {"changes": 1, "current": 1, "order": 1, "changelog": 2}


async def test_what_was_to_be_committed_and_was_aborted_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ended it was gone for longer than the broker waits; here another producer of the id starts."""
    await commit_and_lose(settings)

    with monkeypatch.context() as patched:
        patched.setattr(LostEnds, "_commit", killed)
        with pytest.raises(KilledError):
            await taken_over(settings)
    async with connected(settings) as client:
        node = await client.coordinator_lookup(CoordinationType.TRANSACTION, id_of(settings, "a"))
        await client.ready(node, group=ConnectionGroup.COORDINATION)
        await client.send(node, InitProducerIdRequest(id_of(settings, "a"), 1_000), group=ConnectionGroup.COORDINATION)
    for _ in range(2):
        with pytest.raises(RevokedError, match=r"^partition 1: .*-1-a was to be committed and is aborted"):
            await taken_over(settings)


async def seen_in_time(former: Transactions) -> None:
    while True:  # a first look may meet the connections that are being closed
        await former.see_none_left_open()


async def test_a_lane_does_not_go_on_where_an_end_was_lost(settings: Settings) -> None:
    """A broker that restarts loses its connections, too."""
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, ["order", "changes"], [0])
        await former.commit(made.next("600000"))
        await former.commit(made.next("1"))
        await former.see_none_left_open()  # nothing is asked: the connections hold
        of_a = former._producers._producers[0]
        del of_a.begin_transaction  # from now on it tells the broker of all partitions
        for connection in list(of_a.client._conns.values()):
            connection.close()
        with pytest.raises(TransactionFailedError, match="has lost the end of a transaction in"):
            await seen_in_time(former)
        with pytest.raises(TransactionFailedError):
            await former.commit(made.next("600000"))
    await taken_over(settings)
    assert await written(settings) == {"changes": 2, "current": 2, "order": 2, "changelog": 4}


@pytest.mark.soak
async def test_where_nothing_is_left_open_nothing_is_written(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        await former.commit(made.next("600000"))
    before = await written(settings)
    ours = transactions(settings)
    await ours.start()
    assert await ours.end_leftovers() == {}
    await ours.see_none_left_open()
    await ours.stop()
    assert await written(settings) == before


async def test_where_the_broker_has_forgotten_what_nobody_has_seen_is_aborted(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        lose_ends(former, settings, ALL)
        await former.commit(made.next("600000"))
    for name in "ab":  # as lanes of earlier releases started: that makes the broker forget
        async with AIOKafkaProducer(**settings.client_options(), transactional_id=id_of(settings, name)):
            pass
    await taken_over(settings)
    assert await written(settings) == {}
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
    assert (await written(settings))["changes"] == 1
