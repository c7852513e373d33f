"""CloudEvents 1.0 on Kafka, structured or binary: the data is the row, the attributes are `_record.event`.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from base64 import b64decode
from typing import Any

from streams.intake.formats.json_text import TOMBSTONE, json_of
from streams.intake.record import Row, Skipped, SourceRecord
from streams.intake.refused import MalformedError
from streams.intake.texts import named

_PREFIX = "ce_"
_DATA = ("data", "data_base64")


def decode_cloud_event(record: SourceRecord) -> Row | Skipped:
    """Reads a record that is a CloudEvent."""
    headers = {name.lower(): raw.decode("utf-8", "replace") for name, raw in record.headers}
    if f"{_PREFIX}specversion" in headers:
        event = {name.removeprefix(_PREFIX): text for name, text in headers.items() if name.startswith(_PREFIX)}
        if record.value is None:
            return TOMBSTONE._replace(about={**TOMBSTONE.about, "event": event})
        return Row(_data(record.value, headers.get("content-type")), {"event": event})
    if record.value is None:
        return TOMBSTONE
    event = json_of(record.value)
    if not isinstance(event, dict) or "specversion" not in event:
        raise MalformedError("it has neither ce_specversion in its headers nor specversion in its value: no CloudEvent")
    attributes = {name: value for name, value in event.items() if name not in _DATA}
    return Row(_structured(event), {"event": attributes})


def _structured(event: dict[str, Any]) -> Any:
    data, kind = event.get("data"), event.get("datacontenttype")
    if "data_base64" in event:
        try:
            raw = b64decode(event["data_base64"], validate=True)
        except (ValueError, TypeError) as error:
            raise MalformedError("its data_base64 is no base64") from error
        return _data(raw, kind)
    if isinstance(data, str) and _is_json(kind):
        return _data(data.encode(), kind)
    return data


def _data(raw: bytes, kind: Any) -> Any:
    if not _is_json(kind):
        raise MalformedError(f"its data are of the type {named(kind)}; only JSON is read")
    return json_of(raw)


def _is_json(kind: Any) -> bool:
    if kind is None:
        return True
    written = str(kind).partition(";")[0].strip().lower()
    return written in {"application/json", "text/json"} or written.endswith("+json")
