"""What a check of a policy file finds."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.policy.language.document import PolicyFile
from streams.policy.language.problem import Path
from streams.policy.policy import Policy

Warnings = Iterator[tuple[Path, str]]
"""What is odd, though it can be used: the place, and a sentence."""


class Fault(NamedTuple):
    """A line that is no valid TOML, and its place as far as it can be made out.

    document: the same lines with this fault mended or left out, None where nothing can be read any more.
    is_lost: whether what stands at the place was left out.
    """

    line: int
    path: Path
    message: str
    document: str | None
    is_lost: bool = False


class Repeat(NamedTuple):
    """A key or a table that is there already, from line to line."""

    path: Path
    first: int
    last: int
    is_table: bool


class Finding(NamedTuple):
    """Something that is wrong, or odd: the line, the field in words (empty where the line says it), a sentence."""

    line: int
    field: str
    message: str


class Report(NamedTuple):
    """All that was found, by line: a policy and perhaps warnings, or else errors."""

    policy: Policy | None
    file: PolicyFile | None
    errors: list[Finding]
    warnings: list[Finding]
