"""Tokens of an OpenID Connect issuer: JWTs, checked by the keys that the issuer publishes.

The keys are asked for when the first token comes, and again when one names a key that is not known, but not more often
than every `AGAIN_AFTER_S`: so an issuer may change its keys at any time, and a stranger cannot make us ask it all day.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import jwt
import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from streams.console.roles import Who
from streams.errors import named
from streams.security.bodies import read_body
from streams.security.console_access import ROLES, ConsoleAccess, Role

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those of a key pair alone: with a shared secret, or none, whoever checks a token could also make it."""

AGAIN_AFTER_S: Final = 10.0
KEPT_S: Final = 3_600.0
LEEWAY_S: Final = 30
_DISCOVERY: Final = "/.well-known/openid-configuration"
_log = logging.getLogger(__name__)


class IssuerSilentError(Exception):
    """The issuer's keys cannot be had now."""


class _Configuration(msgspec.Struct):
    issuer: str
    jwks_uri: str


class Issuer:
    """Checks the tokens of one issuer."""

    def __init__(self, access: ConsoleAccess) -> None:
        self._access = access
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at_s = -KEPT_S
        self._asking = asyncio.Lock()

    async def who(self, token: str) -> Who | None:
        """Gives who a token says; None where it is not the issuer's for us, or gives no role.

        Raises:
            IssuerSilentError: The keys cannot be had.
        """
        try:
            head = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, UnicodeEncodeError):  # a header may hold bytes that are no UTF-8
            return None
        if head.get("alg") not in ALGORITHMS:
            return None
        key = await self._key(str(head.get("kid", "")))
        return None if key is None else self._checked(token, key)

    def _checked(self, token: str, key: jwt.PyJWK) -> Who | None:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._access.audience,
                issuer=self._access.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, TypeError, ValueError):
            return None
        role = role_of(claims, self._access.roles_claim)
        name = claims.get("preferred_username") or claims["sub"]
        shown = "".join(filter(str.isprintable, str(name)))[:100]  # it stands in the log
        return None if role is None else Who(shown, role, str(claims["sub"]))

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        """Gives the key of that id; the only one there is where a token names none."""
        now_s = time.monotonic()
        is_old = now_s - self._asked_at_s > KEPT_S
        is_unknown = kid not in self._keys and now_s - self._asked_at_s > AGAIN_AFTER_S
        if is_old or is_unknown:
            await self._ask()
        if not kid and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _ask(self) -> None:
        asked_before_s = self._asked_at_s
        async with self._asking:
            if self._asked_at_s != asked_before_s:
                return  # another request has asked meanwhile
            try:
                keys = await self._published()
            except (ClientError, TimeoutError, OSError, ValueError, jwt.PyJWTError) as error:
                _log.warning("the keys of the OIDC issuer cannot be had: %s", named(error))
                self._asked_at_s = time.monotonic() - KEPT_S + AGAIN_AFTER_S if self._keys else asked_before_s
                if not self._keys:
                    raise IssuerSilentError from error
            else:
                self._keys, self._asked_at_s = keys, time.monotonic()

    async def _published(self) -> dict[str, jwt.PyJWK]:
        async with ClientSession(timeout=ClientTimeout(total=5), cookie_jar=DummyCookieJar()) as session:
            base = self._access.issuer.rstrip("/")
            found = msgspec.json.decode(await _got(session, base + _DISCOVERY), type=_Configuration)
            if found.issuer != self._access.issuer:
                raise ValueError("the issuer says that it is another one")
            if URL(found.jwks_uri).scheme != "https" and URL(base).scheme == "https":
                raise ValueError("the issuer's keys are not at an https URL")
            keys = msgspec.json.decode(await _got(session, found.jwks_uri), type=dict[str, Any])
        return {key.key_id or "": key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use != "enc"}


async def _got(session: ClientSession, url: str) -> bytes:
    async with session.get(url, allow_redirects=False) as answer:
        answer.raise_for_status()
        return await read_body(answer)


def role_of(claims: Mapping[str, Any], path: str) -> Role | None:
    """Gives the highest role that the claims give. path: where they say it, with dots on the way; words or a list."""
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    words = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return next((role for role in reversed(ROLES) if role in words), None)
