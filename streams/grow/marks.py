"""Keeps workers out: a marker in each partition's changelog, written under the lane's own transactional ids."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from streams.contracts.kept import Growing, LaneRecord
from streams.contracts.log import encode_json
from streams.contracts.outputs import OrderMessage
from streams.contracts.packing import GROWING_KEY, LANE_KEY, pack_growing, pack_lane
from streams.errors import UsageError
from streams.grow.ground import Ground, Place
from streams.kafka.changelog import end_offset
from streams.kafka.offsets import Offsets
from streams.kafka.producers import OutRecord, ProducersInTurn, answered, send
from streams.kafka.transactional import TransactionalProducer
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS


async def mark_former(ground: Ground) -> None:
    """Marks the partitions that there were before. Whoever works one of them is fenced.

    Raises:
        UsageError: A worker has started.
        TransactionFailedError: Kafka does not take it; a later try may succeed.
    """
    for number in range(ground.before):
        if ground.is_finished(number) or ground.places[ground.customers.name][number].growing is not None:
            continue
        await _fence(ground, ground.budgets, number, None)
        await _fence(ground, ground.customers, number, Growing(ground.before, ground.after, NEVER_MS))


async def mark_new(ground: Ground, producer: TransactionalProducer) -> None:
    """Marks the new partitions, and writes the lane records of budgets where there are none."""
    places = ground.places[ground.customers.name]
    new = Growing(ground.before, ground.after, NEVER_MS)
    for number in range(ground.before, ground.after):
        if number >= len(places) or (places[number].growing is None and not ground.is_finished(number)):
            await write(producer, {TopicPartition(ground.customers.changelog, number): [marker(new)]})
    budgets = ground.budgets
    for number in range(ground.after):
        if _lane_at(ground.places[budgets.name], number) is None:
            lane = await beginning(ground, budgets, number)
            await write(producer, {TopicPartition(budgets.changelog, number): [lane_record(lane)]})


async def beginning(ground: Ground, stage: Stage, number: int) -> LaneRecord:
    """Gives the lane record of a partition of which nothing was worked."""
    async with Offsets(ground.settings.client_options()) as offsets:
        begins = await offsets.beginnings([TopicPartition(topic, number) for topic in stage.inputs])
    return LaneRecord(tuple(begins), 0, NEVER_MS, topics=ground.topics_of(stage))


async def write(producer: TransactionalProducer, records: Mapping[TopicPartition, list[OutRecord]]) -> None:
    """Writes records, in one transaction."""

    async def fill(producer: TransactionalProducer) -> None:
        sent = [part for tp, found in records.items() for part in await send(producer, tp.topic, tp.partition, found)]
        await answered(sent)

    await producer.commit_or_abort(fill)


def marker(growing: Growing | None) -> OutRecord:
    """Makes the record of a marker; None takes it away."""
    return GROWING_KEY, None if growing is None else pack_growing(growing), []


def lane_record(lane: LaneRecord) -> OutRecord:
    """Makes the record of a lane record."""
    return LANE_KEY, pack_lane(lane), []


def order_record(order: OrderMessage) -> OutRecord:
    """Makes the record of the order of work."""
    return None, encode_json(order), []


async def _fence(ground: Ground, stage: Stage, number: int, growing: Growing | None) -> None:
    """Fences a lane's producers, and writes the marker unless that is None."""
    options = ground.settings.client_options()
    producers = ProducersInTurn(
        options, f"{stage.ids_prefix}{number}", f"{stage.title} {number}", written=stage.written_by(number)
    )
    try:
        await producers.start()
        await producers.end_leftovers()
        if await end_offset(options, stage.changelog, number) != ground.places[stage.name][number].end_offset:
            raise UsageError(f"{stage.title} {number} was worked meanwhile: stop all workers, then call this again")
        if growing is not None:
            record = marker(growing)

            async def fill(producer: TransactionalProducer) -> None:
                await answered(await send(producer, stage.changelog, number, [record]))

            await producers.commit(fill)
    finally:
        await producers.stop()


def _lane_at(places: Sequence[Place], number: int) -> LaneRecord | None:
    return places[number].lane if number < len(places) else None
