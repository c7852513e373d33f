"""What a growth finds: how many partitions the state was made under, how far each lane is, what is under way."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import structs

from streams.contracts.kept import Growing, KnownTopic, LaneRecord
from streams.errors import UsageError
from streams.kafka.changelog import read_changelog
from streams.kafka.offsets import Offsets
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.topic_specs import missing_topics, topic_specs
from streams.kafka.transactional import TRANSACTION_TIMEOUT_MS
from streams.kafka.unchanged import difference
from streams.settings import Settings
from streams.stages.stage import Stage

# How long an open transaction may hide the end of a changelog: it may be that of a worker that was killed.
OPEN_FOR_S = 2 * TRANSACTION_TIMEOUT_MS / 1000
# A member that was killed counts until its session times out, after 6 s (worker/lane_app.py, deliver/subscription.py).
GONE_WITHIN_S = 12.0
_CANNOT = "the partitions cannot be raised"


class Place(NamedTuple):
    """One partition of a stage's changelog, as it is found."""

    number: int
    lane: LaneRecord | None
    growing: Growing | None
    end_offset: int


class Ground(NamedTuple):
    """All that a growth goes by."""

    settings: Settings
    customers: Stage
    budgets: Stage
    before: int
    after: int
    topics: Mapping[str, KnownTopic]  # as they are now
    places: Mapping[str, Sequence[Place]]  # by name of the stage; those that are there now

    @property
    def shared(self) -> list[str]:
        """The topics that have a partition for each number."""
        return shared_topics(self.settings)

    @property
    def is_begun(self) -> bool:
        """Says whether a growth was begun, and cut off."""
        return any(place.growing is not None for place in self.places[self.customers.name])

    @property
    def is_raised(self) -> bool:
        """Says whether a topic has more partitions already."""
        return any(self.topics[name].partitions > self.before for name in self.shared)

    def with_more_partitions(self) -> "Ground":
        """Gives it with the topics as they are once they are raised. A broker may hear of that a moment later."""
        shared = {name: self.topics[name]._replace(partitions=self.after) for name in self.shared}
        return self._replace(topics={**self.topics, **shared})

    def topics_of(self, stage: Stage) -> dict[str, KnownTopic]:
        """Gives the topics of a stage as they are now."""
        return {name: self.topics[name] for name in stage.topics}

    def is_kept(self, number: int) -> bool:
        """Says whether a partition is kept from workers."""
        places = self.places[self.customers.name]
        return number < len(places) and places[number].growing is not None

    def is_finished(self, number: int) -> bool:
        """Says whether a partition needs nothing more."""
        places = self.places[self.customers.name]
        if number >= len(places) or places[number].growing is not None:
            return False
        return _partitions_of(self.customers, places[number].lane) == self.after


def shared_topics(settings: Settings) -> list[str]:
    """Gives the topics that have a partition for each number."""
    return [spec.name for spec in topic_specs(settings) if not spec.single_partition]


async def look(settings: Settings, stages: tuple[Stage, Stage], after: int) -> Ground:
    """Looks at everything. stages: customers and budgets.

    Raises:
        UsageError: A growth to `after` partitions is not possible now; the message says why, and what to do.
    """
    if settings.partitioner == "none":
        raise UsageError(
            f"{_CANNOT}: with TIERFLOW_PARTITIONER=none nobody knows where a customer's events come to; set it to what "
            "the producers of the inputs use, murmur2 or crc32"
        )
    names = {spec.name for spec in topic_specs(settings)}
    topics = await ask_for_topics(settings.client_options(), names)
    missing = sorted(names - topics.keys())
    if missing:
        raise missing_topics(missing)
    counts = {topics[name].partitions for name in shared_topics(settings)}
    if after < max(counts):
        raise UsageError(f"{_CANNOT} to {after}: there are {max(counts)} already, and they cannot become fewer")
    options = settings.client_options()
    places = {stage.name: await _places(options, stage, topics[stage.changelog].partitions) for stage in stages}
    for stage in stages:
        _check_ids(places[stage.name], names, topics)
    customers, budgets = stages
    before = _before(customers, places[customers.name], after, counts)
    return Ground(settings, customers, budgets, before, after, topics, places)


async def check_still(ground: Ground) -> list[str]:
    """Checks that nobody works, and that all that was waiting is worked; gives what is to be known besides.

    Raises:
        UsageError: Somebody does, or something waits.
    """
    await _check_groups(ground)
    waiting, candidates = await _waiting(ground, ground.customers), await _waiting(ground, ground.budgets)
    if candidates or (waiting and not ground.is_raised):
        raise UsageError(
            f"{_CANNOT}: not all is worked yet: {'; '.join([*waiting, *candidates])}; stop the producers of the "
            "inputs, let the workers come to the end, stop them, and call this again"
        )
    if not waiting:
        return []
    # Somebody has raised the topics, so no worker can come to the end.
    note = (
        f"not all is worked yet: {'; '.join(waiting)}; what there is of customers who move becomes a dead letter "
        "(wrong_partition): tierflow dead-letters replay puts it right"
    )
    return [note]


async def _places(options: dict[str, Any], stage: Stage, partitions: int) -> list[Place]:
    found = []
    for number in range(partitions):
        recovered = await read_changelog(options, stage.changelog, number, OPEN_FOR_S)
        found.append(Place(number, recovered.lane, recovered.growing, recovered.end_offset))
    return found


def _check_ids(places: Iterable[Place], names: set[str], now: Mapping[str, KnownTopic]) -> None:
    """Checks that the topics are those of the state, whatever their partition counts."""
    for place in places:
        if place.lane is None:
            continue
        counted = {
            topic: KnownTopic(known.id, now[topic].partitions if topic in now else known.partitions)
            for topic, known in place.lane.topics.items()
        }
        said = difference(structs.replace(place.lane, topics=counted), names, now)
        if said is not None:
            raise UsageError(said)


def _before(customers: Stage, places: Sequence[Place], after: int, counts: set[int]) -> int:
    """Gives the number of partitions that the state was made under."""
    marked = {place.growing for place in places if place.growing is not None}
    others = {growing.after for growing in marked} - {after}
    if others:
        [other, *_] = others
        raise UsageError(
            f"a growth to {other} partitions was cut off; it goes on with: tierflow topics grow --partitions {other}"
        )
    noted = {_partitions_of(customers, place.lane) for place in places} - {after, None}
    known = {growing.before for growing in marked} | noted
    if len(known) > 1:
        raise UsageError(f"the states were made under different partition counts ({sorted(map(str, known))})")
    return known.pop() or after if known else min(counts)


def _partitions_of(stage: Stage, lane: LaneRecord | None) -> int | None:
    """Gives the number of partitions that a lane record was written under; None where it does not say."""
    known = None if lane is None else lane.topics.get(stage.inputs[0])
    return None if known is None else known.partitions


async def _check_groups(ground: Ground) -> None:
    give_up_at = time.monotonic() + GONE_WITHIN_S
    while busy := await _busy(ground.settings):
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"{_CANNOT} while somebody works: members of the groups: {', '.join(busy)}; stop all workers, and "
                "deliver"
            )
        await asyncio.sleep(0.5)


async def _busy(settings: Settings) -> list[str]:
    """Says of each group of ours that has members how many."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        groups = {group for group, *_ in await admin.list_consumer_groups()}
        ours = {group for group in groups if group.startswith(settings.deliver_groups)} | {settings.app_id}
        # One by one: aiokafka 0.14.0 cannot read an answer about two (it asks by version 3, and reads version 2).
        answers = [answer for group in sorted(ours) for answer in await admin.describe_consumer_groups([group])]
    finally:
        await admin.close()
    described = [group for answer in answers for group in answer.to_object()["groups"]]
    return [f"{group['group']} has {len(group['members'])}" for group in described if group["members"]]


async def _waiting(ground: Ground, stage: Stage) -> list[str]:
    """Says of each input partition from before how many records are not worked."""
    said = []
    async with Offsets(ground.settings.client_options()) as offsets:
        for place in ground.places[stage.name][: ground.before]:
            if ground.is_kept(place.number) or ground.is_finished(place.number):
                continue
            tps = [TopicPartition(topic, place.number) for topic in stage.inputs]
            reached = await offsets.beginnings(tps) if place.lane is None else place.lane.next_offsets
            for tp, offset, end in zip(tps, reached, await offsets.written_ends(tps), strict=True):
                if offset < end:
                    said.append(f"{tp.topic} partition {tp.partition} stands at {offset} of {end}")
    return said
