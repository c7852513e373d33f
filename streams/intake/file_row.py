"""The struct of a row of a file, before it is mapped."""

from typing import NamedTuple

from streams.intake.record import Row, Skipped
from streams.intake.refused import MalformedError


class FileRow(NamedTuple):
    """A row of a file: the number of its first line, its bytes, and its fields, or why nothing comes of it."""

    line: int
    raw: bytes
    row: Row | Skipped | MalformedError
