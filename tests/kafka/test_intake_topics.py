"""The topics of `tierflow intake`: what they may be, what its state depends on, and what it notices of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic

from streams.cli.intake_run import mapping_with_topics
from streams.cli.start import with_http_port
from streams.contracts.kept import KnownTopic, LaneRecord
from streams.errors import UsageError
from streams.intake.compile.mapping import load_mapping
from streams.kafka.intake_topics import ensure_intake_topics
from streams.kafka.topics import raise_partitions, wait_until_led
from streams.kafka.unchanged import difference
from streams.settings import Settings
from streams.stages.sources import source_stages, topics_of
from streams.stages.stage import Stage
from streams.worker.intake_app import IntakeApp
from tests.support.sources import MAPPING, PARTITIONS, Core
from tests.support.topic_changes import admin_of


@pytest.mark.parametrize(
    "topic",
    [
        lambda of: of.input_topic("transactions"),
        lambda of: of.output_topic("changes"),
        lambda of: of.output_topic("source-dead-letters"),
        lambda of: of.changelog_topic,
        lambda of: of.intake_changelog("other"),
    ],
)
async def test_a_topic_of_tierflow_is_no_source(settings: Settings, topic: Callable[[Settings], str]) -> None:
    with pytest.raises(UsageError, match="would be read again, without end"):
        await ensure_intake_topics(settings, {"bookings": topic(settings), "other": "core.other"})


def stage(settings: Settings) -> Stage:
    [made] = source_stages(settings, load_mapping(MAPPING.format(topic="core.bookings")))
    return made


def test_its_state_depends_on_the_ids_of_source_and_changelog_and_on_no_number(settings: Settings) -> None:
    worked = stage(settings)
    changelog = settings.intake_changelog("bookings")
    now = {topic: KnownTopic(f"id of {topic}", 4) for topic in (*worked.topics, settings.input_topic("loans"))}
    lane = LaneRecord((0,), 0, 0, topics=dict(worked.noted(now)))
    assert lane.topics.keys() == {"core.bookings", changelog}
    grown = {topic: known._replace(partitions=8) for topic, known in now.items()}
    assert difference(lane, {"core.bookings", changelog}, grown) is None
    for topic in ("core.bookings", changelog):
        said = difference(lane, worked.topics, {**now, topic: KnownTopic("another", 4)})
        assert f"the topic {topic} was deleted and made anew" in (said or "")


async def test_it_notices_a_source_that_grows_or_is_made_anew_without_a_lane_of_it(
    settings: Settings, tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    await core.make()
    mapping = load_mapping(core.mapping.read_text())
    made = await ensure_intake_topics(core.settings, topics_of(mapping))
    app = IntakeApp(with_http_port(core.settings), mapping, made.counts)
    await app.before_lanes()
    assert (await app.why_changed(), await app.grown()) == (None, None)
    await core.grow(PARTITIONS + 2)
    assert await app.why_changed() is None
    assert f"{core.topic} has {PARTITIONS + 2} partitions, it had {PARTITIONS}" in (await app.grown() or "")
    again = await ensure_intake_topics(core.settings, topics_of(mapping))
    assert again.counts[settings.intake_changelog("bookings")] == PARTITIONS + 2
    await core.delete()
    assert f"{core.topic}, with which the state was made, is gone" in (await app.why_changed() or "")
    await core.make()
    assert f"{core.topic} was deleted and made anew" in (await app.why_changed() or "")


async def test_the_topics_of_accounts_are_made_where_accounts_are_joined_and_checked(settings: Settings) -> None:
    settings = replace(settings, accounts=True)
    with pytest.raises(UsageError, match=f"missing: .*{settings.by_account_topic}"):
        await ensure_intake_topics(settings, {}, makes=False)
    made = await ensure_intake_topics(settings, {})
    own = {settings.input_topic("accounts"), settings.by_account_topic}
    own |= {settings.account_records_changelog, settings.accounts_changelog_topic}
    assert own <= set(made.made)
    assert {made.counts[topic] for topic in own} == {made.counts[settings.input_topic("loans")]}
    assert (await ensure_intake_topics(settings, {}, makes=False)).made == []
    await raise_partitions(settings, [settings.input_topic("accounts")], PARTITIONS + 3)
    again = await ensure_intake_topics(settings, {})
    assert again.counts[settings.account_records_changelog] == PARTITIONS + 3
    await raise_partitions(settings, [settings.by_account_topic], PARTITIONS + 3)
    with pytest.raises(UsageError, match="accounts would be worked where their state is not"):
        await ensure_intake_topics(settings, {})


async def test_the_brokers_time_has_to_stand_in_bookings_by_account(settings: Settings) -> None:
    settings = replace(settings, accounts=True)
    async with admin_of(settings) as admin:
        await admin.create_topics([NewTopic(settings.by_account_topic, PARTITIONS, 1)])
        await wait_until_led(admin, [settings.by_account_topic], PARTITIONS)
    with pytest.raises(UsageError, match="must stamp records with the broker's time"):
        await ensure_intake_topics(settings, {})


@pytest.mark.parametrize("accounts", [False, True])
def test_records_without_a_customer_need_that_accounts_are_joined(
    settings: Settings, tmp_path: Path, *, accounts: bool
) -> None:
    mapping = tmp_path / "sources.toml"
    settings = replace(settings, accounts=accounts, sources=mapping)
    if accounts:
        assert mapping_with_topics(settings).sources == {}
    mapping.write_text(MAPPING.format(topic="core.bookings").replace('customer_id = "owner"\n', ""))
    if accounts:
        assert mapping_with_topics(settings).sources.keys() == {"bookings"}
    else:
        with pytest.raises(UsageError, match="write TIERFLOW_ACCOUNTS=on, so that they are joined, or customer_id"):
            mapping_with_topics(settings)
