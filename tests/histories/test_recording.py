"""What a recorded history is made of, and that a worker with a defect is told by it; `make histories` runs any seed."""

from pathlib import Path

import pytest

from streams.policy.compile.load import load_policy
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH
from tests.faults.schedules.plan import kinds, phases
from tests.histories.checking import LINEARIZABLE, NOT_LINEARIZABLE, Checker, NoCheckerError, Verdict
from tests.histories.operation import write
from tests.histories.policies import CAMPAIGNS, FLOORS, document, limits
from tests.histories.recording import FAULTS, record
from tests.support.patience import stretched

WORKERS = 2

# Each is a worker with one defect.
STALE = """
import time
from streams.worker.serving import WorkerSource
customer, shown = WorkerSource.customer, {}
def stale(self, customer_id):
    at, view = shown.get(customer_id, (0, None))
    if time.monotonic() - at > 1:
        at, view = shown[customer_id] = time.monotonic(), customer(self, customer_id)
    return view
WorkerSource.customer = stale
"""
GENEROUS = """
from streams.partition.budgets import Budgets
grant = Budgets._grant
def generous(self, candidate):
    return grant(self, candidate) or candidate.id.endswith("3")
Budgets._grant = generous
"""
FICKLE = """
import asyncio
from streams.worker.app import TierflowApp
adopt_newer = TierflowApp.adopt_newer
def fickle(self, offset, document):
    before = self.policy
    adopt_newer(self, offset, document)
    asyncio.get_running_loop().call_later(1, self.adopt, before)
TierflowApp.adopt_newer = fickle
"""


def test_versions_differ_in_the_name_of_their_measure_and_in_what_budgets_hold() -> None:
    first, third = load_policy(document(1)), load_policy(document(3))
    assert [[measure.name for measure in policy.measures] for policy in (first, third)] == [["v1"], ["v3"]]
    assert first.floors_e16 == third.floors_e16
    assert sorted(floor // 10**16 for floor in first.floors_e16) == sorted(set(FLOORS.values()) - {0})
    for policy, version in ((first, 1), (third, 3)):
        budgets = {campaign.id: campaign.budget for campaign in policy.campaigns}
        assert budgets.keys() == set(CAMPAIGNS)
        for campaign, budget in budgets.items():
            assert budget is not None
            amount = None if budget.amount_e4 is None else budget.amount_e4 // 10_000
            assert (budget.triggers, amount) == limits(campaign, version)


def test_the_faults_of_a_history_are_some_of_those_of_a_schedule() -> None:
    assert set(FAULTS) < set(kinds(1))
    planned = [step for seed in range(100) for phase in phases(seed, 1, 3, 4, FAULTS) for step in phase]
    assert {step.name for step in planned} == set(FAULTS)
    assert len(planned) == 400


async def recorded(folder: Path, seed: int, faults: int, launch: str = LAUNCH) -> Verdict:
    try:
        checker = Checker(folder / "checker")
    except NoCheckerError as error:
        pytest.skip(str(error))
    cluster, file = Cluster(folder, 1, WORKERS), folder / "history.jsonl"
    try:
        await cluster.start()
        write(file, (await record(cluster, seed, folder / "schedule", faults, launch)).operations)
    finally:
        await cluster.stop()
    return checker.verdict([file], folder / "pictures")


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
async def test_what_clients_see_during_faults_is_linearizable(tmp_path: Path) -> None:
    status, said = await recorded(tmp_path, 1, 4)
    assert status == LINEARIZABLE, said


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
@pytest.mark.parametrize(("defect", "kind"), [(STALE, "customer"), (GENEROUS, "budget"), (FICKLE, "policy")])
async def test_a_worker_with_a_defect_is_told(tmp_path: Path, defect: str, kind: str) -> None:
    status, said = await recorded(tmp_path, 2, 2, defect + LAUNCH)
    assert status == NOT_LINEARIZABLE, said
    assert f"NOT linearizable: {kind}" in said
