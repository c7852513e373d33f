"""What the topics are is held against what the state was made with."""

import re

import pytest
from aiokafka import TopicPartition

from streams.contracts.kept import KnownTopic, LaneRecord
from streams.contracts.packing import LANE_KEY, pack_lane, unpack_lane
from streams.kafka.newest import LOOK_BACK_FIRST, newest_records
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.unchanged import TopicsChangedError, check_unchanged, difference, with_topics
from streams.settings import Settings
from tests.support.batches import NUMBER, PARTITIONS, all_ended, batches, put, started

KNOWN = {"bank.loans": KnownTopic("first", 4), "tier.order": KnownTopic("o", 4), "tier.policies": KnownTopic("p", 1)}


def lane_of(topics: dict[str, KnownTopic]) -> LaneRecord:
    return LaneRecord((1, 2, 3, 4, 5), 6, 7, topics=topics)


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({}, None),
        ({"bank.loans": KnownTopic("second", 4)}, r"bank.loans was deleted and made anew: its id is second, .* first;"),
        ({"bank.loans": KnownTopic("first", 8)}, r"bank.loans has 8 partitions, .* under 4: .*topics grow --partit"),
        ({"tier.policies": KnownTopic("p", 2)}, "tier.policies has 2 partitions, the state was made under 1"),
        ({"tier.order": None}, r"tier.order, with which the state was made, is gone: restore it, or .*TIERFLOW_APP_ID"),
        ({"tier.order": KnownTopic("", 4)}, None),  # a broker that tells no ids
        ({"tier.more": KnownTopic("m", 4)}, None),  # a topic that a later release writes
    ],
)
def test_a_topic_that_is_another_is_named(now: dict[str, KnownTopic | None], says: str | None) -> None:
    found = {topic: known for topic, known in {**KNOWN, **now}.items() if known is not None}
    said = difference(lane_of(KNOWN), {*KNOWN, *now}, found)
    assert said is None if says is None else re.search(says, said or ""), said


def test_topics_of_other_settings_are_named() -> None:
    said = difference(lane_of(KNOWN), {"x.loans", "tier.order", "tier.policies"}, KNOWN)
    assert said is not None
    assert "bank.loans, which these settings do not name: write TIERFLOW_INPUT_PREFIX" in said


def test_an_older_lane_record_takes_the_topics_as_they_are() -> None:
    older = unpack_lane(pack_lane(lane_of({})))
    assert difference(older, KNOWN, {"bank.loans": KnownTopic("second", 8)}) is None
    adopted = with_topics(older, KNOWN)
    assert unpack_lane(pack_lane(adopted)) == lane_of(KNOWN)
    assert with_topics(adopted, {**KNOWN, "bank.loans": KnownTopic("", 4)}) == adopted  # a broker that tells no ids
    unknown = with_topics(older, {"bank.loans": KnownTopic("", 4)})
    assert with_topics(unknown, {"bank.loans": KnownTopic("first", 4)}).topics == {"bank.loans": KnownTopic("first", 4)}


async def test_the_broker_tells_ids_and_counts_and_makes_no_topic(settings: Settings) -> None:
    names = [settings.input_topic("loans"), settings.output_topic("policies"), "never-made"]
    for _ in range(2):
        found = await ask_for_topics(settings.client_options(), names)
        assert {topic: known.partitions for topic, known in found.items()} == {names[0]: PARTITIONS, names[1]: 1}
        assert len({known.id for known in found.values()}) == 2
        assert all(len(known.id) == 22 for known in found.values())


async def test_the_newest_record_is_found_however_far_back(settings: Settings) -> None:
    records = [(b"x", b"1"), (LANE_KEY, b"2"), *((b"x", b"3") for _ in range(3 * LOOK_BACK_FIRST))]
    await put(settings, settings.changelog_topic, records)
    tps = [TopicPartition(settings.changelog_topic, number) for number in range(PARTITIONS)]
    found = await newest_records(settings.client_options(), tps, lambda record: record.key == LANE_KEY)
    assert {tp: record.offset for tp, record in found.items()} == {tps[NUMBER]: 1}
    found = await newest_records(settings.client_options(), tps, lambda record: record.key == b"x")
    assert found[tps[NUMBER]].offset == 3 * LOOK_BACK_FIRST + 1


async def test_both_changelogs_are_looked_at(settings: Settings) -> None:
    names = [settings.input_topic("loans")]
    now = await ask_for_topics(settings.client_options(), names)
    await check_unchanged(settings)
    async with started(settings) as ours:  # a state that names no topics
        await ours.commit(batches(settings).next())
    await all_ended(settings, [settings.changelog_topic])  # or it would hide what is put there now
    await check_unchanged(settings)
    for changelog in (settings.changelog_topic, settings.budgets_changelog_topic):
        await put(settings, changelog, [(LANE_KEY, pack_lane(lane_of(dict(now))))])
        await check_unchanged(settings)
        other = {names[0]: KnownTopic("another", PARTITIONS)}
        await put(settings, changelog, [(LANE_KEY, pack_lane(lane_of(other)))])
        with pytest.raises(TopicsChangedError, match=f"{names[0]} was deleted and made anew"):
            await check_unchanged(settings)
        await put(settings, changelog, [(LANE_KEY, pack_lane(lane_of(dict(now))))])
