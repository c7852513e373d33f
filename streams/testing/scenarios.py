"""Scenarios: tables of what is heard and what comes of it, as in docs/policies.md, and how what happened differs.

    | when | heard | what comes of it |
    | --- | --- | --- |
    | 2026-01-05 10:00 | balance 450000 | low (first_event) |
    | 3 days later | | campaign near-mid:1, missing 50000.00 |

Several things in one cell have a semicolon between. A row without an event is time alone. ", …" at the end of what is
expected stands for anything further that is told of the same message; "…" alone for whatever comes of the row.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from streams.policy.policy import Policy
from streams.testing.instants import WordsError, written
from streams.testing.told import Told

_MORE = ", …"
_ANYTHING = ["…"]
_HEADS = ("when", "heard", "expected", "happened")


class Row(NamedTuple):
    """A row as it is written."""

    when: str
    heard: list[str]
    expected: list[str]


class Played(NamedTuple):
    """A row, the instant that it is about, and what came of it and of the time since the row before."""

    row: Row
    at: datetime
    found: list[Told]


class _Line(NamedTuple):
    """A line of the table that shows a difference."""

    is_same: bool
    cells: tuple[str, str, str, str]


def read_rows(table: str) -> list[Row]:
    """Reads the rows of a table; its head may be left out.

    Raises:
        WordsError: There is no row, or one has not three columns.
    """
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    rules = [number for number, line in enumerate(lines) if not line.strip("|-: ")]
    rows = [_row(line.replace("...", "…")) for line in lines[rules[0] + 1 if rules else 0 :]]
    if not rows:
        raise WordsError("the table has no row; write | 2026-01-05 10:00 | balance 600000 | mid (first_event) |")
    return rows


def difference(rows: Sequence[Played], policy: Policy) -> str:
    """Shows what was expected beside what happened; nothing where they are the same."""
    lines = [line for row in rows for line in _compared(row)]
    if all(line.is_same for line in lines):
        return ""
    cells = [_HEADS, *(line.cells for line in lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    marks = [" ", *(" " if line.is_same else "!" for line in lines)]
    shown = [
        f"{mark} {'  '.join(map(str.ljust, row, widths))}".rstrip() for mark, row in zip(marks, cells, strict=True)
    ]
    return "\n".join([f"{policy.name} version {policy.version} does not do what the table says", "", *shown])


def _row(line: str) -> Row:
    if not (line.startswith("|") and line.endswith("|")) or line.count("|") != len(_HEADS):
        raise WordsError(f"{line!r} is no row of three columns; write | when | heard | what comes of it |")
    when, heard, expected = (cell.strip() for cell in line[1:-1].split("|"))
    return Row(when, *([part.strip() for part in cell.split(";") if part.strip()] for cell in (heard, expected)))


def _compared(played: Played) -> Iterator[_Line]:
    """Gives the row's line and, before it, one for all that was decided between the rows."""
    row, is_open = played.row, played.row.expected == _ANYTHING
    for one in played.found:
        if one.at != played.at:
            yield _Line(is_open, (written(one.at), "", "", one.words))
    found = [one.words for one in played.found if one.at == played.at]
    is_same = is_open or (len(found) == len(row.expected) and all(map(_is_meant, row.expected, found)))
    yield _Line(is_same, (written(played.at), "; ".join(row.heard), "; ".join(row.expected), "; ".join(found)))


def _is_meant(expected: str, found: str) -> bool:
    if expected.endswith(_MORE):
        begins = expected.removesuffix(_MORE)
        return found == begins or found.startswith((f"{begins},", f"{begins} "))
    return found == expected
