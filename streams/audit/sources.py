"""Audits `tierflow intake`: the inputs must hold what the mapping makes of the sources, each once and in order.

Others may write to the inputs, too, and an earlier mapping may have: each record says in its headers which record it
came of, and by which mapping. Compared is what comes of this mapping, from the first offset on that no other has seen.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import TopicPartition

from streams.audit.following import FollowingCut, each_record, replay_stage, states_of
from streams.audit.gathered import Gathered
from streams.audit.report import Report
from streams.audit.states import Snapshot
from streams.intake.compile.mapping import CompiledMapping
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.kafka.topic_ids import ask_for_topics
from streams.partition.intake import MAPPING, POSITION
from streams.settings import Settings
from streams.stages.sources import mark_of, source_stages
from streams.stages.stage import Stage

REGISTRY_WITHIN_S = 60.0


async def audit_sources(settings: Settings, mapping: CompiledMapping, report: Report) -> None:
    """Audits every source of the mapping that has a topic; notes what is not compared."""
    for stage in source_stages(settings, mapping, REGISTRY_WITHIN_S):
        counts = {
            name: known.partitions
            for name, known in (await ask_for_topics(settings.client_options(), stage.topics)).items()
        }
        missing = sorted(stage.topics - counts.keys())
        if missing:
            report.notes.append(f"source {stage.name}: {', '.join(missing)} is not there: not compared")
        else:
            await _audit_source(settings.client_options(), stage, mark_of(mapping, stage.name), counts, report)


async def _audit_source(
    options: dict[str, Any], stage: Stage, mark: bytes, counts: Mapping[str, int], report: Report
) -> None:
    [topic] = stage.inputs
    outputs = {name: Gathered(output.topic, report.add) for name, output in stage.outputs.items()}
    async with Offsets(options) as offsets:
        states = [await states_of(options, offsets, stage, number) for number in range(counts[topic])]
        written = await _written(offsets, stage, counts)
        begun = Counter[int]()  # by partition of the source: the offset behind all that another mapping has seen
        for _, tp, span in written:
            await each_record(Tape(options, tp, *span, bare=True), partial(_note_others, topic, mark, begun))
        for name, tp, span in written:
            see = partial(_see, topic, begun, outputs[name], tp.partition)
            await each_record(Tape(options, tp, *span, bare=True), see)
        cuts = await _cuts(offsets, topic, states, begun)
        placed_among = counts[next(iter(stage.outputs.values())).topic]
        compared = await replay_stage(
            options, stage, cuts, outputs, lambda *_: None, report.add, placed_among=placed_among
        )
        for comparison in compared:
            await comparison.finish(options, offsets)
    for gathered in outputs.values():
        gathered.finish()
        report.sourced += gathered.seen
    for number, offset in sorted(begun.items()):
        report.notes.append(
            f"source {stage.name}: {topic} partition {number} is compared from offset {offset} on: another mapping was "
            "in use before"
        )


async def _written(offsets: Offsets, stage: Stage, counts: Mapping[str, int]) -> list[tuple[str, TopicPartition, Span]]:
    """Gives the partitions of the outputs, each with the name of its output, and what it holds."""
    places = [
        (name, TopicPartition(output.topic, number))
        for name, output in stage.outputs.items()
        for number in range(counts[output.topic])
    ]
    tps = [tp for _, tp in places]
    spans = map(Span, await offsets.beginnings(tps), await offsets.written_ends(tps))
    return [(name, tp, span) for (name, tp), span in zip(places, spans, strict=True)]


async def _cuts(
    offsets: Offsets, topic: str, states: Sequence[Snapshot], begun: Mapping[int, int]
) -> list[FollowingCut]:
    tps = [TopicPartition(topic, number) for number in range(len(states))]
    beginnings, ends = await offsets.beginnings(tps), await offsets.written_ends(tps)
    begins = [max(beginning, begun.get(number, 0)) for number, beginning in enumerate(beginnings)]
    return [
        FollowingCut(number, Span(first, max(first, end)), states[number])
        for number, (first, end) in enumerate(zip(begins, ends, strict=True))
    ]


def _note_others(topic: str, mark: bytes, begun: Counter[int], record: Any) -> None:
    came_of = _came_of(record, topic)
    if came_of is not None and dict(record.headers).get(MAPPING) != mark:
        number, offset = came_of
        begun[number] = max(begun[number], offset + 1)


def _see(topic: str, begun: Counter[int], output: Gathered, partition: int, record: Any) -> None:
    came_of = _came_of(record, topic)
    if came_of is not None and came_of[1] >= begun[came_of[0]]:
        output.see(partition, record)


def _came_of(record: Any, topic: str) -> tuple[int, int] | None:
    """Gives partition and offset of the source's record that a record came of; None where that is another topic's."""
    name, position = next(iter(record.headers), ("", b""))
    source, *place = position.decode(errors="replace").rsplit("/", 3) if name == POSITION else ("",)
    return (int(place[0]), int(place[1])) if source == topic and len(place) == 3 else None  # noqa: PLR2004 - and a number
