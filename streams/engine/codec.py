"""A customer's state as bytes (MessagePack), and a copy of it.

Fields at the end that say nothing are left out: a reader takes their defaults. The version byte in front of a record of
the changelog is added by contracts/packing.py.
"""

import msgspec
from msgspec.structs import astuple

from streams.engine.remember import remembered_bytes
from streams.engine.state import CustomerState, Reversal, StateHeader

_encode = msgspec.msgpack.Encoder().encode
decode_state = msgspec.msgpack.Decoder(CustomerState).decode
decode_header = msgspec.msgpack.Decoder(StateHeader).decode
encode_reversals = msgspec.msgpack.Encoder().encode
decode_reversals = msgspec.msgpack.Decoder(list[Reversal]).decode

encode_numbers = msgspec.msgpack.Encoder().encode
decode_numbers = msgspec.msgpack.Decoder(list[int]).decode

LONG_ARRAY = b"\xdc"
"""MessagePack: an array of 16 elements and more, whose number follows in 2 bytes."""
_HEAD_BYTES = 3


def _ending(first: str) -> tuple[int, tuple[object, ...], bytes]:
    """Gives the fields from one on: the number of the first, their values in a new state, and these as bytes."""
    number = CustomerState.__struct_fields__.index(first)
    values = astuple(CustomerState())[number:]
    return number, values, b"".join(map(_encode, values))


# Many customers have nothing of what some rules look at; nearly all nothing of what few customers have.
_ENDINGS = (_ending("tenure"), _ending("loans"))


def encode_state(state: CustomerState) -> bytes:
    """Packs a state, without the fields at its end that are as in a new one."""
    packed = _encode(state)
    for number, values, ending in _ENDINGS:
        # That the bytes end so does not prove it: they may be within a value. But they seldom do where it is not so.
        if packed.endswith(ending) and astuple(state)[number:] == values:
            return LONG_ARRAY + number.to_bytes(2) + packed[_HEAD_BYTES : -len(ending)]
    return packed


def kept_bytes(state: CustomerState) -> int:
    """Gives how many bytes a state takes, without the event ids that are remembered: they have a limit of their own."""
    return len(encode_state(state)) - remembered_bytes(state)


def copy_of(state: CustomerState) -> CustomerState:
    """Copies a state, so that a trial run on the copy leaves the state as it is."""
    return decode_state(encode_state(state))
