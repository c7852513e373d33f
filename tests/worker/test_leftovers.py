"""A transaction whose end the broker has lost is aborted only while nobody can have seen any of it."""

import json

import msgspec
import pytest

from streams.contracts.outputs import CandidateMessage
from streams.kafka.partitioner import partition_of
from streams.partition.work import Work
from streams.settings import Settings
from streams.stages.budgets import budgets_stage
from streams.stages.customers import customers_stage
from streams.stages.stage import Stage
from streams.values.events import CUSTOMERS
from streams.worker.leftovers import can_be_aborted
from streams.worker.transactions import Transactions
from tests.support.batches import (
    ASSETS_ONLY,
    CUSTOMER,
    NUMBER,
    OTHER,
    OUTPUTS,
    PARTITIONS,
    all_ended,
    batches,
    open_transaction,
    put,
    started,
    written,
)
from tests.support.candidates import candidate, granted, granting, offer

[ELSEWHERE, *_] = [
    name for name in map("C{:04}".format, range(99)) if partition_of(name.encode(), PARTITIONS, "murmur2") == 0
]


async def asked(settings: Settings) -> bool:
    return await asked_of(settings, customers_stage(settings, ASSETS_ONLY, PARTITIONS))


async def asked_of(settings: Settings, stage: Stage) -> bool:
    counts = dict.fromkeys(stage.topics, PARTITIONS)
    return await can_be_aborted(settings.client_options(), stage, NUMBER, counts)


async def asked_of_grants(settings: Settings) -> bool:
    return await asked_of(settings, budgets_stage(settings))


async def commit(settings: Settings, ours: Transactions, work: Work) -> None:
    """Commits, and waits for the markers, as fencing does: what is asked here is asked after it."""
    await ours.commit(work)
    await all_ended(settings, [settings.changelog_topic, *map(settings.output_topic, OUTPUTS)])


async def test_where_nothing_is_open_nothing_is_aborted(settings: Settings) -> None:
    assert not await asked(settings)
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
    assert not await asked(settings)


async def test_what_is_open_in_the_changelog_and_in_the_order_is_aborted(settings: Settings) -> None:
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
        async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
            assert await asked(settings)


@pytest.mark.parametrize("decided", ["changelog", "order"])
async def test_what_is_decided_in_one_of_them_is_left_alone(settings: Settings, decided: str) -> None:
    topic = settings.output_topic("order") if decided == "changelog" else settings.changelog_topic
    async with open_transaction(settings, topic):
        assert not await asked(settings)


@pytest.mark.parametrize(
    ("customer", "sequence", "aborted"),
    [(CUSTOMER, 1, True), (CUSTOMER, 2, False), (OTHER, 1, False), (ELSEWHERE, 1, True)],  # the last one moved away
)
async def test_a_change_ahead_of_the_state_was_seen(
    settings: Settings, customer: str, sequence: int, caplog: pytest.LogCaptureFixture, *, aborted: bool
) -> None:
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
        change = json.dumps({"customer_id": customer, "sequence": sequence}).encode()
        await put(settings, settings.output_topic("changes"), [(customer.encode(), change)])
        async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
            assert await asked(settings) is aborted
    assert ("a part of an open transaction was seen" in caplog.text) is not aborted
    assert CUSTOMER not in caplog.text, "no log holds a customer id"


@pytest.mark.parametrize(
    ("customer", "sequence", "aborted"),
    [(CUSTOMER, 0, True), (CUSTOMER, 1, False), (OTHER, 1, False), (ELSEWHERE, 1, True)],
)
@pytest.mark.parametrize("number", range(2))
async def test_a_candidate_ahead_of_the_state_was_seen(
    settings: Settings, customer: str, sequence: int, number: int, *, aborted: bool
) -> None:
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
    trigger = {"id": "x", "customer_id": customer, "campaign": "gift", "sequence": sequence}
    await put(settings, settings.candidates_topic, [(b"gift", json.dumps({"trigger": trigger}).encode())], number)
    async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
        assert await asked(settings) is aborted


@pytest.mark.parametrize(("sequence", "aborted"), [(0, True), (1, False)])
async def test_a_trigger_ahead_of_the_state_was_seen(settings: Settings, sequence: int, *, aborted: bool) -> None:
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
    trigger = {"id": "x", "customer_id": CUSTOMER, "campaign": "gift", "sequence": sequence}
    await put(settings, settings.output_topic("campaigns"), [(CUSTOMER.encode(), json.dumps(trigger).encode())])
    async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
        assert await asked(settings) is aborted


@pytest.mark.parametrize(("offset", "aborted"), [(0, True), (1, False)])
async def test_a_decision_ahead_of_the_positions_was_seen(settings: Settings, offset: int, *, aborted: bool) -> None:
    async with started(settings) as ours:
        await commit(settings, ours, batches(settings).next())
    risk = {"positions": {settings.input_topic("balances"): offset}}
    await put(settings, settings.output_topic("risk"), [(CUSTOMER.encode(), json.dumps(risk).encode())])
    async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
        assert await asked(settings) is aborted


@pytest.mark.parametrize(("offset", "aborted"), [(0, True), (1, False)])
async def test_an_erasure_ahead_of_the_positions_was_seen(settings: Settings, offset: int, *, aborted: bool) -> None:
    made = batches(settings)
    made.partition.next_offsets[CUSTOMERS] = 1
    async with started(settings) as ours:
        await commit(settings, ours, made.next())
    erasure = {"cause": {"offset": offset}}
    await put(settings, settings.output_topic("erasures"), [(CUSTOMER.encode(), json.dumps(erasure).encode())])
    async with open_transaction(settings, settings.changelog_topic, settings.output_topic("order")):
        assert await asked(settings) is aborted


@pytest.mark.parametrize(("seen", "aborted"), [(None, True), (1, True), (3, True), (2, False)])
async def test_of_grants_a_trigger_not_yet_spent_was_seen(
    settings: Settings, seen: int | None, *, aborted: bool
) -> None:
    """Customer 1 is worked, 2 would be granted, 3 refused."""
    async with granting(settings) as stand:
        await offer(settings, [candidate(1, limit=2)])
        await stand.worked(1)
    await all_ended(settings, [settings.budgets_changelog_topic, settings.output_topic("campaigns")])
    assert not await asked_of_grants(settings)
    await offer(settings, [candidate(2, limit=2), candidate(3, limit=2)])
    if seen is not None:
        value = msgspec.json.decode(candidate(seen), type=CandidateMessage).trigger
        await put(settings, settings.output_topic("campaigns"), [(b"C%04d" % seen, bytes(value))], seen)
    async with open_transaction(settings, settings.budgets_changelog_topic):
        assert await asked_of_grants(settings) is aborted


async def test_aborting_grants_writes_nothing_and_work_goes_on(settings: Settings) -> None:
    async with granting(settings) as stand:
        await offer(settings, [candidate(1, limit=2)])
        await stand.worked(1)
        await stand.lane._owned._transactions.abort_leftovers()
        await offer(settings, [candidate(2, limit=2), candidate(3, limit=2)])
        await stand.worked(3)
    assert sorted(customer for _, customer in await granted(settings)) == ["C0001", "C0002"]


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
