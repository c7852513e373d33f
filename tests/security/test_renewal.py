"""Certificates, tokens and sessions that end: clients go on with what was renewed, and say what is not."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from streams.settings import Settings
from tests.support import signed_tokens
from tests.support.certificates import Authority, Pair
from tests.support.commands import tierflow
from tests.support.deliveries import Delivery, config
from tests.support.event_flow import flowing
from tests.support.secured_broker import LEAVER, PASSWORD, REAUTH_MS, SecuredBroker
from tests.support.token_endpoint import TokenEndpoint, serving
from tests.support.worker_processes import SOAK, Events, Workers, all_is_right, until

# A worker that waits less long for what does not heal by itself.
IMPATIENT = """
from streams.kafka import contact
contact.SILENT_AFTER_S, contact.REFUSED_FOR_S, contact.LOOK_EVERY_S = 1.0, 3.0, 0.2
import sys
sys.argv = ["tierflow", "worker"]
from streams.cli.main import run
run()
"""
PATIENT = IMPATIENT.replace("3.0", "60.0")
# One whose password is changed after the check at its start.
SPOILT = IMPATIENT.replace(
    "import sys\n",
    """
import sys
from dataclasses import replace
from streams.worker import run as module
run_worker = module.run_worker
def spoilt(settings, *more):
    run_worker(replace(settings, access=replace(settings.access, sasl_password="another")), *more)
module.run_worker = spoilt
""",
)
IMPATIENT_COMMAND = IMPATIENT.replace('sys.argv = ["tierflow", "worker"]', "")


async def is_let_in(settings: Settings) -> bool:
    """Whether a new connection of a running process is: its clients share one context."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except KafkaConnectionError:
        return False
    finally:
        await admin.close()


def put(pair: Pair, environment: Mapping[str, str]) -> None:
    Path(environment["KAFKA_SSL_CERTFILE"]).write_bytes(pair.certificate.read_bytes())
    Path(environment["KAFKA_SSL_KEYFILE"]).write_bytes(pair.key.read_bytes())


async def test_a_renewed_certificate_lets_the_same_process_in(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    files = {"KAFKA_SSL_CERTFILE": str(tmp_path / "own.pem"), "KAFKA_SSL_KEYFILE": str(tmp_path / "own.key")}
    environment = {**names, **secured.environment("mutual"), **files}
    put(secured.client, environment)
    settings = Settings.from_environment(environment, dotenv=None)
    assert await is_let_in(settings)
    put(Authority(tmp_path / "other", "other").issue("stranger"), environment)
    assert not await is_let_in(settings)
    put(secured.authority.issue("renewed"), environment)
    assert await is_let_in(settings)


async def test_a_renewed_token_lets_the_same_process_in(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    environment = {**names, **secured.environment("sasltls", "OAUTHBEARER"), "KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}
    file.write_text(signed_tokens.token(secured.token_key))
    settings = Settings.from_environment(environment, dotenv=None)
    assert await is_let_in(settings)
    file.write_text(signed_tokens.token(secured.token_key, valid_s=-600))
    assert not await is_let_in(settings)
    file.write_text(signed_tokens.token(secured.token_key))
    assert await is_let_in(settings)


@pytest.mark.soak
@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", *(["SCRAM-SHA-512"] if SOAK else [])])
async def test_a_worker_goes_on_when_brokers_end_its_sessions(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path, mechanism: str
) -> None:
    """The broker closes connections after REAUTH_MS, or when the token expires: events flow through it."""
    valid_s = 5.0
    with serving(TokenEndpoint(lambda: signed_tokens.token(secured.token_key, valid_s), valid_s)) as endpoint:
        environment = {**names, **secured.environment("brief", mechanism), **endpoint.environment}
        settings = Settings.from_environment(environment, dotenv=None)
        assert tierflow(environment, "topics", "create").status == 0
        with Workers(environment, tmp_path) as workers:
            worker = workers.start()
            await worker.ready()
            before = len(endpoint.scopes)
            async with Events(settings) as events:
                async with flowing(events, a_second=500):
                    await asyncio.sleep(2.5 * REAUTH_MS / 1000)
                await all_is_right(settings, environment, events)
            assert worker.process.poll() is None, worker.tail()
            assert len(endpoint.scopes) > before + 1 or mechanism != "OAUTHBEARER", "no connection was made anew"
            assert await worker.stop() == 0


async def is_worked_after_a_renewal(
    environment: dict[str, str], folder: Path, said: str, spoil: Callable[[], object], mend: Callable[[], object]
) -> None:
    """A worker whose credential is spoilt while it runs says so, waits, and goes on once that is mended."""
    settings = Settings.from_environment(environment, dotenv=None)
    assert tierflow(environment, "topics", "create").status == 0
    with Workers(environment, folder) as workers:
        worker = workers.start(code=PATIENT)
        await worker.ready()
        spoil()
        await until(lambda: worker.says(said), 30, f"the worker says: {said}")
        mend()
        async with Events(settings) as events:
            await events.balance("C1", 500_000)
            await events.settle()
            await all_is_right(settings, environment, events)
        assert await worker.stop() == 0


@pytest.mark.soak
async def test_a_worker_waits_for_its_token_to_be_renewed(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    environment = {**names, **secured.environment("brief", "OAUTHBEARER"), "KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}

    def put_token(valid_s: float) -> None:
        file.write_text(signed_tokens.token(secured.token_key, valid_s))

    put_token(600)
    spoil, mend = partial(put_token, -600), partial(put_token, 600)
    await is_worked_after_a_renewal(environment, tmp_path, "refuses our token", spoil, mend)


async def test_a_worker_waits_for_its_certificate_to_be_renewed(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    files = {"KAFKA_SSL_CERTFILE": str(tmp_path / "own.pem"), "KAFKA_SSL_KEYFILE": str(tmp_path / "own.key")}
    environment = {**names, **secured.environment("briefmutual", "SCRAM-SHA-512"), **files}
    put(secured.client, environment)
    stranger = Authority(tmp_path / "other", "other").issue("stranger")
    spoil = partial(put, stranger, environment)
    mend = partial(put, secured.authority.issue("renewed"), environment)
    await is_worked_after_a_renewal(environment, tmp_path, "refuses our certificate", spoil, mend)


async def test_a_worker_whose_password_is_taken_away_ends_with_a_sentence(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    environment = {**names, **secured.environment("brief", "SCRAM-SHA-512"), "KAFKA_SASL_USERNAME": LEAVER}
    assert tierflow(environment, "topics", "create").status == 0
    with Workers(environment, tmp_path) as workers:
        worker = workers.start(code=IMPATIENT)
        await worker.ready()
        secured.set_password("another")
        assert await worker.ended(within_s=30) == 70
        sentence = r"refuses our user name or password \(SCRAM-SHA-512\); write KAFKA_SASL_USERNAME"
        assert worker.says(f'"worker ends: RefusedError: the Kafka at [^ ]+ {sentence}'), worker.tail()
        assert PASSWORD not in worker.log.read_text()


async def test_a_worker_that_is_refused_between_its_check_and_its_first_assignment_says_why(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    environment = {**names, **secured.environment("sasl", "SCRAM-SHA-512")}
    assert tierflow(environment, "topics", "create").status == 0
    with Workers(environment, tmp_path) as workers:
        worker = workers.start(code=SPOILT)
        assert await worker.ended(within_s=30) == 70
        assert worker.says(r'"worker ends: RefusedError: the Kafka at [^ ]+ refuses our user name or password')
        assert "Traceback" not in worker.log.read_text()


@pytest.mark.soak
async def test_a_delivery_whose_password_is_taken_away_says_so_and_ends(
    secured: SecuredBroker, names: dict[str, str], tmp_path: Path
) -> None:
    secured.set_password(PASSWORD)
    environment = {**names, **secured.environment("brief", "SCRAM-SHA-512"), "KAFKA_SASL_USERNAME": LEAVER}
    assert tierflow(environment, "topics", "create").status == 0
    file = config(tmp_path, ("crm", "http://127.0.0.1:1/", ""))
    async with Delivery(environment, file, code=IMPATIENT_COMMAND) as delivery:
        await delivery.ready()
        secured.set_password("another")
        await until(lambda: delivery.process.poll() is not None, 30, "it ends")
        assert delivery.process.returncode == 70
        assert re.search(r"refuses our user name or password .*; nothing is lost, start again", delivery.said)
        assert PASSWORD not in delivery.said
