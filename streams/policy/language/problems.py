"""All that is wrong with a policy file, gathered, so that its author sees every problem at once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from streams.policy.language.problem import Path, Problem


class PolicyError(ValueError):
    """The policy cannot be used. The message has the first problem, and how many more there are; `problems` has all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = len(problems) - 1
        rest = f" (and {more} more; `tierflow policy check` shows all of them with their lines)" if more else ""
        super().__init__(f"{problems[0]}{rest}")
        self.problems = tuple(problems)


class Problems:
    """The problems of one document, in the order in which they were found."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.found: list[Problem] = []

    def add(self, path: Path, message: str, *, is_mild: bool = False) -> None:
        """Notes a problem."""
        self.found.append(Problem(path, path_in_words(path, self._document), message, is_mild=is_mild))

    def add_unless_known(self, path: Path, message: str) -> None:
        """Notes a problem, unless one is known at this place, inside it or around it.

        Where the known problem has put a stand-in for a value, the new one may only follow from that.
        """
        if not any(_touch(path, known.path) for known in self.found):
            self.add(path, message)

    def has(self, *paths: Path) -> bool:
        """Says whether there is a problem at one of these places."""
        return any(known.path in paths for known in self.found)

    def has_inside(self, path: Path) -> bool:
        """Says whether there is a problem at this place or inside it."""
        return any(known.path[: len(path)] == path for known in self.found)

    def has_broken_tiers(self) -> bool:
        """Says whether a tier's id may be wrong or missing; callers then do not report a tier as unknown."""
        return self._has_broken_ids("tiers")

    def has_broken_campaigns(self) -> bool:
        """Says whether a campaign's id may be wrong or missing; callers then do not report a campaign as unknown."""
        return self._has_broken_ids("campaigns")

    def has_broken_measures(self) -> bool:
        """Says whether [measures] as a whole could not be read."""
        return self.has(("measures",))

    def _has_broken_ids(self, table: str) -> bool:
        return any(known.path[:1] == (table,) and _is_name(known.path) for known in self.found)


def path_in_words(path: Path, document: Mapping[str, Any]) -> str:
    """Writes a path in words: a tier or campaign by its id where it has one, other parts of a list by number from 0."""
    text = ""
    for depth, part in enumerate(path):
        name = _id_of(part, document.get(str(path[0]))) if depth == 1 and path[0] in {"tiers", "campaigns"} else part
        text += f"[{name}]" if isinstance(name, int) else f".{name}"
    return "".join(sign if sign.isprintable() else " " for sign in text.removeprefix("."))


def _id_of(number: str | int, tables: Any) -> str | int:
    if not isinstance(number, int) or not isinstance(tables, list) or not 0 <= number < len(tables):
        return number
    if not isinstance(tables[number], dict):
        return number
    ids = [table.get("id") for table in tables if isinstance(table, dict)]
    found = tables[number].get("id")
    is_known = isinstance(found, str) and re.fullmatch(r"[\w.-]{1,64}", found) and ids.count(found) == 1
    return found if is_known else number


def _is_name(path: Path) -> bool:
    return len(path) <= len(("tiers", 0)) or path[-1] == "id"


def _touch(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
