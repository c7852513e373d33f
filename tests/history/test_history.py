"""The index on a real broker: what is committed is found, each once, and what is void or gone is not."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.errors import UsageError
from streams.history import follower
from streams.history.follower import Follower
from streams.history.index import FILE, Index
from streams.history.queries import Queries, UnusableIndexError
from streams.kafka.keys import UnopenedError
from streams.kafka.partitioner import partition_of
from streams.kafka.policies import publish_policy
from streams.kafka.topics import ensure_topics
from streams.security.master_key import MasterKey
from streams.settings import Settings, read_policy_file
from tests.support.deliveries import PARTITIONS, produce
from tests.support.handmade_logs import START_MS, Writing, action, balance, customers_of
from tests.support.patience import until
from tests.support.topic_changes import admin_of, delete_topic

FOLDER = "index"


def change(customer: str, sequence: int, tier: str = "mid", direction: str = "upgrade") -> dict[str, Any]:
    return {
        "id": f"{customer}:{sequence}",
        "customer_id": customer,
        "sequence": sequence,
        "direction": direction,
        "previous_tier": None if direction == "initial" else "low",
        "tier": tier,
        "earned_tier": tier,
        "decided_at": f"2026-11-24T09:30:{sequence:02}.000+08:00",
        "value": "512345.00",
        "currency": "TWD",
        "cause": {"occurred_at": 1_795_483_800_000 + 1_000 * sequence},
    }


def trigger(customer: str, second: int, group: str = "treated") -> dict[str, Any]:
    return {
        "id": f"{customer}:gift:1",
        "customer_id": customer,
        "campaign": "gift",
        "tier": "low",
        "group": group,
        "triggered_at": f"2026-11-24T09:30:{second:02}.500+08:00",
        "cause": None,
    }


def erasure(customer: str, last_sequence: int) -> dict[str, Any]:
    return {
        "id": f"{customer}:erased:1",
        "customer_id": customer,
        "erased_at": "2026-11-24T09:31:00+08:00",
        "decided_at": "2026-11-24T09:31:00+08:00",
        "last_sequence": last_sequence,
        "cause": {"event_id": "e", "topic": "t", "partition": 0, "offset": 7, "occurred_at": 1_795_483_860_000},
        "positions": {},
    }


async def put(settings: Settings, name: str, customer: str, value: Mapping[str, Any] | None) -> None:
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        await producer.send_and_wait(
            settings.output_topic(name),
            None if value is None else json.dumps(value).encode(),
            key=customer.encode(),
            partition=partition_of(customer.encode(), PARTITIONS, "murmur2"),
        )


@asynccontextmanager
async def followed(settings: Settings, folder: Path) -> AsyncIterator[Queries]:
    """The index of a folder, at the ends of the topics, and kept up with them."""
    with Index(folder) as index, ExitStack() as stack:
        running = Follower(settings, index, lambda: None)
        queries = stack.enter_context(Queries(index.file, running.make_anew))
        async with running.following():
            await until(lambda: running.progress.built, 20, "the index is built")
            yield queries


async def told(queries: Queries, customer: str) -> list[str]:
    return [json.loads(entry.message)["id"] for entry in await queries.of_customer(customer, 50, None)]


async def knows(queries: Queries, customer: str, ids: list[str]) -> None:
    async def is_so() -> bool:
        return await told(queries, customer) == ids

    await until(is_so, 20, f"{customer} has {ids}, not {await told(queries, customer)}")


async def stand(queries: Queries, tier: str, customers: list[str]) -> None:
    """Waits for it: what one transaction has written to several topics is not read all at once."""

    async def is_so() -> bool:
        return [one.customer_id for one in await queries.standings(tier, 9, "")] == customers

    await until(is_so, 20, f"{customers} are in {tier}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    return tmp_path / FOLDER


async def test_what_is_committed_is_found_the_newest_first_and_in_pages(settings: Settings, folder: Path) -> None:
    await produce(settings, [change("C1", 1, "low", "initial"), change("C2", 1), change("C1", 2)])
    async with followed(settings, folder) as queries:
        await produce(settings, [trigger("C1", 2)], "campaigns")
        await knows(queries, "C1", ["C1:gift:1", "C1:2", "C1:1"])
        [newest] = await queries.of_customer("C1", 1, None)
        assert [one.kind for one in await queries.of_customer("C1", 9, newest.place)] == ["tier", "tier"]
        [gift] = await queries.campaigns()
        assert (gift.campaign, gift.treated, gift.held_out) == ("gift", 1, 0)
        assert gift.newest_ms is not None
        assert await queries.treated_since("gift", gift.newest_ms) == 1
        assert await queries.treated_since("gift", gift.newest_ms + 1) == 0
        hour = 1_795_483_800_000
        assert sorted(await queries.flows(hour, hour + 3_600_000), key=str) == [
            ("low", "mid", "upgrade", 2),
            (None, "low", "initial", 1),
        ]


async def test_what_is_not_committed_is_not_found(settings: Settings, folder: Path) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=f"{settings.app_id}-test")
    async with producer, followed(settings, folder) as queries:
        await producer.begin_transaction()
        topic, value = settings.output_topic("changes"), json.dumps(change("C1", 1)).encode()
        await producer.send_and_wait(topic, value, key=b"C1", partition=partition_of(b"C1", PARTITIONS, "murmur2"))
        await produce(settings, [change("C3", 1)])  # of another partition: it is read after that
        assert partition_of(b"C3", PARTITIONS, "murmur2") != partition_of(b"C1", PARTITIONS, "murmur2")
        await knows(queries, "C3", ["C3:1"])
        assert await told(queries, "C1") == []
        await producer.abort_transaction()


async def test_it_goes_on_where_it_was_and_has_each_once(settings: Settings, folder: Path) -> None:
    await produce(settings, [change("C1", 1)])
    async with followed(settings, folder) as queries:
        generation = await queries.generation()
    await produce(settings, [change("C1", 2)])
    async with followed(settings, folder) as queries:
        await knows(queries, "C1", ["C1:2", "C1:1"])
        assert await queries.generation() == generation
        assert [one.number for one in await queries.since(0, 9)] == [1, 2]


async def test_an_erase_takes_out_what_it_made_void_and_nothing_newer(settings: Settings, folder: Path) -> None:
    await produce(settings, [change("C1", 1), change("C1", 2), change("C2", 1)])
    await put(settings, "current", "C1", change("C1", 2))
    letter = {"topic": settings.input_topic("balances"), "partition": 0, "offset": 3, "reason": "malformed"}
    text = {"key_base64": "QzE=", "value_base64": None, "detail": "of C1", "at": "2026-11-24T09:30:00Z"}
    await put(settings, "dead-letters", "C1", {**letter, **text})
    async with followed(settings, folder) as queries:
        assert [one.customer_id for one in await queries.standings("mid", 9, "")] == ["C1"]
        assert [one.detail for one in (await queries.letters(None, 9, None))[0]] == ["of C1"]
        await produce(settings, [erasure("C1", 2)], "erasures")
        await knows(queries, "C1", [])
        assert await queries.standings("mid", 9, "") == []
        assert [one.detail for one in (await queries.letters(None, 9, None))[0]] == ["the customer was erased"]
        await produce(settings, [change("C1", 1), change("C1", 3)])  # one comes late: it is void
        await knows(queries, "C1", ["C1:3"])
        assert await told(queries, "C2") == ["C2:1"]
    assert b"C1:2" not in (folder / FILE).read_bytes()


async def test_what_is_sealed_is_found_in_the_clear_until_its_customer_is_erased(
    sealed_settings: Settings, folder: Path
) -> None:
    erased, stays = customers_of(1, 2)
    async with Writing(sealed_settings, "assets-only") as writing:
        writer = await writing.writer(1)
        await writer.batch([balance("b1", erased, "600000"), balance("b2", stays, "6000000")])
        async with followed(sealed_settings, folder) as queries:
            await knows(queries, erased, [f"{erased}:1"])
            await stand(queries, "mid", [erased])
            await writer.batch([action("e1", erased, "erase", START_MS + 10)], START_MS + 10)
            await writer.batch([balance("b3", erased, "1", START_MS + 20)], START_MS + 20)
            await knows(queries, erased, [f"{erased}:2"])
            await knows(queries, stays, [f"{stays}:1"])
    for suffix in ("", "-wal", "-shm", ".lock"):
        (folder / f"{FILE}{suffix}").unlink(missing_ok=True)
    async with followed(sealed_settings, folder) as queries:  # made anew when the key is gone
        await knows(queries, erased, [f"{erased}:2"])
        await stand(queries, "low", [erased])


async def test_without_the_master_key_it_ends_with_a_sentence(sealed_settings: Settings, folder: Path) -> None:
    async with Writing(sealed_settings, "assets-only") as writing:
        await (await writing.writer(1)).batch([balance("b1", customers_of(1, 1)[0], "600000")])
    with Index(folder) as index:
        running = Follower(replace(sealed_settings, keys=MasterKey()), index, lambda: None)
        async with running.following() as task:
            await asyncio.wait([task])
            with pytest.raises(UnopenedError, match="write TIERFLOW_KEYS=on, and the master key"):
                task.result()


async def test_a_tombstone_takes_the_customer_out_of_the_tier(settings: Settings, folder: Path) -> None:
    await put(settings, "current", "C1", change("C1", 1))
    async with followed(settings, folder) as queries:
        assert [one.customer_id for one in await queries.standings("mid", 9, "")] == ["C1"]
        await put(settings, "current", "C1", None)
        await stand(queries, "mid", [])


async def test_policies_and_which_one_is_in_force(settings: Settings, folder: Path) -> None:
    policy = read_policy_file(settings.policy, "")
    await publish_policy(settings, policy)
    async with followed(settings, folder) as queries:
        found, in_force = await queries.policies()
        assert ([one.digest for one in found], in_force and in_force[0]) == ([policy.digest], policy.digest)


async def test_a_topic_made_anew_makes_the_index_anew(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY_S", 0.1)
    await produce(settings, [change("C1", 1)])
    async with followed(settings, folder) as queries:
        await knows(queries, "C1", ["C1:1"])
        await delete_topic(settings, settings.output_topic("changes"))
        await ensure_topics(settings, PARTITIONS)
        await produce(settings, [change("C2", 1)])
        await knows(queries, "C2", ["C2:1"])
        await knows(queries, "C1", [])


async def test_what_the_topic_no_longer_has_is_gone(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY_S", 0.1)
    await produce(settings, [change("C1", 1), change("C1", 2)])
    async with followed(settings, folder) as queries:
        await knows(queries, "C1", ["C1:2", "C1:1"])
        tp = TopicPartition(settings.output_topic("changes"), partition_of(b"C1", PARTITIONS, "murmur2"))
        async with admin_of(settings) as admin:
            await admin.delete_records({tp: RecordsToDelete(1)})
        await knows(queries, "C1", ["C1:2"])
        assert await queries.forgotten_to() == 1


async def test_an_index_of_another_form_or_a_damaged_one_is_made_anew(settings: Settings, folder: Path) -> None:
    await produce(settings, [change("C1", 1)])
    for damage in ("another form", "no database", "inside"):
        if damage == "no database":
            (folder / FILE).write_bytes(b"x" * 5_000)
        elif damage == "inside":
            whole = (folder / FILE).read_bytes()
            (folder / FILE).write_bytes(whole[:4_096] + b"x" * (len(whole) - 4_096))
        else:
            with sqlite3.connect(folder / FILE) as connection:
                connection.execute("CREATE TABLE entries (other TEXT)")
                connection.execute("PRAGMA user_version = 99")
        async with followed(settings, folder) as queries:
            assert await told(queries, "C1") == ["C1:1"], damage


@pytest.mark.parametrize("damage", ["inside", "gone"])
async def test_an_index_that_only_readers_find_damaged_is_made_anew(
    settings: Settings, folder: Path, damage: str
) -> None:
    await produce(settings, [change("C1", 1)])
    file = folder / FILE
    async with followed(settings, folder) as queries:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if damage == "gone":
            file.unlink()
        else:
            with file.open("r+b") as pages:
                pages.seek(4_096)
                pages.write(b"\xff" * (file.stat().st_size - 4_096))
        with pytest.raises(UnusableIndexError):
            await told(queries, "C1")

        async def is_well() -> bool:
            try:
                return await told(queries, "C1") == ["C1:1"]
            except UnusableIndexError:
                return False

        await until(is_well, 20, "the index is made anew")
        await produce(settings, [change("C1", 2)])
        await knows(queries, "C1", ["C1:2", "C1:1"])
    assert file.stat().st_mode & 0o077 == 0


async def test_an_index_that_cannot_be_opened_just_now_is_not_thrown_away(folder: Path) -> None:
    (folder / FILE).mkdir()  # it is there, and cannot be opened
    asked: list[bool] = []
    with Queries(folder / FILE, lambda: asked.append(True)) as queries:
        with pytest.raises(UnusableIndexError):
            await told(queries, "C1")
        assert asked == []


async def test_records_that_are_none_of_ours_are_passed_over(settings: Settings, folder: Path) -> None:
    await put(settings, "changes", "C1", {"something": "else"})
    await put(settings, "dead-letters", "C1", {"something": "else"})
    await put(settings, "current", "C1", {"something": "else"})
    await put(settings, "current", "C1", {**change("C1", 1), "sequence": 1 << 63})
    await produce(settings, [change("C1", 1)])
    async with followed(settings, folder) as queries:
        assert await told(queries, "C1") == ["C1:1"]


def test_a_second_process_is_refused(folder: Path) -> None:
    with Index(folder), pytest.raises(UsageError, match="another `tierflow console` may have it"):
        Index(folder)
