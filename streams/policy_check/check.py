"""Checking a policy document to its end: all errors with their lines; where there are none, warnings."""

import tomllib
from collections.abc import Iterable
from typing import NamedTuple

from streams.engine.compile import Reading, read_policy
from streams.engine.policy import Policy
from streams.engine.problems import Path, Problem, written
from streams.engine.rules import PolicyFile
from streams.policy_check.lines import Lines
from streams.policy_check.odd import odd_places
from streams.policy_check.syntax import Fault, fault_of

_FAULTS_LIMIT = 50
_TOML = "this is not valid TOML: "


class Finding(NamedTuple):
    """Something that is wrong, or odd: the line, the field in words (empty where the line says it), a sentence."""

    line: int
    field: str
    message: str


class Report(NamedTuple):
    """What a check found: a policy and perhaps warnings, or else errors; each by line."""

    policy: Policy | None
    file: PolicyFile | None
    errors: list[Finding]
    warnings: list[Finding]


def check(document: str) -> Report:
    """Checks the text of a policy file."""
    faults, reading, text = _read(document)
    lines = Lines(text)
    lost = [fault.path for fault in faults if fault.is_lost]
    problems = (problem for problem in reading.problems if not _is_lost(problem.path, lost))
    errors = [*_told(faults, text), *_found(problems, lines)]
    if errors or reading.policy is None or reading.file is None:
        return Report(None, None, sorted(errors), [])
    return Report(reading.policy, reading.file, [], sorted(_found(odd_places(reading.policy, reading.file), lines)))


def _read(document: str) -> tuple[list[Fault], Reading, str]:
    """Reads past the lines that are no valid TOML: those, what the rest gives, and the rest."""
    nothing = Reading(None, None, ())
    if document.startswith("\ufeff"):
        return [Fault(1, (), "the file begins with a byte order mark; save it as UTF-8 without one", None)], nothing, ""
    faults: list[Fault] = []
    text = document
    while True:
        reading = read_policy(text)
        problem = reading.problems[0] if reading.problems else None
        if problem is None or not problem.message.startswith(_TOML) or problem.line is None:
            return faults, reading, text
        fault = fault_of(text, problem.line, problem.message.removeprefix(_TOML))
        faults.append(fault)
        if fault.document is None or fault.document == text or len(faults) >= _FAULTS_LIMIT:
            return faults, nothing, text
        text = fault.document


def _told(faults: Iterable[Fault], text: str) -> list[Finding]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        document = {}
    return [Finding(fault.line, written(fault.path, document), fault.message) for fault in faults]


def _found(problems: Iterable[Problem], lines: Lines) -> list[Finding]:
    return [Finding(lines.line(problem.path), problem.field, problem.message) for problem in problems]


def _is_lost(path: Path, lost: list[Path]) -> bool:
    """Whether a problem may come of a line that could not be read."""
    return any(path[: len(place)] == place[: len(path)] for place in lost)
