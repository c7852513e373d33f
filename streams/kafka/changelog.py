"""Reading a partition's changelog back: a take-over gets all that was committed, or an error.

A state that lacks the newest transaction would be worked on as if that had never been: its batch would be worked twice.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contracts.kept import Growing, LaneRecord
from streams.contracts.packing import GROWING_KEY, LANE_KEY, unpack_growing, unpack_lane
from streams.kafka.tail import to_the_end
from streams.kafka.unpacking import WHOLE_BATCHES

# What comes in is copied several times on its way. Larger answers do not stay in the CPU's caches, and their memory is
# had anew from the system each time: of 8 MiB a record takes twice as long.
_FETCH_BYTES = 1 << 20
_LOOK_AGAIN_S = 0.05


class ChangelogError(Exception):
    """The error of a changelog that cannot be trusted, or not be read to its end; the worker must stop."""


class Recovered(NamedTuple):
    """A changelog partition as of its end.

    packed: the newest packed state by key, without the lane record. lane: None where there is none. records: how many
    were read. growing: the marker of a growth that is under way; None where none is.
    """

    packed: dict[bytes, bytes]
    lane: LaneRecord | None
    end_offset: int
    records: int
    growing: Growing | None = None


async def read_changelog(client_options: dict[str, Any], topic: str, partition: int, deadline_s: float) -> Recovered:
    """Reads a partition of the changelog from its beginning to its end.

    deadline_s: how many seconds an open transaction may hide the newest state.

    Raises:
        ChangelogError: An open transaction hides it for longer, or there are states but no lane record.
        KafkaTimeoutError: Nothing can be read for PATIENCE_S (patience.py); a later try may succeed.
        ChangelogRecordError: Another release wrote the lane record, or it is damaged.
    """
    packed, end, records = await _read(client_options, TopicPartition(topic, partition), deadline_s)
    lane, growing = packed.pop(LANE_KEY, None), packed.pop(GROWING_KEY, None)
    if lane is None and packed and growing is None:
        raise ChangelogError(
            f"{topic} partition {partition} has {len(packed)} states but no lane record: it was not written by "
            f"tierflow, or was cut; restore it, or start with another TIERFLOW_APP_ID to work the inputs anew"
        )
    return Recovered(
        packed,
        None if lane is None else unpack_lane(lane),
        end,
        records,
        None if growing is None else unpack_growing(growing),
    )


async def read_keys(
    client_options: dict[str, Any], topic: str, partition: int, deadline_s: float
) -> Mapping[bytes, bytes]:
    """Reads a partition of the topic of keys to its end: the newest wrapped key by customer, without deleted ones.

    Raises:
        ChangelogError: An open transaction hides its end for longer than deadline_s.
        KafkaTimeoutError: Nothing can be read for PATIENCE_S (patience.py); a later try may succeed.
    """
    return (await _read(client_options, TopicPartition(topic, partition), deadline_s))[0]


async def end_offset(client_options: dict[str, Any], topic: str, partition: int) -> int:
    """Gives the offset after the last record of a partition, committed or not (the high watermark)."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(**client_options, enable_auto_commit=False)
    await consumer.start()
    try:
        return int((await consumer.end_offsets([tp]))[tp])
    finally:
        await consumer.stop()


async def _read(
    client_options: dict[str, Any], tp: TopicPartition, deadline_s: float
) -> tuple[dict[bytes, bytes], int, int]:
    """Gives the newest values by key, the end of the partition, and how many records were read."""
    consumer = AIOKafkaConsumer(
        **client_options,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
        key_deserializer=WHOLE_BATCHES,
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        end = await _stable_end(client_options, consumer, tp, deadline_s)
        packed, records = await _read_to(consumer, tp, end)
    finally:
        await consumer.stop()
    return packed, end, records


async def _stable_end(
    client_options: dict[str, Any], consumer: AIOKafkaConsumer, tp: TopicPartition, deadline_s: float
) -> int:
    """Gives the end of the partition, as soon as no open transaction hides a record before it."""
    give_up_at = time.monotonic() + deadline_s
    while True:
        uncommitted = await end_offset(client_options, tp.topic, tp.partition)
        committed = int((await consumer.end_offsets([tp]))[tp])
        if committed >= uncommitted:
            return committed
        if time.monotonic() > give_up_at:
            raise ChangelogError(
                f"{tp.topic} partition {tp.partition}: a transaction of someone else has been open for "
                f"{deadline_s:.0f} s and hides the state from offset {committed} to "
                f"{uncommitted}; end that producer, then start again"
            )
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _read_to(consumer: AIOKafkaConsumer, tp: TopicPartition, end: int) -> tuple[dict[bytes, bytes], int]:
    """Gives the newest values by key, and how many records were read."""
    packed: dict[bytes, bytes] = {}
    count = 0
    async for batches in to_the_end(consumer, tp, end):
        for batch in batches:
            for record in batch:
                count += 1
                value = record.value
                if value is None:
                    packed.pop(record.key, None)
                else:
                    packed[record.key] = value
    return packed, count
