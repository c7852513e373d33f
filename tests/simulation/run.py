"""Many schedules: `python -m tests.simulation.run --seed 0 --runs 1000`. A failing one is made smaller, and told."""

import argparse
import gc
import json
import os
import pickle
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.simulation.bank import Bank
from tests.simulation.faults import EVERYTHING
from tests.simulation.kept import Schedule, as_json, keep, kept_schedules, made_smaller
from tests.simulation.mutations import MUTATIONS
from tests.simulation.scenes import Scene
from tests.simulation.world import Run, simulate, simulate_kept

SCENES: Mapping[str, Callable[[], Scene]] = {"small": Scene, "bank": Bank}
COLLECT_EVERY = 20
IN_A_CHILD = 100  # schedules
TELL_EVERY_S = 60.0


def simulated(
    seeds: range,
    scene: Scene,
    on_failure: Callable[[Run], None],
) -> Counter[str]:
    """Runs schedules, and counts what they met. on_failure: called with each that shows an anomaly."""
    met: Counter[str] = Counter()
    was_enabled = gc.isenabled()
    gc.disable()  # a schedule leaves thousands of circles, which are collected together
    try:
        for number, seed in enumerate(seeds):
            run = simulate(seed, scene)
            met += run.met
            if run.anomalies:
                on_failure(run)
            if not number % COLLECT_EVERY:
                gc.collect()
    finally:
        if was_enabled:
            gc.enable()
    return met


def in_children(seeds: range, scene: Scene) -> Iterator[Sequence[Run]]:
    """Runs schedules, some a child, one child at a time: what they leave is never collected. Gives those of each."""
    for begin in range(0, len(seeds), IN_A_CHILD):
        yield _of_child(seeds[begin : begin + IN_A_CHILD], scene)


def _of_child(seeds: range, scene: Scene) -> list[Run]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            gc.disable()
            with os.fdopen(writing, "wb") as answer:
                pickle.dump([simulate(seed, scene) for seed in seeds], answer)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of the parent's is to run in a child
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        runs: list[Run] = pickle.load(answer)  # noqa: S301 - from our own child
    os.waitpid(child, 0)
    return runs


def shrunk(run: Run, scene: Scene, kinds: frozenset[str] = frozenset()) -> Schedule:
    """Gives a failing schedule with as few faults as still make it fail. kinds: of anomalies; empty: any."""

    def fails(schedule: Schedule) -> bool:
        found = {anomaly.kind for anomaly in simulate_kept(schedule, scene).anomalies}
        return bool(found & kinds if kinds else found)

    return made_smaller(run.schedule, fails) if fails(run.schedule) else run.schedule


def told(run: Run) -> str:
    """Gives a schedule as text."""
    anomalies = "\n".join(f"{anomaly.kind}: {anomaly.what}" for anomaly in run.anomalies)
    return "\n".join(run.trace) + f"\n\nseed {run.seed}:\n{anomalies}"


def counted(met: Mapping[str, int]) -> str:
    """Gives the table of what was met."""
    return "\n".join(f"{met.get(what, 0):>12,}  {what}" for what in EVERYTHING)


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which it ends")
    parser.add_argument("--scene", choices=sorted(SCENES), default="small")
    parser.add_argument("--trace", action="store_true", help="tells the schedule of --seed, and runs no other")
    parser.add_argument(
        "--mutations",
        type=int,
        metavar="SEEDS",
        help="finds for each mutation a schedule that shows what it leads to, makes it smaller, and keeps it",
    )
    chosen = parser.parse_args()
    scene = SCENES[chosen.scene]()
    if chosen.trace:
        print(told(simulate(chosen.seed, scene, traces=True)))
    elif chosen.mutations:
        seeds = range(chosen.seed, chosen.seed + chosen.mutations)
        keep({**kept_schedules(), **dict(_shown_by(seeds, scene))})
    else:
        sys.exit(_run(chosen.seed, chosen.runs, scene, chosen.minutes))


def _cpu_s() -> float:
    """Gives the seconds of CPU of this process and of its children that have ended."""
    said = os.times()
    return said.user + said.system + said.children_user + said.children_system


def _shown_by(seeds: range, scene: Scene) -> Iterator[tuple[str, Schedule]]:
    for name, mutation in MUTATIONS.items():
        with mutation.mutated():
            runs = (simulate(seed, scene) for seed in seeds)
            shown = next((run for run in runs if mutation.kinds & {anomaly.kind for anomaly in run.anomalies}), None)
            print(name, "not shown" if shown is None else shown.seed, flush=True)
            if shown is not None:
                yield name, shrunk(shown, scene, mutation.kinds)


def _run(first: int, runs: int, scene: Scene, minutes: float) -> int:
    simulate(first, scene)  # what is made once, each child has
    began_s, told_s, failed, met, done = _cpu_s(), _cpu_s(), Counter[str](), Counter[str](), 0
    ends_at = time.monotonic() + 60 * minutes
    for some in in_children(range(first, first + runs), scene):
        done += len(some)
        for run in some:
            met += run.met
            if run.anomalies:
                _tell(run, scene, is_first=not failed)
                failed[run.anomalies[0].kind] += 1
        if _cpu_s() - told_s > TELL_EVERY_S:
            told_s = _cpu_s()
            print(f"{done:,} schedules, {60 * done / (told_s - began_s):,.0f} a minute of CPU", flush=True)
        if time.monotonic() > ends_at:
            break
    print(counted(met))
    print(f"{done:,} schedules from seed {first}, {60 * done / (_cpu_s() - began_s):,.0f} a minute of CPU")
    print(f"anomalies: {dict(failed) or 'none'}")
    return min(failed.total(), 1)


def _tell(run: Run, scene: Scene, *, is_first: bool) -> None:
    print(f"seed {run.seed}: {run.anomalies[0].kind}: {run.anomalies[0].what}"[:400], flush=True)
    if is_first:
        smaller = shrunk(run, scene)
        print(told(simulate_kept(smaller, scene, traces=True)), json.dumps(as_json(smaller)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
