"""The stages of `tierflow intake`: a source of the mapping each, from its topic to the inputs."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from streams.contracts.kept import LaneRecord
from streams.intake.compile.mapping import CompiledMapping
from streams.intake.source import Source
from streams.partition.intake import Intake
from streams.partition.intake_setup import IntakeSetup
from streams.partition.work import SOURCE_DEAD_LETTERS
from streams.registry.registry import Registry, prepare_by
from streams.settings import Settings
from streams.stages.placing import place_of_campaigns, place_of_customers
from streams.stages.stage import Output, Prepare, Stage
from streams.values.events import ACCOUNTS, WAYS_IN

_MARK_SIGNS = 16
_encode = msgspec.json.Encoder(order="sorted").encode


def source_stages(
    settings: Settings, mapping: CompiledMapping, registry_within_s: float | None = None
) -> Sequence[Stage]:
    """Makes a stage of every source that has a topic; files have none.

    registry_within_s: how long a registry that is away is waited for; None: for ever.
    """
    registry = registry_of(settings, mapping, registry_within_s)
    return [
        source_stage(settings, source, mark_of(mapping, name), prepare_by(registry, source))
        for name, source in mapping.sources.items()
        if source.topic is not None
    ]


def registry_of(settings: Settings, mapping: CompiledMapping, within_s: float | None) -> Registry | None:
    """Makes the registry of a mapping, which fills its schemas; None where it has none."""
    rule = mapping.file.registry
    return None if rule is None else Registry(rule.url, settings.registry, mapping.schemas, within_s)


def topics_of(mapping: CompiledMapping) -> Mapping[str, str]:
    """Gives the topics of the sources that have one, by the names of the sources."""
    return {name: source.topic for name, source in mapping.sources.items() if source.topic is not None}


def mark_of(mapping: CompiledMapping, name: str) -> bytes:
    """Gives the mark of a source's words: other words, other mark. How they are laid out does not count."""
    return sha256(_encode(mapping.file.sources[name])).hexdigest()[:_MARK_SIGNS].encode()


def source_stage(settings: Settings, source: Source, mark: bytes, prepare: Prepare) -> Stage:
    """Makes the stage of a source. mark: that of its words. prepare: gets what its records need to be decoded."""
    topic = source.topic or ""

    def open_partition(number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Intake:
        return Intake(IntakeSetup(source, topic, number, mark, settings.letter_bytes), packed, lane)

    return Stage(
        name=source.name,
        title=source.name,
        group=settings.intake_id,
        ids_prefix=f"{settings.intake_id}-{source.name}-",
        inputs=(topic,),
        outputs=_outputs(settings, source),
        changelog=settings.intake_changelog(source.name),
        open=open_partition,
        elastic=True,
        witnesses=(SOURCE_DEAD_LETTERS, *_inputs_of(source)),
        prepare=prepare,
    )


def _outputs(settings: Settings, source: Source) -> Mapping[str, Output]:
    letters = Output(settings.output_topic(SOURCE_DEAD_LETTERS), place_of_campaigns())
    place = place_of_customers(settings)
    return {
        SOURCE_DEAD_LETTERS: letters,
        **{name: Output(settings.way_in(name), place) for name in _inputs_of(source)},
    }


def _inputs_of(source: Source) -> list[str]:
    """Gives the names of the inputs that a source's records become."""
    return list(dict.fromkeys(WAYS_IN[table.topic] for table in source.tables))


def is_by_account(mapping: CompiledMapping) -> bool:
    """Says whether records of a source become what only the stages of accounts read."""
    return any(table.topic >= ACCOUNTS for source in mapping.sources.values() for table in source.tables)
