"""Requests to the other workers: one try each, with a short timeout."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, web
from multidict import CIMultiDict
from yarl import URL

FORWARDED: Final = "X-Tierflow-Forwarded"
"""The header of a request from another worker. Who gets such a request must not ask a further worker."""

ANSWER_WITHIN_S: Final = 2.0


class PeerSilentError(Exception):
    """Another worker did not answer, or its answer cannot be used."""


class Tiers(msgspec.Struct, frozen=True):
    """How many customers there are, also by tier id; `complete` is false if a partition is missing from the count."""

    tiers: dict[str, int]
    customers: int
    complete: bool


class Peers:
    """The other workers, asked over one connection pool with the token that all workers share."""

    def __init__(self, token: str) -> None:
        self._headers = CIMultiDict({FORWARDED: "1"})
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._session: ClientSession | None = None

    async def opened(self, _app: web.Application) -> AsyncIterator[None]:
        """Holds the connections open while the web application runs (an aiohttp cleanup context)."""
        timeout = ClientTimeout(total=ANSWER_WITHIN_S)
        async with ClientSession(headers=self._headers, timeout=timeout) as self._session:
            yield

    async def customer(self, url: str, customer_id: str) -> bytes | None:
        """Gives the JSON that the worker at `url` answers with; None if that worker knows no such customer.

        Raises:
            PeerSilentError: The worker did not answer in time, or with something else.
        """
        # The whole id is quoted, slashes included, and yarl must not change that.
        target = f"{url.rstrip('/')}/customers/{quote(customer_id, safe='')}"
        status, body = await self._get(URL(target, encoded=True))
        if status == HTTPStatus.OK:
            return body
        if status == HTTPStatus.NOT_FOUND:
            return None
        raise PeerSilentError(f"it answered {status}")

    async def tiers(self, url: str) -> Tiers:
        """Gives the tiers that the worker at `url` counts in its own partitions.

        Raises:
            PeerSilentError: The worker did not answer in time, or with something else.
        """
        status, body = await self._get(URL(f"{url.rstrip('/')}/tiers?local=1"))
        if status != HTTPStatus.OK:
            raise PeerSilentError(f"it answered {status}")
        try:
            return msgspec.json.decode(body, type=Tiers)
        except msgspec.DecodeError as error:
            raise PeerSilentError("it answered with something else") from error

    async def _get(self, url: URL) -> tuple[int, bytes]:
        if self._session is None:
            raise PeerSilentError("this worker's web server is not started")
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                return response.status, await response.read()
        except (ClientError, TimeoutError, ValueError, OSError) as error:
            raise PeerSilentError(type(error).__name__) from error
