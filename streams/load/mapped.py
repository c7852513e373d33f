"""Files of a bank's own, rows or statements, as events: by the mapping of a source (docs/intake.md#files)."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

import orjson

from streams.contracts.letters import base64_or_none
from streams.errors import UsageError
from streams.intake.file_row import FileRow
from streams.intake.formats.camt import read_camt
from streams.intake.formats.delimited import read_rows
from streams.intake.formats.encodings import UnknownEncodingError, encoding_of, said_encoding
from streams.intake.language.rules import CsvRule
from streams.intake.paths import RECORD
from streams.intake.record import Mapped, Outcome, Refusal, Skipped, SourceRecord
from streams.intake.refused import MalformedError
from streams.intake.source import Source
from streams.load.produce import Wave

if TYPE_CHECKING:
    from streams.contracts.event_line import EventLine

WAVE_ROWS = 10_000
HEAD_BYTES = 1 << 20
_WIDE = ("utf-16", "utf-32")
_TOLD = 10


class SourceFile:
    """An open file, unpacked where its name ends in .gz. `size`: its bytes as it lies there."""

    def __init__(self, path: Path) -> None:
        """Opens it.

        Raises:
            UsageError: It cannot be opened.
        """
        self.name = path.name
        try:
            self._raw = path.open("rb", buffering=0)
            self.size = path.stat().st_size
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}; name a file") from error
        unpacked = gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        self.stream = io.BufferedReader(unpacked, HEAD_BYTES)

    def position(self) -> int:
        """Says how many of its bytes have been read."""
        return self._raw.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.stream.close()
        self._raw.close()


class Refused:
    """The rows of a file that could not be mapped: how many for each reason, the first of them, and all in a file."""

    def __init__(self, kept: IO[bytes] | None = None) -> None:
        self.by_reason: Counter[str] = Counter()
        self.first: list[str] = []
        self.skipped: Counter[str] = Counter()
        self._kept = kept

    def add(self, refusal: Refusal) -> None:
        """Notes a row."""
        self.by_reason[refusal.reason] += 1
        record = refusal.record
        if len(self.first) < _TOLD:
            field = f", {refusal.field}" if refusal.field else ""
            self.first.append(f"{record.topic}, line {record.offset}{field}: {refusal.detail} ({refusal.reason})")
        if self._kept is not None:
            line = {
                "file": record.topic,
                "line": record.offset,
                "reason": refusal.reason,
                "detail": refusal.detail,
                "field": refusal.field,
                "path": refusal.path,
                "value_base64": base64_or_none(record.value),
            }
            self._kept.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def csv_rows(file: SourceFile, rule: CsvRule, source: Source) -> Iterator[FileRow]:
    """Reads the rows of a file of rows.

    Raises:
        UsageError: Its encoding cannot be told, or its header cannot be used.
    """
    try:
        head = _whole_lines(file.stream.peek(HEAD_BYTES))
        encoding = said_encoding(rule.encoding) if rule.encoding else encoding_of(head)
        lines, encoding = _lines(file.stream, encoding)
        yield from read_rows(lines, rule, encoding, source.names - {RECORD})
    except UnknownEncodingError as error:
        raise UsageError(f"{file.name}: {error}") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(f"{file.name} cannot be read: {error}") from error


def _lines(stream: IO[bytes], encoding: str) -> tuple[Iterable[bytes], str]:
    """Gives the lines as bytes, and their encoding; UTF-16 and UTF-32, whose line ends have zeros, as UTF-8."""
    if encoding.lower().startswith(_WIDE):
        return (line.encode() for line in io.TextIOWrapper(stream, encoding, newline="\n")), "utf-8"
    return stream, encoding


def _whole_lines(head: bytes) -> bytes:
    end = head.rfind(b"\n")
    return head if end < 0 else head[: end + 1]


def camt_rows(file: SourceFile) -> Iterator[FileRow]:
    """Reads the rows of a statement.

    Raises:
        UsageError: It is none.
    """
    try:
        yield from read_camt(file.stream)
    except (MalformedError, OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{file.name}: {error}") from error


def mapped(rows: Iterable[FileRow], name: str, source: Source) -> Iterator[tuple[SourceRecord, list[Outcome]]]:
    """Maps the rows of a file: each as a record whose offset is its line, and what comes of it."""
    for line, raw, row in rows:
        record = SourceRecord(name, 0, line, None, raw)
        if isinstance(row, MalformedError):
            yield record, [Refusal(row.reason, str(row), record)]
        else:
            yield record, [row] if isinstance(row, Skipped) else source.map_row(record, row)


def mapped_waves(rows: Iterable[FileRow], file: SourceFile, source: Source, refused: Refused) -> Iterator[Wave]:
    """Gives what comes of the rows of a file in waves, whose progress counts the bytes that were read."""
    events: list[EventLine] = []
    read = 0
    for number, (_, outcomes) in enumerate(mapped(rows, file.name, source), 1):
        for outcome in outcomes:
            if isinstance(outcome, Mapped):
                events += outcome.events
            elif isinstance(outcome, Refusal):
                refused.add(outcome)
            else:
                refused.skipped[outcome.why] += 1
        if not number % WAVE_ROWS:
            yield Wave(events, file.position() - read)
            events, read = [], file.position()
    yield Wave(events, file.position() - read)
