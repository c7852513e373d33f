"""The results as Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.beside.results import Alone, Delay, Results, Run, Spread, spread

_MEASURED = """\
CPU s a million: user and system time of the system's own processes, from its first record to its last commit; the start
of a process is not in it, the broker and the benchmark are not either. A JVM compiles itself meanwhile, and that is in
it. Peak memory: of all its processes; JVMs have a heap of 1 GiB. Broker: its CPU time from the start of the system to
its end. Each figure is the median of the rounds; in brackets the least and the most."""


def report(results: Results, pictures: Mapping[str, str]) -> str:
    """Writes the whole report. pictures: the file of each, by its title."""
    parts = [
        "# tierflow beside its peers",
        ground_of(results),
        "\n\n".join(f"![{title}]({file})" for title, file in pictures.items()),
        *_sections(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(results: Results) -> Iterable[str]:
    if results.runs:
        yield from ("## Throughput", _MEASURED, throughput(results), "### What is written", written(results))
    if results.delays:
        yield from (
            "## Delay",
            "From just before an event is sent until its committed change is read.",
            delays(results),
        )
    if results.alone:
        yield from ("## tierflow alone", alone(results))
    if results.missing:
        yield from ("## Missing", table(["what", "why"], ([each.what, _line(each.why)] for each in results.missing)))
    yield from ("## Every run", commands(results), every_run(results))


def ground_of(results: Results) -> str:
    """What was measured, when, on what and with what."""
    begun = f"Begun at {results.began_at}:\n\n    {results.command}"
    machine = _listed("machine and workload", {**results.machine, **results.workload})
    return "\n\n".join([begun, machine, _listed("version", results.versions)])


def throughput(results: Results) -> str:
    """The table of CPU time and rates, one line a system."""
    head = [
        "",
        "guarantee",
        "CPU s a million",
        "events/s",
        "peak memory MiB",
        "broker CPU s a million",
        "rounds",
        "audit",
    ]
    return table(head, (_throughput_row(results, name, runs) for name, runs in by_system(results.runs).items()))


def _throughput_row(results: Results, name: str, runs: Sequence[Run]) -> list[str]:
    return [
        results.systems[name].label,
        results.systems[name].guarantee,
        _spread(spread(run.cpu_s_per_million for run in runs), 1),
        _spread(spread(run.events_per_s for run in runs), 0),
        _spread(spread(run.peak_rss_mib for run in runs), 0),
        _spread(spread(run.broker_cpu_s_per_million for run in runs), 1),
        str(len(runs)),
        _audits(runs),
    ]


def _audits(runs: Sequence[Run]) -> str:
    said = [run.audit for run in runs if run.audit is not None]
    clean = sum(audit.startswith("clean") for audit in said)
    others = [audit for audit in said if not audit.startswith("clean")]
    return "; ".join([*([f"clean, {clean} of {len(said)}"] if clean else []), *others])


def in_short(results: Results, asked: int = 5_000) -> str:
    """The figures of the README: medians, one line a system; the delay where it was measured at that rate."""
    head = ["", "guarantee", "events/s", "CPU s a million", "peak memory MiB", f"delay at {asked:,}/s, p50 and p99 ms"]
    return table(head, (_short_row(results, name, runs, asked) for name, runs in by_system(results.runs).items()))


def _short_row(results: Results, name: str, runs: Sequence[Run], asked: int) -> list[str]:
    of = [delay for delay in results.delays if (delay.system, delay.asked) == (name, asked)]
    p50, p99 = (spread(getattr(delay, field) for delay in of).middle if of else 0 for field in ("p50_ms", "p99_ms"))
    return [
        results.systems[name].label,
        results.systems[name].guarantee,
        _number(spread(run.events_per_s for run in runs).middle, 0),
        _number(spread(run.cpu_s_per_million for run in runs).middle, 1),
        _number(spread(run.peak_rss_mib for run in runs).middle, 0),
        f"{_number(p50, 0)}, {_number(p99, 0)}" if of else "",
    ]


def written(results: Results) -> str:
    """The bytes that a system writes for an event, by topic, in its first round."""
    rows = []
    for name, runs in by_system(results.runs).items():
        for topic, size in runs[0].written.items():
            if size >= runs[0].events:  # less than a byte an event is none
                rows.append([results.systems[name].label, topic, f"{size / runs[0].events:.0f}"])
    return table(["", "topic, without its app id", "bytes an event, before compaction"], rows)


def delays(results: Results) -> str:
    """The table of delays, one line a system and rate."""
    head = ["", "guarantee", "events/s", "p50 ms", "p95 ms", "p99 ms", "its CPU, cores", "rounds"]
    found: dict[tuple[str, int], list[Delay]] = {}
    for delay in results.delays:
        found.setdefault((delay.system, delay.asked), []).append(delay)
    return table(head, (_delay_row(results, name, asked, of) for (name, asked), of in found.items()))


def _delay_row(results: Results, name: str, asked: int, of: Sequence[Delay]) -> list[str]:
    sent = spread(delay.rate for delay in of).middle
    return [
        results.systems[name].label,
        results.systems[name].guarantee,
        f"{asked:,}" + ("" if sent > 0.98 * asked else f" ({sent:,.0f} sent)"),
        *(_spread(spread(getattr(delay, field) for delay in of), 1) for field in ("p50_ms", "p95_ms", "p99_ms")),
        _spread(spread(delay.cores for delay in of), 2),
        str(len(of)),
    ]


def alone(results: Results) -> str:
    """The figures of tierflow's own benchmarks, one line a benchmark and form."""
    found: dict[tuple[str, str], list[Alone]] = {}
    for measured in results.alone:
        found.setdefault((measured.benchmark, measured.form), []).append(measured)
    rows = ([name, form, _figures(of), str(len(of))] for (name, form), of in found.items())
    return table(["benchmark", "", "figures", "rounds"], rows)


def _figures(of: Sequence[Alone]) -> str:
    """Writes the numbers of all rounds, name by name; what is no number is the same in each."""
    numbers = [name for name, value in of[0].figures.items() if isinstance(value, int | float)]
    said = ((name, spread(measured.figures[name] for measured in of)) for name in numbers)
    return ", ".join(f"{name} {_spread(found, 2)}" for name, found in said)


def commands(results: Results) -> str:
    """How each system was started."""
    rows = ([system.label, f"`{system.command}`"] for system in results.systems.values())
    return table(["", "started by"], rows)


def every_run(results: Results) -> str:
    """Every single run in the order of time, with the load of the machine around it."""
    head = ["round", "", "CPU s a million", "events/s", "load average before", "after", "audit"]
    rows = (
        [
            str(run.round),
            results.systems[run.system].label,
            f"{run.cpu_s_per_million:.1f}",
            f"{run.events_per_s:,.0f}",
            str(run.load.before),
            str(run.load.after),
            run.audit or "",
        ]
        for run in results.runs
    )
    return table(head, rows)


def by_system(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Gives the runs of each system, systems in the order of their first run."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.system, []).append(run)
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Writes a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _listed(name: str, values: Mapping[str, str]) -> str:
    return table([name, ""], ([key, value] for key, value in values.items()))


def _spread(found: Spread, decimals: int) -> str:
    """Writes the median, and the least and the most where they differ from it as it is written."""
    middle, least, most = (_number(figure, decimals) for figure in found)
    return middle if least == most else f"{middle} ({least} to {most})"


def _number(figure: float, decimals: int) -> str:
    return f"{figure:,.0f}" if float(figure).is_integer() else f"{figure:,.{decimals}f}"


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
