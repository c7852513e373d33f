"""The check of a policy document: all errors with their lines or, where there are none, warnings."""

import tomllib
from collections.abc import Iterable

from streams.languages.said import say
from streams.policy.check.found import Fault, Finding, Report
from streams.policy.check.lines import Lines
from streams.policy.check.past_faults import only_follows, read_past_faults
from streams.policy.check.warnings import swapped_floors, warnings_of
from streams.policy.compile.load import read_policy
from streams.policy.compile.reading import Reading
from streams.policy.language.problem import Problem
from streams.policy.language.problems import Places

LINES_LIMIT = 20_000
LINE_LIMIT = 10_000  # characters; tomllib takes the square of the parts of a word


def check(document: str) -> Report:
    """Checks the text of a policy file to its end, past lines that are no valid TOML.

    A text that is longer than any policy is not read, so that a check takes seconds at most.
    """
    too_long = _too_long(document)
    if too_long is not None:
        return Report(None, None, [too_long], [])
    faults, read, text = read_past_faults(document, read_policy)
    reading = read or Reading(None, None, ())
    lines = Lines(text)
    problems = (problem for problem in reading.problems if not only_follows(problem.path, faults))
    errors = [*_told(faults, text), *_found(problems, lines)]
    if errors or reading.policy is None or reading.file is None:
        return Report(None, None, sorted(errors), [])
    swapped = _found(swapped_floors(reading.policy, reading.file), lines)
    if swapped:
        return Report(None, None, swapped, [])
    return Report(reading.policy, reading.file, [], sorted(_found(warnings_of(reading.policy, reading.file), lines)))


def _too_long(document: str) -> Finding | None:
    rows = document.split("\n")
    if len(rows) > LINES_LIMIT:
        says = say(
            "this has {lines} lines, and a policy at most {most}; take out what is no policy",
            lines=f"{len(rows):,}",
            most=f"{LINES_LIMIT:,}",
        )
        return Finding(1, "", says)
    for number, row in enumerate(rows, 1):
        if len(row) > LINE_LIMIT:
            says = say("this line has more than {most} characters; write it on several", most=f"{LINE_LIMIT:,}")
            return Finding(number, "", says)
    return None


def _told(faults: Iterable[Fault], text: str) -> list[Finding]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        document = {}
    places = Places(document)
    return [Finding(fault.line, places.in_words(fault.path), fault.message) for fault in faults]


def _found(problems: Iterable[Problem], lines: Lines) -> list[Finding]:
    return [Finding(lines.line(problem.path), problem.field, problem.message) for problem in problems]
