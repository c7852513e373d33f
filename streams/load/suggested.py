"""A first mapping from a file: of records, of rows, or a statement (docs/intake.md#suggest)."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streams.errors import UsageError
from streams.intake.formats.change_events import ChangeEvents
from streams.intake.formats.cloud_events import decode_cloud_event
from streams.intake.formats.connect import ConnectReader
from streams.intake.formats.delimited import read_rows
from streams.intake.formats.encodings import UnknownEncodingError, encoding_of
from streams.intake.formats.json_text import decode_json, json_of
from streams.intake.language.rules import CsvRule
from streams.intake.record import Row, SourceRecord
from streams.intake.refused import RefusedError
from streams.intake.samples import samples_of
from streams.intake.source import Decode
from streams.intake.suggest.columns import columns_of, list_of_rows, path_of
from streams.intake.suggest.likely import likely
from streams.intake.suggest.mapping_text import Sample, mapping_text
from streams.load.mapped import SourceFile
from streams.policy.language.forms import quoted

SAMPLE_ROWS = 100
_HEAD_BYTES = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_LINES_OF_A_DIALECT = 50
_MOST = 0.7


def suggested(path: Path, name: str | None, topic: str | None) -> str:
    """Writes a first mapping for a file. name: of the source; else that of the file.

    Raises:
        UsageError: The file cannot be read, or nothing in it can be.
    """
    with SourceFile(path) as file:
        try:
            head = _whole_lines(file.stream.read(_HEAD_BYTES))
        except (OSError, EOFError) as error:
            raise UsageError(f"{path} cannot be read: {error}") from error
    source = name or re.sub(r"[^\w.-]+", "-", path.name.partition(".")[0]).strip("-.") or "source"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise UsageError(f"{path} is XML; for a statement copy examples/sources/camt.toml, which is a mapping already")
    records = [record for record in _records(head, path.name) if record.value is not None][:SAMPLE_ROWS]
    form, decode = _format_of(records)
    if decode is None:
        return _of_rows(head, path.name, source)
    rows = [row.value for record in records if isinstance(row := _decoded(decode, record), Row)]
    if not any(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path} has no record that is an object; docs/intake.md says how sample records are written")
    told = next((record.topic for record in records if record.topic != path.name), "?")
    words = [f"topic = {quoted(topic or told)}"]
    columns = columns_of(rows)
    each = list_of_rows(rows)
    if each is not None and not {"amount", "balance"} & likely(columns).keys():
        words.append(f"each = {quoted(path_of([each]))}")
        items = [item for row in rows for item in row.get(each) or ()]
        columns = [*columns_of(items), *columns_of(rows, ("_record", "value"))]
    return mapping_text(Sample(source, form, tuple(words)), columns)


def _whole_lines(head: bytes) -> bytes:
    end = head.rfind(b"\n")
    return head if end < 0 or len(head) < _HEAD_BYTES else head[: end + 1]


def _records(head: bytes, name: str) -> list[SourceRecord]:
    try:
        return samples_of(head, name)
    except ValueError:
        return []


def _format_of(records: Iterable[SourceRecord]) -> tuple[str, Decode | None]:
    """Gives the format of the first record that is JSON, and what decodes it; no decoder where none is."""
    for record in records:
        try:
            value = json_of(record.value or b"")
        except RefusedError:
            continue
        if not isinstance(value, dict):
            continue
        payload = value.get("payload") if "schema" in value else value
        if isinstance(payload, dict) and "op" in payload and ("after" in payload or "before" in payload):
            return "debezium", ChangeEvents().decode
        if value.keys() == {"schema", "payload"}:
            return "connect", ConnectReader().decode
        if "specversion" in value or any(header.lower() == "ce_specversion" for header, _ in record.headers):
            return "cloudevents", decode_cloud_event
        return "json", decode_json
    return "", None


def _decoded(decode: Decode, record: SourceRecord) -> Any:
    try:
        return decode(record)
    except RefusedError:
        return None


def _of_rows(head: bytes, name: str, source: str) -> str:
    try:
        encoding = encoding_of(head)
        text = head.decode(encoding, "replace")
        rule, words = _dialect(text)
        rows = [row.row.value for row in read_rows(_lines(text), rule, "utf-8", ()) if isinstance(row.row, Row)]
    except UnknownEncodingError as error:
        raise UsageError(f"{name}: its encoding cannot be told; save it as UTF-8, and say encoding later") from error
    except ValueError as error:
        raise UsageError(f"{name} cannot be read: {error}") from error
    tables = ("", f"[sources.{source}.csv]", f"encoding = {quoted(_ENCODINGS.get(encoding, encoding))}", *words)
    return mapping_text(Sample(source, "csv", tables=tables), columns_of(rows[:SAMPLE_ROWS]))


_ENCODINGS = {"cp950": "big5", "utf-8-sig": "utf-8"}


def _lines(text: str) -> list[bytes]:
    return [line.encode() for line in io.StringIO(text, newline="\n")]


def _count_fields(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def _dialect(text: str) -> tuple[CsvRule, list[str]]:
    """Tells the delimiter, and the lines at the beginning that are no rows: those with another number of fields."""
    lines = text.splitlines()[:_LINES_OF_A_DIALECT]
    best: tuple[int, str, list[int]] = (1, ",", [1 for _ in lines])
    for delimiter in _DELIMITERS:
        counts = [_count_fields(line, delimiter) for line in lines]
        usual, times = Counter(filter(None, counts)).most_common(1)[0] if any(counts) else (1, 0)
        if usual > best[0] and times >= _MOST * sum(map(bool, counts)):
            best = usual, delimiter, counts
    fields, delimiter, counts = best
    skipped = next((number for number, count in enumerate(counts) if count == fields), 0)
    words = [f"delimiter = {quoted(delimiter)}"] if delimiter not in {",", "\t"} else []
    words += ['delimiter = "\\t"'] if delimiter == "\t" else []
    words += [f"skip_lines = {skipped}"] if skipped else []
    return CsvRule(delimiter=delimiter, skip_lines=skipped), words
