"""Makes the keys of customers, and wraps them by the master key, so that the topic of keys alone opens nothing."""

import base64
import binascii
from collections.abc import Callable

from streams.sealing.cipher import MARK_BYTES, SECRET_BYTES, Cipher, DamagedSealError, OtherKeyError, SealError, marked

RandomBytes = Callable[[int], bytes]
"""Gives so many random bytes that nobody can guess."""


class MasterKeyError(SealError):
    """The error of a master key that cannot be used, or that has not wrapped the keys that there are."""


def master_cipher(text: str) -> Cipher:
    """Makes the cipher of a master key. text: 32 bytes in base64, spaces around them.

    Raises:
        MasterKeyError: It is something else.
    """
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise MasterKeyError(f"{SECRET_BYTES} random bytes in base64 are wanted; make some: openssl rand -base64 32")
    return Cipher(marked(secret))


def new_key(random_bytes: RandomBytes) -> bytes:
    """Makes a customer's key. Its mark is random, too: it says nothing of the secret."""
    return random_bytes(MARK_BYTES + SECRET_BYTES)


def wrap(master: Cipher, customer: bytes, key: bytes) -> bytes:
    """Wraps a customer's key, as the topic of keys has it. customer: the key of the customer's records."""
    return master.seal(_context(customer), key)


def unwrap(master: Cipher, customer: bytes, wrapped: bytes) -> bytes:
    """Gives the customer's key of a record of the topic of keys.

    Raises:
        MasterKeyError: Another master key wrapped it.
        DamagedSealError: It was changed, or is another customer's.
    """
    try:
        return master.unseal(_context(customer), wrapped)
    except OtherKeyError:
        raise MasterKeyError("another master key has wrapped the customers' keys") from None
    except DamagedSealError as error:
        raise DamagedSealError(f"a record of the topic of keys cannot be used: {error}") from None


def _context(customer: bytes) -> bytes:
    return b"key\0" + customer
