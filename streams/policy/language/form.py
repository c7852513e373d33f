"""What a kind of TOML document is written in: the structs of a form and of a vocabulary."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Form(NamedTuple):
    """A kind of text: an example, and a function that says what is wrong with a given text (None: nothing)."""

    example: str
    fault: Callable[[str], str | None]


class Vocabulary(NamedTuple):
    """The tables, words and texts that a kind of document takes.

    file: the struct of the whole document. forms: by the names that the types of its texts have. called: what such a
    document is called in sentences.
    """

    file: type
    forms: Mapping[str, Form]
    called: str
