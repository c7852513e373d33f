"""The topics of `tierflow intake`: what they may be, what its state depends on, and what it notices of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.cli.start import with_http_port
from streams.contracts.kept import KnownTopic, LaneRecord
from streams.errors import UsageError
from streams.intake.compile.mapping import load_mapping
from streams.kafka.intake_topics import ensure_intake_topics
from streams.kafka.unchanged import difference
from streams.settings import Settings
from streams.stages.sources import source_stages, topics_of
from streams.stages.stage import Stage
from streams.worker.intake_app import IntakeApp
from tests.support.sources import MAPPING, PARTITIONS, Core


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
