"""One thing that is wrong with a policy file, and where."""

from typing import NamedTuple

Path = tuple[str | int, ...]
"""A place in the document: the names of tables and keys, and numbers in lists."""


NOT_TOML = "this is not valid TOML: "
"""How the message of a problem of syntax begins."""


class Problem(NamedTuple):
    """A place in the file, the same in words (`tiers.mid.at_least`), and a sentence: what is wrong, what is allowed.

    line: where the reader of TOML itself found it; None elsewhere, the place tells. is_syntax: it is no valid TOML.
    """

    path: Path
    field: str
    message: str
    line: int | None = None
    is_syntax: bool = False

    def __str__(self) -> str:
        place = self.field if self.line is None else f"line {self.line}"
        return f"{place}: {self.message}" if place else self.message
