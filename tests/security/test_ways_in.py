"""Each way into Kafka, from the topics over a worker's tier change to a clean audit; every command by one of them."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.settings import Settings, policy_folder
from tests.support import signed_tokens
from tests.support.commands import tierflow
from tests.support.secured_broker import SecuredBroker
from tests.support.token_endpoint import TokenEndpoint, serving
from tests.support.worker_processes import SOAK, Events, Workers, all_is_right, applied

FILE, COMMAND, ENDPOINT = "file", "command", "endpoint"
# Listener, mechanism, and where tokens are from. SCRAM-SHA-512 over TLS has a test of its own below.
WAYS = [
    ("tls", "", ""),
    ("mutual", "", ""),
    ("sasltls", "PLAIN", ""),
    ("sasl", "SCRAM-SHA-256", ""),
    ("sasltls", "OAUTHBEARER", FILE),
    ("sasl", "OAUTHBEARER", ENDPOINT),
]
OTHER_WAYS = [
    ("sasl", "PLAIN", ""),
    ("sasltls", "SCRAM-SHA-256", ""),
    ("sasl", "SCRAM-SHA-512", ""),
    ("sasl", "OAUTHBEARER", FILE),
    ("sasltls", "OAUTHBEARER", ENDPOINT),
    ("sasltls", "OAUTHBEARER", COMMAND),
]


@contextmanager
def let_in(
    secured: SecuredBroker, names: Mapping[str, str], folder: Path, way: tuple[str, str, str]
) -> Iterator[dict[str, str]]:
    """The settings of a client that is let in this way."""
    listener, mechanism, source = way
    environment = {**names, **secured.environment(listener, mechanism)}
    if source == FILE:
        file = folder / "token"
        file.write_text(signed_tokens.token(secured.token_key))
        yield {**environment, "KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}
    elif source == COMMAND:
        command = [sys.executable, signed_tokens.__file__, str(secured.token_key), "600"]
        yield {**environment, "KAFKA_SASL_OAUTH_TOKEN_COMMAND": shlex.join(command)}
    elif source == ENDPOINT:
        with serving(TokenEndpoint(lambda: signed_tokens.token(secured.token_key))) as endpoint:
            yield {**environment, **endpoint.environment}
    else:
        yield environment


@pytest.mark.parametrize("way", [*WAYS, *(OTHER_WAYS if SOAK else [])], ids=lambda way: "-".join(filter(None, way)))
async def test_a_worker_works_and_the_audit_is_clean(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path, way: tuple[str, str, str]
) -> None:
    with let_in(secured, names, tmp_path, way) as environment, Workers(environment, tmp_path) as workers:
        made = tierflow(environment, "topics", "create")
        assert made.status == 0, made.err
        settings = Settings.from_environment(environment, dotenv=None)
        worker = workers.start()
        async with Events(settings) as events:
            await events.balance("C1", 499_999)
            await events.settle()
            await worker.ready()
            await events.balance("C1", 500_000)
            await events.settle()
            changes = await all_is_right(settings, environment, events)
        assert [change["tier"] for change in changes.by_customer["C1"]] == ["low", "mid"]
        assert await worker.stop() == 0


COMMANDS = [
    ("topics", "check"),
    ("load", "events", "EVENTS"),
    ("simulate", "--policy", "POLICY", "--from-kafka"),
    ("explain", "C1"),
    ("watch", "--from-beginning", "--limit", "1"),
    ("dead-letters", "list"),
    ("policy", "publish", "POLICY", "--yes"),
    ("policy", "list"),
    ("deliver", "parked"),
    ("audit",),
]


@pytest.fixture
def placed(tmp_path: Path) -> dict[str, str]:
    """The files that stand for EVENTS and POLICY in COMMANDS."""
    events = tmp_path / "events.jsonl"
    events.write_text(
        '{"topic": "bank.balances", "value": {"event_id": "b1", "customer_id": "C2", "account_id": "A", '
        '"balance": "1.00", "currency": "TWD", "as_of": "2026-11-24T09:30:00+08:00"}}\n'
    )
    return {"EVENTS": str(events), "POLICY": str(policy_folder() / "assets-only.toml")}


@pytest.mark.soak
async def test_every_command_is_let_in(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path, placed: Mapping[str, str]
) -> None:
    environment = {**names, **secured.environment("sasltls", "SCRAM-SHA-512")}
    assert tierflow(environment, "topics", "create").status == 0
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        settings = Settings.from_environment(environment, dotenv=None)
        async with Events(settings) as events:
            await events.balance("C1", 500_000)
            await events.settle()
            await worker.ready()
            await applied(settings)
        for command in COMMANDS:
            said = tierflow(environment, *(placed.get(word, word) for word in command))
            assert said.status == 0, (command, said.err)


SOME = [("worker",), ("topics", "create"), *(COMMANDS if SOAK else COMMANDS[1::3])]


@pytest.mark.parametrize("command", SOME, ids=" ".join)
def test_every_command_says_that_its_password_is_wrong(
    secured: SecuredBroker, names: dict[str, str], placed: Mapping[str, str], command: tuple[str, ...]
) -> None:
    environment = {**names, **secured.environment("sasltls", "SCRAM-SHA-512"), "KAFKA_SASL_PASSWORD": "hidden"}
    said = tierflow(environment, *(placed.get(word, word) for word in command))
    assert said.status == 2, said.err
    assert said.err == (
        f"tierflow: the Kafka at localhost:{secured.ports['sasltls']} refuses our user name or password "
        "(SCRAM-SHA-512); write KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD as the broker has them\n"
    )
