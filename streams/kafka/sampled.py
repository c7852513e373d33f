"""The newest records of a topic, to look at: read once, without a group."""

from contextlib import aclosing

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import UsageError, named
from streams.kafka.admin import Admin
from streams.kafka.offsets import Offsets, Span
from streams.kafka.refusals import forbidden
from streams.kafka.topics import partition_counts
from streams.kafka.whole_topic import records_between
from streams.settings import Settings


async def sample_of(settings: Settings, topic: str, count: int) -> list[ConsumerRecord]:
    """Gives up to so many of the newest committed records of a topic, all partitions together, the oldest first.

    Raises:
        UsageError: Kafka or the topic is not there, or the topic cannot be read.
    """
    tps = await _partitions(settings, topic)
    try:
        async with Offsets(settings.client_options()) as offsets:
            ends = zip(tps, await offsets.beginnings(tps), await offsets.decided_ends(tps), strict=True)
        spans = {tp: Span(max(beginning, end - count), end) for tp, beginning, end in ends}
        async with aclosing(records_between(settings, spans)) as records:
            found = [record async for record in records]
    except KafkaError as error:
        raise UsageError(f"{topic} cannot be read ({forbidden(error, 'READ') or named(error)})") from error
    return sorted(found, key=lambda record: (record.timestamp, record.partition, record.offset))[-count:]


async def _partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    async with Admin(settings) as admin:
        counts = await partition_counts(admin, [topic])
    if topic not in counts:
        raise UsageError(f"there is no topic {topic}, or it may not be seen; write the name of another one")
    return [TopicPartition(topic, number) for number in range(counts[topic])]
