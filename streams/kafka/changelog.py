"""Reading a partition's changelog back, whole and committed: a take-over knows all that was committed, or fails."""

import asyncio
import time
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import LANE_KEY, unpack_lane


class ChangelogError(Exception):
    """The changelog cannot be trusted or read to its end; the worker must not go on."""


class Recovered(NamedTuple):
    """A changelog partition as of its end: the newest packed state by key, and how far the partition had come."""

    packed: dict[bytes, bytes]
    lane: LaneRecord | None
    end_offset: int
    records: int


async def read_changelog(client_options: dict[str, Any], topic: str, partition: int, deadline_s: float) -> Recovered:
    """Reads to the end offset by position. deadline_s: how long an open transaction may hide the newest state."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(
        **client_options,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        end = await _stable_end(client_options, consumer, tp, deadline_s)
        # An explicit offset: a pending reset to the latest could overtake seek_to_beginning, and nothing would be read.
        consumer.seek(tp, (await consumer.beginning_offsets([tp]))[tp])
        packed, records = await _read_to(consumer, tp, end)
    finally:
        await consumer.stop()
    lane = packed.pop(LANE_KEY, None)
    if lane is None and packed:
        raise ChangelogError(
            f"{topic} partition {partition} has {len(packed)} states but no lane record: it was not written by "
            f"tierflow, or was cut; restore it, or start with another TIERFLOW_APP_ID to work the inputs anew"
        )
    return Recovered(packed, None if lane is None else unpack_lane(lane), end, records)


async def end_offset(client_options: dict[str, Any], topic: str, partition: int) -> int:
    """The offset after the last record of the partition, committed or not."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(**client_options, enable_auto_commit=False)
    await consumer.start()
    try:
        return int((await consumer.end_offsets([tp]))[tp])
    finally:
        await consumer.stop()


async def _stable_end(
    client_options: dict[str, Any], consumer: AIOKafkaConsumer, tp: TopicPartition, deadline_s: float
) -> int:
    """The end, once no open transaction hides anything before it."""
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
        await asyncio.sleep(0.05)


async def _read_to(consumer: AIOKafkaConsumer, tp: TopicPartition, end: int) -> tuple[dict[bytes, bytes], int]:
    packed: dict[bytes, bytes] = {}
    count = 0
    while await consumer.position(tp) < end:
        for records in (await consumer.getmany(tp, timeout_ms=200, max_records=50_000)).values():
            count += len(records)
            for record in records:
                if record.value is None:
                    packed.pop(record.key, None)
                else:
                    packed[record.key] = record.value
    return packed, count
