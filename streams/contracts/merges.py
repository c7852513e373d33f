"""What tierflow writes to `bank.customers` after a merge (docs/merging.md): a former id's state, and its late events.

Their ids are made of the place of the input that they come of, so they are known again.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from streams.contracts.envelope import Headers
from streams.contracts.letters import RECORD_BYTES
from streams.contracts.log import encode_json
from streams.contracts.numbered import WrittenMerge
from streams.contracts.rejection import Place
from streams.values.events import TOPICS, HandedOn, TakeIn

MERGE_ID = "merge_id"
_BEGINNING = "merge:"
_WRITTEN = frozenset({"take_in", "hand_on"})
_SPARE_BYTES = 8 << 10  # ids, headers, and what Kafka adds
_decode = msgspec.json.Decoder(WrittenMerge).decode


def take_in(place: Place, into: str, at_ms: int, former: TakeIn) -> bytes:
    """Writes the state of a former id for the id `into`. place: of what it comes of."""
    merged = {
        "source": former.source,
        "customer_id": former.former,
        "via": list(former.via),
        "state": b64encode(former.state).decode(),
    }
    return _message(place, into, "take_in", at_ms, merged)


def hand_on(place: Place, into: str, at_ms: int, event: HandedOn) -> bytes:
    """Writes an event that came under a former id for the id `into`."""
    merged: dict[str, Any] = {
        "source": event.source,
        "customer_id": event.former,
        "topic": TOPICS[event.topic],
        "event": b64encode(event.value).decode(),
    }
    if event.via:
        merged["via"] = list(event.via)
    return _message(place, into, "hand_on", at_ms, merged)


def has_room(value: bytes) -> bool:
    """Says whether a record with this value fits where topics have Kafka's default, and as a dead letter, too."""
    return len(value) * 4 // 3 + _SPARE_BYTES <= RECORD_BYTES


def headers_of(place: Place) -> Headers:
    """Gives the headers: the first says what the record is about."""
    return [(MERGE_ID, _id_of(place).encode())]


def place_in(value: bytes | None, source: str) -> Place | None:
    """Gives the place that a record of `bank.customers` comes of; None where the tierflow of this source wrote none."""
    if value is None or b'"merge:' not in value:
        return None  # nearly always
    try:
        written = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if written.action not in _WRITTEN or written.merged.source != source or not written.event_id.startswith(_BEGINNING):
        return None
    topic, _, rest = written.event_id.removeprefix(_BEGINNING).partition(":")
    partition, _, offset = rest.partition(":")
    if topic not in TOPICS or not (partition.isdecimal() and offset.isdecimal()):
        return None
    return Place(topic, int(partition), int(offset))


def _id_of(place: Place) -> str:
    return f"{_BEGINNING}{place.topic}:{place.partition}:{place.offset}"


def _message(place: Place, into: str, action: str, at_ms: int, merged: Mapping[str, Any]) -> bytes:
    return encode_json(
        {"event_id": _id_of(place), "customer_id": into, "action": action, "at": at_ms, "merged": merged}
    )
