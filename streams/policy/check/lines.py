"""The line of every place in a TOML document: tomllib gives values, and not where they stand.

This is a TOML reader of its own that keeps no values. It goes on past what it cannot read, from the next line.
"""

import re
import tomllib
from bisect import bisect_right

from streams.policy.check.found import Repeat
from streams.policy.language.problem import Path

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL
)  # fmt: skip
_BARE = re.compile(r"[^\s,\[\]{}#]+")
_DEPTH_LIMIT = 50


class Lines:
    """The lines of all tables and keys of a document; where it is no valid TOML, as many as can be made out."""

    def __init__(self, document: str) -> None:
        self.repeats: list[Repeat] = []
        self._newlines = [found.start() for found in re.finditer("\n", document)]
        self._lines: dict[Path, int] = {}
        self._tables: list[tuple[int, Path]] = []
        self._table_paths: set[Path] = set()
        self._text, self._at, self._table = document, 0, Path()
        self._counts: dict[Path, int] = {}
        self._scan()

    def line(self, path: Path) -> int:
        """Gives the line of a place, from 1; where the place is missing, the line of the table that should have it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    def table(self, line: int) -> Path:
        """Gives the table that a line belongs to."""
        return next((path for first, path in reversed(self._tables) if first <= line), ())

    def next_table(self, line: int) -> int | None:
        """Gives the line of the first table after this line."""
        return next((first for first, _ in self._tables if first > line), None)

    def _scan(self) -> None:
        while True:
            self._take(_SPACE)
            if self._at >= len(self._text):
                return
            if not (self._header() if self._text[self._at] == "[" else self._pair(self._table, 0)):
                self._take(_REST_OF_LINE)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def _take_sign(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += len(sign) * is_there
        return is_there

    def _line_at(self, position: int) -> int:
        return bisect_right(self._newlines, position - 1) + 1

    def _keys(self) -> list[str]:
        """Reads a key and those that dots join to it; none where there is no key."""
        keys: list[str] = []
        while True:
            self._take(_BLANKS)
            key = self._take(_KEY)
            if key is None:
                return keys
            keys.append(_plain(key))
            self._take(_BLANKS)
            if not self._take_sign("."):
                return keys

    def _header(self) -> bool:
        line = self._line_at(self._at)
        is_list = self._take_sign("[[") or not self._take_sign("[")
        keys = self._keys()
        if not 0 < len(keys) <= _DEPTH_LIMIT or not self._take_sign("]]" if is_list else "]"):
            return False
        path: Path = ()
        for depth, key in enumerate(keys, 1):
            path = (*path, key)
            if is_list and depth == len(keys):
                self._note(path, line)
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
            elif depth < len(keys):
                self._note(path, line)
        if path in self._table_paths:
            self.repeats.append(Repeat(path, line, line, is_table=True))
        self._note(path, line)
        self._table = path
        self._tables.append((line, path))
        self._table_paths.add(path)
        return True

    def _pair(self, table: Path, depth: int) -> bool:
        line = self._line_at(self._at)
        keys = self._keys()
        if not 0 < len(keys) <= _DEPTH_LIMIT or not self._take_sign("="):
            return False
        path = (*table, *keys)
        is_repeat = path in self._lines
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length], line)
        self._take(_BLANKS)
        is_read = self._value(path, depth)
        if is_repeat:
            self.repeats.append(Repeat(path, line, self._line_at(self._at), is_table=False))
        return is_read

    def _value(self, path: Path, depth: int) -> bool:
        if depth > _DEPTH_LIMIT:
            return False
        if self._take_sign("["):
            return self._parts(path, "]", depth)
        if self._take_sign("{"):
            return self._parts(path, "}", depth)
        return self._take(_STRING) is not None or self._take(_BARE) is not None

    def _parts(self, path: Path, end: str, depth: int) -> bool:
        """Reads the parts of a list or of an inline table; says whether its end was found."""
        number = 0
        while True:
            self._take(_SPACE)
            if self._take_sign(end):
                return True
            if end == "]":
                self._note((*path, number), self._line_at(self._at))
                is_read = self._value((*path, number), depth + 1)
            else:
                is_read = self._pair(path, depth + 1)
            self._take(_SPACE)
            if not is_read or not (self._take_sign(",") or self._text.startswith(end, self._at)):
                return False
            number += 1

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)


def _plain(key: str) -> str:
    if "\\" in key:
        try:
            return next(iter(tomllib.loads(f"{key} = 0")))
        except tomllib.TOMLDecodeError:
            return key
    return key.strip("\"'")
