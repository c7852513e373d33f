"""A file of events, read as it arrives: one JSON object a line (docs/commands.md#a-file-of-events)."""

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
    """Reads the events of a file as waves of about a mebibyte, or less where less has arrived. Skips empty lines.

    name: what the file is called in errors.

    Raises:
        UsageError: A line is not an event, or is too long. The events before it were yielded.
    """
    number, rest = 0, b""
    while chunk := file.read1(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_LIMIT_BYTES:
            raise UsageError(
                f"{name}, line {number + len(lines) + 1}: longer than {LINE_LIMIT_BYTES >> 20} MiB; write one event "
                "a line"
            )
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
