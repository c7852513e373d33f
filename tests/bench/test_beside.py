"""tierflow beside its peers: what is read, summed up and shown. No broker, no peer."""

import re

import msgspec
import pytest

from benchmarks.beside.page import PAGE, README, filled, parts_of
from benchmarks.beside.peer import Printed, printed
from benchmarks.beside.pictures import Bar, bar_chart
from benchmarks.beside.results import Alone, Delay, Load, Missing, Results, Run, Spread, System, read_results, spread
from benchmarks.beside.sizing import FEWER, MIB, MORE, Assumed, Measured, measured_of, size, sizing
from benchmarks.beside.systems import (
    COMPILED,
    FLINK,
    INTERPRETED,
    KAFKA_STREAMS,
    PEERS,
    QUICK,
    WHOLE,
    Peer,
    in_round,
    runnable,
)
from benchmarks.beside.tables import alone, delays, in_short, report, throughput
from benchmarks.flames import boxes, gathered
from streams.errors import UsageError

LOAD = Load(before=0.5, after=2.0)


def a_run(system: str, cpu_s: float, audit: str | None = None) -> Run:
    return Run(
        system=system,
        round=1,
        events=500_000,
        seconds=10.0,
        cpu_s=cpu_s,
        peak_rss_mib=200.0,
        broker_cpu_s=2.5,
        written={"tier.changes": 1_000_000},
        load=LOAD,
        audit=audit,
    )


def a_delay(p99_ms: float) -> Delay:
    sent = {"system": "ks", "round": 1, "asked": 5_000, "rate": 4_000}
    return Delay(**sent, p50_ms=20.0, p95_ms=40.0, p99_ms=p99_ms, max_ms=90.0, cores=0.5, load=LOAD)


RESULTS = Results(
    began_at="2026-11-28T20:00:00+00:00",
    command="make bench",
    machine={"cores": "2"},
    versions={"Kafka": "4.3.1"},
    workload={"events": "500,000"},
    systems={
        "ours": System(label="tierflow", guarantee="exactly once", command="tierflow worker"),
        "ks": System(label="Kafka Streams", guarantee="exactly once", command="kafka_streams/run.sh"),
    },
    runs=[
        a_run("ours", 10.0, "clean, 500,000 events"),
        a_run("ks", 8.0),
        a_run("ours", 11.0, "3 differences"),
        a_run("ours", 12.5, "clean, 500,000 events"),
    ],
    delays=[a_delay(50.0), a_delay(60.0)],
    missing=[Missing(what="jet", why="no Maven\nhere")],
)


def test_the_last_line_of_figures_that_a_peer_prints_is_read() -> None:
    text = (
        "resuming\nprocessed=5 seconds=1.000 events_per_s=5 cpu_s=2.000\n"
        "processed=1000000 seconds=9.500 events_per_s=105263 cpu_s=18.250\ndetail: tier_changes=7\n"
    )
    assert printed(text) == Printed(1_000_000, 9.5, 18.25)


def test_a_peer_without_figures_is_refused_with_what_it_said() -> None:
    with pytest.raises(UsageError, match="mvn: command not found"):
        printed("run.sh: mvn: command not found")


@pytest.mark.parametrize(
    ("figures", "found"), [([3.0], (3, 3, 3)), ([5.0, 1.0, 2.0], (2, 1, 5)), ([4.0, 1.0], (2.5, 1, 4))]
)
def test_of_several_figures_the_middle_and_both_ends(figures: list[float], found: tuple[float, ...]) -> None:
    assert spread(figures) == found


def test_a_table_has_the_median_of_each_system() -> None:
    assert throughput(RESULTS).splitlines()[2:] == [
        "| tierflow | exactly once | 22 (20 to 25) | 50,000 | 200 | 5 | 3 | clean, 2 of 3; 3 differences |",
        "| Kafka Streams | exactly once | 16 | 50,000 | 200 | 5 | 1 |  |",
    ]
    assert delays(RESULTS).splitlines()[2:] == [
        "| Kafka Streams | exactly once | 5,000 (4,000 sent) | 20 | 40 | 55 (50 to 60) | 0.50 | 2 |",
    ]
    assert len(alone(RESULTS).splitlines()) == 2


def test_the_report_says_what_is_missing_and_names_its_pictures() -> None:
    text = report(RESULTS, {"Events a second": "x-rate.svg"})
    assert "![Events a second](x-rate.svg)" in text
    assert "| jet | no Maven here |" in text


def test_the_figures_of_the_readme_are_those_of_the_run_that_the_page_names() -> None:
    [file] = re.findall(r"Every single run: `(.+?)`", PAGE.read_text())
    shown = README.read_text()
    assert filled(shown, {"short": in_short(read_results(README.parent / file))}) == shown


def test_figures_in_short_have_a_delay_where_it_was_measured_at_that_rate() -> None:
    ours, peer = in_short(RESULTS, 5_000).splitlines()[2:]
    assert ours.startswith("| tierflow | exactly once | 50,000 |")
    assert ours.endswith("|  |")
    assert peer.endswith("| 20, 55 |")


def test_a_page_keeps_all_but_its_parts() -> None:
    page = "before\n<!-- throughput -->\nold\n<!-- /throughput -->\nafter\n<!-- pictures -->\nold\n<!-- /pictures -->\n"
    parts = parts_of(RESULTS, {}, "results.json")
    once = filled(page, parts)
    assert once.startswith("before\n")
    assert "\nafter\n" in once
    assert "old" not in once
    assert parts["throughput"] in once
    assert filled(once, parts) == once


def test_what_is_not_compiled_is_measured_interpreted() -> None:
    assert runnable(QUICK, is_compiled=False) == [INTERPRETED, KAFKA_STREAMS, FLINK]
    assert runnable(QUICK, is_compiled=True) == [COMPILED, KAFKA_STREAMS, FLINK]
    names = [system.name for system in runnable(WHOLE, is_compiled=False)]
    assert len(set(names)) == len(names)
    assert "compiled" not in " ".join(names)


def test_every_other_round_goes_backwards_and_the_slow_ones_run_once() -> None:
    first, second = in_round(WHOLE, 1), in_round(WHOLE, 2)
    assert first == list(WHOLE)
    assert second == [system for system in WHOLE if not (isinstance(system, Peer) and system.once)][::-1]


@pytest.mark.parametrize("peer", [system for system in WHOLE if isinstance(system, Peer)], ids=lambda peer: peer.name)
def test_every_peer_has_its_program(peer: Peer) -> None:
    assert (PEERS / peer.arguments[0]).stat().st_mode & 0o100


def test_a_bar_is_as_long_as_its_median() -> None:
    picture = bar_chart(
        "t", [Bar("a", Spread(1.0, 1.0, 1.0), is_ours=True), Bar("b", Spread(2.0, 2.0, 4.0), is_ours=False)]
    )
    widths = [shape.width for shape in picture.shapes if not hasattr(shape, "text")]
    assert widths[1] * 2 == widths[3]


MEASURED = Measured(
    worker_us=50.0,
    broker_us=20.0,
    state_bytes=440,
    other_bytes=600,
    fixed_bytes=0,
    customer_bytes=1_024,
    recovered_per_s=100_000,
)


@pytest.mark.parametrize(
    ("customers", "peak_per_s", "workers_by", "workers", "partitions"),
    [
        (864_000, 500, (1, 1, 1), 2, 4),  # 0.025 of a core
        (86_400_000, 50_000, (5, 11, 29), 30, 128),
    ],
)
def test_a_cluster_is_as_large_as_cpu_memory_and_take_over_ask_for(
    customers: int, peak_per_s: float, workers_by: tuple[int, int, int], workers: int, partitions: int
) -> None:
    found = size(customers, MEASURED, Assumed())
    assert found.peak_per_s == peak_per_s
    assert (found.by_cpu, found.by_memory, found.by_take_over) == workers_by
    assert (found.workers, found.partitions) == (workers, partitions)
    assert found.broker_cores == peak_per_s * 20e-6 * 3
    assert found.changelog_bytes == customers * 500 * 1.5 * 3


def test_the_memory_of_a_customer_is_what_further_ones_take() -> None:
    def said(benchmark: str, **figures: float) -> Alone:
        return Alone(benchmark=benchmark, form="compiled", round=1, figures=figures, load=LOAD)

    figures = [
        said("partition, standard", state_bytes=440),
        said("recovery", records_per_s=100_000),
        said(FEWER, customers=100_000, rss_mib=200.0),
        said(MORE, customers=300_000, rss_mib=400.0),
    ]
    results = msgspec.structs.replace(RESULTS, runs=[a_run("standard-compiled", 25.0)], alone=figures)
    found = measured_of(results)
    assert found is not None
    assert (found.fixed_bytes, found.customer_bytes) == (100 * MIB, MIB / 1_000)
    assert found.worker_us == 50.0
    assert "N = 100 million" in sizing(results)
    assert sizing(RESULTS) == ""


def test_a_flame_is_as_wide_as_its_samples() -> None:
    loop = 'process 7:"tierflow worker";run (streams/cli/main.py);_run_once (asyncio/base_events.py)'
    compiled = "CPyDef_customers___working_Customers_gen_____mypyc_generator_helper__ (native.c)"
    root = gathered(
        iter(
            [
                f"{loop};Lane._run (streams/worker/lane.py:7);{compiled};malloc (libc.so) 30",
                f"{loop};Lane._run (streams/worker/lane.py:9) 10",
                f"{loop};EpollSelector.select (selectors.py) 500",
                'process 8:"tierflow bench";_run_once (asyncio/base_events.py) 500',
            ]
        )
    )
    assert [(box.frame.name, box.frame.kind, box.frame.samples, box.left) for box in boxes(root, 1)] == [
        ("event loops", "python", 40, 0),
        ("Lane._run", "tierflow", 40, 0),
        ("working", "logic", 30, 0),
    ]
