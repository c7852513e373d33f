"""Following topics: the committed records of all their partitions, as they come."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import MappingProxyType

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import UsageError, named
from streams.kafka.refusals import forbidden
from streams.kafka.topics import partition_count
from streams.settings import Settings


async def follow(
    settings: Settings,
    topics: Sequence[str],
    *,
    from_beginning: bool,
    on_start: Callable[[], None] = lambda: None,
    next_offsets: Mapping[TopicPartition, int] = MappingProxyType({}),
) -> AsyncGenerator[ConsumerRecord, None]:
    """Yields records without end: those to come, or all from the beginning. Only those of one partition are in order.

    on_start: called once, as soon as no later record can be missed. next_offsets: where to read on in partitions that
    were read already.

    Raises:
        UsageError: Kafka or a topic is not there, or cannot be read any longer.
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
        # By offset, since a pending offset reset could overtake a seek to the end.
        for tp, offset in {**await ask(tps), **next_offsets}.items():
            consumer.seek(tp, offset)
        on_start()
        async for record in consumer:
            yield record
    except KafkaError as error:
        why = forbidden(error, "READ") or named(error)
        raise UsageError(f"{', '.join(topics)} cannot be read any more ({why})") from error
    finally:
        await consumer.stop()
