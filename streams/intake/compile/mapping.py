"""A file of sources to what maps records of each; or all that is wrong with the file."""

import re
from typing import Any, NamedTuple

import msgspec

from streams.intake.compile.fields import Roots, SourceContext
from streams.intake.compile.tables import compile_tables
from streams.intake.formats.decoders import REGISTERED, decoder_of, key_decoder_of
from streams.intake.inputs import INPUTS
from streams.intake.language.document import SourcesFile
from streams.intake.language.forms import VOCABULARY
from streams.intake.language.rules import FILE_FORMATS
from streams.intake.paths import compile_path
from streams.intake.schemas import Schemas
from streams.intake.source import Source
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path, Problem
from streams.policy.language.problems import Problems
from streams.policy.language.reader import read_document
from streams.policy.language.toml_text import read_toml

# Topics whose names differ by a point and an underscore alone cannot be there both.
_TOPIC_PART = re.compile(r"[A-Za-z0-9_-]+")


class MappingError(ValueError):
    """The mapping cannot be used. The message has the first problem, and how many more there are."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        more = len(problems) - 1
        rest = f" (and {more} more; `tierflow intake check` shows all of them with their lines)" if more else ""
        super().__init__(f"{problems[0]}{rest}")
        self.problems = problems


class CompiledMapping(NamedTuple):
    """A file of sources, compiled; or the problems. schemas: those that its records name, to be filled."""

    sources: dict[str, Source]
    file: SourcesFile
    problems: tuple[Problem, ...]
    schemas: Schemas


def no_mapping() -> CompiledMapping:
    """Gives a mapping without sources."""
    return CompiledMapping({}, SourcesFile(), (), Schemas())


def load_mapping(text: str) -> CompiledMapping:
    """Compiles a file of sources.

    Raises:
        MappingError: It cannot be used; the message says where, what is wrong and what to write.
    """
    mapping = read_mapping(text)
    if mapping.problems:
        raise MappingError(mapping.problems)
    return mapping


def read_mapping(text: str) -> CompiledMapping:
    """Compiles the text of a file; gives its sources, or else all problems that could be found."""
    document = read_toml(text)
    if isinstance(document, Problem):
        return CompiledMapping({}, SourcesFile(), (document,), Schemas())
    problems = Problems(document)
    file = msgspec.convert(read_document(document, problems, VOCABULARY), SourcesFile)
    if not file.sources:
        problems.add_unless_known(
            ("sources",), "there is no source; write [sources.bookings], and below it topic and format"
        )
    schemas = Schemas()
    sources = {name: _source(name, rule, schemas, problems) for name, rule in file.sources.items()}
    _check_topics(file, problems)
    _check_registry(file, problems)
    return CompiledMapping(sources, file, tuple(problems.found), schemas)


def _source(name: str, rule: Any, schemas: Schemas, problems: Problems) -> Source:
    place: Path = ("sources", name)
    if problems.has((*place, "zone")):  # it is noted already
        rule = msgspec.structs.replace(rule, zone=None)
    context = SourceContext(rule, problems, Roots())
    tables = [
        table
        for input_name in INPUTS
        if (written := getattr(rule, input_name)) is not None
        for table in compile_tables(input_name, written, (*place, input_name), context)
    ]
    if not tables:
        problems.add_unless_known(place, f"nothing comes of it; write [sources.{name}.transactions], or {_others()}")
    _check_words(name, rule, place, problems)
    has_each = rule.each is not None and not problems.has((*place, "each"))
    return Source(
        name,
        rule.topic,
        decoder_of(rule.format, schemas),
        key_decoder_of(rule.format, schemas),
        compile_path(rule.each).find if has_each else None,
        context.condition(rule.skip, (*place, "skip")),
        rule.deletes,
        tuple(tables),
        frozenset(context.roots.names),
        schemas if rule.format in REGISTERED else None,
    )


def _others() -> str:
    return ", ".join(name for name in INPUTS if name != "transactions")


def _check_words(name: str, rule: Any, place: Path, problems: Problems) -> None:
    if problems.has((*place, "format")):  # it is noted already
        return
    if rule.format in FILE_FORMATS:
        for word in ("topic", "each"):
            if getattr(rule, word) is not None:
                problems.add_unless_known(
                    (*place, word), f"{rule.format} is a file's format, for `tierflow load`; take {word} out"
                )
        if rule.deletes != "refuse":
            problems.add((*place, "deletes"), "no row of a file is a deleted one; take this out")
    elif rule.topic is None:
        problems.add_unless_known(
            (*place, "topic"), f'this is missing; write the topic that {rule.format} comes from: topic = "core.{name}"'
        )
    if rule.topic is not None and not _TOPIC_PART.fullmatch(name):
        problems.add_unless_known(
            place,
            f"{quoted(name)} becomes a part of a topic's name, as the source has a topic; write letters a to z, "
            "digits, hyphens and underscores",
        )
    if rule.format != "csv" and rule.csv != type(rule.csv)():
        problems.add((*place, "csv"), 'this is for files of rows; write format = "csv", or take it out')


def _check_topics(file: SourcesFile, problems: Problems) -> None:
    first: dict[str, str] = {}
    for name, rule in file.sources.items():
        other = first.setdefault(rule.topic, name) if rule.topic else name
        if other != name:
            problems.add_unless_known(
                ("sources", name, "topic"),
                f"the topic is also that of {other}; write the tables of both into one source",
            )


def _check_registry(file: SourcesFile, problems: Problems) -> None:
    for name, rule in file.sources.items():
        if rule.format in REGISTERED and file.registry is None and not problems.has_inside(("registry",)):
            problems.add_unless_known(
                ("sources", name, "format"),
                f"{rule.format} needs a schema registry; write above the sources: [registry] "
                'and below it url = "https://registry:8081"',
            )
