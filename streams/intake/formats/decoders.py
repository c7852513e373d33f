"""The decoders of each format, by its word in the mapping."""

from collections.abc import Callable

from streams.intake.formats.avro import AvroReader
from streams.intake.formats.change_events import ChangeEvents
from streams.intake.formats.cloud_events import decode_cloud_event
from streams.intake.formats.connect import ConnectReader
from streams.intake.formats.json_text import decode_json, decode_key
from streams.intake.formats.protobuf import ProtobufReader
from streams.intake.formats.registered import decode_change_events, decode_registered_key, decode_rows
from streams.intake.language.rules import Format
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.schemas import Schemas
from streams.intake.source import Decode, DecodeKey

REGISTERED = ("avro", "debezium-avro", "protobuf")
"""Those whose records name a schema of a registry."""


_MAKERS: dict[Format, Callable[[Schemas], Decode]] = {
    "json": lambda _: decode_json,
    "connect": lambda _: ConnectReader().decode,
    "debezium": lambda _: ChangeEvents().decode,
    "cloudevents": lambda _: decode_cloud_event,
    "avro": lambda schemas: decode_rows(AvroReader(schemas).read),
    "debezium-avro": lambda schemas: decode_change_events(AvroReader(schemas, is_debezium=True).read),
    "protobuf": lambda schemas: decode_rows(ProtobufReader(schemas).read),
}


def decoder_of(format_: Format, schemas: Schemas) -> Decode:
    """Makes the decoder of a format. schemas: those that its records name."""
    make = _MAKERS.get(format_)
    return _of_a_file if make is None else make(schemas)


def key_decoder_of(format_: Format, schemas: Schemas) -> DecodeKey:
    """Makes the decoder of the keys of a format's records."""
    if format_ not in REGISTERED:
        return decode_key
    reader = ProtobufReader(schemas) if format_ == "protobuf" else AvroReader(schemas)
    return decode_registered_key(reader.read)


def _of_a_file(_: SourceRecord) -> Row | Skipped:
    raise AssertionError("rows of files come from `tierflow load`, decoded")
