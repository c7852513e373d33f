"""The token provider that aiokafka asks at each connection, and its authentication by token, mended."""

import functools
from collections.abc import Awaitable, Callable

from aiokafka import conn
from aiokafka.abc import AbstractTokenProvider

from streams.security.endpoint import Client, EndpointTokens
from streams.security.tokens import token_of_command, token_of_file


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]
    """A provider that asks a source. Its repr shows nothing of it."""

    def __init__(self, ask: Callable[[], Awaitable[str]]) -> None:
        self._ask = ask

    async def token(self) -> str:
        """Gives a token for a new connection.

        Raises:
            TokenError: The source gives none.
        """
        return await self._ask()


class AnsweringAuthenticator(conn.OAuthAuthenticator):  # type: ignore[misc]
    """aiokafka's authentication by token, which also hears that a token is refused.

    A broker refuses one by a challenge, which a client has to answer before it is told the error (RFC 7628, section
    3.2.3). aiokafka 0.14.0 takes the challenge for a welcome: its next request then gets an error in a form that says
    nothing of it, such as a cluster without brokers. Watched by tests/security/test_refusals.py.
    """

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """Gives the token, then the answer to a challenge, if there is one; None at the end."""
        if payload and self._token_sent:
            return b"\x01", True
        found: tuple[bytes, bool] | None = await super().step(payload)
        return found


@functools.cache
def shared_provider(file: str, command: str, client: Client) -> TokenProvider:
    """Gives the one provider of this process for a source: a file, else a command, else an OIDC server.

    All connections by token are mended from then on.
    """
    conn.OAuthAuthenticator = AnsweringAuthenticator
    if file:
        return TokenProvider(functools.partial(token_of_file, file))
    if command:
        return TokenProvider(functools.partial(token_of_command, command))
    return TokenProvider(EndpointTokens(client).token)
