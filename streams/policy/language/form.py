"""A kind of text in a policy file."""

from collections.abc import Callable
from typing import NamedTuple


class Form(NamedTuple):
    """A kind of text: an example, and what is wrong with one that is given (None: nothing)."""

    example: str
    fault: Callable[[str], str | None]
