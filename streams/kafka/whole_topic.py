"""All records of a small topic, as of now: who was erased, parked events, the marks of what was sent again."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.offsets import Offsets, Span
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
        spans = list(map(Span, await offsets.beginnings(tps), await ends(tps)))
    async with aclosing(records_between(settings, dict(zip(tps, spans, strict=True)))) as records:
        async for record in records:
            yield record


async def records_between(
    settings: Settings, spans: Mapping[TopicPartition, Span]
) -> AsyncGenerator[ConsumerRecord, None]:
    """Yields the committed records of spans, one partition after another.

    Raises:
        UsageError: Nothing can be read for PATIENCE_S (patience.py).
    """
    for tp, span in spans.items():
        tape = Tape(settings.client_options(), tp, *span)
        try:
            while (record := await tape.next()) is not None:
                yield record
        finally:
            await tape.close()
