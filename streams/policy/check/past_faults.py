"""Reading a document to its end, past lines that are no valid TOML: each is mended or taken out, and told."""

from collections.abc import Callable
from typing import TypeVar

from streams.languages.said import say
from streams.policy.check.found import Fault, WithProblems
from streams.policy.check.syntax import fault_of
from streams.policy.language.problem import NOT_TOML, Path

# A text is read once more for each fault: in all about so many lines, and past so many faults at the most.
_LINES_READ = 50_000
_FAULTS_LIMIT = 50
_Read = TypeVar("_Read", bound=WithProblems)


def read_past_faults(document: str, read: Callable[[str], _Read]) -> tuple[list[Fault], _Read | None, str]:
    """Reads a document; where a line is no valid TOML, mends it or takes it out and reads again.

    Gives the faults of these lines, then the reading (None: nothing behind a fault can be read) and the text of what is
    left.
    """
    if document.startswith("\ufeff"):
        return (
            [Fault(1, (), say("the file begins with a byte order mark; save it as UTF-8 without one"), None)],
            None,
            "",
        )
    faults: list[Fault] = []
    text, most = document, min(_FAULTS_LIMIT, _LINES_READ // (document.count("\n") + 1))
    while True:
        reading = read(text)
        problem = reading.problems[0] if reading.problems else None
        if problem is None or not problem.is_syntax or problem.line is None:
            return faults, reading, text
        fault = fault_of(text, problem.line, problem.message.removeprefix(NOT_TOML))
        faults.append(fault)
        if fault.document is None or fault.document == text or len(faults) >= most:
            return faults, None, text
        text = fault.document


def only_follows(path: Path, faults: list[Fault]) -> bool:
    """Says whether a problem at this place may only follow from a line that was taken out."""
    lost = (fault.path for fault in faults if fault.is_lost)
    return any(path[: len(place)] == place[: len(path)] for place in lost)
