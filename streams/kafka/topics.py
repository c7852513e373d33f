"""Topics: made with the settings that tierflow's guarantees need (docs/operations.md#topics-in-production).

Of topics that exist, partition counts, cleanup policies, the limits on records, and whose time `tier.owner` stamps its
records with are checked, nothing else.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.contracts.packing import changelog_bytes
from streams.errors import AwayError, UsageError
from streams.kafka.admin import Admin, configs_of
from streams.kafka.never_taken import MAX_MESSAGE_BYTES
from streams.settings import Settings

FOREVER_MS = -1
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LED_WITHIN_S = 15.0
OUTPUTS = ("changes", "campaigns", "risk", "order")
CLEANUP_POLICY = "cleanup.policy"
TIMESTAMP_TYPE = "message.timestamp.type"
_LOOKED_AT = (CLEANUP_POLICY, MAX_MESSAGE_BYTES, TIMESTAMP_TYPE)
# What every topic must take that is written: record batches have up to 900,000 bytes (producers.BATCH_BYTES).
WRITTEN_BYTES = 1_000_000
_MIB = 1 << 20

# Set explicitly: with the broker's default of 7 days, the audit could not reach further back.
_RETAINED = {"cleanup.policy": "delete", "retention.ms": str(FOREVER_MS)}
# A dead letter holds its input in base64, which is a third longer; with the broker's default limit of 1 MiB, letters of
# large inputs would hold but their beginnings.
_DEAD_LETTERS = {**_RETAINED, MAX_MESSAGE_BYTES: str(4 << 20)}
_COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 << 20),
    "segment.ms": str(HOUR_MS),
    "min.cleanable.dirty.ratio": "0.2",
    "max.compaction.lag.ms": str(DAY_MS),
    "delete.retention.ms": str(7 * DAY_MS),
}
# The broker's own time stands in each record (broker_clock.py).
_STAMPED = {**_COMPACTED, TIMESTAMP_TYPE: "LogAppendTime"}


class TopicSpec(NamedTuple):
    """A topic as it must be: its name, its settings, and whether it has one partition or as many as the inputs.

    record_bytes: the least that its limit on records may be; 0 where tierflow does not write.
    """

    name: str
    config: Mapping[str, str]
    single_partition: bool = False
    record_bytes: int = WRITTEN_BYTES


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """Gives all topics of an app, inputs and internal ones included."""
    return [
        *(TopicSpec(name, _RETAINED, record_bytes=0) for name in settings.input_topics()),
        *(TopicSpec(settings.output_topic(name), _RETAINED) for name in OUTPUTS),
        TopicSpec(settings.output_topic("dead-letters"), _DEAD_LETTERS),
        TopicSpec(settings.output_topic("dead-letters-replayed"), _RETAINED, single_partition=True),
        TopicSpec(settings.output_topic("current"), _COMPACTED),
        TopicSpec(settings.output_topic("policies"), _COMPACTED, single_partition=True),
        TopicSpec(settings.owner_topic, _STAMPED, single_partition=True),
        _changelog_spec(settings),
        TopicSpec(settings.candidates_topic, _RETAINED),
        TopicSpec(settings.budgets_changelog_topic, _COMPACTED),
        # They hold whole events that `tierflow deliver` could not deliver: as large as dead letters.
        TopicSpec(settings.parked_topic, _DEAD_LETTERS),
        TopicSpec(settings.resend_topic, _DEAD_LETTERS),
    ]


def _changelog_spec(settings: Settings) -> TopicSpec:
    needed = changelog_bytes(settings.remembered_ids)
    made_with = max(8 * _MIB, -(-needed // _MIB) * _MIB)
    return TopicSpec(settings.changelog_topic, {**_COMPACTED, MAX_MESSAGE_BYTES: str(made_with)}, record_bytes=needed)


async def ensure_topics(settings: Settings, partitions: int, replication: int = 1) -> list[str]:
    """Makes the topics that are missing and checks all; gives the names of those made.

    New topics get as many partitions as the existing ones have, or `partitions` if there are none.

    Raises:
        UsageError: Kafka does not answer, or a topic cannot be made or does not fit; the message says which, and why.
    """
    async with Admin(settings) as admin:
        there = await _partition_counts(admin, settings)
        count = _common_count(there, settings) or partitions
        missing = [spec for spec in topic_specs(settings) if spec.name not in there]
        await _create(admin, missing, count, replication)
        await _wait_until_led(admin, [spec.name for spec in missing])
        await _check(admin, settings)
    return [spec.name for spec in missing]


async def check_partitions(settings: Settings, partitions: int) -> None:
    """Checks, before topics are made, that those that are there have this many partitions each.

    Raises:
        UsageError: One has another number, or Kafka does not answer.
    """
    async with Admin(settings) as admin:
        there = await _partition_counts(admin, settings)
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
            await _wait_until_led(admin, names, partitions)


async def check_topics(settings: Settings) -> int:
    """Checks all topics; gives their partition count.

    Raises:
        UsageError: Kafka does not answer, or a topic is missing or does not fit; the message says which, and why.
    """
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
        configs = {topic: config for topic, config in (await configs_of(admin, specs, *_LOOKED_AT)).items() if config}
    wrong = [misfit for topic, config in configs.items() for misfit in _misfits(specs[topic], config, settings)]
    letter_bytes = int(configs[letters][MAX_MESSAGE_BYTES]) if letters in configs else None
    return Allowed("; ".join(wrong) or None, letter_bytes)


async def partition_count(settings: Settings, topic: str) -> int:
    """Counts the partitions of one of the app's topics. It needs no right to read the topic's settings.

    Raises:
        UsageError: Kafka does not answer, or the topic does not exist.
    """
    async with Admin(settings) as admin:
        count = (await _partition_counts(admin, settings)).get(topic)
    if count is None:
        raise UsageError(f"there is no topic {topic}; make the topics with: tierflow topics create")
    return count


async def _partition_counts(admin: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    names = {spec.name for spec in topic_specs(settings)} & set(await admin.list_topics())
    if not names:
        return {}
    return {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics(list(names))}


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


async def _create(admin: AIOKafkaAdminClient, missing: Iterable[TopicSpec], partitions: int, replication: int) -> None:
    wanted = [
        NewTopic(spec.name, 1 if spec.single_partition else partitions, replication, topic_configs=dict(spec.config))
        for spec in missing
    ]
    if not wanted:
        return
    answer = await admin.create_topics(wanted)
    for name, code, *message in answer.topic_errors:
        # If two workers start at once, the other one has made it; the check that follows looks at its settings.
        if code not in (0, TopicAlreadyExistsError.errno):
            reason = message[0] if message and message[0] else for_code(code).__name__
            raise UsageError(f"the topic {name} could not be made: {reason}")


async def _wait_until_led(admin: AIOKafkaAdminClient, names: list[str], partitions: int = 1) -> None:
    """Waits until every partition of the new topics has a leader, which is a moment after the broker's answer."""
    give_up_at = time.monotonic() + LED_WITHIN_S
    while True:
        found = await admin.describe_topics(names) if names else []
        waiting = [topic["topic"] for topic in found if topic["error_code"] or not _is_led(topic, partitions)]
        if not waiting:
            return
        if time.monotonic() > give_up_at:
            raise AwayError(
                f"the new topics {', '.join(waiting)} have no leader after {LED_WITHIN_S:.0f} s: are all brokers up?"
            )
        await asyncio.sleep(0.05)


def _is_led(topic: Mapping[str, Any], partitions: int) -> bool:
    """Says whether the topic has at least so many partitions, and each has a leader."""
    found = topic["partitions"]
    return len(found) >= partitions and all(each["leader"] >= 0 and not each["error_code"] for each in found)


async def _check(admin: AIOKafkaAdminClient, settings: Settings) -> int:
    counts = await _partition_counts(admin, settings)
    specs = topic_specs(settings)
    missing = [spec.name for spec in specs if spec.name not in counts]
    if missing:
        raise UsageError(f"missing: {', '.join(missing)}; make the topics with: tierflow topics create")
    partitions = _common_count(counts, settings)
    configs = await configs_of(admin, [spec.name for spec in specs], *_LOOKED_AT)
    wrong = [misfit for spec in specs for misfit in _misfits(spec, configs[spec.name], settings)]
    wrong += [
        f"{spec.name} has {counts[spec.name]} partitions, it must have 1: its records have one order; make it anew"
        for spec in specs
        if spec.single_partition and counts[spec.name] != 1
    ]
    if wrong:
        raise UsageError("; ".join(wrong))
    return partitions or 0


def _misfits(spec: TopicSpec, config: Mapping[str, str], settings: Settings) -> list[str]:
    """Says what is wrong with a topic's settings; gives nothing if they fit."""
    return [
        *_cleanup_misfits(spec, config[CLEANUP_POLICY]),
        *_size_misfits(spec, config[MAX_MESSAGE_BYTES], settings),
        *_stamp_misfits(spec, config[TIMESTAMP_TYPE], settings),
    ]


def _cleanup_misfits(spec: TopicSpec, cleanup_policy: str) -> list[str]:
    wanted = spec.config[CLEANUP_POLICY]
    if set(cleanup_policy.split(",")) == {wanted}:
        return []
    why = {
        "compact": "deleting by age would lose the state of quiet customers",
        "delete": "compaction would drop records that the audit needs",
    }[wanted]
    return [
        f"{spec.name} has cleanup.policy={cleanup_policy}, it must be {wanted}: {why}; change it with kafka-configs"
    ]


def _size_misfits(spec: TopicSpec, max_message_bytes: str, settings: Settings) -> list[str]:
    if int(max_message_bytes) >= spec.record_bytes:
        return []
    enough = spec.config.get(MAX_MESSAGE_BYTES, str(_MIB))
    sentence = (
        f"{spec.name} has max.message.bytes={max_message_bytes} (the broker's message.max.bytes, where the topic has "
        f"none of its own), it must be at least {spec.record_bytes}: a larger record would be refused; "
        + _change(settings, spec.name, MAX_MESSAGE_BYTES, enough)
    )
    return [sentence]


def _stamp_misfits(spec: TopicSpec, timestamp_type: str, settings: Settings) -> list[str]:
    wanted = spec.config.get(TIMESTAMP_TYPE, timestamp_type)
    return [] if timestamp_type == wanted else [not_stamped(settings, spec.name)]


def not_stamped(settings: Settings, topic: str) -> str:
    """Says that a topic does not put the broker's time into its records, and how to change that."""
    change = _change(settings, topic, TIMESTAMP_TYPE, _STAMPED[TIMESTAMP_TYPE])
    return f"{topic} must stamp records with the broker's time, or nobody knows it; {change}"


def _change(settings: Settings, topic: str, name: str, value: str) -> str:
    return (
        f"change it with: kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --alter "
        f"--entity-type topics --entity-name {topic} --add-config {name}={value}"
    )
