"""One run of tierflow on the loaded topics, and the audit of what it wrote."""

import asyncio
import json
import subprocess

from benchmarks.beside.ground import Ground
from benchmarks.beside.machine import TIERFLOW, loads
from benchmarks.beside.results import Run
from benchmarks.beside.systems import Tierflow
from streams.bench.stand import Stand
from streams.bench.throughput import measure
from streams.bench.workers import running_workers
from streams.errors import UsageError

MIB = 1 << 20
CLEAN = "clean"


def run_tierflow(ground: Ground, system: Tierflow, number: int, *, is_audited: bool) -> Run:
    """Works the loaded topics by `tierflow worker` processes; audits them afterwards, which is not measured.

    number: of the round.

    Raises:
        UsageError: A worker ends or stands still, or an event becomes a dead letter.
    """
    on = ground.stand(system.policy, variables_of(system))
    broker_cpu_s = ground.broker_cpu_s()
    with loads() as around, running_workers(on, system.workers) as workers:
        run = asyncio.run(measure(on, workers, ground.sent))
        peak = sum(worker.peak_rss_bytes() for worker in workers)
    broker_cpu_s = ground.broker_cpu_s() - broker_cpu_s
    written = ground.written(on)
    audit = audited(on) if is_audited else None
    ground.clear(on)
    return Run(
        system=system.name,
        round=number,
        events=sum(ground.sent.values()),
        seconds=round(run.seconds, 3),
        cpu_s=round(run.cpu_s or 0.0, 3),
        peak_rss_mib=round(peak / MIB, 1),
        broker_cpu_s=round(broker_cpu_s, 2),
        written=written,
        load=around.load,
        audit=audit,
    )


def variables_of(system: Tierflow) -> dict[str, str]:
    """Gives the environment variables of its workers."""
    return {"TIERFLOW_INTERPRETED": "0" if system.compiled else "1"}


def audited(on: Stand) -> str:
    """Replays what the workers did, and says whether it is right.

    Raises:
        UsageError: The audit could not be made.
    """
    environment = {**on.environment, "TIERFLOW_INTERPRETED": "0"}
    done = subprocess.run(  # noqa: S603 - our own command
        [TIERFLOW, "audit", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        raise UsageError(f"tierflow audit ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    report = json.loads(done.stdout)
    differences, events = report["differences"], report["events"]
    return f"{differences:,} differences" if differences else f"{CLEAN}, {events:,} events"
