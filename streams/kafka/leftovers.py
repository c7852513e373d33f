"""What the broker holds open of our own transactions, though it has noted them as ended.

Apache Kafka 4.3.1, restarted as the only broker, may note a transaction that is just being committed or aborted as
complete without writing its markers: "partitions are likely deleted already and hence can be skipped". Nobody has seen
what is in it, and it hides all that follows, for ever. The next marker of the same producer ends it as well.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.contracts.packing import LANE_KEY, unpack_state
from streams.kafka.replay import Offsets, Tape
from streams.kafka.transactions import OutputTopics

# More changes than a transaction has for every record of the changelog that it hides.
CHANGES_A_STATE = 10
CHANGES_AT_LEAST = 20_000
_log = logging.getLogger(__name__)


class _Sequenced(msgspec.Struct):
    customer_id: str
    sequence: int


_decode = msgspec.json.Decoder(_Sequenced).decode


async def can_be_aborted(options: Mapping[str, Any], topics: OutputTopics, partition: int) -> bool:
    """Whether a transaction of ours is left, and nobody has seen anything of it. Asked after fencing, before reading.

    Every transaction of ours writes to the changelog and to the order. Where one of them is decided, or a committed
    tier change is ahead of the committed state, a part of it was seen: nothing is to be aborted then.
    """
    tps = [TopicPartition(topic, partition) for topic in (topics.changelog, topics.order, topics.changes)]
    async with Offsets(options) as offsets:
        begins = await offsets.beginnings(tps)
        decided = await offsets.decided_ends(tps)
        written = await offsets.written_ends(tps)
    hidden = [end - known for end, known in zip(written, decided, strict=True)]
    if not hidden[0] or not hidden[1]:
        return False
    states = {record.key: record.value async for record in _records(options, tps[0], begins[0], decided[0])}
    tail = max(begins[2], decided[2] - CHANGES_AT_LEAST - CHANGES_A_STATE * hidden[0])
    async for record in _records(options, tps[2], tail, decided[2]):
        change = _decode(record.value)
        packed = states.get(record.key)
        if packed is None or unpack_state(packed).sequence < change.sequence:
            _log.warning("partition %d: a part of a transaction that is open still was seen", partition)
            return False
    return True


async def _records(
    options: Mapping[str, Any], tp: TopicPartition, begins_at: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    tape = Tape(options, tp, begins_at, end)
    try:
        while (record := await tape.next()) is not None:
            if record.key != LANE_KEY:
                yield record
    finally:
        await tape.close()
