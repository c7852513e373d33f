"""What the console asks a worker: any one, since each forwards what another one holds."""

import base64
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

from streams.console.refused import OtherIdError, RefusedError, later, unknown_customer
from streams.security.bodies import read_body
from streams.security.tls import TlsFiles, load
from streams.settings import Settings
from streams.values.money import RATE_DECIMALS, parse_fixed

ANSWER_WITHIN_S: Final = 5.0
_SILENT: Final = "The worker at TIERFLOW_HTTP_URL does not answer."


class StateNow(NamedTuple):
    """A customer's packed state, and the clock of its partition, in epoch milliseconds.

    rates: of a topic, by which the customer's figures are made, each with its currency (e8).
    """

    packed: bytes
    clock_ms: int
    rates: tuple[tuple[str, int], ...] = ()


class _State(msgspec.Struct):
    packed_base64: str
    clock_ms: int


class _Rate(msgspec.Struct):
    currency: str
    rate: str


class _Measures(msgspec.Struct):
    rates: list[_Rate] = []


class _WithState(msgspec.Struct):
    state: _State | None = None
    measures: _Measures = msgspec.field(default_factory=_Measures)


class _Moved(msgspec.Struct):
    customer_id: str


class WorkerAsked:
    """Asks the worker of TIERFLOW_HTTP_URL, over one pool of connections."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.http_url
        self._token = settings.http_token
        self._cafile = settings.access.ssl_cafile
        self._session: ClientSession | None = None

    async def opened(self, _app: web.Application) -> AsyncIterator[None]:
        """Holds the connections open while the web application runs (an aiohttp cleanup context)."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with ClientSession(
            connector=TCPConnector(ssl=self._tls(), limit=100),
            timeout=ClientTimeout(total=ANSWER_WITHIN_S),
            cookie_jar=DummyCookieJar(),
            headers=headers,
        ) as self._session:
            yield

    async def customer(self, customer_id: str) -> bytes:
        """Gives the worker's answer about a customer.

        Raises:
            RefusedError: There is no such customer, or no worker can tell now.
        """
        return await self._customer(customer_id, "")

    async def state(self, customer_id: str) -> StateNow:
        """Gives a customer's packed state.

        Raises:
            RefusedError: There is no such customer, or no worker can tell now.
        """
        body = await self._customer(customer_id, "?state=1")
        try:
            whole = msgspec.json.decode(body, type=_WithState)
            found = whole.state
            rates = tuple((told.currency, parse_fixed(told.rate, RATE_DECIMALS)) for told in whole.measures.rates)
        except (msgspec.DecodeError, ValueError):
            found = None
        if found is None:
            raise later("The worker gives no state: it is of an older release.")
        return StateNow(base64.b64decode(found.packed_base64), found.clock_ms, rates)

    async def _customer(self, customer_id: str, query: str) -> bytes:
        # The whole id is quoted, slashes included, and yarl must not change that.
        status, body = await self.get(f"/customers/{quote(customer_id, safe='')}{query}")
        if status == HTTPStatus.OK:
            return body
        if status == HTTPStatus.NOT_FOUND:
            raise unknown_customer()
        if status == HTTPStatus.PERMANENT_REDIRECT:
            raise _other_id(body)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise later("No worker can tell of this customer now; its partition is being recovered.")
        raise later(f"The worker at TIERFLOW_HTTP_URL answers {status}; see TIERFLOW_HTTP_TOKEN.")

    async def get(self, path: str) -> tuple[int, bytes]:
        """Asks for a path; gives status and body.

        Raises:
            RefusedError: The worker does not answer.
        """
        if self._session is None:
            raise later(_SILENT)
        try:
            target = URL(self.url + path, encoded=True)
            async with self._session.get(target, allow_redirects=False) as response:
                return response.status, await read_body(response)
        except (ClientError, TimeoutError, ValueError, OSError) as error:
            raise later(_SILENT) from error

    def _tls(self) -> ssl.SSLContext | bool:
        is_https = self.url.startswith("https")
        return load(TlsFiles(cafile=self._cafile), system_too=True) if is_https else True


def _other_id(body: bytes) -> RefusedError:
    try:
        return OtherIdError(msgspec.json.decode(body, type=_Moved).customer_id)
    except msgspec.DecodeError:
        return later(_SILENT)
