"""A worker that is given no partitions says why, and ends; it waits for a Kafka that is away."""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from streams.errors import NEEDS_A_PERSON, TRY_AGAIN
from streams.kafka import local
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.own_broker import OwnBroker
from tests.support.topic_changes import admin_of
from tests.support.worker_processes import PARTITIONS, Workers, until

IMPATIENT = """
import sys
from streams.cli import start
from streams.cli.main import run
from streams.worker import watchdog
watchdog.STALLED_AFTER_S = start.KAFKA_WITHIN_S = 8.0
sys.argv = ["tierflow", "worker"]
run()
"""


async def test_a_foreign_consumer_in_the_group_is_named(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    foreign = AIOKafkaConsumer(
        settings.input_topic("balances"), bootstrap_servers=settings.bootstrap_servers, group_id=settings.app_id
    )
    await foreign.start()
    try:
        with Workers(environment, tmp_path) as workers:
            worker = workers.start("w1", IMPATIENT)
            assert await worker.ended(40) == TRY_AGAIN
            assert worker.says("(no partitions were assigned for 8 s: .* members that are no workers of tierflow)")
    finally:
        await foreign.stop()


GONE = """
from dataclasses import replace
from streams.worker import run as module
run_worker = module.run_worker
module.run_worker = lambda settings, *more: run_worker(replace(settings, bootstrap_servers="127.0.0.1:1"), *more)
"""


@pytest.mark.soak
@pytest.mark.usefixtures("settings")
async def test_a_kafka_that_goes_away_before_the_first_assignment_is_waited_for(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        asked, alone = workers.start("w1", GONE + IMPATIENT), workers.start("w2", GONE + IMPATIENT)
        await until(lambda: asked.says("(brokers cannot be reached yet)"), 30, "it waits")
        asked.signal(signal.SIGTERM)
        assert await asked.ended() == 0
        assert await alone.ended(40) == TRY_AGAIN
        assert alone.says("(no partitions were assigned for 8 s: the brokers do not say why)")


GUARDED = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}


# Numbers of the protocol.
_TOPIC, _GROUP, _LITERAL, _READ, _DESCRIBE, _DESCRIBE_CONFIGS, _DENY, _ALLOW = 2, 3, 3, 3, 8, 10, 2, 3
_DENIED = (_LITERAL, "User:ANONYMOUS", "*", _READ, _DENY)


async def ask(settings: Settings, request: Any) -> None:
    async with admin_of(settings) as admin:
        answer = await admin._send_request(request)
    assert not [each for each in list(answer.to_object().values())[1] if each["error_code"]], answer


@pytest.mark.soak
@pytest.mark.parametrize("broker_settings", [GUARDED])
async def test_a_right_on_the_group_that_is_denied_is_named(own: OwnBroker, tmp_path: Path) -> None:
    await ensure_topics(own.settings, PARTITIONS)
    denial = (_GROUP, own.settings.app_id, *_DENIED)
    said = f"(our user needs READ on group {own.settings.app_id}; see deploy/kafka-acls.md, role worker)"
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start("w1", IMPATIENT)
        await worker.ready()
        await ask(own.settings, CreateAclsRequest(*denial))
        assert await worker.ended(40) in {TRY_AGAIN, NEEDS_A_PERSON}  # whichever watch looks first
        assert worker.says(said), worker.tail()
        worker.start_again()
        assert await worker.ended(40) == NEEDS_A_PERSON
        assert worker.says(said), worker.tail()
        await ask(own.settings, DeleteAclsRequest(*denial))
        worker.start_again()
        await worker.ready()


async def test_a_start_without_kafka_waits_and_may_be_asked_to_end(names: Mapping[str, str], tmp_path: Path) -> None:
    nobody = {**names, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{local.free_port()}"}
    with Workers(nobody, tmp_path) as workers:
        patient, impatient = workers.start("w1"), workers.start("w2", IMPATIENT)
        await until(lambda: patient.says("(waiting for it)"), 20, "it says that it waits")
        patient.signal(signal.SIGTERM)
        assert await patient.ended() == 0
        assert await impatient.ended() == TRY_AGAIN
        assert impatient.says("(tierflow: no Kafka answers at .*)")


@pytest.mark.soak
@pytest.mark.parametrize("broker_settings", [GUARDED])
@pytest.mark.parametrize("topic", ["owner", "policies"])
async def test_a_right_on_a_topic_that_is_missing_stops_the_start_with_a_sentence(
    own: OwnBroker, tmp_path: Path, topic: str
) -> None:
    await ensure_topics(own.settings, PARTITIONS)
    place = (_TOPIC, own.settings.output_topic(topic), _LITERAL, "User:ANONYMOUS", "*")
    for operation in (_DESCRIBE, _DESCRIBE_CONFIGS):
        await ask(own.settings, CreateAclsRequest(*place, operation, _ALLOW))
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start("w1", IMPATIENT)
        assert await worker.ended(30) == 2, worker.tail()
        needed = f"(our user needs READ on topic {own.settings.output_topic(topic)}.*; see deploy/kafka-acls.md)"
        assert worker.says(needed), worker.tail()
