"""Replays a stage whose outputs follow from its one input, partition by partition of that input.

A message goes to the partition in which its key is placed, so an output is compared over all its partitions together.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.audit.gathered import Gathered
from streams.audit.growth import Growth, Held, moved
from streams.contracts.kept import LaneRecord
from streams.kafka.changelog import read_changelog
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import PATIENCE_S, Tape
from streams.partition.partition import ForeignRecordError, Partition
from streams.partition.work import NO_LIMIT
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS


class FollowingCut(NamedTuple):
    """What is read of one partition of the input.

    The stage had worked the records before `worked_until` when the ends of its outputs were taken.
    """

    partition: int
    input: Span
    worked_until: int


def follows_from_one_input(stage: Stage) -> bool:
    """Says whether what a stage writes follows from one input alone, so that audit_stage can replay it."""
    if len(stage.inputs) != 1:
        return False
    return stage.open(0, {}, LaneRecord((0,), 0, NEVER_MS)).follows_from_inputs


async def worked_until(options: dict[str, Any], offsets: Offsets, stage: Stage, number: int) -> int:
    """Gives the offset up to which a partition of the input is worked, by the lane record in the stage's changelog."""
    [topic] = stage.inputs
    if not (await offsets.written_ends([TopicPartition(topic, number)]))[0]:
        return 0
    recovered = await read_changelog(options, stage.changelog, number, PATIENCE_S)
    return 0 if recovered.lane is None else recovered.lane.next_offsets[0]


async def audit_stage(
    options: dict[str, Any], stage: Stage, partitions: int, report: Callable[[Any], None]
) -> dict[str, Gathered]:
    """Audits a stage by itself: its outputs must hold what follows from its input.

    Gives the outputs by name, as they were compared. report: called with each Difference.
    """
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


async def replay_stage(  # noqa: PLR0913, PLR0917 - all that a replay goes by
    options: dict[str, Any],
    stage: Stage,
    cuts: Sequence[FollowingCut],
    outputs: Mapping[str, Gathered],
    on_input: Callable[[ConsumerRecord], None],
    growths: Sequence[Growth] = (),
) -> None:
    """Works the input again, and notes in the outputs what each should hold.

    outputs: by name. on_input: called with each record of the input. growths: where states moved to other partitions.
    """
    [topic] = stage.inputs
    held = {cut.partition: Held({}) for cut in cuts}
    begins = {cut.partition: cut.input.beginning for cut in cuts}

    async def replay(cut: FollowingCut, end: int) -> None:
        """Works a partition on to an offset."""
        begins_at, begins[cut.partition] = begins[cut.partition], max(begins[cut.partition], end)
        partition = stage.open(cut.partition, held[cut.partition].packed, LaneRecord((begins_at,), 0, NEVER_MS))

        def work(record: ConsumerRecord) -> None:
            on_input(record)
            _work(partition, record, outputs, required=record.offset < cut.worked_until)

        await _each(Tape(options, TopicPartition(topic, cut.partition), begins_at, end), work)

    for growth in growths:
        for cut in cuts[: growth.before]:
            await replay(cut, growth.candidates[cut.partition])
        held.update(moved(stage, {number: held[number] for number in range(growth.before)}, growth.after))
    for cut in cuts:
        await replay(cut, cut.input.end)


def _work(partition: Partition, record: ConsumerRecord, outputs: Mapping[str, Gathered], *, required: bool) -> None:
    try:
        entries = partition.decode(0, [record])
    except ForeignRecordError:
        return  # it cannot be worked; where the input is compared, it is reported as extra
    partition.work_some(entries, 0, NO_LIMIT)
    work = partition.pack([record.offset + 1])
    partition.keep(work)
    for output, message in work.messages:
        outputs[output].expect(message, required=required)


async def _each(tape: Tape, do: Callable[[ConsumerRecord], None]) -> None:
    try:
        while (record := await tape.next()) is not None:
            do(record)
    finally:
        await tape.close()
