"""docs/privacy.md leaves no topic out, and says of none what it is not made with."""

import re
from pathlib import Path

import pytest

from streams.kafka.topic_specs import CLEANUP_POLICY, intake_specs, topic_specs
from streams.policy.compile.load import load_policy
from streams.settings import Settings, policy_folder
from streams.stages.worked import worked_stages

PAGE = (Path(__file__).parents[1] / "docs" / "privacy.md").read_text("utf-8")
SETTINGS = Settings.from_environment(
    {"TIERFLOW_ACCOUNTS": "on", "TIERFLOW_RATES": "on", "TIERFLOW_TABLES": "connect"}, dotenv=None
)
SPECS = {spec.name: spec for spec in (*topic_specs(SETTINGS), *intake_specs(SETTINGS, ["{source}"]))}
TABLE = PAGE[PAGE.index("| topic |") : PAGE.index("| elsewhere |")]
# By topic: what holds it of a customer, cleanup, what it is gone after, what an erase does.
ROWS = {
    name.replace("{app id}", SETTINGS.app_id): cells
    for first, *cells in (row.strip("| ").split(" | ") for row in TABLE.splitlines()[2:] if row)
    for name in re.findall(r"`(.+?)`", first)
}


def test_the_table_has_every_topic_and_no_other() -> None:
    assert sorted(ROWS) == sorted(SPECS)


def test_the_topics_of_every_stage_are_among_them() -> None:
    policy = load_policy((policy_folder() / "standard.toml").read_text())
    assert {topic for stage in worked_stages(SETTINGS, policy, 1) for topic in stage.topics} <= ROWS.keys()


@pytest.mark.parametrize("topic", SPECS)
def test_each_topic_goes_by_what_it_is_made_with(topic: str) -> None:
    _, cleanup, gone_after, erase = ROWS[topic]
    assert cleanup == SPECS[topic].config[CLEANUP_POLICY]
    assert ("`retention.ms`" in gone_after) is (cleanup == "delete")
    assert erase


@pytest.mark.parametrize("setting", ["max.compaction.lag.ms", "segment.ms", "delete.retention.ms"])
def test_the_settings_of_compaction_are_named(setting: str) -> None:
    assert f"`{setting}`" in PAGE
    assert all(setting in spec.config for spec in SPECS.values() if spec.config[CLEANUP_POLICY] == "compact")
