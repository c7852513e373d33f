"""Where things stand in a TOML file."""

import tomllib
from typing import Any

import pytest

from streams.policy.check.lines import Lines
from streams.settings import policy_folder

DOCUMENT = '''\
# name = "no"
name = "x" # version = 2
"a \\"key\\"" = 1
text = """
[no]
no = 1
"""
other = \'\'\'
# [no]
\'\'\'
dotted.key.here = 1
list = [ # ]
    "one",
    { a = 1, b = [1,
      2] },

    [3],
]

[ table ]
a = "]"
'b' = 2

  [table.inner]
x = {y = 1}

[[many]]
id = "first"
[many.inner]
a = 1
[[many]]
id = "second"
[[many.parts]]
a = 1
[[many.parts]]
a = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (('a "key"',), 3),
        (("text",), 4),
        (("other",), 8),
        (("dotted",), 11),
        (("dotted", "key", "here"), 11),
        (("list",), 12),
        (("list", 0), 13),
        (("list", 1, "b"), 14),
        (("list", 1, "b", 1), 15),
        (("list", 2, 0), 17),
        (("table",), 20),
        (("table", "a"), 21),
        (("table", "b"), 22),
        (("table", "inner"), 24),
        (("table", "inner", "x", "y"), 25),
        (("many",), 27),
        (("many", 0), 27),
        (("many", 0, "id"), 28),
        (("many", 0, "inner", "a"), 30),
        (("many", 1), 31),
        (("many", 1, "id"), 32),
        (("many", 1, "parts", 0, "a"), 34),
        (("many", 1, "parts", 1, "a"), 36),
        (("table", "missing"), 20),
        (("many", 1, "missing", "deeper"), 31),
        (("missing",), 1),
    ],
)
def test_a_place_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert Lines(DOCUMENT).line(path) == line


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in parts for place in places(part, (*path, key)))]


@pytest.mark.parametrize("path", sorted(policy_folder().glob("*.toml")), ids=lambda path: path.stem)
def test_every_value_of_the_policies_stands_in_its_line(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    lines, rows, document = Lines(text), text.split("\n"), tomllib.loads(text)
    assert lines.repeats == []
    for place in places(document)[1:]:
        value: Any = document
        for part in place:
            value = value[part]
        row = rows[lines.line(place) - 1]
        assert not isinstance(place[-1], str) or place[-1] in row, place
        assert not isinstance(value, str) or value in row, place
        assert not isinstance(value, int) or str(value) in row, place


def test_what_is_there_twice_is_found() -> None:
    lines = Lines("a = 1\n[t]\nb = 1\n[[m]]\nb = 1\n[[m]]\nb = 1\n[t]\nc = [\n1]\nc = 2\n")
    assert [(repeat.path, repeat.first, repeat.last, repeat.is_table) for repeat in lines.repeats] == [
        (("t",), 8, 8, True),
        (("t", "c"), 11, 11, False),
    ]
