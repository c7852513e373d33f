"""A transaction whose end the broker has lost is aborted only while nobody can have seen any of it."""

import json

import pytest
from works import CUSTOMER, NUMBER, batches, open_transaction, put, started, written

from streams.kafka.leftovers import can_be_aborted
from streams.kafka.surroundings import output_topics
from streams.settings import Settings


async def asked(settings: Settings) -> bool:
    return await can_be_aborted(settings.client_options(), output_topics(settings), NUMBER)


async def test_where_nothing_is_open_nothing_is_aborted(settings: Settings) -> None:
    assert not await asked(settings)
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
    await written(settings)  # waits for the markers, as fencing does
    assert not await asked(settings)


async def test_what_is_open_in_the_changelog_and_in_the_order_is_aborted(settings: Settings) -> None:
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
        async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
            assert await asked(settings)


@pytest.mark.parametrize("decided", ["changelog", "order"])
async def test_what_is_decided_in_one_of_them_is_left_alone(settings: Settings, decided: str) -> None:
    topic = settings.output_topic("order") if decided == "changelog" else settings.changelog_topic
    async with open_transaction(settings, topic):
        assert not await asked(settings)


@pytest.mark.parametrize(
    ("customer", "sequence", "aborted"), [(CUSTOMER, 1, True), (CUSTOMER, 2, False), ("C", 1, False)]
)
async def test_a_change_ahead_of_the_state_was_seen(
    settings: Settings, customer: str, sequence: int, *, aborted: bool
) -> None:
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
        change = json.dumps({"customer_id": customer, "sequence": sequence}).encode()
        await put(settings, settings.output_topic("changes"), [(customer.encode(), change)])
        async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
            assert await asked(settings) is aborted


async def test_aborting_writes_nothing_that_is_seen_and_work_goes_on(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        await ours.commit(made.next())
        before = await written(settings)
        await ours.abort_leftovers()
        assert await written(settings) == before
        for amount in ("600000", "1"):
            await ours.commit(made.next(amount))
    assert (await written(settings))["changes"] == 3
