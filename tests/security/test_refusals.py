"""What is wrong with a credential is said in one sentence: what, where, and what to do."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.kafka import refusals
from streams.kafka.refusals import hear
from streams.settings import Settings
from tests.support.certificates import Authority
from tests.support.commands import tierflow
from tests.support.patience import stretched
from tests.support.secured_broker import SecuredBroker
from tests.support.signed_tokens import make_key, token
from tests.support.token_endpoint import TokenEndpoint, serving


class Wrong(NamedTuple):
    """What is wrong, where one is not let in, what is set otherwise, and what is said. {other}: a folder of files."""

    what: str
    listener: str
    mechanism: str
    set: dict[str, str]
    said: str


WRONG = [
    Wrong(
        "authority", "tls", "", {"KAFKA_SSL_CAFILE": "{other}/other.pem"}, "of an authority that is not trusted here"
    ),
    Wrong("no authority", "tls", "", {"KAFKA_SSL_CAFILE": ""}, "that authority's PEM file into KAFKA_SSL_CAFILE"),
    Wrong("expired", "expired", "", {}, "shows a certificate that is not valid today (certificate has expired)"),
    Wrong("host", "elsewhere", "", {}, "shows the certificate of another host (Hostname mismatch"),
    Wrong(
        "no certificate",
        "mutual",
        "",
        {"KAFKA_SSL_CERTFILE": "", "KAFKA_SSL_KEYFILE": ""},
        "it wants a certificate of ours; write KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE",
    ),
    Wrong(
        "foreign certificate",
        "mutual",
        "",
        {"KAFKA_SSL_CERTFILE": "{other}/stranger.pem", "KAFKA_SSL_KEYFILE": "{other}/stranger.key"},
        "refuses our certificate (",
    ),
    Wrong("password", "sasl", "PLAIN", {"KAFKA_SASL_PASSWORD": "hidden"}, "refuses our user name or password (PLAIN)"),
    Wrong("user", "sasl", "SCRAM-SHA-256", {"KAFKA_SASL_USERNAME": "mallory"}, "user name or password (SCRAM-SHA-256)"),
    Wrong("token", "sasl", "OAUTHBEARER", {"KAFKA_SASL_OAUTH_TOKEN_FILE": "{other}/forged"}, "refuses our token"),
    Wrong(
        "old token", "sasltls", "OAUTHBEARER", {"KAFKA_SASL_OAUTH_TOKEN_FILE": "{other}/expired"}, "refuses our token"
    ),
    Wrong("no token", "sasl", "OAUTHBEARER", {"KAFKA_SASL_OAUTH_TOKEN_FILE": "{other}/none"}, "none cannot be read ("),
    Wrong("command", "sasl", "OAUTHBEARER", {"KAFKA_SASL_OAUTH_TOKEN_COMMAND": "false hidden"}, "ended with status 1"),
    Wrong(
        "no TLS",
        "tls",
        "",
        {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"},
        "may have no KAFKA_SECURITY_PROTOCOL PLAINTEXT on this",
    ),
    Wrong("TLS", "sasl", "", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "write"),
    Wrong(
        "no SASL",
        "sasl",
        "",
        {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"},
        "may have no KAFKA_SECURITY_PROTOCOL PLAINTEXT on this listener",
    ),
    Wrong(
        "SASL",
        "tls",
        "PLAIN",
        {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
        "asks for no SASL on this listener; write KAFKA_SECURITY_PROTOCOL as the listener has it",
    ),
]
BY_COMMAND = {"authority", "expired", "host", "no certificate", "token", "no token"}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that answers late is one that does not answer."""
    monkeypatch.setattr(refusals, "ANSWER_WITHIN_S", stretched(refusals.ANSWER_WITHIN_S))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, secured: SecuredBroker) -> Path:
    """What the broker does not take: another authority, a stranger's certificate, a forged and an expired token."""
    folder = tmp_path_factory.mktemp("other")
    Authority(folder, "other").issue("stranger")
    make_key(folder / "forger.key", folder / "keys.json")
    (folder / "forged").write_text(token(folder / "forger.key"))
    (folder / "expired").write_text(token(secured.token_key, valid_s=-600))
    return folder


@pytest.fixture
def environment_of(secured: SecuredBroker, other: Path, names: dict[str, str]) -> Any:
    def environment(listener: str, mechanism: str, wrong: dict[str, str]) -> dict[str, str]:
        set_otherwise = {name: value.format(other=other) for name, value in wrong.items()}
        return {**names, **secured.environment(listener, mechanism), **set_otherwise}

    return environment


@pytest.mark.parametrize("wrong", WRONG, ids=[each.what for each in WRONG])
async def test_each_refusal_has_its_sentence(environment_of: Any, secured: SecuredBroker, wrong: Wrong) -> None:
    settings = Settings.from_environment(environment_of(wrong.listener, wrong.mechanism, wrong.set), dotenv=None)
    lets_in, sentence = await hear(settings.client_options(), with_hang_ups=True)
    assert not lets_in
    assert sentence is not None
    assert wrong.said in sentence
    assert "hidden" not in sentence
    assert len(sentence.splitlines()) == 1
    is_ours = sentence.startswith("KAFKA_SASL_OAUTH_")
    assert is_ours or sentence.startswith(f"the Kafka at localhost:{secured.ports[wrong.listener]} ")


@pytest.mark.parametrize("wrong", [each for each in WRONG if each.what in BY_COMMAND], ids=lambda wrong: wrong.what)
def test_a_command_says_it_and_ends_with_status_2(environment_of: Any, wrong: Wrong) -> None:
    environment = environment_of(wrong.listener, wrong.mechanism, wrong.set)
    found = tierflow(environment, "topics", "check")
    assert found.status == 2
    [line] = found.err.splitlines()
    assert line.startswith("tierflow: ")
    assert wrong.said in line


def test_an_endpoint_that_gives_no_token_is_named(environment_of: Any, secured: SecuredBroker) -> None:
    with serving(TokenEndpoint(lambda: token(secured.token_key))) as endpoint:
        environment = environment_of("sasl", "OAUTHBEARER", endpoint.environment)
        found = tierflow({**environment, "KAFKA_SASL_OAUTH_CLIENT_SECRET": "hidden"}, "topics", "check")
    assert found.status == 2
    [line] = found.err.splitlines()
    assert line.startswith("tierflow: KAFKA_SASL_OAUTH_TOKEN_ENDPOINT: http://127.0.0.1:")
    assert "gives no token (status 401, invalid_client)" in line
    assert "hidden" not in line


async def test_who_is_let_in_and_who_is_not_there_are_no_refusals(environment_of: Any) -> None:
    settings = Settings.from_environment(environment_of("mutual", "", {}), dotenv=None)
    assert await hear(settings.client_options()) == (True, None)
    secured_but_away = {**settings.client_options(), "bootstrap_servers": "localhost:1"}
    assert await hear(secured_but_away) == (False, None)


async def test_a_hang_up_is_no_refusal_to_a_worker_that_runs() -> None:
    """A proxy accepts a connection and closes it while the broker behind it is away: that heals."""
    hung_up = asyncio.Event()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        hung_up.set()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as proxy:
        options = {"bootstrap_servers": f"127.0.0.1:{proxy.sockets[0].getsockname()[1]}"}
        assert await hear(options) == (False, None)
        assert hung_up.is_set()
        assert "none is behind it" in str((await hear(options, with_hang_ups=True)).refusal)
