"""Rows of a text file: the lines as bytes to rows, each with the bytes that it was made of."""

import csv
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from streams.intake.file_row import FileRow
from streams.intake.language.rules import CsvRule
from streams.intake.record import Row
from streams.intake.refused import MalformedError
from streams.policy.language.forms import closest, quoted

# A text in quotes may go over several lines; one quote too many must not take the rest of the file along.
_LINES_OF_A_ROW = 100


def read_rows(lines: Iterable[bytes], rule: CsvRule, encoding: str, names: Collection[str]) -> Iterator[FileRow]:
    """Reads the rows of a file, those after the header.

    lines: with their ends, as they are in the file. names: the columns that have to be there.

    Raises:
        ValueError: The header cannot be used; the message says why.
    """
    rows = _split(_body(lines, rule), rule, encoding)
    columns = rule.columns or _header(rows)
    _check_columns(columns, rule, names)
    for line, raw, parts in rows:
        yield FileRow(line, raw, parts if isinstance(parts, MalformedError) else _row(parts, columns))


def _check_columns(columns: list[str], rule: CsvRule, names: Collection[str]) -> None:
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        more = "" if rule.columns else ", and skip_lines = 1 for the header"
        raise ValueError(f"two columns have the name {twice!r}; write all names: columns = […]{more}")
    for name in sorted(names):
        if name not in columns:
            said = f"the mapping reads {quoted(name)}, and no column is called so"
            raise ValueError(f"{said}; {_hint(name, columns, rule)}")


def _hint(name: str, columns: list[str], rule: CsvRule) -> str:
    [first, *others] = columns
    other_sign = next((sign for sign in ";\t|," if sign in first and sign != rule.delimiter), None)
    if other_sign is not None and not others:
        sign = "\\t" if other_sign == "\t" else other_sign
        return f"where columns end with this sign, write delimiter = {quoted(sign)} below [sources.NAME.csv]"
    whole = next((column for column in columns if column.startswith((f"{name}.", f"{name}["))), None)
    if whole is not None:
        return f"a name with a point in it stands in double quotes: '\"{whole}\"'"
    close = closest(name, columns)
    return f"{f'did you mean {close}? There' if close else 'there'} are {', '.join(columns)}"


_Parts = tuple[int, bytes, list[str] | MalformedError]


def _header(rows: Iterator[_Parts]) -> list[str]:
    for _, _, parts in rows:
        if isinstance(parts, MalformedError):
            raise ValueError(f"the header cannot be read: {parts}") from parts  # noqa: TRY004 - one error for the caller
        return [name.strip().removeprefix("\ufeff") or f"column_{number}" for number, name in enumerate(parts, 1)]
    raise ValueError("the file has no rows")


def _row(parts: list[str], columns: list[str]) -> Row | MalformedError:
    if len(parts) > len(columns) and not any(part.strip() for part in parts[len(columns) :]):
        parts = parts[: len(columns)]  # a delimiter at the end of each line
    if len(parts) != len(columns):
        return MalformedError(f"it has {len(parts)} fields, and there are {len(columns)} columns")
    return Row({name: part if part.strip() else None for name, part in zip(columns, parts, strict=True)})


def _body(lines: Iterable[bytes], rule: CsvRule) -> Iterator[tuple[int, bytes]]:
    """Gives the lines with their numbers from 1, without those at the beginning and the end that are no rows."""
    held: deque[tuple[int, bytes]] = deque()
    for number, line in enumerate(lines, 1):
        if number > rule.skip_lines:
            held.append((number, line))
            if len(held) > rule.skip_last_lines:
                yield held.popleft()


def _split(lines: Iterator[tuple[int, bytes]], rule: CsvRule, encoding: str) -> Iterator[_Parts]:
    """Splits lines into fields. A quote that is not closed takes the lines behind it along, up to a limit."""
    again: deque[tuple[int, bytes]] = deque()
    while True:
        first = again.popleft() if again else next(lines, None)
        if first is None:
            return
        number, raw = first
        taken: list[tuple[int, bytes]] = []
        parts = _fields(raw, rule, encoding)
        while isinstance(parts, _OpenError) and len(taken) < _LINES_OF_A_ROW:
            more = again.popleft() if again else next(lines, None)
            if more is None:
                break
            taken.append(more)
            parts = _fields(raw + b"".join(line for _, line in taken), rule, encoding)
        if isinstance(parts, _OpenError):
            again.extendleft(reversed(taken))
            yield number, raw, MalformedError("a quote in it is not closed")
        elif parts is not None:
            yield number, raw + b"".join(line for _, line in taken), parts


class _OpenError(MalformedError):
    """A quote is not closed at the end of a line."""


def _fields(raw: bytes, rule: CsvRule, encoding: str) -> list[str] | MalformedError | None:
    """Gives the fields of a row; None where it is empty, or a comment."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        return MalformedError(f"no {encoding}: {error.reason} at byte {error.start}")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip() or (rule.comment and text.startswith(rule.comment)):
        return None
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if rule.quote else csv.QUOTE_NONE
    reader = csv.reader([text], delimiter=rule.delimiter, quotechar=rule.quote or None, quoting=quoting, strict=True)
    try:
        return next(reader)
    except csv.Error as error:
        return _OpenError("open") if "end of data" in str(error) else MalformedError(f"no row: {error}")
