"""Reading what workers write, with read_committed, as a subscriber would."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.bench.stand import Stand
from streams.contracts.log import decode_order
from streams.contracts.outputs import DeadLetterMessage
from streams.errors import UsageError
from streams.kafka.dead_letters import extent, read_letters

STALLED_AFTER_S = 60.0
POLL_MS = 100


@asynccontextmanager
async def reader(on: Stand, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Opens a consumer of all partitions of a topic from the beginning, with read_committed."""
    consumer = AIOKafkaConsumer(
        **on.settings.client_options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=POLL_MS,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(on.partitions)])
        for assigned in consumer.assignment():
            consumer.seek(assigned, 0)
        yield consumer
    finally:
        await consumer.stop()


async def follow_order(on: Stand, sent: Mapping[tuple[str, int], int], check: Callable[[], None]) -> float:
    """Reads `tier.order` until every record sent was worked; gives the moment at which its last record was read.

    sent: records by topic and partition; each partition was empty before, so that the count is also an offset.
    check: called again and again; raises where a worker has ended. The moment is a value of time.monotonic.

    Raises:
        UsageError: No transaction has come for `STALLED_AFTER_S`, or `check` raises one.
    """
    waiting = {where: count for where, count in sent.items() if count}
    async with reader(on, on.settings.output_topic("order")) as consumer:
        newest = time.monotonic()
        while waiting:
            check()
            fetched = await consumer.getmany(timeout_ms=POLL_MS)
            for record in (record for records in fetched.values() for record in records):
                newest = time.monotonic()
                order = decode_order(record.value)
                for topic, (_, next_offset) in order.positions.items():
                    if next_offset >= waiting.get((topic, order.partition), next_offset + 1):
                        del waiting[topic, order.partition]
            if time.monotonic() - newest > STALLED_AFTER_S:
                raise UsageError(
                    f"the workers stand still: nothing was worked for {STALLED_AFTER_S:.0f} s; see whether the broker "
                    "answers and this machine has CPU and memory left, then measure again"
                )
    return newest


async def refuse_written_dead_letters(on: Stand) -> None:
    """Refuses a run in which the workers wrote dead letters.

    Raises:
        UsageError: There is a dead letter.
    """
    letters = read_letters(on.settings, await extent(on.settings))
    refuse_dead_letters([letter.message async for letter in letters])


def refuse_dead_letters(letters: Sequence[DeadLetterMessage]) -> None:
    """Refuses dead letters: an event that cannot be used costs less than one that is worked, and falsifies the figures.

    Raises:
        UsageError: There is a dead letter.
    """
    if letters:
        counts = Counter(letter.reason for letter in letters)
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
        raise UsageError(
            f"{len(letters):,} of the events became dead letters ({reasons}), so there is nothing measured; the first "
            f"one says: {letters[0].detail}. Take a policy under which the workload's events can be used"
        )
