"""The lanes, take-over and transactions of the product, through schedules of faults that a seed decides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streams
from tests.simulation.faults import EVERYTHING
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import SCENES, simulated, told
from tests.simulation.scenes import Scene
from tests.simulation.world import Run, simulate

QUICK = {"small": range(1_000, 1_250), "bank": range(60)}
TRACES = """
from tests.simulation.scenes import Scene
from tests.simulation.world import simulate
print([(run.trail, run.steps, run.simulated_s) for run in (simulate(seed, Scene()) for seed in (3, 21, 68))])
"""
# By mutation: a schedule that shows it. `python -m tests.simulation.run --mutations 300` finds others.
SHOWN_BY = {
    "without fencing": 4,
    "b commits first": 91,
    "state kept after a failed commit": 2,
    "answers not awaited": 2,
    "late ends not minded": 389,
    "offsets of the group believed": 25,
    "gaps not seen": 6,
    "what arrived before taken again": 120,
    "queues kept over a take over": 7,
    "kept before the commit": 0,
    "state outside the transaction": 0,
    "fenced goes on": 80,
    "leftovers always aborted": 8,
}


@pytest.mark.parametrize("scene", QUICK)
def test_quick_schedules_meet_every_fault_and_show_no_anomaly(scene: str) -> None:
    failed: list[Run] = []
    met = simulated(QUICK[scene], SCENES[scene](), failed.append)
    assert not failed, told(simulate(failed[0].seed, SCENES[scene](), traces=True))
    if scene == "small":
        assert [what for what in EVERYTHING if not met[what]] == []


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_oracle_sees_the_product_made_wrong(mutation: str) -> None:
    with MUTATIONS[mutation]():
        assert simulate(SHOWN_BY[mutation], Scene()).anomalies


def test_a_seed_decides_everything() -> None:
    """Neither the hashes of strings nor where objects lie in memory change a schedule."""
    said = {
        subprocess.run(
            [sys.executable, "-c", TRACES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(streams.__file__).parent.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1
