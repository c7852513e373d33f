"""Random schedules of mixed faults (tests/faults/schedules/) from fixed seeds; `make faults` runs any others."""

from collections.abc import Sequence
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


async def ran(
    folder: Path, brokers: int, seeds: Sequence[int], faults: int | None, launch: str = LAUNCH
) -> list[Result]:
    cluster, found = Cluster(folder, brokers, WORKERS), list[Result]()
    try:
        await cluster.start()
        await run(cluster, seeds, folder / "stand", found.append, faults, launch)
    finally:
        await cluster.stop()
    return found


@pytest.mark.timeout(stretched(600))
@pytest.mark.parametrize(
    ("brokers", "seeds"),
    [
        (1, [7]),
        pytest.param(1, range(10, 20), marks=pytest.mark.soak),
        pytest.param(3, range(20, 25), marks=pytest.mark.soak),
    ],
)
async def test_schedules_of_faults_leave_no_anomaly(tmp_path: Path, brokers: int, seeds: Sequence[int]) -> None:
    results = await ran(tmp_path, brokers, seeds, None)
    assert [anomaly for result in results for anomaly in result.anomalies] == []
    assert [result.seed for result in results] == list(seeds)
    assert all(result.faults and result.transactions for result in results)
    assert [result.is_audited for result in results] == [False] * (len(seeds) - 1) + [True]


@pytest.mark.soak
@pytest.mark.timeout(stretched(600))
async def test_a_worker_with_a_defect_is_told_by_its_anomalies(tmp_path: Path) -> None:
    [result] = await ran(tmp_path, 1, [18], 2, FORGETFUL + LAUNCH)
    assert {"torn transaction", "audit"} <= {kind for kind, _ in result.anomalies}
