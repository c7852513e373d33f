"""Leftovers: transactions of ours that the broker holds open although it has noted them as complete.

Apache Kafka 4.3.1, restarted while it is the only broker, may note a transaction that is being committed or aborted as
complete without writing its markers. Its log says "partitions are likely deleted already and hence can be skipped".
In a partition without a marker no reader sees the transaction's records, nor any later ones, for ever. The next marker
of the same producer ends it.

A take-over ends a leftover as it was decided (kafka/lost_ends.py). What is here is for the case that the broker does
not tell: it is older than Kafka 3.0, or a producer that knows nothing of this has made it forget. Then only a leftover
that nobody has seen may be aborted.
"""

import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import GROWING_KEY, LANE_KEY, unpack_lane
from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.partition.heads import merge_heads
from streams.partition.partition import Partition
from streams.partition.seals import Seals
from streams.partition.work import KEYS, NO_LIMIT, RISK, Told
from streams.sealing.cipher import SealError
from streams.stages.stage import Prepare, Stage
from streams.values.calendar import NEVER_MS

# How many of an output's newest messages are searched: MESSAGES_AT_LEAST, and MESSAGES_A_STATE more for each hidden
# offset of the changelog. A transaction writes fewer.
MESSAGES_A_STATE = 10
MESSAGES_AT_LEAST = 20_000
_log = logging.getLogger(__name__)


async def can_be_aborted(options: Mapping[str, Any], stage: Stage, number: int, counts: Mapping[str, int]) -> bool:
    """Says whether a transaction of ours is left open of which nobody has seen any part, so that it may be aborted.

    Called after the former owner is fenced and before the changelog is read. Every transaction writes to the changelog
    and to the outputs in `stage.always`. If one of these is not open, or a committed message is ahead of the committed
    state, a part of the transaction was seen. counts: how many partitions each output has.

    Raises:
        UsageError: The broker does not answer.
    """
    changelog = TopicPartition(stage.changelog, number)
    always = [TopicPartition(stage.outputs[name].topic, number) for name in stage.always]
    async with Offsets(options) as offsets:
        hidden = await _hidden(offsets, [changelog, *always])
        if not all(hidden):
            return False
        inputs = [TopicPartition(topic, number) for topic in stage.inputs]
        packed = await _read_changelog(options, offsets, changelog)
        lane = packed.pop(LANE_KEY, None)
        try:
            seals = await _opened(options, offsets, stage, number, packed)
        except SealError as error:
            _log.warning("%s %d: a state of an open transaction was seen: %s", stage.title, number, error)
            return False
        beginning = LaneRecord(tuple(await offsets.beginnings(inputs)), 0, NEVER_MS)
        partition = stage.open(number, packed, beginning if lane is None else unpack_lane(lane))
        for _ in partition.taking_up():
            pass
        expected = await _expected(options, inputs, await offsets.decided_ends(inputs), partition, stage.prepare)
        for name in stage.witnesses:
            topic, place = stage.outputs[name]
            tps = [TopicPartition(topic, other) for other in ([number] if place is None else range(counts[topic]))]
            for tp, tail in await _tails(options, offsets, tps, MESSAGES_A_STATE * hidden[0]):
                async for record in tail:
                    value = record.value if seals is None or name != RISK else seals.read(record.value)
                    if partition.is_ahead(name, record.key, value, expected):
                        where = f"{topic} partition {tp.partition}, offset {record.offset}"
                        _log.warning("%s %d: a part of an open transaction was seen: %s", stage.title, number, where)
                        return False
    return True


async def _expected(
    options: Mapping[str, Any],
    inputs: Sequence[TopicPartition],
    ends: Sequence[int],
    partition: Partition,
    prepare: Prepare,
) -> set[Told]:
    """Gives the messages that result from the waiting inputs, if the stage's outputs follow from its inputs alone.

    `partition` works them, and is not to be used after that. prepare: what the lane awaits before it decodes records.
    """
    if not partition.follows_from_inputs:
        return set()
    spans = zip(inputs, partition.next_offsets, ends, strict=True)
    read = [[record async for record in _records(options, tp, begin, end)] for tp, begin, end in spans]
    for records in read:
        while (prepared := prepare(records)) is not None:
            await prepared
    queues = [deque(partition.decode(topic, records)) for topic, records in enumerate(read)]
    partition.work_some(merge_heads(queues, frozenset(), sum(map(len, read))), 0, NO_LIMIT)
    work = partition.pack(partition.next_offsets)
    return {(output, message.key, message.value) for output, message in work.messages}


async def _hidden(offsets: Offsets, tps: Sequence[TopicPartition]) -> list[int]:
    """Counts the offsets that an open transaction hides, for each partition."""
    decided, written = await offsets.decided_ends(tps), await offsets.written_ends(tps)
    return [end - known for end, known in zip(written, decided, strict=True)]


async def _read_changelog(options: Mapping[str, Any], offsets: Offsets, tp: TopicPartition) -> dict[bytes, bytes]:
    [begins], [end] = await offsets.beginnings([tp]), await offsets.decided_ends([tp])
    packed = {record.key: record.value async for record in _records(options, tp, begins, end)}
    packed.pop(GROWING_KEY, None)  # the take-over stops at it
    return {key: value for key, value in packed.items() if value is not None}


async def _opened(
    options: Mapping[str, Any], offsets: Offsets, stage: Stage, number: int, packed: dict[bytes, bytes]
) -> Seals | None:
    """Opens states that are sealed, in their place, by the keys that are committed; gives what has these.

    Raises:
        SealError: A key is not committed.
    """
    if stage.seals is None:
        return None
    keys = await _read_changelog(options, offsets, TopicPartition(stage.outputs[KEYS].topic, number))
    seals = stage.seals(keys)
    for _ in seals.opening(packed):
        pass
    return seals


async def _tails(
    options: Mapping[str, Any], offsets: Offsets, tps: Sequence[TopicPartition], more: int
) -> list[tuple[TopicPartition, AsyncIterator[ConsumerRecord]]]:
    """Gives each partition with its newest committed records. more: how many beyond MESSAGES_AT_LEAST."""
    begins, ends = await offsets.beginnings(tps), await offsets.decided_ends(tps)
    return [
        (tp, _records(options, tp, max(first, end - MESSAGES_AT_LEAST - more), end))
        for tp, first, end in zip(tps, begins, ends, strict=True)
    ]


async def _records(
    options: Mapping[str, Any], tp: TopicPartition, begins_at: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    tape = Tape(options, tp, begins_at, end, bare=True)
    try:
        while (record := await tape.next()) is not None:
            yield record
    finally:
        await tape.close()
