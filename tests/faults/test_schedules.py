"""Random schedules of mixed faults (tests/faults/schedules/) from fixed seeds; `make faults` runs any others."""

from pathlib import Path

import pytest

from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH
from tests.faults.schedules.schedule import Result, run
from tests.support.patience import stretched

WORKERS = 3


# A worker that leaves a change out of a transaction now and then.
FORGETFUL = """
from streams.worker.transactions import Transactions
by_partition = Transactions._by_partition
async def forgetful(self, work, producer):
    records = await by_partition(self, work, producer)
    for tp, messages in records.items():
        if tp.topic.endswith(".changes") and len(messages) > 1:
            messages.pop()
    return records
Transactions._by_partition = forgetful
"""


async def ran(folder: Path, brokers: int, seed: int, faults: int | None, launch: str = LAUNCH) -> Result:
    cluster = Cluster(folder, brokers, WORKERS)
    try:
        await cluster.start()
        return await run(cluster, seed, folder / "schedule", faults, launch)
    finally:
        await cluster.stop()


@pytest.mark.timeout(stretched(600))
@pytest.mark.parametrize(
    ("brokers", "seed", "faults"),
    [(1, 18, 5), pytest.param(1, 3, None, marks=pytest.mark.soak), pytest.param(3, 4, None, marks=pytest.mark.soak)],
)
async def test_a_schedule_of_faults_leaves_no_anomaly(
    tmp_path: Path, brokers: int, seed: int, faults: int | None
) -> None:
    result = await ran(tmp_path, brokers, seed, faults)
    assert result.anomalies == []
    assert result.faults
    assert result.transactions


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
async def test_a_worker_with_a_defect_is_told_by_its_anomalies(tmp_path: Path) -> None:
    result = await ran(tmp_path, 1, 18, 2, FORGETFUL + LAUNCH)
    assert {"torn transaction", "audit"} <= {kind for kind, _ in result.anomalies}
