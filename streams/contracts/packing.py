"""States and lane records as bytes, for the changelog.

The first byte is the version of the form. An unknown version stops a take-over, so that no worker misreads a state, or
drops what it does not know. So every change of the form, in any part of it, needs a new version (engine/state.py); one
that this decoder cannot read also a reader of the version before. Version 1 is read, too (version_1.py).
"""

import msgspec

from streams.contracts.former import State1
from streams.contracts.kept import Growing, LaneRecord
from streams.contracts.newest_change import of_partition
from streams.contracts.version_1 import of_version_1
from streams.engine.codec import LONG_ARRAY, decode_header, decode_state, encode_state
from streams.engine.state import STATE_BYTES_LIMIT, CustomerState, StateHeader
from streams.values.events import TOPICS

VERSION = 2
_VERSION_BYTE = bytes([VERSION])
# Of one remembered event: 14 of a transaction, 9 of any other, 10 on average; and a fifth more than has to be.
_REMEMBERED_BYTES = 12
_SPARE_BYTES = 256 << 10  # what decisions by time alone may add, which are not refused, and what Kafka adds
_KNOWN_VERSIONS = (b"\x01", _VERSION_BYTE)


class UnknownVersionError(ValueError):
    """The error of a changelog record that another release wrote, or that is not tierflow's."""


OF_A_LATER_RELEASE = (
    "a changelog record has fields that this worker does not know: a later release wrote it, start that one"
)

_FIELDS = len(CustomerState.__struct_fields__)
_FIELDS_OF_VERSION_1 = len(State1.__struct_fields__)

# No UTF-8 text begins with this byte, so these are never a customer's key.
LANE_KEY = b"\xfflane"
GROWING_KEY = b"\xffgrowing"

_encode = msgspec.msgpack.Encoder().encode
_decode_growing = msgspec.msgpack.Decoder(Growing).decode
_decode_lane = msgspec.msgpack.Decoder(LaneRecord).decode


def changelog_bytes(remembered_ids: int) -> int:
    """Gives the least that the changelog's limit on records may be, so that every state within its limits fits."""
    return STATE_BYTES_LIMIT + _SPARE_BYTES + len(TOPICS) * remembered_ids * _REMEMBERED_BYTES


def pack_state(state: CustomerState) -> bytes:
    """Packs a state as the value of a changelog record."""
    return _VERSION_BYTE + encode_state(state)


def unpack_state(packed: bytes) -> CustomerState:
    """Unpacks a state; each call gives a new object.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    if packed[:1] != _VERSION_BYTE:
        _check_state(packed)
        return of_version_1(packed[1:])
    try:
        return decode_state(packed[1:])
    except msgspec.ValidationError as error:
        raise _later(error) from error


def renew_state(packed: bytes) -> bytes:
    """Gives a packed state in the form that this release writes.

    Raises:
        UnknownVersionError: The record has another version.
    """
    return pack_state(unpack_state(packed))


def unpack_header(packed: bytes) -> StateHeader:
    """Unpacks only the leading fields of a state, which a take-over needs of every customer.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    _check_state(packed)
    return decode_header(memoryview(packed)[1:])


def moved_state(packed: bytes, partition: int) -> bytes:
    """Gives a customer's state as another partition keeps it. partition: the one that held it until now."""
    state = unpack_state(packed)
    state.change = of_partition(state.change, partition)
    return pack_state(state)


def pack_growing(growing: Growing) -> bytes:
    """Packs the marker of a growth as the value of a changelog record."""
    return _VERSION_BYTE + _encode(growing)


def unpack_growing(packed: bytes) -> Growing:
    """Unpacks the marker of a growth.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    _check_version(packed)
    try:
        return _decode_growing(memoryview(packed)[1:])
    except msgspec.ValidationError as error:
        raise _later(error) from error


def pack_lane(record: LaneRecord) -> bytes:
    """Packs a lane record as the value of a changelog record."""
    return _VERSION_BYTE + _encode(record)


def unpack_lane(packed: bytes) -> LaneRecord:
    """Unpacks a lane record.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    _check_version(packed)
    try:
        return _decode_lane(memoryview(packed)[1:])
    except msgspec.ValidationError as error:
        raise _later(error) from error


def _later(error: msgspec.ValidationError) -> UnknownVersionError:
    return UnknownVersionError(f"{OF_A_LATER_RELEASE} ({error})")


def _check_version(packed: bytes) -> None:
    if packed[:1] not in _KNOWN_VERSIONS:
        version = packed[0] if packed else "none"
        raise UnknownVersionError(
            f"a changelog record has version {version}, this worker reads versions 1 to {VERSION}: "
            "start the release that wrote it"
        )


def _check_state(packed: bytes) -> None:
    """Checks the version, and that there are no more fields than this release knows: it would not write them back."""
    known = _FIELDS
    if packed[:1] != _VERSION_BYTE:
        _check_version(packed)
        known = _FIELDS_OF_VERSION_1
    if packed[1:2] == LONG_ARRAY and int.from_bytes(packed[2:4]) > known:
        raise UnknownVersionError(OF_A_LATER_RELEASE)
