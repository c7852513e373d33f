"""Stages beside customers and budgets are audited with them, where what they write follows from one input."""

from typing import Any

import pytest

from streams.audit import run
from streams.audit.following import follows_from_one_input
from streams.audit.report import Report
from streams.partition.partition import Partition
from streams.settings import Settings, policy_folder, read_policy_file
from streams.stages.budgets import budgets_stage
from streams.stages.customers import customers_stage
from streams.stages.stage import Stage
from streams.stages.worked import worked_stages
from tests.support.counting import Counts, counting_stage

SETTINGS = Settings(policy=policy_folder() / "standard.toml", data_dir=policy_folder())
POLICY = read_policy_file(SETTINGS.policy, "TIERFLOW_POLICY")
COUNTING = counting_stage(SETTINGS)


class Unsteady(Counts):
    follows_from_inputs = False


def unsteady(*_: Any) -> Partition:
    return Unsteady(1)


@pytest.mark.parametrize(
    ("stage", "follows"),
    [
        (COUNTING, True),
        (budgets_stage(SETTINGS), True),
        (COUNTING._replace(open=unsteady), False),
        (COUNTING._replace(inputs=("one", "two")), False),
        (customers_stage(SETTINGS, POLICY, 4), False),
    ],
)
def test_a_stage_can_be_replayed_that_follows_from_one_input(stage: Stage, *, follows: bool) -> None:
    assert follows_from_one_input(stage) == follows


async def test_further_stages_are_audited_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    audited = []

    async def audit_stage(_options: Any, stage: Stage, partitions: int, _report: Any) -> None:
        audited.append((stage.name, partitions))

    further = (COUNTING, COUNTING._replace(name="unsteady", open=unsteady))
    monkeypatch.setattr(run, "worked_stages", lambda *given: (*worked_stages(*given), *further))
    monkeypatch.setattr(run, "audit_stage", audit_stage)
    report = Report()
    await run.audit_further_stages(SETTINGS, POLICY, 4, report)
    assert audited == [("counting", 4)]
    assert report.notes == ["stage unsteady: its outputs do not follow from one input: not compared"]
