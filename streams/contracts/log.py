"""JSON of the order of work and of dead letters (docs/messages.md#tierorder, docs/messages.md#tierdead-letters)."""

import msgspec

from streams.contracts.outputs import DeadLetterMessage, OrderMessage

encode_json = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(OrderMessage).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetterMessage).decode
