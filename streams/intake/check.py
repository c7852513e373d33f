"""The check of a mapping: all errors with their lines or, where there are none, what is odd; and what it does."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from streams.intake.compile.mapping import CompiledMapping, read_mapping
from streams.intake.inputs import INPUTS, KNOWN_PRODUCTS, WITHOUT_CUSTOMER
from streams.intake.language.document import SourcesFile
from streams.intake.language.rules import WordRule
from streams.intake.paths import RECORD
from streams.intake.source import Source
from streams.policy.check.found import Finding
from streams.policy.check.lines import Lines
from streams.policy.check.past_faults import only_follows, read_past_faults
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path, Problem


class MappingReport(NamedTuple):
    """All that was found, sorted by line: a mapping and perhaps warnings, or else errors."""

    mapping: CompiledMapping | None
    errors: list[Finding]
    warnings: list[Finding]


def check_mapping(text: str) -> MappingReport:
    """Checks the text of a file of sources to its end, past lines that are no valid TOML."""
    faults, mapping, left = read_past_faults(text, read_mapping)
    lines = Lines(left)
    told = [Finding(fault.line, ".".join(map(str, fault.path)), fault.message) for fault in faults]
    problems: tuple[Problem, ...] = () if mapping is None else mapping.problems
    errors = [*told, *_found((problem for problem in problems if not only_follows(problem.path, faults)), lines)]
    if errors or mapping is None:
        return MappingReport(None, sorted(errors), [])
    warnings = [Finding(lines.line(path), ".".join(map(str, path)), said) for path, said in _warnings(mapping.file)]
    return MappingReport(mapping, [], sorted(warnings))


def _found(problems: Iterable[Problem], lines: Lines) -> list[Finding]:
    return [Finding(lines.line(problem.path), problem.field, problem.message) for problem in problems]


def _warnings(file: SourcesFile) -> Iterator[tuple[Path, str]]:
    for name, source in file.sources.items():
        for path, field, rule in _rules(source, ("sources", name)):
            if field == "product":
                for word in _own_words(rule):
                    yield path, f"{quoted(word)} is no product of tierflow; the policy has to map it: [products]"
            if field == "event_id" and _is_by_time_alone(rule):
                yield path, "ids that are made of a time alone meet: two records of one moment would count as one"


def _rules(source: Any, place: Path) -> Iterator[tuple[Path, str, Any]]:
    """Gives every rule of a field: where it stands, the field's name, and the rule."""
    for name, fields in INPUTS.items():
        written_so = getattr(source, name)
        for number, table in enumerate(_tables(written_so)):
            at = (*place, name, number) if isinstance(written_so, list) else (*place, name)
            for field in fields:
                written = getattr(table, field.name)
                for rule in written if isinstance(written, list) else [written]:
                    yield (*at, field.name), field.name, rule


def _own_words(rule: Any) -> list[str]:
    """Gives the words for a product that no policy has by itself."""
    if not isinstance(rule, WordRule):
        return []
    words = [rule.constant, rule.missing, rule.otherwise, *rule.codes.values()]
    return sorted({word for word in words if word and word.lower() not in KNOWN_PRODUCTS})


def _is_by_time_alone(rule: Any) -> bool:
    path = rule if isinstance(rule, str) else getattr(rule, "path", None)
    return path in {"_record.timestamp", "ts_ms", "_record.ts_ms"}


def beside_schema(source: Source, names: Collection[str]) -> list[str]:
    """Says which fields of a schema a source does not read, and which names that it reads are not there."""
    found = (
        ("read by nothing", sorted(set(names) - source.names)),
        ("not in the schema", sorted(source.names - {RECORD} - set(names))),
    )
    return [f"{said}: {', '.join(these)}" for said, these in found if these]


def in_words(file: SourcesFile) -> list[str]:
    """Says what a mapping does, a line for each source."""
    said = []
    for name, source in file.sources.items():
        inputs = [
            f"{other} ({sum(getattr(one, field.name) is not None for field in fields)} of {len(fields)} fields)"
            + (", by account" if other in WITHOUT_CUSTOMER and one.customer_id is None else "")
            for other, fields in INPUTS.items()
            for one in _tables(getattr(source, other))
        ]
        where = f"topic {source.topic}" if source.topic else "files"
        said.append(f"{name}: {where}, {source.format} -> {', '.join(inputs)}")
    return said


def _tables(written: Any) -> list[Any]:
    return written if isinstance(written, list) else [] if written is None else [written]
