"""A customer's state as bytes (MessagePack), and a copy of it.

The version byte in front of a record of the changelog is added by contracts/packing.py.
"""

import msgspec

from streams.engine.remember import remembered_bytes
from streams.engine.state import CustomerState, Reversal, StateHeader, WatchedLoan

encode_state = msgspec.msgpack.Encoder().encode
decode_state = msgspec.msgpack.Decoder(CustomerState).decode
decode_header = msgspec.msgpack.Decoder(StateHeader).decode
encode_reversals = msgspec.msgpack.Encoder().encode
decode_reversals = msgspec.msgpack.Decoder(list[Reversal]).decode

encode_loans = msgspec.msgpack.Encoder().encode
decode_loans = msgspec.msgpack.Decoder(dict[str, WatchedLoan]).decode

encode_numbers = msgspec.msgpack.Encoder().encode
decode_numbers = msgspec.msgpack.Decoder(list[int]).decode

LONG_ARRAY = b"\xdc"
"""MessagePack: an array of 16 elements and more, whose number follows in 2 bytes."""


def kept_bytes(state: CustomerState) -> int:
    """Gives how many bytes a state takes, without the event ids that are remembered: they have a limit of their own."""
    return len(encode_state(state)) - remembered_bytes(state)


def copy_of(state: CustomerState) -> CustomerState:
    """Copies a state, so that a trial run on the copy leaves the state as it is."""
    return decode_state(encode_state(state))
