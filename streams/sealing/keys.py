"""Makes the keys of customers, and wraps them by the master key, so that the topic of keys alone opens nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence

from streams.sealing.cipher import MARK_BYTES, SECRET_BYTES, Cipher, DamagedSealError, SealError, mark_of, marked

RandomBytes = Callable[[int], bytes]
"""Gives so many random bytes that nobody can guess."""


class MasterKeyError(SealError):
    """The error of master keys that cannot be used, or that have not wrapped the keys that there are."""


class MasterKeys:
    """The master keys of a bank: the first one wraps, and each opens what it has wrapped."""

    def __init__(self, ciphers: Sequence[Cipher]) -> None:
        """Takes them. ciphers: at least one; behind the first those that were the first before, or will be."""
        self._first = ciphers[0]
        self._by_mark = {cipher.mark: cipher for cipher in ciphers}

    def wrap(self, customer: bytes, key: bytes) -> bytes:
        """Wraps a customer's key, as the topic of keys has it. customer: the key of the customer's records."""
        return self._first.seal(_context(customer), key)

    def unwrap(self, customer: bytes, wrapped: bytes) -> bytes:
        """Gives the customer's key of a record of the topic of keys.

        Raises:
            MasterKeyError: None of these master keys has wrapped it.
            DamagedSealError: It was changed, or is another customer's.
        """
        try:
            cipher = self._by_mark.get(mark_of(wrapped))
            if cipher is None:
                raise MasterKeyError("another master key has wrapped the customers' keys")
            return cipher.unseal(_context(customer), wrapped)
        except DamagedSealError as error:
            raise DamagedSealError(f"a record of the topic of keys cannot be used: {error}") from None

    def is_by_first(self, wrapped: bytes) -> bool:
        """Says whether the first one wrapped it."""
        return mark_of(wrapped) == self._first.mark


def master_keys(text: str) -> MasterKeys:
    """Makes the master keys of a text: 32 bytes in base64 on a line; more than one line only while keys change.

    Raises:
        MasterKeyError: It is something else.
    """
    return MasterKeys([_master_cipher(line) for line in text.split()] or [_master_cipher("")])


def _master_cipher(text: str) -> Cipher:
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise MasterKeyError(f"{SECRET_BYTES} random bytes in base64 are wanted; make some: openssl rand -base64 32")
    return Cipher(marked(secret))


def new_key(random_bytes: RandomBytes) -> bytes:
    """Makes a customer's key. Its mark is random, too: it says nothing of the secret."""
    return random_bytes(MARK_BYTES + SECRET_BYTES)


def _context(customer: bytes) -> bytes:
    return b"key\0" + customer
