"""Topics: made as topic_specs.py says, and checked.

Of topics that exist, partition counts, cleanup policies, the limits on records, and whose time `tier.owner` stamps its
records with are checked, nothing else.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaConnectionError,
    NodeNotReadyError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import AwayError, UsageError
from streams.kafka.admin import Admin, configs_of
from streams.kafka.never_taken import MAX_MESSAGE_BYTES
from streams.kafka.refusals import needs
from streams.kafka.topic_specs import LOOKED_AT, TopicSpec, misfits, missing_topics, topic_specs
from streams.settings import Settings

LED_WITHIN_S = 15.0


async def ensure_topics(settings: Settings, partitions: int, replication: int = 1) -> list[str]:
    """Makes the topics that are missing and checks all; gives the names of those made.

    New topics get as many partitions as the existing ones have, or `partitions` if there are none.

    Raises:
        UsageError: Kafka does not answer, or a topic cannot be made or does not fit; the message says which, and why.
    """
    async with Admin(settings) as admin:
        there = await partition_counts(admin, _names(settings))
        count = _common_count(there, settings) or partitions
        missing = [spec for spec in topic_specs(settings) if spec.name not in there]
        await create(admin, missing, count, replication)
        await wait_until_led(admin, [spec.name for spec in missing])
        await _check(admin, settings)
    return [spec.name for spec in missing]


async def check_partitions(settings: Settings, partitions: int) -> None:
    """Checks, before topics are made, that those that are there have this many partitions each.

    Raises:
        UsageError: One has another number, or Kafka does not answer.
    """
    async with Admin(settings) as admin:
        there = await partition_counts(admin, _names(settings))
    shared = (spec.name for spec in topic_specs(settings) if not spec.single_partition)
    others = [name for name in shared if there.get(name, partitions) != partitions]
    if others:
        listed = ", ".join(f"{name} has {there[name]}" for name in others)
        raise UsageError(
            f"{partitions} partitions are asked for, but {listed}: all topics must have the same number; make those "
            "anew while they are empty, or leave --partitions out, or grow all of them: tierflow topics grow"
        )


async def raise_partitions(
    settings: Settings, topics: Iterable[str], partitions: int, *, only_ask: bool = False
) -> None:
    """Gives the topics so many partitions, as far as they have fewer. only_ask: asks whether the broker would.

    Raises:
        KafkaError: The broker does not.
        UsageError: Kafka does not answer, or the new partitions have no leaders.
    """
    names = list(topics)
    async with Admin(settings) as admin:
        counts = {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics(names)}
        fewer = {name: NewPartitions(partitions) for name in names if counts[name] < partitions}
        if fewer:
            await admin.create_partitions(fewer, validate_only=only_ask)
        if not only_ask:
            await wait_until_led(admin, names, partitions)


async def check_topics(settings: Settings) -> int:
    """Checks all topics; gives their partition count.

    Raises:
        UsageError: Kafka does not answer, or a topic is missing or does not fit; the message says which, and why.
    """
    return (await checked_topics(settings)).partitions


class Checked(NamedTuple):
    """How many partitions the inputs have, and the largest record that the topic of dead letters takes."""

    partitions: int
    letter_bytes: int


async def checked_topics(settings: Settings) -> Checked:
    """Checks the topics as `check_topics` does, and gives what their settings say, too."""
    async with Admin(settings) as admin:
        return await _check(admin, settings)


class Allowed(NamedTuple):
    """What the settings of topics allow now. misfit: what does not fit, in the words of `check_topics`, if anything.

    letter_bytes: the largest record that the topic of dead letters takes; None where there is no such topic.
    """

    misfit: str | None
    letter_bytes: int | None


async def allowed_now(settings: Settings) -> Allowed:
    """Asks for the settings of the topics that are there.

    Raises:
        UsageError: Kafka does not answer.
    """
    letters = settings.output_topic("dead-letters")
    specs = {spec.name: spec for spec in topic_specs(settings)}
    async with Admin(settings) as admin:
        configs = {topic: config for topic, config in (await configs_of(admin, specs, *LOOKED_AT)).items() if config}
    wrong = [misfit for topic, config in configs.items() for misfit in misfits(specs[topic], config, settings)]
    letter_bytes = int(configs[letters][MAX_MESSAGE_BYTES]) if letters in configs else None
    return Allowed("; ".join(wrong) or None, letter_bytes)


async def partition_count(settings: Settings, topic: str) -> int:
    """Counts the partitions of one of the app's topics. It needs no right to read the topic's settings.

    Raises:
        UsageError: Kafka does not answer, or the topic does not exist.
    """
    async with Admin(settings) as admin:
        count = (await partition_counts(admin, _names(settings))).get(topic)
    if count is None:
        raise UsageError(f"there is no topic {topic}; make the topics with: tierflow topics create")
    return count


def _names(settings: Settings) -> set[str]:
    return {spec.name for spec in topic_specs(settings)}


async def partition_counts(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Counts the partitions of those of the topics that are there, by name."""
    there = set(names) & set(await admin.list_topics())
    if not there:
        return {}
    return {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics(list(there))}


def _common_count(counts: Mapping[str, int], settings: Settings) -> int | None:
    """Gives the partition count that the existing topics share; None if there are none. counts: by topic."""
    shared = {spec.name for spec in topic_specs(settings) if not spec.single_partition} & set(counts)
    found = {counts[name] for name in shared}
    if len(found) > 1:
        listed = ", ".join(f"{name} {counts[name]}" for name in sorted(shared))
        raise UsageError(
            f"the topics have different partition counts ({listed}); all must have the same, or a customer's events "
            "come to different workers: make the odd ones anew, or set other prefixes"
        )
    return found.pop() if found else None


async def create(admin: AIOKafkaAdminClient, missing: Iterable[TopicSpec], partitions: int, replication: int) -> None:
    """Makes topics; one that is there by now is left as it is.

    Raises:
        UsageError: One cannot be made.
    """
    wanted = [
        NewTopic(spec.name, 1 if spec.single_partition else partitions, replication, topic_configs=dict(spec.config))
        for spec in missing
    ]
    if not wanted:
        return
    answer = await admin.create_topics(wanted)
    for name, code, *message in answer.topic_errors:
        # If two workers start at once, the other one has made it; the check that follows looks at its settings.
        if code in {TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno}:
            raise UsageError(f"the topic {name} could not be made: {needs([f'CREATE on topic {name}'])}")
        if code not in (0, TopicAlreadyExistsError.errno):
            reason = message[0] if message and message[0] else for_code(code).__name__
            raise UsageError(f"the topic {name} could not be made: {reason}")


async def wait_until_led(admin: AIOKafkaAdminClient, names: list[str], partitions: int = 1) -> None:
    """Waits until every broker knows a leader of each partition of the new topics, a moment after they were made.

    Every broker: whoever asks next may ask any of them, and be told that there is no such topic.
    """
    give_up_at = time.monotonic() + LED_WITHIN_S
    while True:
        waiting = await _unled(admin, names, partitions) if names else []
        if not waiting:
            return
        if time.monotonic() > give_up_at:
            raise AwayError(
                f"the new topics {', '.join(waiting)} have no leader after {LED_WITHIN_S:.0f} s: are all brokers up?"
            )
        await asyncio.sleep(0.05)


async def _unled(admin: AIOKafkaAdminClient, names: list[str], partitions: int) -> list[str]:
    """Gives those of the topics of which a broker knows no leaders yet."""
    brokers = (await admin.describe_cluster())["brokers"]
    known = [await _told(admin, broker["node_id"], names) for broker in brokers]
    return [name for name in names if not known or not all(_is_led(topics.get(name), partitions) for topics in known)]


async def _told(admin: AIOKafkaAdminClient, node: int, names: list[str]) -> dict[str, Mapping[str, Any]]:
    """Gives what this very broker knows of topics, by name; nothing where it cannot be asked just now."""
    try:  # aiokafka's own describe_topics asks any one of them
        answer = await admin._client.send(node, MetadataRequest(names))  # noqa: SLF001
    except (NodeNotReadyError, KafkaConnectionError):
        return {}
    return {topic["topic"]: topic for topic in answer.to_object()["topics"]}


def _is_led(topic: Mapping[str, Any] | None, partitions: int) -> bool:
    """Says whether the topic is there, with at least so many partitions, and each has a leader."""
    if topic is None or topic["error_code"]:
        return False
    found = topic["partitions"]
    return len(found) >= partitions and all(each["leader"] >= 0 and not each["error_code"] for each in found)


async def _check(admin: AIOKafkaAdminClient, settings: Settings) -> Checked:
    counts = await partition_counts(admin, _names(settings))
    specs = topic_specs(settings)
    missing = [spec.name for spec in specs if spec.name not in counts]
    if missing:
        raise missing_topics(missing)
    partitions = _common_count(counts, settings)
    configs = await configs_of(admin, [spec.name for spec in specs], *LOOKED_AT)
    wrong = [misfit for spec in specs for misfit in misfits(spec, configs[spec.name], settings)]
    wrong += [
        f"{spec.name} has {counts[spec.name]} partitions, it must have 1: its records have one order; make it anew"
        for spec in specs
        if spec.single_partition and counts[spec.name] != 1
    ]
    if wrong:
        raise UsageError("; ".join(wrong))
    return Checked(partitions or 0, int(configs[settings.output_topic("dead-letters")][MAX_MESSAGE_BYTES]))
