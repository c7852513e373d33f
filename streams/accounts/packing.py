"""What is kept of an account as bytes. The first byte is the version of the form, as that of customers (contracts)."""

import msgspec

from streams.accounts.state import AccountState
from streams.contracts.packing import UnknownVersionError, unread

VERSION = 1
_VERSION_BYTE = bytes([VERSION])
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AccountState).decode


def pack_account(account: AccountState) -> bytes:
    """Packs an account as the value of a changelog record."""
    return _VERSION_BYTE + _encode(account)


def unpack_account(packed: bytes) -> AccountState:
    """Unpacks an account; each call gives a new object.

    Raises:
        UnknownVersionError: A later release wrote it.
        DamagedRecordError: It cannot be read.
    """
    if packed[:1] != _VERSION_BYTE:
        raise UnknownVersionError(
            f"a record of an account has version {packed[:1].hex()}, this release reads {VERSION}: start the release "
            "that wrote it"
        )
    try:
        return _decode(memoryview(packed)[1:])
    except (msgspec.DecodeError, ValueError) as error:
        raise unread(error) from error
