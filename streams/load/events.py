"""A file of events, read as it comes: a JSON object a line, in the order of the lines."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from streams.contracts.lines import parse_line
from streams.errors import UsageError
from streams.load.produce import Wave

if TYPE_CHECKING:
    from streams.contracts.event_line import EventLine

CHUNK_BYTES = 1 << 20
LINE_LIMIT_BYTES = 16 << 20


def read_waves(file: io.BufferedReader, name: str) -> Iterator[Wave]:
    """What has arrived, at most about a mebibyte at a time; empty lines are skipped.

    A line that is no event gives a UsageError with name and line number, after the wave of the lines before it.
    """
    number, rest = 0, b""
    while chunk := file.read1(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_LIMIT_BYTES:
            raise UsageError(f"{name}, line {number + len(lines) + 1}: longer than {LINE_LIMIT_BYTES >> 20} MiB")
        yield from _wave(lines, number, name, len(chunk))
        number += len(lines)
    yield from _wave([rest], number, name, 0)


def _wave(lines: Sequence[bytes], before: int, name: str, progress: int) -> Iterator[Wave]:
    events: list[EventLine] = []
    for number, line in enumerate(lines, before + 1):
        try:
            if line and not line.isspace():
                events.append(parse_line(line))
        except ValueError as error:
            yield Wave(events, progress)
            raise UsageError(f"{name}, line {number}: {error}") from error
    yield Wave(events, progress)
