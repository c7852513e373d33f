"""The check of a policy document: all errors with their lines or, where there are none, warnings."""

import tomllib
from collections.abc import Iterable

from streams.policy.check.found import Fault, Finding, Report
from streams.policy.check.lines import Lines
from streams.policy.check.syntax import fault_of
from streams.policy.check.warnings import swapped_floors, warnings_of
from streams.policy.compile.load import read_policy
from streams.policy.compile.reading import Reading
from streams.policy.language.problem import NOT_TOML, Path, Problem
from streams.policy.language.problems import path_in_words

_FAULTS_LIMIT = 50


def check(document: str) -> Report:
    """Checks the text of a policy file to its end, past lines that are no valid TOML."""
    faults, reading, text = _read(document)
    lines = Lines(text)
    lost = [fault.path for fault in faults if fault.is_lost]
    problems = (problem for problem in reading.problems if not _is_lost(problem.path, lost))
    errors = [*_told(faults, text), *_found(problems, lines)]
    if errors or reading.policy is None or reading.file is None:
        return Report(None, None, sorted(errors), [])
    swapped = _found(swapped_floors(reading.policy, reading.file), lines)
    if swapped:
        return Report(None, None, swapped, [])
    return Report(reading.policy, reading.file, [], sorted(_found(warnings_of(reading.policy, reading.file), lines)))


def _read(document: str) -> tuple[list[Fault], Reading, str]:
    """Reads a document; where a line is no valid TOML, mends it or takes it out and reads again.

    Gives the faults of these lines, then the reading and the text of what is left.
    """
    nothing = Reading(None, None, ())
    if document.startswith("\ufeff"):
        return [Fault(1, (), "the file begins with a byte order mark; save it as UTF-8 without one", None)], nothing, ""
    faults: list[Fault] = []
    text = document
    while True:
        reading = read_policy(text)
        problem = reading.problems[0] if reading.problems else None
        if problem is None or not problem.is_syntax or problem.line is None:
            return faults, reading, text
        fault = fault_of(text, problem.line, problem.message.removeprefix(NOT_TOML))
        faults.append(fault)
        if fault.document is None or fault.document == text or len(faults) >= _FAULTS_LIMIT:
            return faults, nothing, text
        text = fault.document


def _told(faults: Iterable[Fault], text: str) -> list[Finding]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        document = {}
    return [Finding(fault.line, path_in_words(fault.path, document), fault.message) for fault in faults]


def _found(problems: Iterable[Problem], lines: Lines) -> list[Finding]:
    return [Finding(lines.line(problem.path), problem.field, problem.message) for problem in problems]


def _is_lost(path: Path, lost: list[Path]) -> bool:
    """Says whether a problem may only follow from a line that was taken out. lost: the places of these lines."""
    return any(path[: len(place)] == place[: len(path)] for place in lost)
