"""Random schedules of mixed faults (tests/faults/schedules/) from fixed seeds; `make faults` runs any others."""

from pathlib import Path

import pytest

from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.schedule import run
from tests.support.patience import stretched

WORKERS = 3


@pytest.mark.timeout(stretched(600))
@pytest.mark.parametrize(
    ("brokers", "seed", "faults"),
    [(1, 18, 5), pytest.param(1, 3, None, marks=pytest.mark.soak), pytest.param(3, 4, None, marks=pytest.mark.soak)],
)
async def test_a_schedule_of_faults_leaves_no_anomaly(
    tmp_path: Path, brokers: int, seed: int, faults: int | None
) -> None:
    cluster = Cluster(tmp_path, brokers, WORKERS)
    try:
        await cluster.start()
        result = await run(cluster, seed, tmp_path / "schedule", faults)
    finally:
        await cluster.stop()
    assert result.anomalies == []
    assert result.faults
    assert result.transactions
