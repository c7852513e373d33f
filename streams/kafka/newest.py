"""The newest record of a kind in each of some partitions, without reading them from the beginning."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.patience import Patience
from streams.kafka.tail import reader

# Every transaction writes such a record last, or among its last. Markers have offsets, too.
LOOK_BACK_FIRST = 64
LOOK_BACK_TIMES = 16


async def newest_records(
    client_options: Mapping[str, Any], tps: Iterable[TopicPartition], is_wanted: Callable[[ConsumerRecord], bool]
) -> dict[TopicPartition, ConsumerRecord]:
    """Gives for each partition the newest committed record that is wanted; none for one that has none.

    Raises:
        KafkaError: The broker does not answer, or nothing can be read for PATIENCE_S (patience.py).
    """
    consumer = reader(client_options)
    await consumer.start()
    try:
        return await _newest(consumer, list(tps), is_wanted)
    finally:
        await consumer.stop()


async def _newest(
    consumer: AIOKafkaConsumer, tps: list[TopicPartition], is_wanted: Callable[[ConsumerRecord], bool]
) -> dict[TopicPartition, ConsumerRecord]:
    found: dict[TopicPartition, ConsumerRecord] = {}
    begins, ends = await consumer.beginning_offsets(tps), dict(await consumer.end_offsets(tps))
    look_back = LOOK_BACK_FIRST
    while left := [tp for tp in tps if tp not in found and ends[tp] > begins[tp]]:
        firsts = {tp: max(begins[tp], ends[tp] - look_back) for tp in left}
        consumer.assign(left)
        for tp, first in firsts.items():
            consumer.seek(tp, first)
        patience = {tp: Patience(tp, ends[tp]) for tp in left}
        # By position: the last offsets may be markers, which no record shows.
        while behind := [tp for tp in left if patience[tp].is_not_at_end(await consumer.position(tp))]:
            for tp, records in (await consumer.getmany(*behind, timeout_ms=200)).items():
                wanted = (record for record in records if record.offset < ends[tp] and is_wanted(record))
                found.update((tp, record) for record in wanted)
        ends.update(firsts)
        look_back *= LOOK_BACK_TIMES
    return found
