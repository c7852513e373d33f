"""The lanes, take-over and transactions of the product, through schedules of faults that a seed decides."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import streams
from tests.simulation.faults import EVERYTHING, STRUCK
from tests.simulation.kept import as_json, from_json, kept_schedules
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import SCENES, simulated, told
from tests.simulation.scenes import Scene
from tests.simulation.world import Run, simulate, simulate_kept

QUICK = {"small": range(1_000, 1_250), "bank": range(60)}
TRACES = """
from tests.simulation.scenes import Scene
from tests.simulation.world import simulate
print([(run.trail, run.steps, run.simulated_s) for run in (simulate(seed, Scene()) for seed in (3, 21, 68))])
"""
KEPT = kept_schedules()
SEEDS, MANY_SEEDS = 300, 1_500
# What so few schedules may miss.
RARELY_MET = {
    *(each for each in STRUCK if "in the end of" in each or "ending what" in each),
    "left open: aborted",
    "timed out by the broker",
    "away for longer than a transaction has",
}


@pytest.mark.parametrize("scene", QUICK)
def test_quick_schedules_meet_every_fault_and_show_no_anomaly(scene: str) -> None:
    failed: list[Run] = []
    met = simulated(QUICK[scene], SCENES[scene](), failed.append)
    assert not failed, told(simulate(failed[0].seed, SCENES[scene](), traces=True))
    if scene == "small":
        assert [what for what in EVERYTHING if not met[what] and what not in RARELY_MET] == []


@pytest.mark.soak
def test_many_schedules_meet_what_is_rare() -> None:
    met = simulated(range(MANY_SEEDS), Scene(), lambda run: pytest.fail(told(run)))
    assert [what for what in EVERYTHING if not met[what]] == []


@pytest.mark.parametrize("name", KEPT)
def test_a_schedule_that_was_kept_shows_no_anomaly(name: str) -> None:
    run = simulate_kept(KEPT[name], Scene(), traces=True)
    assert not run.anomalies, told(run)


@pytest.mark.parametrize("mutation", [name for name in KEPT if name in MUTATIONS])
def test_the_oracle_calls_it_by_its_name_where_the_product_is_made_wrong(mutation: str) -> None:
    """Where the kept schedule shows it no more, as after a change of what the product asks, others are gone through.

    `python -m tests.simulation.run --mutations 1500` then keeps another one.
    """
    with MUTATIONS[mutation].mutated():
        anomalies = simulate_kept(KEPT[mutation], Scene()).anomalies
    assert MUTATIONS[mutation].kinds & {anomaly.kind for anomaly in anomalies} or is_seen(mutation, SEEDS)


@pytest.mark.parametrize("name", [name for name in KEPT if name.startswith("the broker is away")])
def test_workers_wait_for_a_broker_that_is_away_for_longer_than_a_transaction_has(name: str) -> None:
    met = simulate_kept(KEPT[name], Scene()).met
    assert met["away for longer than a transaction has"]
    assert not met["worker ended by itself"]


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_that_is_kept_is_the_one_that_was_drawn(seed: int) -> None:
    drawn = simulate(seed, Scene())
    kept = simulate_kept(from_json(json.loads(json.dumps(as_json(drawn.schedule)))), Scene())
    assert (kept.steps, kept.simulated_s, kept.anomalies) == (drawn.steps, drawn.simulated_s, drawn.anomalies)


@pytest.mark.soak
@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
def test_the_oracle_sees_each_mutation_in_schedules_of_now(mutation: str) -> None:
    assert is_seen(mutation, MANY_SEEDS)


def is_seen(mutation: str, seeds: int) -> bool:
    """Says whether one of the first schedules shows the kind of anomaly that the mutation leads to."""
    with MUTATIONS[mutation].mutated():
        return any(
            anomaly.kind in MUTATIONS[mutation].kinds
            for seed in range(seeds)
            for anomaly in simulate(seed, Scene()).anomalies
        )


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
