"""What a check of a policy file finds, and what it is made on: structs alone."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from streams.policy.language.document import PolicyFile
from streams.policy.language.problem import Path, Problem
from streams.policy.policy import Policy

Warnings = Iterator[tuple[Path, str]]
"""What is odd about a policy that can be used: for each finding the place and a sentence."""


class Fault(NamedTuple):
    """A line that is no valid TOML, and its place as far as it can be made out.

    document: the text with this line mended or left out; None where nothing after it can be read.
    is_lost: whether the line was left out, so that problems at its place may only follow from that.
    """

    line: int
    path: Path
    message: str
    document: str | None
    is_lost: bool = False


class Repeat(NamedTuple):
    """A key or a table that the document has a second time: the lines of the second, from first to last."""

    path: Path
    first: int
    last: int
    is_table: bool


class Finding(NamedTuple):
    """Something wrong or odd: the line, the place in words (empty where the line says it all), and a sentence."""

    line: int
    field: str
    message: str


class Report(NamedTuple):
    """All that was found, sorted by line: a policy with its file and perhaps warnings, or else errors."""

    policy: Policy | None
    file: PolicyFile | None
    errors: list[Finding]
    warnings: list[Finding]


class WithProblems(Protocol):
    """What comes of reading a document."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong with the document; of one that is no valid TOML, that alone."""
