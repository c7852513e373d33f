"""All that is wrong with a policy file, gathered, so that its author sees every problem at once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
        self._places = Places(document)
        self.found: list[Problem] = []
        self._paths: set[Path] = set()
        self._around: set[Path] = set()  # the paths of problems, and all that they are inside of

    def add(self, path: Path, message: str, *, is_mild: bool = False) -> None:
        """Notes a problem."""
        self.found.append(Problem(path, self._places.in_words(path), message, is_mild=is_mild))
        self._paths.add(path)
        self._around.update(_beginnings(path))

    def add_unless_known(self, path: Path, message: str) -> None:
        """Notes a problem, unless one is known at this place, inside it or around it.

        Where the known problem has put a stand-in for a value, the new one may only follow from that.
        """
        if path not in self._around and self._paths.isdisjoint(_beginnings(path)):
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


class Places:
    """The places of one document, in words."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._ids = {table: _ids_of(document.get(table)) for table in ("tiers", "campaigns")}
        self._counts = {table: Counter(ids) for table, ids in self._ids.items()}

    def in_words(self, path: Path) -> str:
        """Writes a path: a tier or campaign by its id where it has one, other parts of a list by number from 0."""
        text = ""
        for depth, part in enumerate(path):
            name = self._id_of(str(path[0]), part) if depth == 1 else part
            text += f"[{name}]" if isinstance(name, int) else f".{name}"
        return "".join(sign if sign.isprintable() else " " for sign in text.removeprefix("."))

    def _id_of(self, table: str, number: str | int) -> str | int:
        """Gives the id of a tier or campaign, if no other has the same; else the number."""
        ids = self._ids.get(table, [])
        if not isinstance(number, int) or not 0 <= number < len(ids):
            return number
        found = ids[number]
        return found if found is not None and self._counts[table][found] == 1 else number


def _ids_of(tables: Any) -> list[str | None]:
    """Gives the ids of a list of tables; None for one that has none, or none that can be shown."""
    rows = tables if isinstance(tables, list) else []
    ids = [row.get("id") if isinstance(row, dict) else None for row in rows]
    return [id_ if isinstance(id_, str) and re.fullmatch(r"[\w.-]{1,64}", id_) else None for id_ in ids]


def _beginnings(path: Path) -> Iterator[Path]:
    """Gives the path, and all that it is inside of."""
    return (path[:length] for length in range(len(path) + 1))


def _is_name(path: Path) -> bool:
    return len(path) <= len(("tiers", 0)) or path[-1] == "id"
