"""Texts with paths in braces, such as "booking-{id}-{version}"; {{ and }} stand for one brace."""

import re
from collections.abc import Callable
from typing import Any

from streams.intake.paths import Lookup, compile_path
from streams.intake.refused import MissingError
from streams.intake.texts import text_of
from streams.policy.language.forms import quoted

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]")


def compile_template(text: str) -> Lookup:
    """Compiles a template; `find` gives the text for a row, and raises MissingError where a path finds nothing.

    Raises:
        ValueError: It is no template; the message says what is wrong with it.
    """
    parts: list[str | Lookup] = []
    for part in _PART.finditer(text):
        if part[0] in {"{", "}"}:
            raise ValueError(
                f"{quoted(text)} has a {part[0]} that is alone; write a path between {{ and }}, or {part[0] * 2}"
            )
        parts.append(part[0][:1] if part[0] in {"{{", "}}"} else part[0] if part[1] is None else compile_path(part[1]))
    if not any(isinstance(part, Lookup) for part in parts):
        raise ValueError(
            f'{quoted(text)} has no path in it; write it in braces, such as "booking-{{id}}", or constant ='
        )
    roots = frozenset(root for part in parts if isinstance(part, Lookup) for root in part.roots)
    return Lookup(text, _fill(parts), roots)


def _fill(parts: list[str | Lookup]) -> Callable[[Any], str]:
    def find(view: Any) -> str:
        filled = ""
        for part in parts:
            if isinstance(part, str):
                filled += part
            else:
                value = part.find(view)
                if value is None:
                    raise MissingError(f"there is nothing at {quoted(part.text)}")
                filled += text_of(value)
        return filled

    return find
