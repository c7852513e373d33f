"""The results as pictures: a bar for each system, from the least to the most with a mark at the median."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.beside.results import Results, Run, Spread, spread
from benchmarks.beside.tables import by_system
from streams.simulate.picture import Box, Picture, Text
from streams.simulate.svg import svg

# tierflow's bars are blue, others grey: people who cannot tell red from green can tell these apart.
_OURS, _OTHERS, _SPREAD, _INK, _PAPER = "#2171b5", "#8a8f98", "#1a1a1a", "#1a1a1a", "#ffffff"
_MARGIN, _LABEL_W, _BAR_W, _VALUE_W, _ROW_H, _BAR_H, _TOP = 16, 300, 420, 130, 28, 18, 48

_WHOLE_FROM = 1_000


class Bar(NamedTuple):
    """One bar. is_ours: it is one of tierflow's."""

    label: str
    value: Spread
    is_ours: bool


def write_pictures(results: Results, beside: Path) -> dict[str, str]:
    """Writes the pictures beside the JSON file; gives the name of each file by its title."""
    found = {}
    for word, title, bars in _charts(results):
        if bars:
            file = beside.with_name(f"{beside.stem}-{word}.svg")
            file.write_bytes(svg(bar_chart(title, bars)))
            found[title] = file.name
    return found


def _charts(results: Results) -> list[tuple[str, str, list[Bar]]]:
    charts = [
        ("cpu", "CPU seconds for a million events (less is better)", _of_runs(results, lambda r: r.cpu_s_per_million)),
        ("rate", "Events a second (more is better)", _of_runs(results, lambda r: r.events_per_s)),
        ("memory", "Peak memory in MiB (less is better)", _of_runs(results, lambda r: r.peak_rss_mib)),
    ]
    for rate in sorted({delay.asked for delay in results.delays}):
        title = f"Delay at {rate:,} events a second, p99 in ms (less is better)"
        charts.append((f"delay-{rate}", title, _of_delays(results, rate)))
    return charts


def _of_runs(results: Results, figure: Callable[[Run], float]) -> list[Bar]:
    return [_bar(results, name, [figure(run) for run in runs]) for name, runs in by_system(results.runs).items()]


def _of_delays(results: Results, rate: int) -> list[Bar]:
    found: dict[str, list[float]] = {}
    for delay in results.delays:
        if delay.asked == rate:
            found.setdefault(delay.system, []).append(delay.p99_ms)
    return [_bar(results, name, figures) for name, figures in found.items()]


def _bar(results: Results, name: str, figures: Sequence[float]) -> Bar:
    label = results.systems[name].label.replace("`", "")
    return Bar(label, spread(figures), label.startswith("tierflow"))


def bar_chart(title: str, bars: Sequence[Bar]) -> Picture:
    """Draws horizontal bars as long as their medians, with a line from the least to the most."""
    width = 2 * _MARGIN + _LABEL_W + _BAR_W + _VALUE_W
    height = _TOP + _ROW_H * len(bars) + _MARGIN
    longest = max(bar.value.most for bar in bars) or 1.0
    shapes: list[Box | Text] = [Box(0, 0, width, height, _PAPER), _text(_MARGIN, 28, title, 16, bold=True)]
    for row, bar in enumerate(bars):
        shapes += _bar_shapes(bar, _TOP + _ROW_H * row, _BAR_W / longest)
    return Picture(width, height, title, shapes)


def _bar_shapes(bar: Bar, y: float, scale: float) -> list[Box | Text]:
    left, (middle, least, most) = _MARGIN + _LABEL_W, bar.value
    decimals = 0 if middle >= _WHOLE_FROM else 1
    return [
        _text(_MARGIN, y + 14, bar.label, 13),
        Box(left, y, middle * scale, _BAR_H, _OURS if bar.is_ours else _OTHERS),
        Box(left + least * scale, y + _BAR_H / 2 - 1, (most - least) * scale, 2, _SPREAD),
        _text(left + most * scale + 8, y + 14, f"{middle:,.{decimals}f}", 13, bold=True),
    ]


def _text(x: float, y: float, text: str, size: int, *, bold: bool = False) -> Text:
    return Text(x, y, text, size, _INK, "start", bold)
