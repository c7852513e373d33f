"""Records of a source beside what comes of them, for people who write a mapping (docs/intake.md#try)."""

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from streams.contracts.decode import decode
from streams.contracts.event_line import EventLine
from streams.contracts.rejection import Rejection
from streams.errors import UsageError
from streams.intake.file_row import FileRow
from streams.intake.language.rules import FILE_FORMATS
from streams.intake.paths import RECORD
from streams.intake.record import Outcome, Refusal, Row, Skipped, SourceRecord
from streams.intake.refused import RefusedError
from streams.intake.samples import samples_of
from streams.intake.source import Source
from streams.load.mapped import SourceFile, camt_rows, csv_rows, mapped
from streams.policy.policy import Policy
from streams.values.events import ACCOUNTS

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Tried(NamedTuple):
    """A row and what comes of it: events, or why there are none.

    seen: the row as the paths see it; None where the format could not read it. refused: the reason, and a sentence.
    """

    record: SourceRecord
    seen: Any
    events: tuple[EventLine, ...] = ()
    is_of_a_topic: bool = False
    skipped: str = ""
    refused: tuple[str, str] | None = None

    @property
    def place(self) -> str:
        """Says where it stands: of a topic the partition and the offset, of a file the line, or the row's number."""
        record = self.record
        return f"{record.partition}:{record.offset}" if self.is_of_a_topic else str(record.offset)


class Names:
    """The names of the rows that were tried, to be held against those that the mapping reads."""

    def __init__(self, source: Source) -> None:
        self._read = source.names - {RECORD}
        self._seen: set[str] = set()

    def note(self, tried: Tried) -> None:
        """Notes the names of a row."""
        if isinstance(tried.seen, dict):
            self._seen |= tried.seen.keys()

    def read_by_nothing(self) -> list[str]:
        """Gives the names that rows have, and the mapping does not read."""
        return sorted(self._seen - self._read)

    def in_no_row(self) -> list[str]:
        """Gives the names that the mapping reads, and no row has."""
        return sorted(self._read - self._seen)


Prepare = Callable[[Collection[SourceRecord]], None]
"""Gets what records need before they can be mapped, such as their schemas."""


def tried(source: Source, rule: Any, path: Path, policy: Policy, prepare: Prepare = lambda _: None) -> Iterator[Tried]:
    """Maps the records of a sample, which is a file of the source's own form where it is one of files.

    rule: the source as the mapping has it. policy: what comes of a row is decoded under it as a worker would. prepare:
    called with the records of a topic's source.

    Raises:
        UsageError: The sample cannot be read.
    """
    for record, seen, outcome in _outcomes(source, rule, path, prepare):
        yield _told(record, seen, outcome, policy)._replace(is_of_a_topic=source.topic is not None)


def _outcomes(source: Source, rule: Any, path: Path, prepare: Prepare) -> Iterator[tuple[SourceRecord, Any, Outcome]]:
    if rule.format not in FILE_FORMATS:
        records = _samples(source, path)
        prepare(records)
        for record in records:
            yield from _beside(record, _decoded(source, record), source.map(record), source)
        return
    with SourceFile(path) as file:
        kept: list[FileRow] = []
        rows = csv_rows(file, rule.csv, source) if rule.format == "csv" else camt_rows(file)
        for record, outcomes in mapped(_noting(rows, kept), file.name, source):
            yield from _beside(record, kept.pop().row, outcomes, source)


def _noting(rows: Iterable[FileRow], kept: list[FileRow]) -> Iterator[FileRow]:
    for row in rows:
        kept.append(row)
        yield row


def _samples(source: Source, path: Path) -> list[SourceRecord]:
    try:
        return samples_of(path.read_bytes(), source.topic or path.name)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a file of records") from error
    except ValueError as error:
        raise UsageError(f"{path}: {error}; docs/intake.md says how sample records are written") from error


def _decoded(source: Source, record: SourceRecord) -> Any:
    try:
        return source.decode(record)
    except RefusedError as refused:
        return refused


def _beside(
    record: SourceRecord, decoded: Any, outcomes: list[Outcome], source: Source
) -> Iterator[tuple[SourceRecord, Any, Outcome]]:
    """Puts each outcome beside its row."""
    whole = decoded.value if isinstance(decoded, Row) else None
    items = source.each(whole) if source.each is not None and whole is not None else None
    is_each = isinstance(items, list) and len(items) == len(outcomes)
    for number, outcome in enumerate(outcomes):
        yield record, items[number] if is_each and items is not None else whole, outcome


def _told(record: SourceRecord, seen: Any, outcome: Outcome, policy: Policy) -> Tried:
    if isinstance(outcome, Skipped):
        return Tried(record, seen, skipped=outcome.why)
    if isinstance(outcome, Refusal):
        return Tried(record, seen, refused=(outcome.reason, _sentence(outcome)))
    return _decoded_under(policy, Tried(record, seen, outcome.events))


def _decoded_under(policy: Policy, tried_row: Tried) -> Tried:
    for event in tried_row.events:
        if event.topic >= ACCOUNTS:
            continue  # whose it is, is not known here
        taken = decode(event.topic, event.key, event.value, policy)
        if isinstance(taken, Rejection):
            return tried_row._replace(events=(), refused=(taken.reason, taken.detail))
    return tried_row


def _sentence(refusal: Refusal) -> str:
    at = f" - at {refusal.field}" if refusal.field else ""
    path = f", from {refusal.path}" if refusal.path else ""
    return f"{refusal.detail}{at}{path}"


def shown(tried_row: Tried) -> str:
    """Writes a row for people: the names that have something, as JSON; of what no format could read, its bytes."""
    if isinstance(tried_row.seen, dict):
        return _encode({name: value for name, value in tried_row.seen.items() if value not in (None, "")}).decode()
    if tried_row.seen is not None:
        return _encode(tried_row.seen).decode()
    value = tried_row.record.value
    return "(no value)" if value is None else value.decode("utf-8", "backslashreplace")
