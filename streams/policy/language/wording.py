"""How sentences about a document tell what stands there, where it stands, and what is wanted."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from msgspec.inspect import DictType, Field, IntType, ListType, LiteralType, Metadata, StrType, StructType, Type

from streams.languages.said import joined, or_else, say
from streams.policy.language.form import Form
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path


class Wanted:
    """What values of a kind look like, by the forms of their texts."""

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self._forms = forms

    def allowed(self, kind: Type) -> str:
        """Says what a value of this kind looks like."""
        match kind:
            case LiteralType(values=values):
                return joined((quoted(str(value)) for value in values), or_else)
            case IntType(ge=least, le=most):
                return say("a whole number from {least} to {most}", least=least, most=most)
            case ListType(item_type=StructType()):
                return say("a list of tables")
            case ListType(item_type=item):
                return say("a list such as [{example}]", example=self._example(item))
            case DictType():
                return say("a table such as {example}", example=self._example(kind))
            case _:
                return self._example(kind)

    def line_of(self, field: Field) -> str:
        """Writes the line of a field that is missing."""
        if isinstance(field.type, ListType):
            return say('at least one [[{name}]], and below it id = "low"', name=field.name)
        return f"{field.name} = {self._example(field.type)}"

    def _example(self, kind: Type) -> str:
        match kind:
            case Metadata(extra=extra):
                return quoted(self._forms[(extra or {})["form"]].example)
            case IntType(ge=least):
                return str(least)
            case StrType():
                return '"some words"'
            case LiteralType():
                return self.allowed(kind)
            case DictType(key_type=key, value_type=item):
                name = str(key.values[0]) if isinstance(key, LiteralType) else self._example(key).strip('"')
                return f"{{ {name} = {self._example(item)} }}"
            case _:
                return "{ … }"


def value_told(value: Any) -> str:  # noqa: PLR0911 - one for each kind
    """Says in words what a value is."""
    match value:
        case bool():
            return say("{lower} is not allowed here", lower=str(value).lower())
        case int() | Decimal():
            return say("{value} is a number", value=digits(value))
        case str():
            return say("{value} is a text", value=quoted(value))
        case list():
            return say("this is a list")
        case dict():
            return say("this is a table")
        case datetime() | date() | time():
            return say("{value} is a date or a time", value=str(value))
        case _:
            return say("this is not allowed here")


def digits(value: int | Decimal) -> str:
    """Writes a number, unless nobody could read it."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 40:  # noqa: PLR2004 - readable
        return f"{value:f}"
    return str(value) if isinstance(value, Decimal) or abs(value) < 10**40 else say("a number of more than 40 digits")


def place_told(path: Path, called: str) -> str:
    """Says in words in which table a word stands. called: what the document is called."""
    if not path:
        return say("at the top of {called}", called=called)
    words = ".".join(str(part) for part in path if isinstance(part, str))
    in_list = isinstance(path[-1], int)
    if in_list:
        return say("of [[{words}]]", words=words) if len(path) == len(("tiers", 0)) else say("of {words}", words=words)
    return say("of [{words}]", words=words)


def table_told(path: Path) -> str:
    """Says in words how a table is written that belongs at a place."""
    if any(isinstance(part, int) for part in path):
        return say("a table {{ … }}")
    return say("[{table}] on a line of its own, and lines below it,", table=".".join(map(str, path)))
