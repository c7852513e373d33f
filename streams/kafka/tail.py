"""The tail of a partition: its records as they come, without end, and an error where they can no longer be read."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.patience import Patience

LOOK_EVERY_S = 1.0
END_ASKED_EVERY_S = 10.0
ANSWER_WITHIN_S = 5.0


async def tail(
    consumer: AIOKafkaConsumer, tp: TopicPartition, on_look: Callable[[], None]
) -> AsyncIterator[ConsumerRecord]:
    """Yields the records from the consumer's position on. Brokers that are away are waited for.

    on_look: called before each look for records, every LOOK_EVERY_S or a little more.

    Raises:
        KafkaTimeoutError: The broker answers that there are more records, and they cannot be read.
    """
    patience: Patience | None = None
    asked_at = time.monotonic()
    while True:
        on_look()
        found = (await consumer.getmany(tp, timeout_ms=int(LOOK_EVERY_S * 1000))).get(tp, ())
        for record in found:
            yield record
        if found:
            patience = None
        elif time.monotonic() - asked_at > END_ASKED_EVERY_S:
            patience = await _had(patience, consumer, tp)
            asked_at = time.monotonic()


async def _had(patience: Patience | None, consumer: AIOKafkaConsumer, tp: TopicPartition) -> Patience | None:
    """Gives the patience that is left; None where nothing is to be read, or no broker answers."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            end = int((await consumer.end_offsets([tp]))[tp])
            position = int(await consumer.position(tp))
    except (KafkaError, TimeoutError):
        return None
    if position >= end:
        return None
    patience = patience or Patience(tp, end)
    patience.is_not_at_end(position)
    return patience
