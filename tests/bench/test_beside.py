"""tierflow beside its peers: what is read, summed up and shown. No broker, no peer."""

import pytest

from benchmarks.beside.page import filled, parts_of
from benchmarks.beside.peer import Printed, printed
from benchmarks.beside.pictures import Bar, bar_chart
from benchmarks.beside.results import Delay, Load, Missing, Results, Run, Spread, System, spread
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
from benchmarks.beside.tables import alone, delays, report, throughput
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
    return Delay(
        system="ks", round=1, asked=5_000, rate=4_000, p50_ms=20.0, p95_ms=40.0, p99_ms=p99_ms, max_ms=90.0, load=LOAD
    )


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
        "| Kafka Streams | exactly once | 5,000 (4,000 sent) | 20 | 40 | 55 (50 to 60) | 2 |",
    ]
    assert len(alone(RESULTS).splitlines()) == 2


def test_the_report_says_what_is_missing_and_names_its_pictures() -> None:
    text = report(RESULTS, {"Events a second": "x-rate.svg"})
    assert "![Events a second](x-rate.svg)" in text
    assert "| jet | no Maven here |" in text


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
