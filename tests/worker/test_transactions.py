"""One transaction a batch: all of it or nothing, and never two owners at once."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka import transactional as module
from streams.kafka.changelog import end_offset, read_changelog
from streams.kafka.never_taken import NeverTakenError
from streams.kafka.offsets import InputOffsets
from streams.kafka.producers import TransactionFailedError
from streams.kafka.unchanged import TopicsChangedError
from streams.metrics import STEPS
from streams.partition.outputs import sent_to
from streams.partition.work import CAMPAIGNS, CANDIDATES, CHANGES, DEAD_LETTERS, RISK, Message, Work
from streams.settings import Settings
from streams.stages.customers import partition_setup
from streams.stages.placing import place_of_campaigns
from tests.support.batches import (
    ASSETS_ONLY,
    NUMBER,
    PARTITIONS,
    Batches,
    batches,
    group_comes_to,
    read,
    started,
    told,
    transactions,
    written,
)
from tests.support.patience import stretched, until
from tests.support.works import with_output

NAMES = {0: "Produce", 24: "AddPartitionsToTxn", 25: "AddOffsetsToTxn", 26: "EndTxn", 28: "TxnOffsetCommit"}
ALL_OF_ONE_CHANGE = {"changes": 1, "current": 1, "order": 1, "changelog": 2}


async def test_a_commit_shows_all_together_and_moves_the_offsets_of_all_topics(settings: Settings) -> None:
    async with started(settings) as ours:
        end = await ours.commit(batches(settings).next())
    assert await written(settings) == ALL_OF_ONE_CHANGE
    assert end == await end_offset(settings.client_options(), settings.changelog_topic, NUMBER)
    await group_comes_to(settings, settings.input_topics(), [1, 0, 0, 0, 0])
    offsets = InputOffsets(settings.client_options(), settings.app_id, settings.input_topics())
    assert await offsets.committed(NUMBER - 1) == [None] * 5


async def test_triggers_and_risk_go_to_their_topics_and_candidates_to_the_partitions_of_their_campaigns(
    settings: Settings,
) -> None:
    headers = [("ce_id", b"1")]
    candidates = [Message(f"campaign-{number}".encode(), f"{number}".encode(), headers) for number in range(20)]
    work = with_output(batches(settings).next(), CAMPAIGNS, [Message(b"C", b"trigger", headers)])
    work = with_output(work, RISK, [Message(b"C", b"risk", headers)])
    work = with_output(work, CANDIDATES, candidates)
    async with started(settings) as ours:
        await ours.commit(work)
    for name, value in (("campaigns", b"trigger"), ("risk", b"risk")):
        [record] = await read(settings, settings.output_topic(name))
        assert (record.key, record.value, list(record.headers)) == (b"C", value, headers)
    found = [
        (record.key, record.value, list(record.headers))
        for number in range(PARTITIONS)
        for record in await read(settings, settings.candidates_topic, number)
        if place_of_campaigns()(record.key, PARTITIONS) == number
    ]
    assert sorted(found) == sorted(map(tuple, candidates))


def oversized_change(work: Work) -> Work:
    return with_output(work, CHANGES, [*sent_to(work, CHANGES), Message(b"C", bytes(2 << 20), [])])


def oversized_dead_letter(work: Work) -> Work:
    return with_output(work, DEAD_LETTERS, [Message(b"C", bytes(5 << 20), [])])


def oversized_state(work: Work) -> Work:
    return work._replace(states={**work.states, b"C": bytes(9 << 20)})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (oversized_change, r"changes partition \d refuses a record, 2,\d+,\d+ bytes .*changes, which is 1,048,588 "),
        (oversized_dead_letter, r"dead-letters partition \d refuses a record, .*dead-letters, which is 4,194,304 "),
        (oversized_state, r"changelog partition \d refuses a record, .*MessageSizeTooLarge.*, which is 8,388,608 "),
    ],
)
async def test_what_is_too_large_fails_the_whole_transaction_and_is_not_tried_again(
    settings: Settings, spoil: object, says: str
) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        await ours.commit(made.next())
        with pytest.raises(NeverTakenError, match=says):
            await ours.commit(spoil(made.next("600000")))  # type: ignore[operator]
    async with started(settings) as ours:
        assert await written(settings) == ALL_OF_ONE_CHANGE
        await ours.commit(batches(settings).next())
    assert (await written(settings))["changes"] == 2


async def test_past_the_deadline_the_outcome_is_unknown_but_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        for deadline_s in (0.0, 0.002, 0.004, 0.008):
            monkeypatch.setattr(module, "DEADLINE_S", deadline_s)
            try:
                await ours.commit(made.next())
            except TransactionFailedError as error:
                assert "TimeoutError" in str(error)  # noqa: PT017 - it may as well have been in time
                break
    monkeypatch.undo()
    async with started(settings):
        found = await read_changelog(settings.client_options(), settings.changelog_topic, NUMBER, stretched(5))
    committed = await written(settings)
    counter = 0 if found.lane is None else found.lane.counter
    assert committed.get("order", 0) == counter
    assert committed.get("changelog", 0) == 2 * counter


async def test_a_failed_transaction_is_not_gone_on_with(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        with pytest.raises(NeverTakenError):
            await ours.commit(oversized_change(made.next()))
        # The other producer's turn comes next; then the failed one's, which holds an error and an open transaction.
        await ours.commit(made.next())
        with pytest.raises(TransactionFailedError):
            await ours.commit(made.next())


async def test_taking_over_fences_both_producers_of_the_former_owner(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as former:
        await former.commit(made.next())
        async with started(settings) as ours:
            for _ in range(2):
                with pytest.raises(TransactionFailedError):
                    await former.commit(made.next())
            await ours.commit(Batches(partition_setup(settings, ASSETS_ONLY, NUMBER, PARTITIONS)).next())
    assert (await written(settings))["order"] == 2


async def test_taking_over_ends_the_open_transaction_of_a_former_owner(settings: Settings) -> None:
    producer = AIOKafkaProducer(
        **settings.client_options(), transactional_id=f"{settings.app_id}-{NUMBER}-b", transaction_timeout_ms=60_000
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(settings.changelog_topic, b"half", key=b"half", partition=NUMBER)
        async with started(settings):
            found = await read_changelog(settings.client_options(), settings.changelog_topic, NUMBER, stretched(5))
        assert (found.packed, found.records, found.end_offset) == ({}, 0, 2)
    finally:
        await producer.stop()


@pytest.mark.usefixtures("protocol")
async def test_of_two_that_take_over_at_once_only_one_can_commit(settings: Settings) -> None:
    """Ours starts `a`, stalls; the other starts both and commits; ours starts `b`, and reads the changelog.

    The other's `a` and our `b` are then both valid: were `b` the first to go, both would commit on the same state.
    """
    ours, other = transactions(settings), transactions(settings)
    theirs = batches(settings)
    try:
        await ours._producers.start_producer(ours._producers._ids[0])
        await other.start()
        await other.commit(theirs.next())
        await ours._producers.start_producer(ours._producers._ids[1])
        found = await read_changelog(settings.client_options(), settings.changelog_topic, NUMBER, stretched(5))
        mine = Batches(partition_setup(settings, ASSETS_ONLY, NUMBER, PARTITIONS), found.lane)
        outcomes = [
            await asyncio.gather(other.commit(theirs.next()), return_exceptions=True),
            await asyncio.gather(ours.commit(mine.next()), return_exceptions=True),
        ]
    finally:
        await asyncio.gather(ours.stop(), other.stop())
    committed = [outcome for (outcome,) in outcomes if not isinstance(outcome, BaseException)]
    assert len(committed) <= 1
    counters = [order["counter"] for order in told(await read(settings, settings.output_topic("order")))]
    assert len(counters) == len(set(counters))


async def test_two_producers_in_turn_keep_the_order(settings: Settings) -> None:
    made = batches(settings)
    async with started(settings) as ours:
        for amount in ("1", "600000", "5000000") * 8:
            await ours.commit(made.next(amount))
    orders = told(await read(settings, settings.output_topic("order")))
    assert [order["counter"] for order in orders] == list(range(1, 25))
    changes = told(await read(settings, settings.output_topic("changes")))
    assert [change["sequence"] for change in changes] == list(range(1, 25))


async def test_a_transaction_takes_three_round_trips_and_two_in_the_second_protocol(
    settings: Settings, protocol: int
) -> None:
    made, heard = batches(settings), list[list[str]]()
    async with started(settings) as ours:
        for amount in ("1", "600000", "1"):  # each producer knows by then whom to ask
            await ours.commit(made.next(amount))
        producer = ours._producers._producers[1]
        send = producer._send_unwatched

        async def heard_send(node: object, request: Any, **options: object) -> object:
            heard[-1].append(NAMES[request.API_KEY])
            answer = await send(node, request, **options)
            heard[-1].append("answer")
            return answer

        producer._send_unwatched = heard_send
        adds = {1: ["AddPartitionsToTxn", "AddOffsetsToTxn", "answer", "answer"], 2: []}[protocol]
        shortest = [*adds, "Produce", "TxnOffsetCommit", "answer", "answer", "EndTxn", "answer"]
        sent = slice(len(adds), len(adds) + 2)

        async def is_as_short() -> bool:
            for amount in ("600000", "1"):
                heard.append([])
                await ours.commit(made.next(amount))
            for each in heard:
                each[sent] = sorted(each[sent])
            return shortest in heard

        # Not each is: a broker that has not ended the transaction before asks to be asked again.
        await until(is_as_short, 20, "a transaction takes as few")
        steps = set(ours.round_trips)
    assert steps == {"produce", "offsets", "end"} | ({"add_partitions", "add_offsets"} if protocol == 1 else set())
    assert steps <= STEPS.keys()


async def test_a_batch_larger_than_a_record_batch_is_committed_whole(settings: Settings) -> None:
    work = batches(settings).next()
    many = [
        Message(key, (value or b"") + b" " * 100_000, headers) for key, value, headers in sent_to(work, CHANGES) * 30
    ]
    async with started(settings) as ours:
        end = await ours.commit(with_output(work, CHANGES, many))
    assert (await written(settings))["changes"] == 30
    assert end == await end_offset(settings.client_options(), settings.changelog_topic, NUMBER)


@pytest.mark.parametrize(("offset", "is_wrong"), [(50, False), (49, False), (48, True), (0, True)])
async def test_records_may_be_written_before_the_marker_of_the_commit_before(
    names: dict[str, str], offset: int, *, is_wrong: bool
) -> None:
    """The commit before ended at 50 with its marker, and the broker writes markers when it comes to that."""
    ours = transactions(Settings.from_environment(names, dotenv=None))
    with pytest.raises(TopicsChangedError) if is_wrong else nullcontext():
        ours._check_end(offset, after=50)
