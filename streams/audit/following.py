"""Replays a stage whose outputs follow from its one input, partition by partition of that input.

A message goes to the partition in which its key is placed, so an output is compared over all its partitions together.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.audit.gathered import Gathered
from streams.audit.growth import Growth, Held, moved
from streams.audit.states import Snapshot, StatesComparison, read_states, snapshot
from streams.contracts.kept import LaneRecord
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.partition.partition import ForeignRecordError, Partition
from streams.partition.work import NO_LIMIT, Message
from streams.stages.stage import Prepare, Stage
from streams.values.calendar import NEVER_MS


class FollowingCut(NamedTuple):
    """What is read of one partition of the input.

    states: the stage's changelog, as it was before the ends of its outputs were taken. begun: the states with which the
    input begins.
    """

    partition: int
    input: Span
    states: Snapshot
    begun: Mapping[bytes, bytes] = {}

    @property
    def worked_until(self) -> int:
        """The offset up to which the stage had worked the input then, by its lane record."""
        return 0 if self.states.lane is None else self.states.lane.next_offsets[0]


def follows_from_one_input(stage: Stage) -> bool:
    """Says whether what a stage writes follows from one input alone, so that audit_stage can replay it."""
    if len(stage.inputs) != 1:
        return False
    return stage.open(0, {}, LaneRecord((0,), 0, NEVER_MS)).follows_from_inputs


async def states_of(options: dict[str, Any], offsets: Offsets, stage: Stage, number: int) -> Snapshot:
    """Takes the states of a partition of the stage. Where no input ever came, there are none."""
    return snapshot(stage.changelog, number, await read_states(options, offsets, stage.changelog, number))


async def audit_stage(
    options: dict[str, Any], stage: Stage, partitions: int, report: Callable[[Any], None]
) -> dict[str, Gathered]:
    """Audits a stage by itself: its outputs must hold what follows from its input.

    Gives the outputs by name, as they were compared. report: called with each Difference.
    """
    numbers = range(partitions)
    outputs = {name: Gathered(output.topic, report) for name, output in stage.outputs.items()}
    async with Offsets(options) as offsets:
        states = [await states_of(options, offsets, stage, number) for number in numbers]
        for name, output in stage.outputs.items():
            tps = [TopicPartition(output.topic, number) for number in numbers]
            spans = map(Span, await offsets.beginnings(tps), await offsets.written_ends(tps))
            for tp, span in zip(tps, spans, strict=True):
                await each_record(Tape(options, tp, *span, bare=True), partial(outputs[name].see, tp.partition))
        [topic] = stage.inputs
        inputs = [TopicPartition(topic, number) for number in numbers]
        spans = map(Span, await offsets.beginnings(inputs), await offsets.written_ends(inputs))
        cuts = [FollowingCut(*cut) for cut in zip(numbers, spans, states, strict=True)]
        for comparison in await replay_stage(options, stage, cuts, outputs, lambda *_: None, report):
            await comparison.finish(options, offsets)
    for gathered in outputs.values():
        gathered.finish()
    return outputs


async def replay_stage(  # noqa: PLR0913, PLR0917 - what is read, what it is held against, and who is told
    options: dict[str, Any],
    stage: Stage,
    cuts: Sequence[FollowingCut],
    outputs: Mapping[str, Gathered],
    on_input: Callable[[int, Any], None],
    report: Callable[[Any], None],
    growths: Sequence[Growth] = (),
    placed_among: Mapping[str, int] | None = None,
    opened: Callable[[Any], Any] | None = None,
) -> list[StatesComparison]:
    """Works the input again, and notes in the outputs what each should hold; gives the comparisons of the states.

    cuts: by partition number. outputs: by name. on_input: called with the partition of each record of the input, and
    the record. report: called with each Difference. growths: where states moved to other partitions. placed_among: how
    many partitions each output has, by name; None: as many as the input. opened: gives a record of the input in the
    clear.
    """
    [topic] = stage.inputs
    replays = [_Replay(stage, cut, outputs, report, placed_among or {}) for cut in cuts]

    async def replay(number: int, end: int, partitions: int) -> None:
        """Works a partition on to an offset. partitions: how many there were then."""
        begins_at = replays[number].goes_on(end, partitions)

        def work(record: Any) -> None:
            on_input(number, record)
            replays[number].work(record)

        tape = Tape(options, TopicPartition(topic, number), begins_at, end, bare=True, opened=opened)
        await each_record(tape, work, stage.prepare)

    for growth in growths:
        for number in range(growth.before):
            await replay(number, growth.candidates[number], growth.before)
        held = {number: Held(replays[number].packed) for number in range(growth.before)}
        for number, now in moved(stage, held, growth.after).items():
            replays[number].packed = now.packed
    for number, cut in enumerate(cuts):
        await replay(number, cut.input.end, len(cuts))
    return [replayed.ended() for replayed in replays]


class _Replay:
    """One partition of the input, worked again. The states are compared where those of the changelog were taken."""

    def __init__(
        self,
        stage: Stage,
        cut: FollowingCut,
        outputs: Mapping[str, Gathered],
        report: Callable[[Any], None],
        placed_among: Mapping[str, int],
    ) -> None:
        self.packed = dict(cut.begun)
        self._stage = stage
        self._cut = cut
        self._outputs = outputs
        self._placed_among = placed_among
        self._position = cut.input.beginning
        self._partition = self._opened()
        self._partitions = 0
        self._states = StatesComparison(cut.states, report, self._partition.renewed)
        self._is_held = False

    def goes_on(self, end: int, partitions: int) -> int:
        """Goes on with the states that it has now, among so many partitions; gives the offset that comes next."""
        begins_at, self._position = self._position, max(self._position, end)
        self._partition, self._partitions = self._opened(begins_at), partitions
        return begins_at

    def work(self, record: Any) -> None:
        """Works the next record, and notes what comes of it in the outputs."""
        is_required = record.offset < self._cut.worked_until
        if not is_required:
            self._hold()
        number = self._cut.partition
        for output, message in _worked(self._partition, record):
            place = self._stage.outputs[output].place
            among = self._placed_among.get(output, self._partitions)
            where = number if place is None else place(message.key or b"", among)
            self._outputs[output].expect(message, number, where, required=is_required)

    def ended(self) -> StatesComparison:
        """Gives the comparison of the states."""
        self._hold()
        return self._states

    def _opened(self, begins_at: int = 0) -> Partition:
        return self._stage.open(self._cut.partition, self.packed, LaneRecord((begins_at,), 0, NEVER_MS))

    def _hold(self) -> None:
        if not self._is_held:
            self._states.hold(self.packed)
            self._is_held = True


def _worked(partition: Partition, record: Any) -> list[tuple[str, Message]]:
    try:
        entries = partition.decode(0, [record])
    except ForeignRecordError:
        return []  # it cannot be worked; where the input is compared, it is reported as extra
    partition.work_some(entries, 0, NO_LIMIT)
    work = partition.pack([record.offset + 1])
    partition.keep(work)
    return work.messages


async def each_record(tape: Tape, do: Callable[[Any], None], prepare: Prepare = lambda _: None) -> None:
    """Calls a function with each record of a tape, and closes it. prepare: that of the stage that works them."""
    try:
        while (record := await tape.next()) is not None:
            while (prepared := prepare((record,))) is not None:
                await prepared
            do(record)
    finally:
        await tape.close()
