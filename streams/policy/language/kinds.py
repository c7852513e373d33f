"""The kinds of values that a document's structs ask for: what is of a kind, what stands in for it, and its tables."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec.inspect import (
    BoolType,
    DictType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    StructType,
    Type,
    UnionType,
    type_info,
)


@cache
def info(file: type) -> Type:
    """Gives the type of a struct."""
    return type_info(file)


def options_of(kind: Type) -> tuple[Type, ...]:
    """Gives the kinds of which a value may be one."""
    return kind.types if isinstance(kind, UnionType) else (kind,)


def is_of(value: Any, kind: Type) -> bool:
    """Says whether a value is of the kind, by its own type."""
    match kind:
        case StructType() | DictType():
            return isinstance(value, dict)
        case ListType():
            return isinstance(value, list)
        case IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)


def stand_in_for(kind: Type) -> Any:  # noqa: PLR0911 - one for each kind
    """Gives something that fits, for what is missing or cannot be read."""
    match kind:
        case Metadata(type=inner):
            return stand_in_for(inner)
        case IntType(ge=least):
            return least or 0
        case BoolType():
            return False
        case LiteralType(values=words):
            return words[0]
        case ListType():
            return []
        case StructType(fields=fields):
            return {field.name: stand_in_for(field.type) for field in fields if field.required}
        case DictType():
            return {}
        case _:
            return ""


@cache
def tables_of(file: type) -> tuple[tuple[str, frozenset[str]], ...]:
    """Gives all tables of a kind of document: how their heads are written, and their words. file: its struct."""
    return tuple(_tables((), info(file)))


def _tables(path: tuple[str, ...], kind: Type, seen: tuple[type, ...] = ()) -> Iterator[tuple[str, frozenset[str]]]:
    """Gives all tables of the language: how their heads are written, and their words."""
    match kind:
        case Metadata(type=inner):
            yield from _tables(path, inner, seen)
        case UnionType(types=types):
            for option in types:
                yield from _tables(path, option, seen)
        case ListType(item_type=item):
            yield from _tables(path, item, seen)
        case DictType(value_type=item) if isinstance(item, StructType):
            yield from _tables((*path, "NAME"), item, seen)
        case StructType(cls=cls, fields=fields) if cls not in seen:
            yield (
                (f"[[{path[0]}]]" if path in {("tiers",), ("campaigns",)} else f"[{'.'.join(path)}]" if path else ""),
                frozenset(field.name for field in fields),
            )
            for field in fields:
                yield from _tables((*path, field.name), field.type, (*seen, cls))
        case _:
            pass
