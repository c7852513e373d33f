"""Sentences in English that know what they were made of, so that they can be told in another language as well.

`say("{tier} is lost", tier="mid")` is the text `mid is lost`, and remembers the form and the fields. The form is what
the table of another language is looked up by (forms_in_traditional_chinese.py and its twin); fields may be such
sentences themselves. Whoever wants English alone takes it as the text that it is.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce


class Said(str):
    """A sentence in English, its form, and what fills the fields of the form. Made by say() alone."""

    __slots__ = ("fields", "form")
    form: str
    fields: Mapping[str, str]


def say(form: str, /, **fields: str | int | None) -> Said:
    """Fills the fields of a form. Write the form out where it is said: a test looks for all of them there."""
    said = Said(form.format(**fields))
    said.form = form
    said.fields = {name: field if isinstance(field, str) else str(field) for name, field in fields.items()}
    return said


def told(text: str, forms: Mapping[str, str]) -> str:
    """Tells a sentence by the forms of another language, by the English ones. What is no sentence stays as it is."""
    if not isinstance(text, Said):
        return text
    fields = {name: told(field, forms) for name, field in text.fields.items()}
    return forms.get(text.form, text.form).format(**fields)


def joined(parts: Iterable[str], pair: Callable[[str, str], str]) -> str:
    """Joins parts by what joins a pair of them; there is at least one."""
    return reduce(pair, parts)


def and_also(one: str, other: str) -> Said:
    """Joins two with an and."""
    return say("{one} and {other}", one=one, other=other)


def or_else(one: str, other: str) -> Said:
    """Joins two with an or."""
    return say("{one} or {other}", one=one, other=other)


def clauses(one: str, other: str) -> Said:
    """Joins two with a semicolon."""
    return say("{one}; {other}", one=one, other=other)


def commas(one: str, other: str) -> Said:
    """Joins two with a comma."""
    return say("{one}, {other}", one=one, other=other)
