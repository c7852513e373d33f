"""Audits `tierflow intake`: the inputs must hold what the mapping makes of the sources, each once and in order.

Others may write to the inputs, too, and an earlier mapping may have: each record says in its headers which record it
came of, and by which mapping. Compared is what comes of this mapping, from the first offset on that no other has seen.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from aiokafka import TopicPartition

from streams.audit.following import FollowingCut, each_record, replay_stage, states_of
from streams.audit.gathered import Gathered
from streams.audit.report import Report
from streams.contracts.letters import comparable
from streams.intake.compile.mapping import CompiledMapping
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.unpacking import read_in_part
from streams.partition.source_letters import MAPPING, POSITION
from streams.partition.work import SOURCE_DEAD_LETTERS
from streams.settings import Settings
from streams.stages.accounts import mark_of_accounts, owners_stage, records_stage
from streams.stages.sources import mark_of, source_stages
from streams.stages.stage import Output, Stage

REGISTRY_WITHIN_S = 60.0
Written = tuple[str, TopicPartition, Span]
"""The name of an output, one of its partitions, and what that holds."""

_PLACE = re.compile(rb"([^/]*)/([0-9]{1,10})/([0-9]{1,19})/[0-9]{1,10}")


async def audit_sources(settings: Settings, mapping: CompiledMapping, report: Report) -> None:
    """Audits every source of the mapping that has a topic; notes what is not compared."""
    stages = source_stages(settings, mapping, REGISTRY_WITHIN_S)
    await _audit_each(settings, [(stage, mark_of(mapping, stage.name)) for stage in stages], report)


async def audit_accounts(settings: Settings, report: Report) -> None:
    """Audits the stages of accounts, where they run; notes what is not compared."""
    if not settings.accounts:
        return
    [accounts] = await partition_counts_of(settings, [settings.by_account_topic]) or [1]
    stages = (records_stage(settings), owners_stage(settings, accounts))
    await _audit_each(settings, [(stage, mark_of_accounts(settings)) for stage in stages], report)


async def partition_counts_of(settings: Settings, topics: Collection[str]) -> list[int]:
    """Gives how many partitions the topics have that are there."""
    return [known.partitions for known in (await ask_for_topics(settings.client_options(), topics)).values()]


async def _audit_each(settings: Settings, stages: Sequence[tuple[Stage, bytes]], report: Report) -> None:
    read_in_part(topic for stage, _ in stages for topic in stage.inputs)  # as intake reads them
    for stage, mark in stages:
        counts = {
            name: known.partitions
            for name, known in (await ask_for_topics(settings.client_options(), stage.topics)).items()
        }
        missing = sorted(stage.topics - counts.keys())
        if missing:
            report.notes.append(f"source {stage.name}: {', '.join(missing)} is not there: not compared")
        else:
            await _audit_source(settings.client_options(), stage, mark, counts, report)


async def _audit_source(
    options: dict[str, Any], stage: Stage, mark: bytes, counts: Mapping[str, int], report: Report
) -> None:
    [topic] = stage.inputs
    compared = {name: output for name, output in stage.outputs.items() if output.topic != topic}
    sources = [TopicPartition(topic, number) for number in range(counts[topic])]
    outputs = {
        name: Gathered(output.topic, report.add, *([_comparable_letter] if name == SOURCE_DEAD_LETTERS else []))
        for name, output in compared.items()
    }
    async with Offsets(options) as offsets:
        states = [await states_of(options, offsets, stage, tp.partition) for tp in sources]
        written = await _written(offsets, compared, counts)
        ends, kept = await offsets.written_ends(sources), await offsets.beginnings(sources)
        begun = Counter[int]()  # by partition of the source: the offset behind all that another mapping has seen
        await _each(options, written, lambda _, __: partial(_note_others, topic, mark, ends, begun))
        firsts = [max(first, begun[number]) for number, first in enumerate(kept)]
        if any(firsts) and any(state.digests for state in states):
            report.notes.append(_not_from_the_beginning(stage))
            return
        await _each(options, written, lambda name, tp: partial(_see, topic, firsts, outputs[name], tp.partition))
        ends = await offsets.written_ends(sources)  # after the outputs were read: no later record can be in them
        spans = [Span(first, max(first, end)) for first, end in zip(firsts, ends, strict=True)]
        cuts = list(map(FollowingCut, range(counts[topic]), spans, states))
        among = {name: counts[output.topic] for name, output in stage.outputs.items()}
        found = await replay_stage(options, stage, cuts, outputs, lambda *_: None, report.add, placed_among=among)
        for comparison in found:
            await comparison.finish(options, offsets)
    for gathered in outputs.values():
        gathered.finish()
        report.sourced += gathered.seen
    report.notes += _starts(stage, firsts, begun)


def _not_from_the_beginning(stage: Stage) -> str:
    return (
        f"source {stage.name}: {stage.inputs[0]} is not there from its beginning, or how long bookings wait was set "
        "otherwise before: what is known of accounts cannot be worked again, and is not compared"
    )


def _starts(stage: Stage, firsts: Sequence[int], begun: Mapping[int, int]) -> Iterator[str]:
    """Says of each partition that is not compared from its beginning from where on it is, and why."""
    for number, first in enumerate(firsts):
        if first > 0:
            why = "another mapping was in use before" if begun.get(number, 0) >= first else "it holds nothing before"
            yield f"source {stage.name}: {stage.inputs[0]} partition {number} is compared from offset {first} on: {why}"


async def _each(
    options: dict[str, Any], written: Iterable[Written], reader: Callable[[str, TopicPartition], Callable[[Any], None]]
) -> None:
    """Reads all outputs. reader: gives what is called with each record of an output's partition."""
    for name, tp, span in written:
        await each_record(Tape(options, tp, *span, bare=True), reader(name, tp))


def _comparable_letter(value: bytes | None) -> bytes | None:
    """Gives a dead letter as it is where nothing is handed on whole: its topic's limit may have been another one."""
    try:
        letter = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return value
    return orjson.dumps(comparable(letter), option=orjson.OPT_SORT_KEYS) if isinstance(letter, dict) else value


async def _written(offsets: Offsets, outputs: Mapping[str, Output], counts: Mapping[str, int]) -> list[Written]:
    """Gives the partitions of the outputs, each with the name of its output, and what it holds."""
    places = [
        (name, TopicPartition(output.topic, number))
        for name, output in outputs.items()
        for number in range(counts[output.topic])
    ]
    tps = [tp for _, tp in places]
    spans = map(Span, await offsets.beginnings(tps), await offsets.written_ends(tps))
    return [(name, tp, span) for (name, tp), span in zip(places, spans, strict=True)]


def _note_others(topic: str, mark: bytes, ends: Sequence[int], begun: Counter[int], record: Any) -> None:
    """Notes what another mapping has seen. ends: of the source; a record that says to be of a later one is of none."""
    came_of = _came_of(record, topic)
    if came_of is not None and dict(record.headers).get(MAPPING) != mark:
        number, offset = came_of
        if number < len(ends) and offset < ends[number]:
            begun[number] = max(begun[number], offset + 1)


def _see(topic: str, firsts: Sequence[int], output: Gathered, partition: int, record: Any) -> None:
    came_of = _came_of(record, topic)
    if came_of is not None and (came_of[0] >= len(firsts) or came_of[1] >= firsts[came_of[0]]):
        output.see(partition, record)


def _came_of(record: Any, topic: str) -> tuple[int, int] | None:
    """Gives partition and offset of the source's record that a record came of; None where that is another topic's."""
    name, position = next(iter(record.headers), ("", b""))
    found = _PLACE.fullmatch(position or b"") if name == POSITION else None
    return (int(found[2]), int(found[3])) if found and found[1] == topic.encode() else None
