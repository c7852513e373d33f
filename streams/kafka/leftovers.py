"""What the broker holds open of our own transactions, though it has noted them as ended.

Apache Kafka 4.3.1, restarted as the only broker, may note a transaction that is just being committed or aborted as
complete without writing its markers: "partitions are likely deleted already and hence can be skipped". Nobody has seen
what is in it, and it hides all that follows, for ever. The next marker of the same producer ends it as well.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.budgets import Budgets
from streams.contracts.packing import LANE_KEY, LaneRecord, unpack_lane, unpack_state
from streams.kafka.replay import Offsets, Tape
from streams.kafka.transactions import GrantTopics, OutputTopics

# More messages than a transaction has for every record of the changelog that it hides.
MESSAGES_A_STATE = 10
MESSAGES_AT_LEAST = 20_000
_log = logging.getLogger(__name__)


class _Change(msgspec.Struct):
    sequence: int


class _Trigger(msgspec.Struct):
    id: str
    customer_id: str
    campaign: str
    sequence: int


class _Candidate(msgspec.Struct):
    trigger: _Trigger


class _Risk(msgspec.Struct):
    positions: Mapping[str, int]


_decode_change = msgspec.json.Decoder(_Change).decode
_decode_trigger = msgspec.json.Decoder(_Trigger).decode
_decode_candidate = msgspec.json.Decoder(_Candidate).decode
_decode_risk = msgspec.json.Decoder(_Risk).decode


async def can_be_aborted(
    options: Mapping[str, Any], topics: OutputTopics, partition: int, partitions: int, owns: Callable[[bytes], bool]
) -> bool:
    """Whether a transaction of ours is left, and nobody has seen anything of it. Asked after fencing, before reading.

    Every transaction of ours writes to the changelog and to the order. Where one of them is decided, or a committed
    message is ahead of the committed state, a part of it was seen: nothing is to be aborted then.
    """
    tps = [TopicPartition(topic, partition) for topic in (topics.changelog, topics.order)]
    outputs = [TopicPartition(topic, partition) for topic in (topics.changes, topics.campaigns, topics.risk)]
    candidates = [TopicPartition(topics.candidates, number) for number in range(partitions)]
    async with Offsets(options) as offsets:
        hidden = await _hidden(offsets, tps)
        if not all(hidden):
            return False
        packed = await _read_changelog(options, offsets, tps[0])
        tails = await _tails(options, offsets, [*outputs, *candidates], MESSAGES_A_STATE * hidden[0])
    committed = _Committed(packed, topics, owns)
    kinds = (committed.is_ahead_of_change, committed.is_ahead_of_trigger, committed.is_ahead_of_risk)
    for tail, kind in zip(tails, [*kinds, *[committed.is_ahead_of_candidate] * partitions], strict=True):
        async for record in tail:
            if kind(record):
                where = f"{record.topic} partition {record.partition}, offset {record.offset}"
                _log.warning("partition %d: a part of an open transaction was seen: %s", partition, where)
                return False
    return True


async def grants_can_be_aborted(
    options: Mapping[str, Any], topics: GrantTopics, partition: int, partitions: int
) -> bool:
    """The same for a grant lane. Every transaction of it writes to the changelog of the budgets.

    What it may have granted is known: all that the budgets grant of the candidates that are not yet worked.
    """
    changelog, candidates = TopicPartition(topics.changelog, partition), TopicPartition(topics.candidates, partition)
    async with Offsets(options) as offsets:
        if not all(await _hidden(offsets, [changelog])):
            return False
        packed = await _read_changelog(options, offsets, changelog)
        lane = _lane(packed)
        [begins], [end] = await offsets.beginnings([candidates]), await offsets.decided_ends([candidates])
        campaigns = [TopicPartition(topics.campaigns, number) for number in range(partitions)]
        tails = await _tails(options, offsets, campaigns, 0)
    budgets = Budgets(packed)
    waiting = _records(options, candidates, lane.next_offsets[0] if lane else begins, end)
    verdicts = [budgets.grant(record.value) async for record in waiting]
    granted = {verdict.candidate.id for verdict in verdicts if verdict.granted}
    for tail in tails:
        async for record in tail:
            if _decode_trigger(record.value).id in granted:
                _log.warning("grants of %d: a part of an open transaction was seen: %s", partition, record.value)
                return False
    return True


class _Committed:
    """The committed state of a partition, and which messages are ahead of it."""

    def __init__(self, packed: dict[bytes, bytes], topics: OutputTopics, owns: Callable[[bytes], bool]) -> None:
        lane = _lane(packed)
        self._packed = packed
        self._owns = owns
        self._next_offsets = dict(zip(topics.inputs, lane.next_offsets, strict=True)) if lane else {}

    def is_ahead_of_change(self, record: ConsumerRecord) -> bool:
        packed = self._packed.get(record.key)
        return packed is None or unpack_state(packed).sequence < _decode_change(record.value).sequence

    def is_ahead_of_trigger(self, record: ConsumerRecord) -> bool:
        return self._is_ahead(_decode_trigger(record.value))

    def is_ahead_of_candidate(self, record: ConsumerRecord) -> bool:
        return self._is_ahead(_decode_candidate(record.value).trigger)

    def is_ahead_of_risk(self, record: ConsumerRecord) -> bool:
        positions = _decode_risk(record.value).positions
        return any(offset >= self._next_offsets.get(topic, 0) for topic, offset in positions.items())

    def _is_ahead(self, trigger: _Trigger) -> bool:
        key = trigger.customer_id.encode()
        packed = self._packed.get(key)
        if packed is None:
            return self._owns(key)  # candidates come from all partitions
        return unpack_state(packed).occasions.get(trigger.campaign, 0) < trigger.sequence


def _lane(packed: dict[bytes, bytes]) -> LaneRecord | None:
    lane = packed.pop(LANE_KEY, None)
    return None if lane is None else unpack_lane(lane)


async def _hidden(offsets: Offsets, tps: Sequence[TopicPartition]) -> list[int]:
    """How many offsets an open transaction hides of each."""
    decided, written = await offsets.decided_ends(tps), await offsets.written_ends(tps)
    return [end - known for end, known in zip(written, decided, strict=True)]


async def _read_changelog(options: Mapping[str, Any], offsets: Offsets, tp: TopicPartition) -> dict[bytes, bytes]:
    [begins], [end] = await offsets.beginnings([tp]), await offsets.decided_ends([tp])
    return {record.key: record.value async for record in _records(options, tp, begins, end)}


async def _tails(
    options: Mapping[str, Any], offsets: Offsets, tps: Sequence[TopicPartition], more: int
) -> list[AsyncIterator[ConsumerRecord]]:
    """The newest committed messages of each."""
    begins, ends = await offsets.beginnings(tps), await offsets.decided_ends(tps)
    return [
        _records(options, tp, max(first, end - MESSAGES_AT_LEAST - more), end)
        for tp, first, end in zip(tps, begins, ends, strict=True)
    ]


async def _records(
    options: Mapping[str, Any], tp: TopicPartition, begins_at: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    tape = Tape(options, tp, begins_at, end)
    try:
        while (record := await tape.next()) is not None:
            yield record
    finally:
        await tape.close()
