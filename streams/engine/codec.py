"""A customer's state as bytes, and a copy of it."""

import msgspec

from streams.engine.state import Bucket, CustomerState, StateHeader

encode_state = msgspec.msgpack.Encoder().encode
decode_state = msgspec.msgpack.Decoder(CustomerState).decode
decode_header = msgspec.msgpack.Decoder(StateHeader).decode
encode_buckets = msgspec.msgpack.Encoder().encode
decode_buckets = msgspec.msgpack.Decoder(dict[str, Bucket]).decode


def copy_of(state: CustomerState) -> CustomerState:
    """Copies a state, so that what is tried out on it changes nothing."""
    return decode_state(encode_state(state))
