"""What tierflow's own benchmarks measure, on the same broker: `tierflow bench NAME`."""

import json
import os
import subprocess
from typing import NamedTuple

from benchmarks.beside.ground import Ground
from benchmarks.beside.machine import TIERFLOW, loads
from benchmarks.beside.results import Alone
from benchmarks.beside.systems import PROJECT
from streams.errors import UsageError


class Benchmark(NamedTuple):
    """A benchmark: the name under which its figures are written, and its arguments."""

    name: str
    arguments: tuple[str, ...]


BENCHMARKS = (
    Benchmark("partition, assets-only", ("partition", "--customers", "100000", "--events", "400000")),
    Benchmark(
        "partition, standard",
        ("partition", "--customers", "100000", "--events", "400000", "--policy", "config/policies/standard.toml"),
    ),
    Benchmark("recovery", ("recovery",)),
    Benchmark("memory, 100,000 customers", ("memory",)),
    Benchmark("memory, 300,000 customers", ("memory", "--customers", "300000")),
    Benchmark("due, 10,000", ("due", "--timers", "10000")),
    Benchmark("due, 1,000,000", ("due",)),
)
FORMS = {"compiled": "0", "interpreted": "1"}


def measure_alone(ground: Ground, benchmark: Benchmark, form: str, number: int) -> Alone:
    """Runs one of tierflow's benchmarks. form: one of `FORMS`. number: of the round.

    Raises:
        UsageError: It did not end as it should.
    """
    with loads() as around:
        done = subprocess.run(  # noqa: S603 - our own command
            [TIERFLOW, "bench", *benchmark.arguments, "--json"],
            env={**os.environ, **ground.servers, "TIERFLOW_INTERPRETED": FORMS[form]},
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
        )
    if done.returncode:
        raise UsageError(f"tierflow bench {benchmark.name}: {done.stderr.strip()[-500:]}")
    return Alone(benchmark=benchmark.name, form=form, round=number, figures=json.loads(done.stdout), load=around.load)
