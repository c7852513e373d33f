"""The struct of a form: a kind of text in a policy file."""

from collections.abc import Callable
from typing import NamedTuple


class Form(NamedTuple):
    """A kind of text: an example, and a function that says what is wrong with a given text (None: nothing)."""

    example: str
    fault: Callable[[str], str | None]
