"""The decoder of each format, by its word in the mapping."""

from streams.intake.formats.change_events import ChangeEvents
from streams.intake.formats.cloud_events import decode_cloud_event
from streams.intake.formats.connect import ConnectReader
from streams.intake.formats.json_text import decode_json
from streams.intake.language.rules import Format
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.source import Decode


def decoder_of(format_: Format) -> Decode:
    """Makes the decoder of a format."""
    match format_:
        case "json":
            return decode_json
        case "connect":
            return ConnectReader().decode
        case "debezium":
            return ChangeEvents().decode
        case "cloudevents":
            return decode_cloud_event
        case _:
            return _of_a_file


def _of_a_file(_: SourceRecord) -> Row | Skipped:
    raise AssertionError("rows of files come from `tierflow load`, decoded")
