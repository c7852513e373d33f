"""Who asks: by a token of the file, or of the issuer; where neither is set, the one at this machine."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web

from streams.console.oidc import Issuer, IssuerSilentError
from streams.console.refused import RefusedError, later
from streams.console.roles import Who
from streams.console.tokens import read_tokens
from streams.security.console_access import ConsoleAccess

AT_THE_MACHINE: Final = "local"
"""The name of whoever asks a console that knows nobody."""


class Identities:
    """Says who asks."""

    def __init__(self, access: ConsoleAccess) -> None:
        """Reads the tokens.

        Raises:
            UsageError: Their file cannot be used.
        """
        self._tokens = read_tokens(Path(access.tokens)) if access.tokens else None
        self._issuer = Issuer(access) if access.issuer else None
        self._anybody = Who(AT_THE_MACHINE, access.role)
        self.host = access.host
        self.needs_token = access.knows_who_asks

    async def who(self, request: web.Request) -> Who:
        """Gives who asks.

        Raises:
            RefusedError: No token says it.
        """
        if not self.needs_token:
            return self._anybody
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        found = await self._found(token) if token and scheme.lower() == "bearer" else None
        if found is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Send the header `Authorization: Bearer <token>`.")
        return found

    async def _found(self, token: str) -> Who | None:
        found = None if self._tokens is None else self._tokens.who(token)
        if found is not None or self._issuer is None:
            return found
        try:
            return await self._issuer.who(token)
        except IssuerSilentError as error:
            raise later("The issuer of tokens does not answer.", 5) from error
