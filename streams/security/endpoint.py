"""Tokens of OAUTHBEARER from an OIDC server, by client credentials (RFC 6749, section 4.4)."""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote_plus
from weakref import WeakKeyDictionary

import aiohttp

from streams.errors import UsageError
from streams.security.bodies import read_body
from streams.security.tls import TlsFiles, load
from streams.security.tokens import TokenError, checked

ANSWER_WITHIN_S = 10.0
_SOURCE = "KAFKA_SASL_OAUTH_TOKEN_ENDPOINT"
# An error code of the RFC. The text that an answer has beside it is not shown: nobody knows what it holds.
_ERROR = re.compile(r"[a-z_]{1,40}")


class Client(NamedTuple):
    """Who asks, where, and for what. cafile: authorities to trust beside those of the system."""

    endpoint: str
    client_id: str
    client_secret: str
    scope: str
    cafile: str

    def __repr__(self) -> str:
        return f"Client({self.endpoint!r}, {self.client_id!r})"


class EndpointTokens:
    """The tokens of an OIDC server. One is given again within the first half of its life.

    A worker opens dozens of connections at once, and no server is to be asked for each of them. A server that is away
    does not matter while the last token is valid.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._token = ""
        self._asked_at = 0.0
        self._valid_s = 0.0
        # The consumer of a worker has a loop of its own.
        self._asking: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def token(self) -> str:
        """Gives a token that is valid.

        Raises:
            TokenError: The server gives none.
        """
        async with self._asking.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            age_s = time.monotonic() - self._asked_at
            if age_s < self._valid_s / 2:
                return self._token
            try:
                await self._renew()
            except TokenError:
                if age_s >= self._valid_s:
                    raise
            return self._token

    async def _renew(self) -> None:
        asked_at = time.monotonic()
        answer = await _ask(self._client)
        token, valid_s = answer.get("access_token"), answer.get("expires_in")
        self._token = checked(token if isinstance(token, str) else "", _SOURCE)
        self._valid_s = float(valid_s) if isinstance(valid_s, int | float) else 0.0
        self._asked_at = asked_at


async def _ask(client: Client) -> Mapping[str, Any]:
    form = {"grant_type": "client_credentials", **({"scope": client.scope} if client.scope else {})}
    # The RFC wants both encoded as in a form before they are put into the header.
    login = b64encode(f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
    try:
        tls = load(TlsFiles(cafile=client.cafile), system_too=True)
        within = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with (
            aiohttp.ClientSession(timeout=within, connector=aiohttp.TCPConnector(ssl=tls)) as session,
            session.post(client.endpoint, data=form, headers=headers, allow_redirects=False) as response,
        ):
            answer = _object(await read_body(response))
            if response.status != HTTPStatus.OK:
                raise TokenError(_refused(client, response.status, answer))
            return answer
    except TimeoutError as error:
        raise TokenError(f"{_SOURCE}: {client.endpoint} has not answered within {ANSWER_WITHIN_S:.0f} s") from error
    except (aiohttp.ClientError, UsageError) as error:
        raise TokenError(f"{_SOURCE}: {client.endpoint} cannot be asked ({error})") from error


def _object(raw: bytes) -> Mapping[str, Any]:
    """Gives the JSON object of an answer; an empty one where there is none."""
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refused(client: Client, status: int, answer: Mapping[str, Any]) -> str:
    code = str(answer.get("error", ""))
    why = f"{status}, {code}" if _ERROR.fullmatch(code) else str(status)
    return (
        f"{_SOURCE}: {client.endpoint} gives no token (status {why}); see KAFKA_SASL_OAUTH_CLIENT_ID, "
        "KAFKA_SASL_OAUTH_CLIENT_SECRET and KAFKA_SASL_OAUTH_SCOPE"
    )
