"""The columns of sample rows: every path that leads to a value, and the values at it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_PLAIN = re.compile(r"[^\W\d]\w*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Column(NamedTuple):
    """A path, as a mapping has it, its name in small letters with _ between words, and its values that are there."""

    path: str
    name: str
    values: tuple[Any, ...]

    @property
    def words(self) -> list[str]:
        """Gives the different values, as texts, where they are texts or numbers."""
        return sorted({str(value).strip() for value in self.values})


def columns_of(rows: Iterable[Any], below: tuple[str, ...] = ()) -> list[Column]:
    """Gives the columns of rows, in the order in which they come first. Lists are no columns.

    below: the names that lead to the rows.
    """
    found: dict[tuple[str, ...], list[Any]] = {}
    for row in rows:
        for names, value in _leaves(row, ()):
            found.setdefault(names, []).append(value)
    return [
        Column(path_of((*below, *names)), "_".join(map(_plain_name, names)), tuple(values))
        for names, values in found.items()
    ]


def list_of_rows(rows: Iterable[Any]) -> str | None:
    """Gives the name under which rows hold a list of objects; None where they hold none."""
    for row in rows:
        for name, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
                return str(name)
    return None


def path_of(names: Iterable[str]) -> str:
    """Writes names as a path: those with other signs than letters, digits and _ in double quotes."""
    return ".".join(name if _PLAIN.fullmatch(name) else f'"{name}"' for name in names)


def _plain_name(name: str) -> str:
    return re.sub(r"\W+", "_", _CAMEL.sub("_", name)).lower().strip("_")


def _leaves(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value.keys() != {"scale", "value"}:
        for name, part in value.items():
            yield from _leaves(part, (*names, name))
    elif names and value is not None and value != "" and not isinstance(value, list):
        yield names, value
