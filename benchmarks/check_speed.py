"""Counts the instructions of a partition for an event, and holds them against benchmarks/instructions.json.

    make check-speed          fails where a count has grown by more than 3%
    make check-speed KEEP=1   writes the counts of now into the file

valgrind counts the instructions of what `tierflow bench partition` does, with few of the events worked, and with many.
In the difference of both, by event, are no start of Python and no making of events. A count belongs to one version of
Python: another one is counted, and held against nothing.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HELD = Path(__file__).with_name("instructions.json")
POLICIES = ("assets-only", "standard")
FEW, MANY = 2_000, 10_000
GROWS_BY_AT_MOST = 0.03
_WORK = """
from pathlib import Path
from streams.bench.partition import PartitionOptions, prepare, work_batches
from streams.settings import policy_folder

partition, batches = prepare(PartitionOptions({many}, 1_000, 1_000, policy_folder() / "{policy}.toml", 7))
work_batches(partition, batches[: {worked} // 1_000])
"""


def instructions(policy: str, events: int) -> int:
    """Counts the instructions of a process that works so many events."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(  # noqa: S603 - a command of our own
        [*command, "-c", _WORK.format(many=MANY, worked=events, policy=policy)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0", "TIERFLOW_INTERPRETED": "1"},
    )
    counted = re.search(r"I\s+refs:\s+([0-9,]+)", done.stderr)
    if done.returncode or counted is None:
        sys.exit(f"valgrind could not count: {done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def counts() -> dict[str, int]:
    """Counts the instructions for an event, by policy."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        runs = {(policy, size): pool.submit(instructions, policy, size) for policy in POLICIES for size in (FEW, MANY)}
        taken = {run: counted.result() for run, counted in runs.items()}
    return {policy: round((taken[policy, MANY] - taken[policy, FEW]) / (MANY - FEW)) for policy in POLICIES}


def main() -> None:
    """Counts, and ends with 1 where a count has grown too much."""
    version = ".".join(map(str, sys.version_info[:3]))
    held = json.loads(HELD.read_text()) if HELD.exists() else {}
    before, now = held.get(version, {}), counts()
    grown = False
    for policy, count in now.items():
        former = before.get(policy)
        by = None if former is None else count / former - 1
        grown = grown or (by is not None and by > GROWS_BY_AT_MOST)
        said = "no count is held for this Python" if by is None else f"{by:+.1%} of {former:,}"
        print(f"{policy}: {count:,} instructions an event ({said})")
    if "--keep" in sys.argv:
        HELD.write_text(json.dumps({**held, version: now}, indent=2) + "\n")
    elif grown:
        sys.exit(f"slower by more than {GROWS_BY_AT_MOST:.0%}; if it has to be: make check-speed KEEP=1")


if __name__ == "__main__":
    main()
