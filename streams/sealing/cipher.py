"""Seals bytes by a key, and opens them: AES-256-GCM under a nonce that follows from what is sealed.

Equal values under the same key are equal when sealed, and no nonce comes twice for two values: so no random number has
to be trusted for that, and who seals again, such as a worker after a crash, gives away nothing.
"""

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED = b"\x81"
"""What all that is sealed begins with: the version of the form. No packed state and no JSON begins so."""

MARK_BYTES = 4
SECRET_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_NONCE_AT = 1 + MARK_BYTES
_TEXT_AT = _NONCE_AT + _NONCE_BYTES


class SealError(ValueError):
    """The error of what cannot be opened; the message says why, without values."""


class OtherKeyError(SealError):
    """The error of what was sealed by another key: of a customer, one that was deleted since."""


class DamagedSealError(SealError):
    """The error of what is no sealed value of this form, or was changed since."""


class Cipher:
    """A key, ready to seal and to open. To make one takes longer than to use it: keep it for the values of a batch.

    mark: the public first bytes of the key, which tell by which key something was sealed.
    """

    __slots__ = ("_aead", "_secret", "mark")

    def __init__(self, key: bytes) -> None:
        """Takes a key: its mark and its secret, one behind the other."""
        if len(key) != MARK_BYTES + SECRET_BYTES:
            raise DamagedSealError(f"a key has {MARK_BYTES + SECRET_BYTES} bytes, this one {len(key)}")
        self.mark = key[:MARK_BYTES]
        self._secret = key[MARK_BYTES:]
        self._aead = AESGCM(self._secret)

    def seal(self, context: bytes, value: bytes) -> bytes:
        """Seals a value. context: what it is for; who opens it has to say the same."""
        nonce = hmac.digest(self._secret, b"%b\0%b" % (context, value), "sha256")[:_NONCE_BYTES]
        return b"%b%b%b%b" % (SEALED, self.mark, nonce, self._aead.encrypt(nonce, value, context))

    def unseal(self, context: bytes, sealed: bytes) -> bytes:
        """Opens what `seal` gave in the same context.

        Raises:
            OtherKeyError: Another key sealed it.
            DamagedSealError: It is of another form, or was changed.
        """
        if mark_of(sealed) != self.mark:
            raise OtherKeyError("it was sealed by another key")
        try:
            return self._aead.decrypt(sealed[_NONCE_AT:_TEXT_AT], sealed[_TEXT_AT:], context)
        except InvalidTag:
            raise DamagedSealError("it was changed since it was sealed, or is of another topic") from None


def mark_of(sealed: bytes) -> bytes:
    """Gives the mark of the key that sealed it.

    Raises:
        DamagedSealError: It is of another form.
    """
    if sealed[:1] != SEALED or len(sealed) < _TEXT_AT + _TAG_BYTES:
        raise DamagedSealError("it is not of the form that this release seals in: start the release that wrote it")
    return sealed[1:_NONCE_AT]


def marked(secret: bytes) -> bytes:
    """Gives the key of a secret that has no mark of its own: the mark follows from it, and tells nothing else of it."""
    return sha256(b"tierflow master key\0" + secret).digest()[:MARK_BYTES] + secret
