"""The struct of a problem: one thing that is wrong with a policy file, and where."""

from typing import NamedTuple

Path = tuple[str | int, ...]
"""A place in the document: the keys that lead to it, and in a list its number from 0: ("tiers", 1, "at_least")."""


NOT_TOML = "this is not valid TOML: "
"""How the message of a syntax problem begins."""


class Problem(NamedTuple):
    """What is wrong at a place of a policy file: a sentence that says it, and what is allowed there.

    field: the place in words, such as tiers.mid.at_least. line: where tomllib found it; None where the path says the
    place. is_syntax: the file is no valid TOML. is_mild: a policy that was published with it can still be used.
    """

    path: Path
    field: str
    message: str
    line: int | None = None
    is_syntax: bool = False
    is_mild: bool = False

    def __str__(self) -> str:
        place = self.field if self.line is None else f"line {self.line}"
        return f"{place}: {self.message}" if place else self.message
