"""A customer's state as bytes (MessagePack), and a copy of it.

The version byte in front of a record of the changelog is added by contracts/packing.py.
"""

import msgspec

from streams.engine.remember import remembered_bytes
from streams.engine.state import CustomerState, Reversal, StateHeader, WatchedLoan

_encode_state = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(CustomerState).decode
decode_header = msgspec.msgpack.Decoder(StateHeader).decode
encode_reversals = msgspec.msgpack.Encoder().encode
decode_reversals = msgspec.msgpack.Decoder(list[Reversal]).decode

encode_loans = msgspec.msgpack.Encoder().encode
decode_loans = msgspec.msgpack.Decoder(dict[str, WatchedLoan]).decode

encode_numbers = msgspec.msgpack.Encoder().encode
decode_numbers = msgspec.msgpack.Decoder(list[int]).decode

LONG_ARRAY = b"\xdc"
"""MessagePack: an array of 16 elements and more, whose number follows in 2 bytes."""


def encode_state(state: CustomerState) -> bytes:
    """Packs a state, which is as before afterwards.

    Times are packed by how far they are from the newest one, which mostly takes half the room, and an earned tier only
    where another one is served.
    """
    earned, decided_ms = state.earned_tier, state.decided_at_ms
    first_ms, last_ms = state.first_event_ms, state.last_transaction_ms
    newest_ms = state.newest_ms
    if earned == state.tier:
        state.earned_tier = None
    state.decided_at_ms = decided_ms - newest_ms
    if first_ms is not None:
        state.first_event_ms = newest_ms - first_ms
    if last_ms is not None:
        state.last_transaction_ms = newest_ms - last_ms
    packed = _encode_state(state)
    state.earned_tier, state.decided_at_ms = earned, decided_ms
    state.first_event_ms, state.last_transaction_ms = first_ms, last_ms
    return packed


def decode_state(packed: bytes) -> CustomerState:
    """Unpacks a state."""
    state = _decode_state(packed)
    newest_ms, first_ms, last_ms = state.newest_ms, state.first_event_ms, state.last_transaction_ms
    if state.earned_tier is None:
        state.earned_tier = state.tier
    state.decided_at_ms += newest_ms
    if first_ms is not None:
        state.first_event_ms = newest_ms - first_ms
    if last_ms is not None:
        state.last_transaction_ms = newest_ms - last_ms
    return state


def kept_bytes(state: CustomerState) -> int:
    """Gives how many bytes a state takes, without the event ids that are remembered: they have a limit of their own."""
    return len(encode_state(state)) - remembered_bytes(state)


def copy_of(state: CustomerState) -> CustomerState:
    """Copies a state, so that a trial run on the copy leaves the state as it is."""
    return decode_state(encode_state(state))
