"""What the environment decides about `tierflow console`: where it listens, and how it knows who asks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from yarl import URL

from streams.errors import UsageError
from streams.security.hosts import is_loopback

Role = Literal["viewer", "agent", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "agent", "operator", "admin")
"""From the one who may the least; who has one may what those before it may."""

_HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True, kw_only=True)
class ConsoleAccess:
    """Who may ask the console. Made by `from_variables`, which checks it.

    tokens: a file of tokens, issuer: of OpenID Connect; empty: none. role: of whoever asks where there is neither.
    roles_claim: where a token of the issuer says roles, with dots on the way.
    """

    host: str = "127.0.0.1"
    port: int = 6080
    port_given: bool = False
    tokens: str = ""
    role: Role = "operator"
    issuer: str = ""
    audience: str = ""
    roles_claim: str = "roles"

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> "ConsoleAccess":
        """Reads and checks the settings. given: the environment and the .env file.

        Raises:
            UsageError: One is wrong; the message says what to write.
        """
        port, role = given.get("TIERFLOW_CONSOLE_PORT", str(cls.port)), given.get("TIERFLOW_CONSOLE_ROLE", cls.role)
        if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _HIGHEST_PORT:
            raise UsageError(f"TIERFLOW_CONSOLE_PORT is {port!r}; write a port from 1 to 65535, or 0 for any free one")
        if role not in ROLES[:-1]:
            raise UsageError(f"TIERFLOW_CONSOLE_ROLE is {role!r}; write {', '.join(ROLES[:-2])} or {ROLES[-2]}")
        access = cls(
            host=given.get("TIERFLOW_CONSOLE_HOST", cls.host),
            port=int(port),
            port_given="TIERFLOW_CONSOLE_PORT" in given,
            tokens=given.get("TIERFLOW_CONSOLE_TOKENS", ""),
            role=role,
            issuer=given.get("TIERFLOW_OIDC_ISSUER", ""),
            audience=given.get("TIERFLOW_OIDC_AUDIENCE", ""),
            roles_claim=given.get("TIERFLOW_OIDC_ROLES_CLAIM", cls.roles_claim),
        )
        _check(access)
        return access

    @property
    def knows_who_asks(self) -> bool:
        """Says whether every request needs a token."""
        return bool(self.tokens or self.issuer)


def _check(access: ConsoleAccess) -> None:
    if access.tokens and not Path(access.tokens).is_file():
        raise UsageError(f"TIERFLOW_CONSOLE_TOKENS: there is no file {access.tokens}; write the path of one")
    if bool(access.issuer) != bool(access.audience):
        raise UsageError("TIERFLOW_OIDC_ISSUER and TIERFLOW_OIDC_AUDIENCE belong together; set both, or none")
    if access.issuer and not _is_safe(access.issuer):
        raise UsageError(
            f"TIERFLOW_OIDC_ISSUER is {access.issuer!r}; write an https URL, or one of this machine, without a query"
        )
    if not access.knows_who_asks and not is_loopback(access.host):
        raise UsageError(
            f"TIERFLOW_CONSOLE_HOST is {access.host!r}, and nothing says who may ask: set TIERFLOW_CONSOLE_TOKENS or "
            "TIERFLOW_OIDC_ISSUER, or leave it at 127.0.0.1"
        )


def _is_safe(issuer: str) -> bool:
    """Says whether keys can be had from there without somebody between."""
    try:
        url = URL(issuer)
        host = url.host or ""
    except ValueError:
        return False
    is_bare = not (url.query_string or url.fragment or url.user)
    return is_bare and bool(host) and (url.scheme == "https" or (url.scheme == "http" and is_loopback(host)))
