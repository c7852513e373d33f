"""Signatures between workers: what one asks of another, and what that answers, proves the token and does not show it.

A request is signed for one method, one path, one worker and one minute. So whoever makes workers ask it, by joining
their group under an address of its own, learns no token, can pass no request on, and can answer nothing that is
believed. Whoever reads a request on its way can send it to the same worker again, while it is recent.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

from yarl import URL

SCHEME: Final = "Tierflow-HMAC-SHA256"
"""The scheme of the Authorization header of a signed request: seconds, a random word and the signature."""

ANSWER_SIGNATURE: Final = "X-Tierflow-Signature"
"""The header of the answer to a signed request."""

VALID_S: Final = 60
"""How far the time of a request may be from that of the worker that is asked, in its past or its future."""
_SIGNED: Final = re.compile(rf"{SCHEME} ([0-9]{{1,12}})\.[0-9a-f]{{32}}\.([0-9a-f]{{64}})")


class Signatures:
    """Signs with a key that is made of the token of all workers."""

    def __init__(self, token: str) -> None:
        self._key = hmac.digest(token.encode(), b"tierflow between workers, 1", hashlib.sha256)

    def request(self, url: URL, now_s: float) -> str:
        """Gives the Authorization header of a GET request."""
        stamp = f"{int(now_s)}.{secrets.token_hex(16)}"
        return f"{SCHEME} {stamp}.{self._sign('request', 'GET', origin(url), url.raw_path_qs, stamp)}"

    def is_signed(self, given: str, own_url: URL, method: str, path: str, now_s: float) -> bool:
        """Says whether an Authorization header is that of a recent request to this worker, of this method and path.

        path: as it was sent, with the query.
        """
        found = _SIGNED.fullmatch(given)
        if found is None or abs(now_s - int(found[1])) > VALID_S:
            return False
        stamp = given.removeprefix(f"{SCHEME} ").rpartition(".")[0]
        return hmac.compare_digest(found[2], self._sign("request", method, origin(own_url), path, stamp))

    def answer(self, asked: str, status: int, body: bytes) -> str:
        """Gives the signature of an answer. asked: the Authorization header of the request."""
        return self._sign("answer", asked, str(status), hashlib.sha256(body).hexdigest())

    def is_answer(self, signature: str, asked: str, status: int, body: bytes) -> bool:
        """Says whether an answer comes from a worker that has the token, and is that to the request."""
        return hmac.compare_digest(signature.encode("utf-8", "replace"), self.answer(asked, status, body).encode())

    def _sign(self, *parts: str) -> str:
        # No part has a line end.
        return hmac.digest(self._key, "\n".join(parts).encode("utf-8", "surrogateescape"), hashlib.sha256).hex()


def origin(url: URL) -> str:
    """Gives scheme, host and port in one form."""
    return str(url.origin())
