"""Draws a flame graph of a worker as a small SVG without scripts, from what py-spy recorded (docs/performance.md).

    py-spy record --subprocesses --native --format raw --output worker.raw -- tierflow bench throughput
    .venv/bin/python benchmarks/flames.py worker.raw docs/images/worker.svg "tierflow, compiled"

What runs in event loops of a `tierflow worker` is drawn: not the start of the process, not the benchmark, no waiting.
Of frames that are not Python only those of compiled logic are named; the time of others is their caller's.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

PROCESS, ROOT, WAITING = "tierflow worker", "_run_once", "EpollSelector.select"
LEAST_SHARE = 0.004
WIDTH, ROW_H, TOP, LETTER_W, SIZE = 1200, 17, 44, 6.8, 11
# By where a frame is: the engine and its partition, the rest of tierflow, aiokafka and Faust, Python itself.
COLOURS = {"logic": "#9ecae1", "tierflow": "#c7dcef", "kafka": "#fdd0a2", "python": "#e3e5e8"}
_LEGEND = "blue: engine, partition, messages; pale blue: the rest of tierflow; orange: aiokafka and Faust; grey: Python"
LOGIC = ("values", "policy", "engine", "contracts", "partition")
_PYTHON = re.compile(r"(.+) \((\S+?\.py)(?::\d+)?\)$")
_COMPILED = re.compile(r"CPy(?:Def|Py)_(\w+)")


class Frame:
    """A frame with all samples that have it there in their stack, and what it called."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.samples = 0
        self.called: dict[str, Frame] = {}


class Box(NamedTuple):
    """A frame as it is drawn: how far from the left, and how deep."""

    frame: Frame
    left: int
    depth: int


def gathered(raw: Iterator[str]) -> Frame:
    """Adds the stacks of a recording up, from the event loop upwards."""
    root = Frame("event loops", "python")
    for line in raw:
        stack, _, count = line.rpartition(" ")
        if PROCESS in stack and ROOT in stack and WAITING not in stack:
            _add(root, stack.split(";"), int(count))
    return root


def _add(root: Frame, stack: list[str], samples: int) -> None:
    root.samples += samples
    frame = root
    begun = next(number for number, name in enumerate(stack) if ROOT in name) + 1
    for found in map(_told, stack[begun:]):
        if found is None or found[0] == frame.name:
            continue
        name, kind = found
        frame = frame.called.setdefault(name, Frame(name, kind))
        frame.samples += samples


def _told(frame: str) -> tuple[str, str] | None:
    """Gives a frame's name and kind; None where it is neither Python nor compiled logic."""
    if compiled := _COMPILED.match(frame):
        parts = [part for part in compiled[1].split("___") if not part.startswith("__mypyc")]
        return ".".join(re.sub(r"_[A-Z]\w*_gen$", "", part) for part in parts[1:]), "logic"
    if python := _PYTHON.match(frame):
        return python[1], _kind(python[2])
    return None


def _kind(path: str) -> str:
    if path.startswith("streams/"):
        return "logic" if path.split("/")[1] in LOGIC or path.endswith("partition.py") else "tierflow"
    return "kafka" if path.startswith(("aiokafka/", "faust/", "mode/")) else "python"


def boxes(frame: Frame, least: float, left: int = 0, depth: int = 0) -> Iterator[Box]:
    """Gives the boxes of a frame and of what it called; what has fewer samples than the least is left out."""
    yield Box(frame, left, depth)
    for called in sorted(frame.called.values(), key=lambda called: called.name):
        if called.samples >= least:
            yield from boxes(called, least, left, depth + 1)
        left += called.samples


def flame_graph(root: Frame, title: str) -> str:
    """Draws the graph: callers below, what they called above, as wide as the CPU time that it took."""
    found = list(boxes(root, root.samples * LEAST_SHARE))
    deepest = max(box.depth for box in found)
    height = TOP + (deepest + 1) * ROW_H + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="Helvetica Neue, Arial, sans-serif" font-size="{SIZE}">'
    )
    sentence = f"{root.samples:,} samples; {_LEGEND}"
    lines = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="18" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="8" y="36" fill="#5f6368">{escape(sentence)}</text>',
        *(_drawn(box, root.samples, TOP + (deepest - box.depth) * ROW_H) for box in found),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _drawn(box: Box, samples: int, y: int) -> str:
    x, width = box.left / samples * WIDTH, box.frame.samples / samples * WIDTH
    name, letters = box.frame.name, int((width - 4) / LETTER_W)
    shown = name if len(name) <= letters else name[: letters - 1] + "…" if letters > 2 else ""  # noqa: PLR2004
    rect = f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW_H - 1}" fill="{COLOURS[box.frame.kind]}"/>'
    text = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ""
    return f"<g><title>{escape(name)} {box.frame.samples / samples:.1%}</title>{rect}{text}</g>"


def main() -> None:
    """Draws the recording that is named into the file that is named."""
    recording, picture, title = sys.argv[1:]
    with Path(recording).open() as raw:
        root = gathered(raw)
    if not root.samples:
        sys.exit(f"{recording} has no sample of a {PROCESS}: record with --subprocesses")
    Path(picture).write_text(flame_graph(root, title))


if __name__ == "__main__":
    main()
