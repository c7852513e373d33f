"""States and lane records as bytes, for the changelog.

The first byte is the version of the form. An unknown version stops a take-over, so that no worker misreads a state, or
drops what it does not know. So every change of the form, in any part of it, needs a new version (engine/state.py), and
its reader a line in _READERS. What is of a known version and cannot be read is damaged, and told as that.
"""

import struct
from collections.abc import Callable

import msgspec

from streams.contracts.former import State1
from streams.contracts.kept import Growing, LaneRecord
from streams.contracts.newest_change import of_partition
from streams.contracts.version_1 import of_version_1
from streams.engine.codec import LONG_ARRAY, decode_header, decode_state, encode_state
from streams.engine.state import STATE_BYTES_LIMIT, CustomerState, StateHeader
from streams.sealing.cipher import SEALED
from streams.values.events import TOPICS

VERSION = 2
_VERSION_BYTE = bytes([VERSION])
# Of one remembered event: 14 of a transaction, 9 of any other, 10 on average; and a fifth more than has to be.
_REMEMBERED_BYTES = 12
_SPARE_BYTES = 256 << 10  # what decisions by time alone may add, which are not refused, and what Kafka adds


class ChangelogRecordError(ValueError):
    """The error of a changelog record that this release cannot read; the message says why, and what to do."""


class UnknownVersionError(ChangelogRecordError):
    """The error of a changelog record that another release wrote, or that is not tierflow's."""


class DamagedRecordError(ChangelogRecordError):
    """The error of a changelog record of a known version that is not as any release writes it."""


# By version: what reads a state, and how many fields it has at most.
_READERS: dict[bytes, tuple[Callable[[bytes], CustomerState], int]] = {
    b"\x01": (of_version_1, len(State1.__struct_fields__)),
    _VERSION_BYTE: (decode_state, len(CustomerState.__struct_fields__)),
}
_OF_A_LATER_RELEASE = (
    "a changelog record has fields that this worker does not know: a later release wrote it, start that one"
)
_UNREAD = (msgspec.DecodeError, ValueError, IndexError, OverflowError, struct.error)
# What msgspec says where there is more than this release knows; the rest of its words are of damage.
_FURTHER = ("unknown field", "of at most length", "of length 0 to ")

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
        DamagedRecordError: It cannot be read.
    """
    decode, _ = _reader_of(packed)
    try:
        return decode(packed[1:])
    except _UNREAD as error:
        raise unread(error) from error


def renew_state(packed: bytes) -> bytes:
    """Gives a packed state in the form that this release writes.

    Raises:
        ChangelogRecordError: As unpack_state() does.
    """
    return pack_state(unpack_state(packed))


def unpack_header(packed: bytes) -> StateHeader:
    """Unpacks only the leading fields of a state, which a take-over needs of every customer.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
        DamagedRecordError: It cannot be read.
    """
    _, fields = _reader_of(packed)
    if packed[1:2] == LONG_ARRAY and int.from_bytes(packed[2:4]) > fields:  # it would not write them back
        raise UnknownVersionError(_OF_A_LATER_RELEASE)
    try:
        return decode_header(memoryview(packed)[1:])
    except _UNREAD as error:
        raise unread(error) from error


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
        DamagedRecordError: It cannot be read.
    """
    _reader_of(packed)
    try:
        return _decode_growing(memoryview(packed)[1:])
    except _UNREAD as error:
        raise unread(error) from error


def pack_lane(record: LaneRecord) -> bytes:
    """Packs a lane record as the value of a changelog record."""
    return _VERSION_BYTE + _encode(record)


def unpack_lane(packed: bytes) -> LaneRecord:
    """Unpacks a lane record.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
        DamagedRecordError: It cannot be read.
    """
    _reader_of(packed)
    try:
        return _decode_lane(memoryview(packed)[1:])
    except _UNREAD as error:
        raise unread(error) from error


def unread(error: Exception) -> ChangelogRecordError:
    """Gives the error to raise for what was found in a changelog record of a known version."""
    if isinstance(error, msgspec.ValidationError) and any(words in str(error) for words in _FURTHER):
        return UnknownVersionError(f"{_OF_A_LATER_RELEASE} ({error})")
    what = str(error) or type(error).__name__
    return DamagedRecordError(
        f"a changelog record is damaged ({what}): restore the changelog, or start with another TIERFLOW_APP_ID to work "
        "the inputs anew"
    )


def _reader_of(packed: bytes) -> tuple[Callable[[bytes], CustomerState], int]:
    reader = _READERS.get(packed[:1])
    if reader is None:
        if packed[:1] == SEALED:
            raise UnknownVersionError(
                "a state is sealed by a key of its customer: write TIERFLOW_KEYS=on, and the master key of the workers"
            )
        version = packed[0] if packed else "none"
        raise UnknownVersionError(
            f"a changelog record has version {version}, this worker reads versions 1 to {VERSION}: "
            "start the release that wrote it"
        )
    return reader
