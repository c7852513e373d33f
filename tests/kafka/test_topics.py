"""Topics are made with the settings that the guarantees need; what does not fit is said."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import LeaderNotAvailableError, NodeNotReadyError, UnknownTopicOrPartitionError

from streams.errors import UsageError
from streams.kafka import local, topics
from streams.kafka.topic_specs import topic_specs
from streams.kafka.topics import allowed_now, check_topics, ensure_topics, partition_count
from streams.settings import Settings
from tests.support.batches import PARTITIONS
from tests.support.commands import tierflow
from tests.support.patience import stretched


async def make(settings: Settings, name: str, partitions: int, **config: str) -> None:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    configs = {key.replace("_", "."): value for key, value in config.items()}
    try:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        async with asyncio.timeout(stretched(10)):
            while name not in await admin.list_topics():  # noqa: ASYNC110 - the broker learns of it a moment later
                await asyncio.sleep(0.01)
    finally:
        await admin.close()


async def config_of(settings: Settings, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        [response] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    return {entry[0]: entry[1] for entry in response.resources[0][4]}


def untouched(environment: Mapping[str, str]) -> Settings:
    """Settings whose topics nobody has made."""
    return Settings.from_environment(environment, dotenv=None)


async def test_topics_get_the_settings_of_their_specs(settings: Settings) -> None:
    for spec in topic_specs(settings):
        found = await config_of(settings, spec.name)
        assert {name: found[name] for name in spec.config} == dict(spec.config)
        assert await partition_count(settings, spec.name) == (1 if spec.single_partition else PARTITIONS)


async def test_made_once_they_are_checked(settings: Settings) -> None:
    assert await ensure_topics(settings, 7) == []
    assert await check_topics(settings) == PARTITIONS


async def test_missing_ones_get_the_partition_count_of_those_that_are_there(environment: Mapping[str, str]) -> None:
    settings = untouched(environment)
    await make(settings, settings.input_topic("balances"), 6, cleanup_policy="delete")
    with pytest.raises(UsageError, match=r"missing: .*make the topics with: tierflow topics create"):
        await check_topics(settings)
    made = await ensure_topics(settings, PARTITIONS)
    assert len(made) == len(topic_specs(settings)) - 1
    assert await check_topics(settings) == 6


@pytest.mark.parametrize(
    ("topic", "policy", "says"),
    [
        ("changelog", "delete", "deleting by age would lose the state"),
        ("changelog", "compact,delete", "deleting by age would lose the state"),
        ("balances", "compact", "compaction would drop records that the audit needs"),
    ],
)
async def test_a_wrong_cleanup_policy_is_refused(
    environment: Mapping[str, str], topic: str, policy: str, says: str
) -> None:
    settings = untouched(environment)
    name = settings.changelog_topic if topic == "changelog" else settings.input_topic(topic)
    await make(settings, name, PARTITIONS, cleanup_policy=policy)
    with pytest.raises(UsageError, match=rf"{name} has cleanup.policy={policy}.*{says}"):
        await ensure_topics(settings, PARTITIONS)


@pytest.mark.parametrize(
    ("topic", "limit", "says"),
    [
        ("changelog", 1_048_588, "it must be at least 3265984: .*--add-config max.message.bytes=8388608"),
        ("changes", 500_000, "it must be at least 1000000: .*--add-config max.message.bytes=1048576"),
        ("dead-letters", 500_000, "it must be at least 1000000: .*--add-config max.message.bytes=4194304"),
    ],
)
async def test_a_limit_on_records_that_is_too_small_is_refused_with_the_command_that_mends_it(
    environment: Mapping[str, str], topic: str, limit: int, says: str
) -> None:
    settings = untouched(environment)
    name, cleanup = settings.output_topic(topic), "delete"
    if topic == "changelog":
        name, cleanup = settings.changelog_topic, "compact"
    await make(settings, name, PARTITIONS, cleanup_policy=cleanup, max_message_bytes=str(limit))
    with pytest.raises(UsageError, match=rf"{name} has max.message.bytes={limit} .*{says}"):
        await ensure_topics(settings, PARTITIONS)


async def test_a_worker_asks_how_large_a_dead_letter_may_be(environment: Mapping[str, str]) -> None:
    settings = untouched(environment)
    await make(settings, settings.output_topic("dead-letters"), PARTITIONS, cleanup_policy="delete")
    await ensure_topics(settings, PARTITIONS)
    assert await allowed_now(settings) == (None, 1_048_588)  # the broker's own


async def test_different_partition_counts_are_refused(environment: Mapping[str, str]) -> None:
    settings = untouched(environment)
    await make(settings, settings.input_topic("balances"), 3, cleanup_policy="delete")
    await make(settings, settings.input_topic("loans"), 4, cleanup_policy="delete")
    with pytest.raises(UsageError, match="different partition counts"):
        await ensure_topics(settings, PARTITIONS)


@pytest.mark.parametrize(
    ("name", "cleanup"), [("policies", "compact"), ("owner", "compact"), ("dead-letters-replayed", "delete")]
)
async def test_several_partitions_are_refused_where_records_have_one_order(
    environment: Mapping[str, str], name: str, cleanup: str
) -> None:
    settings = untouched(environment)
    topic = settings.output_topic(name)
    await make(settings, topic, 4, cleanup_policy=cleanup, message_timestamp_type="LogAppendTime")
    with pytest.raises(UsageError, match=rf"^{topic} has 4 partitions, it must have 1: its records have one order"):
        await ensure_topics(settings, PARTITIONS)


async def test_the_topic_that_tells_the_brokers_time_has_to_stamp_it(environment: Mapping[str, str]) -> None:
    settings = untouched(environment)
    await make(settings, settings.owner_topic, 1, cleanup_policy="compact")
    with pytest.raises(UsageError, match=r"the broker's time, .*--add-config message.timestamp.type=LogAppendTime$"):
        await ensure_topics(settings, PARTITIONS)


async def test_no_broker_is_the_user_s_to_mend(environment: Mapping[str, str]) -> None:
    settings = untouched({**environment, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{local.free_port()}"})
    with pytest.raises(UsageError, match=r"no Kafka answers at .*tierflow kafka start"):
        await check_topics(settings)


async def test_other_counts_than_those_that_are_there_are_refused(environment: Mapping[str, str]) -> None:
    """All others would be made with one partition, and without a word."""
    settings = untouched(environment)
    balances = settings.input_topic("balances")
    await make(settings, balances, 1, cleanup_policy="delete")
    said = await asyncio.to_thread(tierflow, environment, "topics", "create", "--partitions", "12")
    assert said.status == 2
    assert f"12 partitions are asked for, but {balances} has 1: all topics must have the same number" in said.err
    with pytest.raises(UsageError, match="missing"):
        await check_topics(settings)
    said = await asyncio.to_thread(tierflow, environment, "topics", "create", "--partitions", "1")
    assert (said.status, said.out.endswith(", with 1 partitions\n")) == (0, True), said
    assert await check_topics(settings) == 1


async def test_a_retention_that_was_not_asked_for_is_said(environment: Mapping[str, str]) -> None:
    settings = untouched(environment)
    balances, loans = settings.input_topic("balances"), settings.input_topic("loans")
    await make(settings, balances, PARTITIONS, cleanup_policy="delete", retention_ms="604800000")
    await make(settings, loans, PARTITIONS, cleanup_policy="delete", retention_bytes="9000000", retention_ms="-1")
    for command in ("create", "check"):
        said = await asyncio.to_thread(tierflow, environment, "topics", command)
        assert said.status == 0, said
        assert f"note: {balances}: records are kept for 7 days (retention.ms=604800000), not for ever" in said.err
        assert f"note: {loans}: records are kept up to 9,000,000 bytes a partition (retention.bytes=" in said.err
        assert said.err.count("note:") == 2


async def test_a_new_topic_is_waited_for_until_every_broker_knows_it() -> None:
    """The second broker cannot be asked at first, then knows nothing of it, then of no leader."""
    led = [{"leader": 1, "error_code": 0}]
    answers = {
        1: [{"error_code": 0, "partitions": led}],
        2: [
            None,
            {"error_code": UnknownTopicOrPartitionError.errno, "partitions": []},
            {"error_code": 0, "partitions": [{"leader": -1, "error_code": LeaderNotAvailableError.errno}]},
            {"error_code": 0, "partitions": led},
        ],
    }

    async def send(node: int, _: Any) -> Any:
        answer = answers[node].pop(0) if len(answers[node]) > 1 else answers[node][0]
        if answer is None:
            raise NodeNotReadyError
        return SimpleNamespace(to_object=lambda: {"topics": [{"topic": "t", **answer}]})

    async def describe_cluster() -> Any:
        return {"brokers": [{"node_id": node} for node in answers]}

    admin = SimpleNamespace(_client=SimpleNamespace(send=send), describe_cluster=describe_cluster)
    await topics.wait_until_led(admin, ["t"])
    assert [len(left) for left in answers.values()] == [1, 1]
