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
# A cluster that has seen many schedules has many topics: it is made anew.
_SCHEDULES_A_CLUSTER = 10


def say(text: str) -> None:
    """Writes a line at once: schedules take long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Gives the exit status: 1 if anything was wrong."""
    asked = _asked()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    found: list[Result] = []
    seeds = list(range(asked.seed, asked.seed + asked.runs))
    for first in range(0, len(seeds), _SCHEDULES_A_CLUSTER) or [0]:
        folder = Path(tempfile.mkdtemp(prefix="tierflow-faults-"))
        cluster = Cluster(folder, asked.brokers, asked.workers)
        try:
            asyncio.run(_on_one_cluster(cluster, asked, seeds[first : first + _SCHEDULES_A_CLUSTER], found))
        except asyncio.CancelledError:
            break  # asked to end
        finally:
            cluster.discard()  # no broker is to outlive this process
            if any(result.anomalies for result in found):
                say(f"logs are kept in {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    if found:
        say(results.table(found, kinds(asked.brokers)))
    return int(any(result.anomalies for result in found))


async def _on_one_cluster(cluster: Cluster, asked: argparse.Namespace, seeds: list[int], found: list[Result]) -> None:
    cancelled_when_asked()
    try:
        await cluster.start()
        if asked.figures:
            figures = await measure(cluster, cluster.folder / "figures")
            results.write(asked.results, figures)
            say(figures.table())
            asked.figures = False
        for seed in seeds:
            result = await run(cluster, seed, cluster.folder / f"seed{seed}", asked.faults)
            results.write(asked.results, result)
            found.append(result)
            say(_line(result))
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
    return parser.parse_args()


def _line(result: Result) -> str:
    faults = sum(result.faults.get(name, 0) for name in kinds(result.brokers))
    wrong = ", ".join(kind for kind, _ in result.anomalies) or "no anomaly"
    return (
        f"seed {result.seed}: {faults} faults, {result.events} events, {result.transactions} "
        f"transactions, {result.changes} changes, {result.seconds:.0f} s: {wrong}"
    )


sys.exit(main())
