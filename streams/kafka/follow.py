"""Following topics: their committed records as they come, from all partitions."""

from collections.abc import AsyncGenerator, Callable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import UsageError
from streams.kafka.topics import partition_count
from streams.settings import Settings


async def follow(
    settings: Settings, topics: Sequence[str], *, from_beginning: bool, on_start: Callable[[], None]
) -> AsyncGenerator[ConsumerRecord, None]:
    """The records from now on, or all, without end; in order within a partition of a topic.

    on_start is called when nothing can be missed any more. UsageError where Kafka or a topic is not there.
    """
    tps = [
        TopicPartition(topic, number) for topic in topics for number in range(await partition_count(settings, topic))
    ]
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        consumer.assign(tps)
        ask = consumer.beginning_offsets if from_beginning else consumer.end_offsets
        # Explicit offsets: a pending reset could overtake a seek to an end.
        for tp, offset in (await ask(tps)).items():
            consumer.seek(tp, offset)
        on_start()
        async for record in consumer:
            yield record
    except KafkaError as error:
        raise UsageError(f"{', '.join(topics)} cannot be read any more ({type(error).__name__}: {error})") from error
    finally:
        await consumer.stop()
