"""Whether the topics are still those that the state was made with: none made anew, none with more partitions.

A lane record knows the id and the partition count of every topic of its stage. The same sentences are said by
`tierflow topics check`, at a worker's start, at a take-over, and by a worker that runs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.contracts.kept import ANY_NUMBER, KnownTopic, LaneRecord
from streams.contracts.packing import LANE_KEY, ChangelogRecordError, unpack_lane
from streams.errors import START_ANEW, UsageError
from streams.kafka.newest import newest_records
from streams.kafka.refusals import cannot_connect, forbidden
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.topic_specs import topic_specs
from streams.settings import Settings

# A broker that has just started may know less than the others for a moment.
CONFIRMED_FOR_S = 8.0
_CONFIRMED_AT_START_FOR_S = 2.0  # somebody may be waiting for the answer
_ASK_AGAIN_S = 1.0


class TopicsChangedError(UsageError):
    """The topics are not those of the state, or their settings do not fit any more. A person is needed."""


def difference(lane: LaneRecord, names: Collection[str], now: Mapping[str, KnownTopic]) -> str | None:
    """Says what differs from the topics that the state was made with; None if nothing does.

    names: the topics that are worked with now. now: those of them that are there. A topic that the lane record does not
    know is taken as it is found.
    """
    for topic, known in lane.topics.items():
        found = now.get(topic)
        if topic not in names:
            return (
                f"the state was made with the topic {topic}, which these settings do not name: write "
                f"{_as_it_was(topic)}, or {START_ANEW}"
            )
        if found is None:
            return f"the topic {topic}, with which the state was made, is gone: restore it, or {START_ANEW}"
        if known.id and found.id and known.id != found.id:
            return (
                f"the topic {topic} was deleted and made anew: its id is {found.id}, the state was made with "
                f"{known.id}; restore the former one with all its offsets, or {START_ANEW}"
            )
        if known.partitions not in {found.partitions, ANY_NUMBER}:
            return _more_partitions(topic, known.partitions, found.partitions)
    return None


def _as_it_was(topic: str) -> str:
    if topic.endswith("-keys"):
        return "TIERFLOW_KEYS=on, and the master key that workers had"
    if topic.endswith("rates"):
        return "TIERFLOW_RATES=on"
    return "TIERFLOW_INPUT_PREFIX and TIERFLOW_OUTPUT_PREFIX as they were"


def _more_partitions(topic: str, before: int, after: int) -> str:
    return (
        f"the topic {topic} has {after} partitions, the state was made under {before}: customers would be worked where "
        f"their state is not; stop all workers, then move them: tierflow topics grow --partitions {after}"
    )


def with_topics(lane: LaneRecord, now: Mapping[str, KnownTopic]) -> LaneRecord:
    """Gives the lane record with the topics as they are now. An id that is known stays, where the broker tells none."""
    kept = {topic: known for topic, known in lane.topics.items() if known.id}
    return msgspec.structs.replace(lane, topics={**now, **kept})


async def confirmed(look: Callable[[], Awaitable[str | None]], for_s: float | None = None) -> str | None:
    """Gives what `look` says, if it says something for so long; None as soon as it says nothing.

    for_s: None: CONFIRMED_FOR_S.
    """
    give_up_at = time.monotonic() + (CONFIRMED_FOR_S if for_s is None else for_s)
    while (said := await look()) is not None and time.monotonic() < give_up_at:  # noqa: ASYNC110 - a broker tells when asked
        await asyncio.sleep(_ASK_AGAIN_S)
    return said


async def check_unchanged(settings: Settings) -> None:
    """Holds all topics against the lane records of both changelogs, as far as these are there.

    Raises:
        TopicsChangedError: Something differs; the message says which topic, what, and what to do.
        UsageError: Kafka does not answer.
    """
    try:
        said = await confirmed(lambda: _any_difference(settings), _CONFIRMED_AT_START_FOR_S)
    except TopicAuthorizationFailedError as error:
        raise UsageError(forbidden(error, "DESCRIBE")) from error
    except KafkaError as error:
        raise await cannot_connect(settings.client_options(), error) from error
    if said is not None:
        raise TopicsChangedError(said)


async def _any_difference(settings: Settings) -> str | None:
    options = settings.client_options()
    names = {spec.name for spec in topic_specs(settings)}
    now = await ask_for_topics(options, names)
    changelogs = [name for name in (settings.changelog_topic, settings.budgets_changelog_topic) if name in now]
    places = [TopicPartition(name, number) for name in changelogs for number in range(now[name].partitions)]
    lanes = await newest_lanes(options, places)
    return next(filter(None, (difference(lane, names, now) for lane in lanes.values())), None)


async def newest_lanes(
    client_options: Mapping[str, Any], places: Collection[TopicPartition]
) -> dict[TopicPartition, LaneRecord]:
    """Gives the newest lane record of each changelog partition, without those of a form that this release cannot read.

    Raises:
        KafkaError: The broker does not answer.
    """
    found = await newest_records(client_options, places, _is_lane) if places else {}
    return {tp: lane for tp, lane in ((tp, _lane(record)) for tp, record in found.items()) if lane is not None}


def _is_lane(record: ConsumerRecord) -> bool:
    return bool(record.key == LANE_KEY)


def _lane(record: ConsumerRecord) -> LaneRecord | None:
    try:
        return unpack_lane(record.value or b"")
    except ChangelogRecordError:
        return None  # taking the partition over says so
