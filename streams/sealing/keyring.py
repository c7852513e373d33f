"""The keys of many customers, as a reader has them: wrapped, and unwrapped for what is opened."""

from collections.abc import Mapping

from streams.sealing.cipher import Cipher, OtherKeyError
from streams.sealing.keys import MasterKeys


class Keyring:
    """Opens what is sealed by the customers' newest keys. What an older one sealed was erased."""

    def __init__(self, master: MasterKeys, wrapped: Mapping[bytes, bytes]) -> None:
        """Takes keys. wrapped: by customer, as the topic of keys has them; it may change later."""
        self._master = master
        self._wrapped = wrapped
        self._last: tuple[bytes, bytes, Cipher] | None = None  # records of a customer often follow on another

    def unseal(self, customer: bytes, context: bytes, sealed: bytes) -> bytes | None:
        """Opens a value of a customer; gives None where the customer was erased since.

        Raises:
            SealError: The value or the customer's key is damaged, or another master key has wrapped that.
        """
        wrapped = self._wrapped.get(customer)
        if wrapped is None:
            return None
        try:
            return self._cipher(customer, wrapped).unseal(context, sealed)
        except OtherKeyError:
            return None

    def _cipher(self, customer: bytes, wrapped: bytes) -> Cipher:
        if self._last is None or self._last[:2] != (customer, wrapped):
            self._last = customer, wrapped, Cipher(self._master.unwrap(customer, wrapped))
        return self._last[2]
