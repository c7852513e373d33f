"""How the demo reads the outputs and sends events: as any subscriber and any producer would."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.bench.stand import Stand
from streams.kafka.topics import partition_count

_READ = ("changes", "campaigns", "risk", "dead-letters", "order")


@asynccontextmanager
async def reading(on: Stand, reads_from: Mapping[TopicPartition, int] | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """Opens a read_committed consumer of the outputs in `_READ`. reads_from: where it begins; None: at the ends now."""
    settings = on.settings
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        topics = [settings.output_topic(name) for name in _READ]
        tps = [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(await partition_count(settings, topic))
        ]
        consumer.assign(tps)
        for tp, offset in (reads_from or await consumer.end_offsets(tps)).items():
            consumer.seek(tp, offset)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def sending(on: Stand) -> AsyncIterator[AIOKafkaProducer]:
    """Opens a producer of the inputs."""
    producer = AIOKafkaProducer(**on.settings.client_options(), acks="all", enable_idempotence=True, linger_ms=0)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
