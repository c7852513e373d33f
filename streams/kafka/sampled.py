"""The newest records of a topic, to look at: read once, without a group."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import UsageError, named
from streams.kafka.admin import Admin
from streams.kafka.refusals import forbidden
from streams.settings import Settings

_WAIT_MS = 500


async def newest_records(settings: Settings, topic: str, count: int) -> list[ConsumerRecord]:
    """Gives up to so many of the newest committed records of a topic, all partitions together, the oldest first.

    Raises:
        UsageError: Kafka or the topic is not there, or the topic cannot be read.
    """
    tps = await _partitions(settings, topic)
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        consumer.assign(tps)
        beginnings, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        for tp in tps:
            consumer.seek(tp, max(beginnings[tp], ends[tp] - count))
        found: list[ConsumerRecord] = []
        # By position: of what was compacted, or belongs to transactions, there are offsets without a record.
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                found += [record for record in records if record.offset < ends[TopicPartition(topic, record.partition)]]
    except KafkaError as error:
        raise UsageError(f"{topic} cannot be read ({forbidden(error, 'READ') or named(error)})") from error
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: (record.timestamp, record.partition, record.offset))[-count:]


async def _partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    async with Admin(settings) as admin:
        if topic not in await admin.list_topics():
            raise UsageError(f"there is no topic {topic}, or it may not be seen; write the name of another one")
        [found] = await admin.describe_topics([topic])
    return [TopicPartition(topic, number) for number in range(len(found["partitions"]))]
