"""The endpoints of `tierflow deliver`: they come to their end before a growth, and go on at new partitions' beginnings.

An endpoint that begins with the newest events would begin so in each new partition, too, and pass over what was written
there before it knew of it.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.errors import UsageError
from streams.grow.ground import Ground
from streams.kafka.group_offsets import group_offsets
from streams.kafka.offsets import Offsets


async def check_delivered(ground: Ground) -> None:
    """Checks that no endpoint has events to send: a customer's next ones may come to another of its partitions.

    Raises:
        UsageError: One has.
    """
    if ground.is_begun:
        return
    said = []
    for group, offsets in (await _committed(ground)).items():
        tps = sorted(offsets)
        async with Offsets(ground.settings.client_options()) as asked:
            ends = await asked.decided_ends(tps)
        behind = sum(max(end - offsets[tp], 0) for tp, end in zip(tps, ends, strict=True))
        if behind:
            said.append(f"{group} ({behind} offsets behind)")
    if said:
        raise UsageError(
            f"events wait for endpoints of deliver: {', '.join(said)}; let it send them, stop it, and call this again; "
            "the group of an endpoint that is no more is deleted with kafka-consumer-groups"
        )


async def begin_new_partitions(ground: Ground) -> None:
    """Commits the beginnings of new partitions for the groups that read the topic."""
    for group, offsets in (await _committed(ground)).items():
        topics = sorted({tp.topic for tp in offsets} & set(ground.shared))
        new = [TopicPartition(topic, number) for topic in topics for number in range(ground.before, ground.after)]
        new = [tp for tp in new if tp not in offsets]
        if new:
            async with Offsets(ground.settings.client_options()) as asked:
                begins = await asked.beginnings(new)
            await _commit(ground.settings.client_options(), group, dict(zip(new, begins, strict=True)))


async def _committed(ground: Ground) -> dict[str, Mapping[TopicPartition, int]]:
    """Gives what each endpoint's group has committed."""
    settings = ground.settings
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        groups = sorted({group for group, *_ in await admin.list_consumer_groups()})
    finally:
        await admin.close()
    ours = [group for group in groups if group.startswith(settings.deliver_groups)]
    return {group: await group_offsets(settings.client_options(), group) for group in ours}


async def _commit(options: dict[str, Any], group: str, offsets: Mapping[TopicPartition, int]) -> None:
    consumer = AIOKafkaConsumer(**options, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(dict(offsets))
    finally:
        await consumer.stop()
