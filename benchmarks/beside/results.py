"""What was measured, as the JSON file holds it: every single run, and what it ran on."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

MILLION = 1_000_000


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A system that was measured: its name in a table, what it promises, and how it was started."""

    label: str
    guarantee: str
    command: str


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The load averages of a minute just before and just after."""

    before: float
    after: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One system works the loaded topics once.

    seconds, cpu_s: from the first record to the last commit; cpu_s is user and system time of the system's processes.
    peak_rss_mib: of all its processes. broker_cpu_s: of the broker, from the start of the system to its end.
    written: bytes in the topics that the system wrote, by topic. audit: what `tierflow audit` said; None: not asked.
    """

    system: str
    round: int
    events: int
    seconds: float
    cpu_s: float
    peak_rss_mib: float
    broker_cpu_s: float
    written: dict[str, int]
    load: Load
    audit: str | None = None

    @property
    def events_per_s(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_s_per_million(self) -> float:
        """CPU seconds of the system for a million events."""
        return self.cpu_s * MILLION / self.events

    @property
    def broker_cpu_s_per_million(self) -> float:
        """CPU seconds of the broker for a million events."""
        return self.broker_cpu_s * MILLION / self.events


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """The delay from an event to its committed tier change. rate: events a second, as really sent; asked: as wanted.

    cores: the CPU time of the system's processes, by the time that passed.
    """

    system: str
    round: int
    asked: int
    rate: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    cores: float
    load: Load


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark of `tierflow bench` printed. form: compiled or interpreted."""

    benchmark: str
    form: str
    round: int
    figures: dict[str, Any]
    load: Load


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be measured, and why."""

    what: str
    why: str


class Results(msgspec.Struct, kw_only=True):
    """All of a run of the benchmarks. machine, versions, workload: what they ran on, with and over, by name."""

    began_at: str
    command: str
    machine: dict[str, str]
    versions: dict[str, str]
    workload: dict[str, str]
    systems: dict[str, System] = {}
    runs: list[Run] = []
    delays: list[Delay] = []
    alone: list[Alone] = []
    missing: list[Missing] = []


class Spread(NamedTuple):
    """The middle of several figures, with the least and the most."""

    middle: float
    least: float
    most: float


def spread(figures: Iterable[float]) -> Spread:
    """Gives the median, the least and the most of at least one figure."""
    found = sorted(figures)
    return Spread(median(found), found[0], found[-1])


def read_results(file: Path) -> Results:
    """Reads a file of results."""
    return msgspec.json.decode(file.read_bytes(), type=Results)


def write_results(results: Results, file: Path) -> None:
    """Writes the results, so that a run that is cut off keeps what it has measured."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
