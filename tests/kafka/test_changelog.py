"""A take-over knows all that was committed, or fails."""

import asyncio
import time

import pytest

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import LANE_KEY, pack_lane
from streams.kafka.changelog import ChangelogError, Recovered, end_offset, read_changelog
from streams.settings import Settings
from tests.support.batches import CUSTOMER, NUMBER, batches, open_transaction, put, started
from tests.support.patience import stretched

LANE = LaneRecord((3, 0, 0, 0, 0), 2, 7)


async def recovered(settings: Settings, deadline_s: float = stretched(5)) -> Recovered:
    return await read_changelog(settings.client_options(), settings.changelog_topic, NUMBER, deadline_s)


async def test_an_empty_changelog_is_a_beginning(settings: Settings) -> None:
    assert await recovered(settings) == Recovered({}, None, 0, 0)


async def test_the_newest_record_of_a_key_counts_and_tombstones_take_away(settings: Settings) -> None:
    records = [(b"x", b"1"), (b"y", b"1"), (LANE_KEY, pack_lane(LANE)), (b"x", b"2"), (b"y", None), (b"z", None)]
    await put(settings, settings.changelog_topic, records)
    assert await recovered(settings) == Recovered({b"x": b"2"}, LANE, 6, 6)


async def test_the_end_is_reached_though_the_last_record_is_a_marker(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        for _ in range(3):
            work = made.next()
            await ours.commit(work)
        found = await recovered(settings)
    assert set(found.packed) == {CUSTOMER.encode()}
    # Each batch writes its state, its lane record and a marker. The end that commit() foretells is no measure here: the
    # marker of one batch may come after the records of the next, and then it foretells one offset too few.
    assert (found.lane, found.end_offset, found.records) == (work.lane, 9, 6)


async def test_the_end_is_reached_though_the_last_records_are_aborted(settings: Settings) -> None:
    await put(settings, settings.changelog_topic, [(b"x", b"1"), (LANE_KEY, pack_lane(LANE))])
    async with open_transaction(settings, settings.changelog_topic):
        pass
    assert await recovered(settings) == Recovered({b"x": b"1"}, LANE, 4, 2)


async def test_states_without_a_lane_record_were_not_written_by_us(settings: Settings) -> None:
    await put(settings, settings.changelog_topic, [(b"x", b"1")])
    with pytest.raises(ChangelogError, match=r"1 states but no lane record.*TIERFLOW_APP_ID"):
        await recovered(settings)


async def test_a_foreign_open_transaction_stops_the_take_over_after_its_deadline(settings: Settings) -> None:
    async with open_transaction(settings, settings.changelog_topic):
        with pytest.raises(ChangelogError, match="has been open for 1 s and hides the state from offset 0 to 1"):
            await recovered(settings, 0.6)


async def test_a_foreign_transaction_that_ends_is_waited_for(settings: Settings) -> None:
    async with open_transaction(settings, settings.changelog_topic) as producer:
        reading = asyncio.create_task(recovered(settings, stretched(30)))
        started_at = time.monotonic()
        while time.monotonic() - started_at < 0.5:
            assert not reading.done()
            await asyncio.sleep(0.05)
        await producer.abort_transaction()
        assert await reading == Recovered({}, None, 2, 0)


async def test_a_foreign_transaction_before_ours_does_not_hide_what_we_commit(settings: Settings) -> None:
    async with started(settings) as ours, open_transaction(settings, settings.changelog_topic) as producer:
        work = batches(settings).next()
        await ours.commit(work)
        with pytest.raises(ChangelogError, match="hides the state"):
            await recovered(settings, 0.3)
        await producer.abort_transaction()
        found = await recovered(settings)
    assert found.lane == work.lane


async def test_the_end_counts_open_transactions(settings: Settings) -> None:
    async with open_transaction(settings, settings.changelog_topic):
        assert await end_offset(settings.client_options(), settings.changelog_topic, NUMBER) == 1
