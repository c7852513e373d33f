"""`make faults SEED=1 RUNS=10 BROKERS=3`: schedules one after another, a line each, and a table at the end."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.schedules import results
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.figures import measure
from tests.faults.schedules.plan import kinds
from tests.faults.schedules.schedule import Result, run
from tests.support.background import cancelled_when_asked

RESULTS = Path("build/faults/results.jsonl")
# What a stand has written is judged again after each of its schedules; a cluster gets slow by many stands' topics.
_SCHEDULES_A_STAND, _STANDS_A_CLUSTER = 10, 5


def say(text: str) -> None:
    """Writes a line at once: schedules take long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Gives the exit status: 1 if anything was wrong."""
    asked = _asked()
    if asked.sum:
        say(results.table(results.read(asked.results), kinds(3)))
        return 0
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    found: list[Result] = []
    left = list(range(asked.seed, asked.seed + asked.runs))
    while left or asked.figures:
        folder, before = Path(tempfile.mkdtemp(prefix="tierflow-faults-")), len(found)
        cluster = Cluster(folder, asked.brokers, asked.workers)
        try:
            asyncio.run(_on_one_cluster(cluster, asked, left, found))
        except asyncio.CancelledError:
            break  # asked to end
        finally:
            cluster.discard()  # no broker is to outlive this process
            if any(result.anomalies for result in found[before:]):
                say(f"logs are kept in {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    if found:
        say(results.table(found, kinds(asked.brokers)))
    return int(any(result.anomalies for result in found))


async def _on_one_cluster(cluster: Cluster, asked: argparse.Namespace, left: list[int], found: list[Result]) -> None:
    """Runs schedules until there was an anomaly. left: their seeds; those that were run are taken out."""

    def note(result: Result) -> None:
        left.remove(result.seed)
        found.append(result)
        results.write(asked.results, result)
        say(_line(result))

    cancelled_when_asked()
    try:
        await cluster.start()
        if asked.figures:
            asked.figures = False
            figures = await measure(cluster, cluster.folder / "figures")
            results.write(asked.results, figures)
            say(figures.table())
        for _ in range(_STANDS_A_CLUSTER):
            if left:
                await run(cluster, left[:_SCHEDULES_A_STAND], cluster.folder / f"seed{left[0]}", note, asked.faults)
            if found and found[-1].anomalies:
                return
    finally:
        await cluster.stop()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--faults", type=int, help="how many a schedule; the seed says, unless given")
    parser.add_argument("--figures", action="store_true", help="first measure how long partitions stand still")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument(
        "--sum", action="store_true", help="run nothing, and say what the whole file of results comes to"
    )
    return parser.parse_args()


def _line(result: Result) -> str:
    faults = sum(result.faults.get(name, 0) for name in kinds(result.brokers))
    wrong = ", ".join(kind for kind, _ in result.anomalies) or "no anomaly"
    return (
        f"seed {result.seed}: {faults} faults, {result.events} events, {result.transactions} "
        f"transactions, {result.changes} changes, {result.seconds:.0f} s: {wrong}"
    )


sys.exit(main())
