"""The tail of a partition: its records as they come, without end, and an error where they can no longer be read."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import named
from streams.kafka.patience import Patience, answered_within

CONNECTED_WITHIN_S = 20.0
LOOK_EVERY_S = 1.0
END_ASKED_EVERY_S = 10.0
ANSWER_WITHIN_S = 5.0
_log = logging.getLogger(__name__)


def reader(client_options: Mapping[str, Any]) -> AIOKafkaConsumer:
    """Makes a consumer of what is committed, without a group. It is to be given its partitions and positions."""
    return AIOKafkaConsumer(
        **client_options,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    )


async def to_the_end(
    consumer: AIOKafkaConsumer, tp: TopicPartition, end: int, begins_at: int = 0
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Yields the records of a partition that the consumer has, from one offset to another, a fetch at a time.

    It goes by the consumer's position: the last offsets of a partition may be markers, which no record shows. Of a
    consumer that was made with WHOLE_BATCHES (unpacking.py) it yields batches.

    Raises:
        KafkaTimeoutError: Nothing could be read for PATIENCE_S (patience.py).
    """
    # By offset, since a pending offset reset could overtake seek_to_beginning(), and nothing would be read.
    consumer.seek(tp, max(begins_at, (await consumer.beginning_offsets([tp]))[tp]))
    patience = Patience(tp, end)
    while patience.is_not_at_end(await consumer.position(tp)):
        yield (await consumer.getmany(tp, timeout_ms=200)).get(tp, ())


async def connected(make: Callable[[], AIOKafkaConsumer], on_look: Callable[[], None], what: str) -> AIOKafkaConsumer:
    """Makes a consumer and starts it, as often as it takes. on_look: called before each try. what: in warnings."""
    while True:
        on_look()
        consumer = make()
        try:
            async with answered_within(CONNECTED_WITHIN_S, "no broker has let a consumer in"):
                await consumer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            _log.warning("%s cannot be followed yet: %s", what, named(error))
            await consumer.stop()
            await asyncio.sleep(LOOK_EVERY_S)
        else:
            return consumer


async def tail(
    consumer: AIOKafkaConsumer, tp: TopicPartition, on_look: Callable[[], None]
) -> AsyncIterator[ConsumerRecord]:
    """Yields the records from the consumer's position on. Brokers that are away are waited for.

    on_look: called before each look for records, every LOOK_EVERY_S or a little more.

    Raises:
        KafkaTimeoutError: The broker answers that there are more records, and they cannot be read.
    """
    async for found in fetches(consumer, tp, on_look):
        for record in found:
            yield record


async def fetches(
    consumer: AIOKafkaConsumer, tp: TopicPartition, on_look: Callable[[], None], gathered_ms: int = 0
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Yields what `tail` does, a fetch at a time. gathered_ms: so long more is waited for, after each that had some.

    Raises:
        KafkaTimeoutError: As above.
    """
    patience: Patience | None = None
    asked_at = time.monotonic()
    while True:
        on_look()
        found = (await consumer.getmany(tp, timeout_ms=int(LOOK_EVERY_S * 1000))).get(tp, ())
        if found:
            if gathered_ms:
                found = [*found, *(await consumer.getmany(tp, timeout_ms=gathered_ms)).get(tp, ())]
            yield found
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
