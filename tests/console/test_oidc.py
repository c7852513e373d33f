"""Tokens of an issuer: real ones, signed with real keys, which a server of the test publishes."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from streams.console import oidc
from streams.console.oidc import Issuer, IssuerSilentError, role_of
from streams.console.roles import Who
from streams.security.console_access import ConsoleAccess

AUDIENCE = "tierflow"


class Bank:
    """An issuer of a bank: publishes its keys, and signs tokens. asked: how often its keys were fetched."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.keys: dict[str, Mapping[str, Any]] = {"one": self._published(self.rsa, "one")}
        self.asked = 0
        self.is_away = False
        self.url = ""

    def rotate(self) -> None:
        """Signs with another key from now on, and no longer publishes the former one."""
        self.keys = {"two": self._published(self.ec, "two")}

    def _published(self, key: Any, kid: str) -> Mapping[str, Any]:
        algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}

    async def configuration(self, _: web.Request) -> web.Response:
        if self.is_away:
            raise web.HTTPServiceUnavailable
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def published(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": list(self.keys.values())})

    def token(self, kid: str = "one", algorithm: str = "RS256", key: Any = None, **more: Any) -> str:
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "u1", "exp": time.time() + 3_600, "roles": ["agent"], **more}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.rsa if key is None else key, algorithm, headers={"kid": kid})


@pytest.fixture
async def issued() -> AsyncIterator[Bank]:
    made = Bank()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", made.configuration)
    app.router.add_get("/keys", made.published)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


def of(bank: Bank) -> Issuer:
    return Issuer(ConsoleAccess(issuer=bank.url, audience=AUDIENCE))


async def test_a_good_token_says_who_and_which_role(issued: Bank) -> None:
    issuer = of(issued)
    assert await issuer.who(issued.token()) == Who("u1", "agent", "u1")
    assert await issuer.who(issued.token(preferred_username="alice", roles=["x", "viewer", "admin"])) == Who(
        "alice", "admin", "u1"
    )
    assert issued.asked == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "https://another.example"},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"sub": None},
        {"nbf": 4_000_000_000},
        {"roles": ["boss"]},
        {"roles": None},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_us_is_refused(issued: Bank, claims: dict[str, Any]) -> None:
    assert await of(issued).who(issued.token(**claims)) is None


async def test_a_token_of_another_key_or_of_none_is_refused(issued: Bank) -> None:
    issuer, stranger = of(issued), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert await issuer.who(issued.token(key=stranger)) is None
    assert await issuer.who(issued.token(algorithm="none", key="")) is None
    public = str(issued.keys["one"]["n"])  # the public key as a shared secret
    assert await issuer.who(issued.token(algorithm="HS256", key=public.ljust(32, "x"))) is None
    assert await issuer.who(issued.token("two", "ES256", issued.ec)) is None
    for nonsense in ("", "a.b.c", "a" * 9_000, issued.token() + "x", "\udcff", "a.b.\udcff"):
        assert await issuer.who(nonsense) is None


async def test_a_new_key_of_the_issuer_is_taken_up_and_the_former_one_no_longer(
    issued: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "AGAIN_AFTER_S", 3_600.0)
    issuer, former = of(issued), issued.token()
    assert await issuer.who(former) is not None
    issued.rotate()
    new = issued.token("two", "ES256", issued.ec)
    assert await issuer.who(new) is None  # it was asked a moment ago
    assert issued.asked == 1
    monkeypatch.setattr(oidc, "AGAIN_AFTER_S", 0.0)
    assert await issuer.who(new) == Who("u1", "agent", "u1")
    assert await issuer.who(former) is None


async def test_a_stranger_cannot_make_it_ask_all_day(issued: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "AGAIN_AFTER_S", 1_800.0)
    issuer = of(issued)
    for number in range(20):
        assert await issuer.who(issued.token(f"none-{number}")) is None
    assert issued.asked == 1


async def test_an_issuer_that_is_away_is_told_and_its_known_keys_still_hold(
    issued: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = of(issued)
    issued.is_away = True
    with pytest.raises(IssuerSilentError):
        await issuer.who(issued.token())
    issued.is_away = False
    assert await issuer.who(issued.token()) is not None
    issued.is_away = True
    monkeypatch.setattr(oidc, "KEPT_S", 0.0)
    assert await issuer.who(issued.token()) is not None


def test_roles_may_stand_deep_in_the_claims() -> None:
    assert role_of({"realm_access": {"roles": ["offline", "operator"]}}, "realm_access.roles") == "operator"
    assert role_of({"scope": "openid viewer"}, "scope") == "viewer"
    assert role_of({"roles": {"admin": True}}, "roles") is None
    assert role_of({"roles": "x"}, "roles.admin") is None
