"""All records of a small topic, as of now: who was erased, parked events, the marks of what was sent again."""

from collections.abc import AsyncGenerator

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.settings import Settings


async def records_of(
    settings: Settings, topic: str, *, waits_for_open: bool = False
) -> AsyncGenerator[ConsumerRecord, None]:
    """Yields the committed records of a topic, one partition after another.

    waits_for_open: reads past open transactions, and so waits until they end; else what is behind them is left out.

    Raises:
        UsageError: Kafka does not answer, the topic is missing, or a transaction stays open on it for too long.
    """
    tps = [TopicPartition(topic, number) for number in range(await partition_count(settings, topic))]
    async with Offsets(settings.client_options()) as offsets:
        ends = offsets.written_ends if waits_for_open else offsets.decided_ends
        spans = zip(tps, await offsets.beginnings(tps), await ends(tps), strict=True)
    for tp, begins_at, end in spans:
        tape = Tape(settings.client_options(), tp, begins_at, end)
        try:
            while (record := await tape.next()) is not None:
                yield record
        finally:
            await tape.close()
