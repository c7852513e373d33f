"""`make histories SEED=1 RUNS=5`: records histories one after another, and has each checked."""

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.schedules.cluster import Cluster
from tests.histories.checking import LINEARIZABLE, Checker, NoCheckerError
from tests.histories.operation import write
from tests.histories.recording import Recorded, record
from tests.support.background import cancelled_when_asked

FOLDER = Path("build/histories")


def main() -> int:
    """Gives the exit status: 1 if anything was wrong, or is not known; 2 if there is no checker."""
    asked = _asked()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        checker = Checker(FOLDER)
    except NoCheckerError as error:
        say(str(error))
        return 2
    sums, bad = Counter[str](), 0
    for seed in range(asked.seed, asked.seed + asked.runs):
        folder = Path(tempfile.mkdtemp(prefix="tierflow-histories-"))
        is_right = _is_right(asked, seed, folder, checker, sums)
        bad += not is_right
        if is_right:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"logs are kept in {folder}")
    say("\n".join(f"{count:>10,}  {what}" for what, count in sorted(sums.items())))
    say(f"{asked.runs} histories; {bad} wrong, or not known")
    return int(bad > 0)


def _is_right(asked: argparse.Namespace, seed: int, folder: Path, checker: Checker, sums: Counter[str]) -> bool:
    """Records and checks one history; adds its figures to the sums."""
    try:
        recorded = _recorded(asked, seed, folder)
    except (AssertionError, TimeoutError) as error:
        say(f"seed {seed}: no progress: {error}")
        return False
    file = FOLDER / f"seed{seed}.jsonl"
    write(file, recorded.operations)
    verdict = checker.verdict([file], FOLDER / f"seed{seed}", asked.within)
    figures = _figures(recorded)
    sums.update({**figures, **recorded.faults})
    with (FOLDER / "results.jsonl").open("a") as results:
        line = {"seed": seed, "brokers": asked.brokers, "workers": asked.workers, "status": verdict.status}
        results.write(json.dumps({**line, **figures, "faults": recorded.faults}) + "\n")
    say(f"seed {seed}: {figures}; {recorded.faults or 'no fault'}")
    say(verdict.said)
    return verdict.status == LINEARIZABLE


def _recorded(asked: argparse.Namespace, seed: int, folder: Path) -> Recorded:
    cluster = Cluster(folder, asked.brokers, asked.workers)

    async def on_cluster() -> Recorded:
        cancelled_when_asked()
        try:
            await cluster.start()
            return await record(cluster, seed, folder / f"seed{seed}", asked.faults)
        finally:
            await cluster.stop()

    try:
        return asyncio.run(on_cluster())
    finally:
        cluster.discard()  # no broker is to outlive this process


def _figures(recorded: Recorded) -> dict[str, int]:
    kinds = Counter(f"operations of {one.kind}" for one in recorded.operations)
    more = {"policies": recorded.policies, "questions without an answer": recorded.unanswered}
    return {**kinds, **more, "seconds": round(recorded.seconds)}


def say(text: str) -> None:
    """Writes at once: histories take a minute each."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", type=int, default=4, help="how many a history")
    parser.add_argument("--within", default="60s", help="the checker's time for one customer, budget or partition")
    return parser.parse_args()


sys.exit(main())
