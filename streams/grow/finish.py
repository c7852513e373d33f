"""Lets workers in again, partition by partition: a lane record with the new count, and the order's record of it."""

from aiokafka import TopicPartition
from msgspec import UNSET, structs

from streams.contracts.kept import LaneRecord
from streams.contracts.outputs import ENGINE_VERSION, GrownMessage, OrderMessage
from streams.grow.ground import OPEN_FOR_S, Ground
from streams.grow.marks import beginning, lane_record, marker, order_record, write
from streams.kafka.changelog import Recovered, read_changelog
from streams.kafka.transactional import TransactionalProducer
from streams.kafka.wall_clock import wall_ms
from streams.stages.stage import Stage


async def finish(ground: Ground, producer: TransactionalProducer, policy: str) -> None:
    """Finishes every partition that is not finished yet. policy: the digest of the one in force."""
    for number in range(ground.after):
        if ground.is_finished(number):
            continue
        found = await _recovered(ground, ground.customers, number)
        grants = await _recovered(ground, ground.budgets, number)
        lane = await _after(ground, ground.customers, number, found)
        budgets = await _after(ground, ground.budgets, number, grants)
        grown = GrownMessage(before=ground.before, after=ground.after, candidates=budgets.next_offsets[0])
        order = order_record(_order(ground, number, lane, policy, grown))
        changelog = TopicPartition(ground.customers.changelog, number)
        await write(
            producer,
            {
                TopicPartition(ground.settings.output_topic("order"), number): [order],
                TopicPartition(ground.budgets.changelog, number): [lane_record(budgets)],
                changelog: [marker(None), lane_record(lane)],
            },
        )


async def _recovered(ground: Ground, stage: Stage, number: int) -> Recovered:
    return await read_changelog(ground.settings.client_options(), stage.changelog, number, OPEN_FOR_S)


async def _after(ground: Ground, stage: Stage, number: int, found: Recovered) -> LaneRecord:
    """Gives the lane record of a partition after the growth."""
    lane = found.lane or await beginning(ground, stage, number)
    # Whoever has come from elsewhere may have been left to be looked at there, since rates had come.
    looking = UNSET if lane.rates is UNSET else True
    came_from_ms = lane.clock_ms if found.growing is None else found.growing.clock_ms
    return structs.replace(
        lane,
        counter=lane.counter + (stage is ground.customers),
        clock_ms=max(lane.clock_ms, came_from_ms),
        looking=looking,
        topics=ground.topics_of(stage),
    )


def _order(ground: Ground, number: int, lane: LaneRecord, policy: str, grown: GrownMessage) -> OrderMessage:
    return OrderMessage(
        partition=number,
        counter=lane.counter,
        clock=ground.settings.clock,
        clock_ms=lane.clock_ms,
        wall_ms=wall_ms(),
        policy=policy,
        engine_version=ENGINE_VERSION,
        positions={},
        grown=grown,
    )
