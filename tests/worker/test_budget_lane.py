"""A lane of budgets on the broker: what budgets hold is granted once, whoever comes and goes."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import LANE_KEY, pack_lane
from streams.kafka.changelog import end_offset, read_changelog
from streams.kafka.partitioner import partition_of
from streams.kafka.producers import TransactionFailedError
from streams.partition.work import Work
from streams.settings import Settings
from streams.worker import lane as module
from streams.worker import takeover
from streams.worker.broker import StageBroker
from tests.support.batches import NUMBER, PARTITIONS, group_comes_to, open_transaction, put, read
from tests.support.candidates import HEADERS, candidate, granted, granting, offer
from tests.support.patience import stretched
from tests.support.topic_changes import admin_of


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "PAUSE_LIMIT_S", 0.001)


async def test_what_the_budget_holds_goes_to_the_customers_partitions(settings: Settings) -> None:
    async with granting(settings) as stand:
        await offer(settings, [candidate(number, limit=30) for number in range(40)])
        await stand.worked(40)
    customers = [f"C{number:04}" for number in range(30)]
    expected = [(partition_of(customer.encode(), PARTITIONS, "murmur2"), customer) for customer in customers]
    assert sorted(await granted(settings)) == sorted(expected)
    [first, *_] = await read(settings, settings.output_topic("campaigns"))
    assert list(first.headers) == HEADERS
    assert json.loads(first.value)["id"] == f"{first.key.decode()}:gift:1"
    assert (stand.counted("granted"), stand.counted("refused")) == (30, 10)


async def test_what_is_spent_and_how_far_it_is_are_in_the_changelog(settings: Settings) -> None:
    async with granting(settings) as stand:
        await offer(settings, [candidate(number, limit=2) for number in range(3)])
        await stand.worked(3)
    found = await read_changelog(settings.client_options(), settings.budgets_changelog_topic, NUMBER, stretched(5))
    assert found.packed == {b'["gift","2026"]': b'{"triggers":2,"amount_e4":0,"refused":1}'}
    assert found.lane is not None
    assert found.lane.next_offsets == (3,)
    await group_comes_to(settings, [settings.candidates_topic], [3])


async def test_without_a_candidate_nothing_is_taken_over(settings: Settings) -> None:
    async with granting(settings) as stand:
        await asyncio.sleep(0.3)
        assert not stand.lane.serving
        assert stand.lane.partition is None
        await stand.lane.park()
        assert not stand.failed
    assert await end_offset(settings.client_options(), settings.budgets_changelog_topic, NUMBER) == 0


async def test_it_begins_where_its_topic_begins_now(settings: Settings) -> None:
    await offer(settings, [candidate(number) for number in range(3)])
    async with admin_of(settings) as admin:
        tp = TopicPartition(settings.candidates_topic, NUMBER)
        await admin.delete_records({tp: RecordsToDelete(before_offset=2)})
    async with granting(settings) as stand:
        assert (stand.lane.is_placed, stand.lane.next_offsets) == (True, [2])
        await stand.worked(1)
    assert [customer for _, customer in await granted(settings)] == ["C0002"]


async def test_a_first_candidate_wakes_it_and_none_is_lost(settings: Settings) -> None:
    async with granting(settings) as stand:
        await asyncio.sleep(0.1)
        for number in range(3):
            await offer(settings, [candidate(number)])
        await stand.worked(3)
    assert len(await granted(settings)) == 3


async def test_each_start_goes_on_where_the_one_before_ended(settings: Settings) -> None:
    for round_ in range(3):
        async with granting(settings) as stand:
            await offer(settings, [candidate(10 * round_ + number, limit=25) for number in range(10)])
            await stand.worked(10)
            await stand.lane.park()
            await offer(settings, [candidate(100 + round_, limit=25)])
            await stand.start()
            await stand.worked(11)
    assert len(set(await granted(settings))) == len(await granted(settings)) == 25


async def test_two_who_think_they_own_it_grant_no_more_than_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAILURES_LIMIT", 1_000_000)  # without pauses they take it from each other very often
    async with granting(settings) as former:
        await offer(settings, [candidate(number, limit=150) for number in range(100)])
        await former.until(lambda: former.lane.progress)
        # The newer one takes over while the former still works; a moment later that one is told that it has lost it.
        async with granting(settings) as newer:
            for first in range(100, 200, 20):
                await offer(settings, [candidate(first + number, limit=150) for number in range(20)])
            await former.lane.park()
            await offer(settings, [candidate(200 + number, limit=150) for number in range(10)])
            await newer.until(lambda: former.counted("refused") + newer.counted("refused") >= 60)
            assert not newer.failed
        assert not former.failed
    found = await granted(settings)
    assert len(found) == len(set(found)) == 150


class Forgetful(StageBroker):
    """The broker commits, and its answer is lost: once before the commit, once after it."""

    troubles: ClassVar[list[str]] = []

    def transactions(self, number: int, on_epoch_raised: Callable[[], None]) -> Any:
        made, troubles = super().transactions(number, on_epoch_raised), self.troubles
        commit = made.commit

        async def committed(work: Work, after: int = 0) -> int:
            trouble = troubles.pop(0) if troubles else None
            end = -1 if trouble == "before" else await commit(work, after)
            if trouble is not None:
                raise TransactionFailedError(trouble)
            return end

        made.commit = committed  # type: ignore[method-assign]
        return made


async def test_an_outcome_that_is_not_known_is_looked_up(settings: Settings) -> None:
    Forgetful.troubles[:] = ["before", "after"]
    async with granting(settings, Forgetful) as stand:
        for number in range(5):
            await offer(settings, [candidate(number, limit=3)])
        async with asyncio.timeout(stretched(20)):
            while await stand.broker.committed(NUMBER) != [5]:
                assert not stand.failed
    assert not Forgetful.troubles
    assert len(await granted(settings)) == 3


async def test_candidates_of_an_open_transaction_are_waited_for(settings: Settings) -> None:
    async with granting(settings) as stand, open_transaction(settings, settings.budgets_changelog_topic) as producer:
        await producer.send_and_wait(settings.candidates_topic, candidate(1), key=b"gift", partition=NUMBER)
        await asyncio.sleep(0.2)
        assert not stand.lane.progress
        await producer.abort_transaction()
        await offer(settings, [candidate(2)])
        await stand.worked(1)
    assert [customer for _, customer in await granted(settings)] == ["C0002"]


async def test_that_a_budget_is_spent_is_logged_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="streams.stages.budgets"):
        for first in (0, 10):
            async with granting(settings) as stand:
                await offer(settings, [candidate(first + number, limit=5) for number in range(10)])
                await stand.worked(10)
    ours = [record for record in caplog.records if record.name == "streams.stages.budgets"]
    said = [record.getMessage() for record in ours if record.levelno == logging.WARNING]
    assert said == ["campaign gift: the budget of 2026 has refused a first trigger"]


async def test_a_record_of_somebody_else_stops_the_worker_with_a_word(settings: Settings) -> None:
    async with granting(settings) as stand:
        await offer(settings, [candidate(1), b"{"])
        await stand.until(lambda: stand.failed)
    assert f"{settings.candidates_topic} partition {NUMBER}, from offset 0 on: a record" in str(stand.failed[0])
    assert await granted(settings) == []


@pytest.mark.parametrize(
    ("standing_at", "says"),
    [(9, "stands at offset 9, the topic holds 0 to 1"), (None, "1 states but no lane")],
)
async def test_a_changelog_that_does_not_fit_stops_the_worker(
    settings: Settings, standing_at: int | None, says: str
) -> None:
    lane = None if standing_at is None else pack_lane(LaneRecord((standing_at,), 1, 0))
    await put(settings, settings.budgets_changelog_topic, [(b'["gift","2026"]', b"{}"), (LANE_KEY, lane)])
    async with granting(settings) as stand:
        await offer(settings, [candidate(1)])
        await stand.until(lambda: stand.failed)
    assert says in str(stand.failed[0])


async def test_a_changelog_that_was_made_anew_stops_the_worker(settings: Settings) -> None:
    async with granting(settings) as stand:
        await offer(settings, [candidate(1)])
        await stand.worked(1)

    class Emptied(StageBroker):
        async def recover(self, number: int) -> Any:
            found = await super().recover(number)
            return found._replace(packed={}, lane=None)

    async with granting(settings, Emptied) as stand:
        await stand.until(lambda: stand.failed)
    assert "the group has offsets but the changelog is empty" in str(stand.failed[0])
