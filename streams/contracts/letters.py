"""Dead letters: an input that could not be used, whole or, where it is too large to be handed on, by its beginning."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from streams.contracts.outputs import DeadLetterMessage
from streams.contracts.rejection import Clipped, Place, Rejection

RECORD_BYTES = 1 << 20
"""How large a record may be where nobody has asked the broker: a little less than its default."""

FIRST_BYTES = 1_024
_KEY_BYTES = 256
# All of a letter's record but the key and the value: names, a detail of 500 characters in JSON, what Kafka adds.
_REST_BYTES = 8_192


def clip(raw: bytes) -> Clipped:
    """Says what is kept of bytes that are too many."""
    return Clipped(raw[:FIRST_BYTES], len(raw), sha256(raw).hexdigest())


def dead_letter(  # noqa: PLR0913, PLR0917 - all that it says
    place: Place, key: bytes | None, value: bytes | None, rejection: Rejection, at: str, record_bytes: int
) -> DeadLetterMessage:
    """Makes a letter. It holds key and value whole, unless its record would be larger than `record_bytes`."""
    return DeadLetterMessage(
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        reason=rejection.reason,
        detail=rejection.detail,
        at=at,
        **bytes_fields(key, value, rejection.value, record_bytes),
    )


def bytes_fields(key: bytes | None, value: bytes | None, clipped: Clipped | None, record_bytes: int) -> dict[str, Any]:
    """Gives the fields of a letter that hold key and value. clipped: what is known of a value not read whole."""
    is_clipped = clipped is not None or _whole_bytes(key, value) > record_bytes
    return {
        **_part("key", key, None, is_clipped=is_clipped),
        **_part("value", value, clipped, is_clipped=is_clipped),
    }


def too_large(clipped: Clipped) -> Rejection:
    """Says that a record's batch is too large to be unpacked whole (kafka/unpacking.py)."""
    size = "" if clipped.size is None else f"; its value has {clipped.size:,} bytes"
    return Rejection("too_large", f"it is past the part of its compressed batch that is unpacked{size}", clipped)


def letter_key(key: bytes | None) -> bytes | None:
    """Gives the key of a letter's record: the input's own, or the beginning of one that no customer can have."""
    return None if key is None else key[:_KEY_BYTES]


def comparable(letter: dict[str, Any]) -> dict[str, Any]:
    """Gives the fields of a letter as they are where nothing is handed on whole.

    Whether it is depends on a setting of the topic, which may have changed since; what the input was does not.
    """
    found = dict(letter)
    for name in ("key", "value"):
        whole = found.get(f"{name}_base64")
        if isinstance(whole, str):
            found |= {f"{name}_base64": None, **_fields(name, clip(b64decode(whole)))}
    return found


def base64_or_none(raw: bytes | None) -> str | None:
    """Writes bytes as base64 text; None stays None."""
    return None if raw is None else b64encode(raw).decode()


def _whole_bytes(key: bytes | None, value: bytes | None) -> int:
    """Gives no less than a letter's record takes that holds all: base64 needs four bytes for three."""
    return (len(key or b"") + len(value or b"")) * 4 // 3 + _KEY_BYTES + _REST_BYTES


def _part(name: str, raw: bytes | None, known: Clipped | None, *, is_clipped: bool) -> dict[str, Any]:
    """Gives the fields of a key or a value. known: what is known of it where it was not read whole."""
    if known is None and is_clipped and raw is not None and len(raw) > FIRST_BYTES:
        known = clip(raw)
    if known is None:
        return {f"{name}_base64": base64_or_none(raw)}
    return {f"{name}_base64": None, **_fields(name, known)}


def _fields(name: str, known: Clipped) -> dict[str, Any]:
    found: dict[str, Any] = {f"{name}_first_base64": base64_or_none(known.first)}
    if known.size is not None:
        found[f"{name}_bytes"] = known.size
    if known.sha256 is not None:
        found[f"{name}_sha256"] = f"sha256:{known.sha256}"
    return found
