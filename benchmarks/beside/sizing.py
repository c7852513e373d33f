"""How large a cluster has to be for so many customers, worked out from what was measured (docs/performance.md)."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from benchmarks.beside.results import MILLION, Alone, Results, spread
from benchmarks.beside.tables import by_system, table

DAY_S = 86_400
GIB = 1 << 30
MIB = 1 << 20
CUSTOMERS = (1_000_000, 10_000_000, 100_000_000)
# A record of the changelog beside the state itself: the customer id, offsets, times, and its part of a batch's head.
RECORD_BYTES = 60
# Under load states of busy customers stand in the log several times until it is compacted (min.cleanable.dirty.ratio).
UNCOMPACTED = 1.5
PARTITIONS_A_WORKER = 4
SYSTEM = "standard-compiled"
FEWER, MORE = "memory, 100,000 customers", "memory, 300,000 customers"


class Assumed(NamedTuple):
    """What the bank knows of itself. peak: the busiest second, by the mean. busy: how much of a core is to be used."""

    events_a_day: float = 5.0
    peak: float = 10.0
    busy: float = 0.5
    worker_bytes: int = 8 * GIB
    take_over_s: float = 30.0
    replicas: int = 3


class Measured(NamedTuple):
    """What one machine took. worker_us, broker_us: CPU time for an event; other_bytes: outputs but the changelog's."""

    worker_us: float
    broker_us: float
    state_bytes: float
    other_bytes: float
    fixed_bytes: float
    customer_bytes: float
    recovered_per_s: float


class Size(NamedTuple):
    """What a cluster needs for so many customers."""

    customers: int
    peak_per_s: float
    by_cpu: int
    by_memory: int
    by_take_over: int
    partitions: int
    changelog_bytes: float
    day_bytes: float
    broker_cores: float

    @property
    def workers(self) -> int:
        """Gives what all three ask for, and one that may fail."""
        return max(self.by_cpu, self.by_memory, self.by_take_over) + 1


def size(customers: int, measured: Measured, assumed: Assumed) -> Size:
    """Works the size of a cluster out."""
    per_day = customers * assumed.events_a_day
    peak = per_day / DAY_S * assumed.peak
    room = assumed.worker_bytes - measured.fixed_bytes
    by_cpu = ceil(peak * measured.worker_us / MILLION / assumed.busy)
    by_memory = ceil(customers * measured.customer_bytes / room)
    by_take_over = ceil(customers / (measured.recovered_per_s * assumed.take_over_s))
    return Size(
        customers=customers,
        peak_per_s=peak,
        by_cpu=by_cpu,
        by_memory=by_memory,
        by_take_over=by_take_over,
        partitions=_power_of_2(PARTITIONS_A_WORKER * max(by_cpu, by_memory, by_take_over)),
        changelog_bytes=customers * (measured.state_bytes + RECORD_BYTES) * UNCOMPACTED * assumed.replicas,
        day_bytes=per_day * measured.other_bytes * assumed.replicas,
        broker_cores=peak * measured.broker_us / MILLION * assumed.replicas,
    )


def measured_of(results: Results) -> Measured | None:
    """Takes the figures from the results; None where not all are there."""
    runs = by_system(results.runs).get(SYSTEM)
    found = {each.benchmark: each for each in results.alone if each.form == "compiled"}
    if not runs or not {"partition, standard", "recovery", FEWER, MORE} <= set(found):
        return None
    fixed, customer = _memory(found[FEWER], found[MORE])
    written = runs[0].written
    others = sum(bytes_ for topic, bytes_ in written.items() if not topic.endswith("changelog"))
    return Measured(
        worker_us=spread(run.cpu_s_per_million for run in runs).middle,
        broker_us=spread(run.broker_cpu_s_per_million for run in runs).middle,
        state_bytes=found["partition, standard"].figures["state_bytes"],
        other_bytes=others / runs[0].events,
        fixed_bytes=fixed,
        customer_bytes=customer,
        recovered_per_s=found["recovery"].figures["records_per_s"],
    )


def sizing(results: Results, assumed: Assumed = Assumed()) -> str:  # noqa: B008 - a tuple
    """Writes the measured figures, and what follows from them; empty where figures are missing."""
    measured = measured_of(results)
    if measured is None:
        return ""
    sizes = [size(customers, measured, assumed) for customers in CUSTOMERS]
    return f"{_inputs(measured, assumed)}\n\n{_sizes(sizes)}"


def _inputs(measured: Measured, assumed: Assumed) -> str:
    rows = [
        ["E", "events a customer and day", "assumed", f"{assumed.events_a_day:g}"],
        ["P", "busiest second, by the mean", "assumed", f"{assumed.peak:g}"],
        ["B", "share of a core that a worker may use", "assumed", f"{assumed.busy:g}"],
        ["M", "memory of a worker, GiB", "assumed", f"{assumed.worker_bytes / GIB:g}"],
        ["T", "seconds until a lost worker's share is taken over", "assumed", f"{assumed.take_over_s:g}"],
        ["R", "replicas of a topic", "assumed", f"{assumed.replicas}"],
        ["c", "CPU of a worker for an event, us (`standard`, compiled)", "measured", f"{measured.worker_us:.1f}"],
        ["b", "CPU of the broker for an event, us", "measured", f"{measured.broker_us:.1f}"],
        ["s", "packed state, bytes (`standard`)", "measured", f"{measured.state_bytes:.0f}"],
        ["o", "outputs for an event but the changelog, bytes", "measured", f"{measured.other_bytes:.0f}"],
        ["f", "memory of a worker that holds nobody, MiB", "measured", f"{measured.fixed_bytes / MIB:.0f}"],
        ["m", "memory of a further customer, bytes", "measured", f"{measured.customer_bytes:,.0f}"],
        ["r", "customers a second that a worker takes over", "measured", f"{measured.recovered_per_s:,.0f}"],
    ]
    return table(["", "what", "", "is"], rows)


def _sizes(sizes: Sequence[Size]) -> str:
    lines: list[tuple[str, Iterable[str]]] = [
        ("events/s in the busiest second: p = N E P / 86,400", (f"{each.peak_per_s:,.0f}" for each in sizes)),
        ("workers by CPU: p c / B", (str(each.by_cpu) for each in sizes)),
        ("workers by memory: N m / (M - f)", (str(each.by_memory) for each in sizes)),
        ("workers by take-over: N / (r T)", (str(each.by_take_over) for each in sizes)),
        ("**workers**: the most of these, and one to spare", (f"**{each.workers}**" for each in sizes)),
        ("**partitions**: 4 a worker, the next power of 2", (f"**{each.partitions}**" for each in sizes)),
        (f"changelog, GB: N (s + {RECORD_BYTES}) {UNCOMPACTED} R", (_gb(each.changelog_bytes) for each in sizes)),
        ("outputs a day, GB: N E o R", (_gb(each.day_bytes) for each in sizes)),
        ("CPU of the brokers, cores: p b R", (f"{each.broker_cores:.1f}" for each in sizes)),
    ]
    head = ["", *(f"N = {each.customers // MILLION} million" for each in sizes)]
    return table(head, ([what, *figures] for what, figures in lines))


def _memory(fewer: Alone, more: Alone) -> tuple[float, float]:
    """Gives the fixed part of a worker's memory and that of a further customer, from two workers of different size."""
    few, many = (each.figures for each in (fewer, more))
    customer = (many["rss_mib"] - few["rss_mib"]) * MIB / (many["customers"] - few["customers"])
    return few["rss_mib"] * MIB - customer * few["customers"], customer


def _gb(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:,.1f}"


def _power_of_2(least: int) -> int:
    return 1 << max(least - 1, 0).bit_length()
