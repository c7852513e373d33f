"""Requests to the other workers: one try each, with a short timeout, and to hosts that are allowed alone.

Where the others are is said by the group, which whoever has rights on it can join.
"""

import logging
import ssl
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

from streams.api.signatures import ANSWER_SIGNATURE, Signatures, origin
from streams.security.bodies import read_body
from streams.security.hosts import is_loopback, matches
from streams.security.tls import TlsFiles, load
from streams.settings import Settings

FORWARDED: Final = "X-Tierflow-Forwarded"
"""The header of a request from another worker. Who gets such a request must not ask a further worker."""

ANSWER_WITHIN_S: Final = 2.0
_SAID_EVERY_S: Final = 60.0

logger = logging.getLogger(__name__)


class PeerSilentError(Exception):
    """Another worker did not answer, or its answer cannot be used."""


class PeerNotAllowedError(PeerSilentError):
    """Another worker is at a host that must not be asked."""


class Tiers(msgspec.Struct, frozen=True):
    """How many customers there are, also by tier id; `complete` is false if a partition is missing from the count."""

    tiers: dict[str, int]
    customers: int
    complete: bool


class Moved(msgspec.Struct, frozen=True):
    """The customer has this id now."""

    customer_id: str


class _Workers(msgspec.Struct):
    workers: dict[str, list[int]]


class _NotReady(msgspec.Struct):
    reasons: list[str] = []


class Peers:
    """The other workers, asked over one connection pool. Requests are signed, answers must be."""

    def __init__(self, settings: Settings) -> None:
        self._own = URL(settings.http_url)
        self._hosts = settings.http_peers
        self._cafile = settings.access.ssl_cafile
        self._signatures = Signatures(settings.http_token) if settings.http_token else None
        self._session: ClientSession | None = None
        self._said_at_s = -_SAID_EVERY_S

    async def opened(self, _app: web.Application) -> AsyncIterator[None]:
        """Holds the connections open while the web application runs (an aiohttp cleanup context)."""
        async with ClientSession(
            connector=TCPConnector(ssl=self._tls()),
            timeout=ClientTimeout(total=ANSWER_WITHIN_S),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        ) as self._session:
            yield

    async def customer(self, url: str, customer_id: str, *, with_state: bool = False) -> bytes | Moved | None:
        """Gives the JSON that the worker at `url` answers with; None if that worker knows no such customer.

        Of a former id it says which one the customer has now.

        with_state: whether the packed state is to go along.

        Raises:
            PeerSilentError: The worker did not answer in time, or with something else, or must not be asked.
        """
        query = "?state=1" if with_state else ""
        # The whole id is quoted, slashes included, and yarl must not change that.
        status, body = await self._get(url, f"/customers/{quote(customer_id, safe='')}{query}")
        if status == HTTPStatus.OK:
            return body
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status == HTTPStatus.PERMANENT_REDIRECT:
            return moved_to(body)
        raise PeerSilentError(f"it answered {status}")

    async def tiers(self, url: str) -> Tiers:
        """Gives the tiers that the worker at `url` counts in its own partitions.

        Raises:
            PeerSilentError: The worker did not answer in time, or with something else, or must not be asked.
        """
        status, body = await self._get(url, "/tiers?local=1")
        if status != HTTPStatus.OK:
            raise PeerSilentError(f"it answered {status}")
        try:
            return msgspec.json.decode(body, type=Tiers)
        except msgspec.DecodeError as error:
            raise PeerSilentError("it answered with something else") from error

    async def workers(self, url: str) -> dict[str, list[int]]:
        """Gives which partitions each worker holds, by its base URL, as the one at `url` says.

        Raises:
            PeerSilentError: As for `tiers`.
        """
        status, body = await self._get(url, "/workers")
        if status != HTTPStatus.OK:
            raise PeerSilentError(f"it answered {status}")
        try:
            return msgspec.json.decode(body, type=_Workers).workers
        except msgspec.DecodeError as error:
            raise PeerSilentError("it answered with something else") from error

    async def metrics(self, url: str) -> bytes:
        """Gives the metrics of the worker at `url`.

        Raises:
            PeerSilentError: As for `tiers`.
        """
        status, body = await self._get(url, "/metrics")
        if status != HTTPStatus.OK:
            raise PeerSilentError(f"it answered {status}")
        return body

    async def readiness(self, url: str) -> list[str]:
        """Gives the reasons why the worker at `url` is not ready; none where it is. That it needs no token to say.

        Raises:
            PeerSilentError: As for `tiers`.
        """
        status, body = await self._get(url, "/readyz", is_open=True)
        if status == HTTPStatus.OK:
            return []
        try:
            return msgspec.json.decode(body, type=_NotReady).reasons or ["It is not ready."]
        except msgspec.DecodeError as error:
            raise PeerSilentError(f"it answered {status}") from error

    async def _get(self, base: str, path: str, *, is_open: bool = False) -> tuple[int, bytes]:
        """Asks another worker. is_open: for what needs no token, so that neither request nor answer is signed."""
        signatures = None if is_open else self._signatures
        if self._session is None:
            raise PeerSilentError("this worker's web server is not started")
        target = URL(origin(self._allowed(base)) + path, encoded=True)
        headers = {FORWARDED: "1", "Accept-Encoding": "identity"}
        if signatures is not None:
            headers["Authorization"] = signatures.request(target, time.time())
        try:
            async with self._session.get(target, headers=headers, allow_redirects=False) as response:
                body = await read_body(response)
        except (ClientError, TimeoutError, ValueError, OSError) as error:
            raise PeerSilentError(type(error).__name__) from error
        signature = response.headers.get(ANSWER_SIGNATURE, "")
        if signatures is not None and not signatures.is_answer(
            signature, headers["Authorization"], response.status, body
        ):
            raise PeerSilentError(f"it answered {response.status}, not signed with the token of this worker")
        return response.status, body

    def _allowed(self, base: str) -> URL:
        """Gives the URL of a worker.

        Raises:
            PeerNotAllowedError: It is none that may be asked.
        """
        if _may_ask(base, self._own, self._hosts):
            return URL(base)
        if time.monotonic() - self._said_at_s >= _SAID_EVERY_S:
            self._said_at_s = time.monotonic()
            logger.warning(
                "another worker says that it is at %.120r, and is not asked: if it is one of yours, name its host in "
                "TIERFLOW_HTTP_PEERS%s",
                base,
                "; it must begin with https, as TIERFLOW_HTTP_URL does" if self._own.scheme == "https" else "",
            )
        raise PeerNotAllowedError("its host is not in TIERFLOW_HTTP_PEERS")

    def _tls(self) -> ssl.SSLContext | bool:
        return load(TlsFiles(cafile=self._cafile), system_too=True) if self._own.scheme == "https" else True


def moved_to(body: bytes) -> Moved:
    """Gives what the body of a 308 says: it is signed, and headers are not.

    Raises:
        PeerSilentError: It says something else.
    """
    try:
        return msgspec.json.decode(body, type=Moved)
    except msgspec.DecodeError as error:
        raise PeerSilentError("it answered with something else") from error


def _may_ask(base: str, own: URL, hosts: tuple[str, ...]) -> bool:
    """Says whether a worker may be asked: on this worker's host, or one of `hosts`, and over TLS if this worker is."""
    try:
        url = URL(base)
        host, own_host, is_bare = url.host or "", own.host or "", str(url).rstrip("/") == origin(url)
    except ValueError:
        return False
    if not is_bare or url.scheme not in {"https", own.scheme}:
        return False
    return host == own_host or (is_loopback(host) and is_loopback(own_host)) or matches(host, hosts)
