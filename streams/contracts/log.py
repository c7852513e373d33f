"""JSON of the order of work and of dead letters (docs/messages.md#tierorder, docs/messages.md#tierdead-letters)."""

from base64 import b64encode

import msgspec

from streams.contracts.outputs import DeadLetterMessage, OrderMessage

encode_json = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(OrderMessage).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetterMessage).decode


def base64_or_none(raw: bytes | None) -> str | None:
    """Writes bytes as base64 text; None stays None."""
    return None if raw is None else b64encode(raw).decode()
