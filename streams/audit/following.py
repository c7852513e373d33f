"""A stage whose outputs follow from its one input, replayed in the order of that input's partitions.

Its outputs go to whatever partition their keys are placed in, so all partitions are looked at together.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.audit.gathered import Gathered
from streams.contracts.kept import LaneRecord
from streams.kafka.changelog import read_changelog
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import PATIENCE_S, Tape
from streams.partition.partition import ForeignRecordError, Partition
from streams.partition.work import NO_LIMIT
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS


class FollowingCut(NamedTuple):
    """What is read of one partition of the input. Records before worked_until were worked before outputs ended."""

    partition: int
    input: Span
    worked_until: int


async def worked_until(options: dict[str, Any], offsets: Offsets, stage: Stage, number: int) -> int:
    """Gives how far a partition of the input is worked, as the stage's lane has put it down."""
    [topic] = stage.inputs
    if not (await offsets.written_ends([TopicPartition(topic, number)]))[0]:
        return 0
    recovered = await read_changelog(options, stage.changelog, number, PATIENCE_S)
    return 0 if recovered.lane is None else recovered.lane.next_offsets[0]


async def audit_stage(
    options: dict[str, Any], stage: Stage, partitions: int, report: Callable[[Any], None]
) -> dict[str, Gathered]:
    """Audits a stage by itself: whatever its input holds, its outputs have to hold what follows from that."""
    numbers = range(partitions)
    outputs = {name: Gathered(output.topic, report) for name, output in stage.outputs.items()}
    async with Offsets(options) as offsets:
        worked = [await worked_until(options, offsets, stage, number) for number in numbers]
        for name, output in stage.outputs.items():
            tps = [TopicPartition(output.topic, number) for number in numbers]
            spans = map(Span, await offsets.beginnings(tps), await offsets.written_ends(tps))
            for tp, span in zip(tps, spans, strict=True):
                await _each(Tape(options, tp, *span), outputs[name].see)
        [topic] = stage.inputs
        inputs = [TopicPartition(topic, number) for number in numbers]
        spans = map(Span, await offsets.beginnings(inputs), await offsets.written_ends(inputs))
        cuts = [FollowingCut(*cut) for cut in zip(numbers, spans, worked, strict=True)]
    await replay_stage(options, stage, cuts, outputs, lambda _: None)
    for gathered in outputs.values():
        gathered.finish()
    return outputs


async def replay_stage(
    options: dict[str, Any],
    stage: Stage,
    cuts: Sequence[FollowingCut],
    outputs: Mapping[str, Gathered],
    on_input: Callable[[ConsumerRecord], None],
) -> None:
    """Works the input anew and tells the outputs what to expect. on_input: called with each record of the input."""
    [topic] = stage.inputs
    for cut in cuts:
        lane = LaneRecord((cut.input.beginning,), 0, NEVER_MS)
        partition = stage.open(cut.partition, {}, lane)

        def work(record: ConsumerRecord, partition: Partition = partition, cut: FollowingCut = cut) -> None:
            on_input(record)
            _work(partition, record, outputs, required=record.offset < cut.worked_until)

        await _each(Tape(options, TopicPartition(topic, cut.partition), *cut.input), work)


def _work(partition: Partition, record: ConsumerRecord, outputs: Mapping[str, Gathered], *, required: bool) -> None:
    try:
        entries = partition.decode(0, [record])
    except ForeignRecordError:
        return  # it is no work, and whoever looks at the input names it
    partition.work_some(entries, 0, NO_LIMIT)
    work = partition.pack([record.offset + 1])
    partition.merge(work)
    for output, message in work.messages:
        outputs[output].expect(message, required=required)


async def _each(tape: Tape, do: Callable[[ConsumerRecord], None]) -> None:
    try:
        while (record := await tape.next()) is not None:
            do(record)
    finally:
        await tape.close()
