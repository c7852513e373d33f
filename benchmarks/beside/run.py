"""Measures tierflow beside its peers, and writes the report (docs/performance.md).

    make bench          everything, for hours; ROUNDS=3 EVENTS=300000 PARTS="throughput delay alone"
    make bench-quick    two minutes: tierflow, Kafka Streams in memory, Flink with its hash map

Every figure is written down as soon as it is there: `--into FILE` goes on with the results of a run before.
"""

import logging
import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiokafka.errors import KafkaError

from benchmarks.beside.alone import BENCHMARKS, FORMS, Benchmark, measure_alone
from benchmarks.beside.delay import measure_delay
from benchmarks.beside.ground import Ground, WorkloadOptions, ground
from benchmarks.beside.machine import is_compiled, machine, versions
from benchmarks.beside.peer import run_peer
from benchmarks.beside.pictures import write_pictures
from benchmarks.beside.results import Missing, Results, Run, System, read_results, write_results
from benchmarks.beside.systems import DELAYED, PROJECT, QUICK, WHOLE, Peer, Tierflow, in_round, runnable
from benchmarks.beside.tables import report
from benchmarks.beside.tierflow import run_tierflow
from streams.errors import UsageError

PARTS = ("throughput", "delay", "alone")
RATES = (5_000, 20_000)
RESULTS = PROJECT / "benchmarks" / "results"
QUICK_EVENTS, QUICK_CUSTOMERS = 200_000, 20_000


class Bench:
    """One run of the benchmarks: measures, says so, and writes every figure down."""

    def __init__(self, on: Ground, options: Namespace, results: Results) -> None:
        self._on = on
        self._options = options
        self._results = results
        self._compiled = is_compiled()
        if not self._compiled:
            say("the logic of this checkout is not compiled (make compiled): it is measured interpreted alone")

    def throughput(self) -> None:
        """Works the loaded topics by every system, round by round."""
        options = self._options
        workload = WorkloadOptions(options.events, options.customers, options.partitions, options.seed)
        say(f"loading {options.events:,} events of {options.customers:,} customers")
        self._on.load(workload)
        systems = self._chosen(QUICK if options.quick else WHOLE)
        for number in range(1, options.rounds + 1):
            for system in in_round(systems, number):
                self._try(f"round {number}: {system.label}", partial(self._run, system, number))

    def delay(self) -> None:
        """Measures the delay of the systems that answer soon."""
        options = self._options
        for number in range(1, options.delay_rounds + 1):
            for system in in_round(self._chosen(DELAYED), number):
                for rate in options.rates:
                    what = f"delay {number}: {system.label}, {rate:,} events/s"
                    self._try(what, partial(self._delay, system, number, rate))

    def alone(self) -> None:
        """Runs tierflow's own benchmarks, compiled and interpreted."""
        forms = [form for form in FORMS if self._compiled or form != "compiled"]
        for number in range(1, self._options.alone_rounds + 1):
            for benchmark in BENCHMARKS:
                for form in forms:
                    what = f"alone {number}: {benchmark.name}, {form}"
                    self._try(what, partial(self._alone, benchmark, form, number))

    def _run(self, system: Tierflow | Peer, number: int) -> str:
        self._note(system)
        if isinstance(system, Peer):
            run = run_peer(self._on, system, number)
        else:
            run = run_tierflow(self._on, system, number, is_audited=self._is_audited(number))
        self._results.runs.append(run)
        return _said(run)

    def _delay(self, system: Tierflow | Peer, number: int, rate: int) -> str:
        self._note(system)
        delay = measure_delay(self._on, system, number, rate, self._options.delay_seconds)
        self._results.delays.append(delay)
        return f"p50 {delay.p50_ms} ms, p95 {delay.p95_ms} ms, p99 {delay.p99_ms} ms at {delay.rate:,} events/s"

    def _alone(self, benchmark: Benchmark, form: str, number: int) -> str:
        measured = measure_alone(self._on, benchmark, form, number)
        self._results.alone.append(measured)
        return ", ".join(f"{name} {value}" for name, value in measured.figures.items())

    def _is_audited(self, number: int) -> bool:
        return {"every": True, "first": number == 1, "none": False}[self._options.audit]

    def _chosen(self, systems: tuple[Tierflow | Peer, ...]) -> list[Tierflow | Peer]:
        """Leaves out what is not asked for, and what this checkout cannot run."""
        only = self._options.only
        wanted = [system for system in systems if not only or system.name in only]
        return runnable(wanted, is_compiled=self._compiled)

    def _note(self, system: Tierflow | Peer) -> None:
        self._results.systems[system.name] = System(
            label=system.label, guarantee=system.guarantee, command=system.command
        )

    def _try(self, what: str, measuring: Callable[[], str]) -> None:
        """Measures one thing. Where that fails the others go on, and the report says that it is missing."""
        try:
            say(f"{what}: {measuring()}")
        except (UsageError, OSError, KafkaError) as error:
            self._results.missing.append(Missing(what=what, why=str(error)))
            say(f"{what}: MISSING, {error}")
        write_results(self._results, self._options.into)


def main() -> None:
    """Measures what is asked for, then writes the report beside the JSON file."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # new topics have no leader yet: it tries again, and warns
    results = read_results(options.into) if options.into.exists() else _begun(options)
    with ground(options.partitions) as on:
        bench = Bench(on, options, results)
        for part in options.parts:
            getattr(bench, part)()
    report_file = options.into.with_suffix(".md")
    pictures = write_pictures(results, options.into)
    report_file.write_text(report(results, pictures))
    say(f"{options.into}\n{report_file}")


def say(progress: str) -> None:
    """Prints progress, with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S} {progress}", file=sys.stderr, flush=True)


def _said(run: Run) -> str:
    audit = "" if run.audit is None else f", audit {run.audit}"
    return (
        f"{run.cpu_s_per_million:.1f} CPU s a million, {run.events_per_s:,.0f} events/s, "
        f"peak {run.peak_rss_mib:.0f} MiB, load {run.load.before} to {run.load.after}{audit}"
    )


def _begun(options: Namespace) -> Results:
    return Results(
        began_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=" ".join(["python", "-m", "benchmarks.beside.run", *sys.argv[1:]]),
        machine=machine(),
        versions=versions(),
        workload={
            "events": f"{options.events:,}",
            "customers": f"{options.customers:,}",
            "partitions": str(options.partitions),
            "seed": str(options.seed),
            "rounds": str(options.rounds),
        },
    )


def _options() -> Namespace:
    parser = ArgumentParser(description="tierflow beside its peers", formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two minutes: three systems, one round")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--only", nargs="*", default=[], help="names of systems (systems.py); none: all")
    parser.add_argument("--rounds", type=int, default=5, help="of the throughput")
    parser.add_argument("--delay-rounds", type=int, default=3)
    parser.add_argument("--alone-rounds", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES), help="events a second of the delays")
    parser.add_argument("--delay-seconds", type=int, default=15, help="measured, after the warm-up")
    parser.add_argument("--audit", choices=("every", "first", "none"), default="every", help="which rounds are audited")
    parser.add_argument("--into", type=Path, help="the JSON file; one that is there is added to")
    options = parser.parse_args()
    if options.quick:
        options.parts, options.rounds = ["throughput"], 1
        options.events, options.customers = QUICK_EVENTS, QUICK_CUSTOMERS
    kind = "quick-" if options.quick else ""
    options.into = options.into or RESULTS / f"{kind}{datetime.now(UTC):%Y-%m-%d-%H%M}.json"
    return options


if __name__ == "__main__":
    main()
