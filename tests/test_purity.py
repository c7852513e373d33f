"""The rooms that decide are pure: no I/O, no clock, no threads, no randomness, no float; values in, values out."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import streams

ROOT = Path(streams.__file__).parent
PURE = {
    *("abc", "bisect", "collections", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "gc"),
    *("hashlib", "heapq", "itertools", "json", "math", "operator", "re", "sys", "tomllib", "typing", "zoneinfo"),
    *("struct", "msgspec", "mypy_extensions", "xxhash"),
    *("base64", "binascii", "cryptography", "hmac"),
}
# By room: which other rooms its modules may import.
ROOMS = {
    "values": set(),
    "sealing": set(),
    "languages": set(),
    "policy": {"languages", "values"},
    "engine": {"values", "policy"},
    # Of intake, which reads bytes by libraries, an import contract says that it does no I/O.
    "partition": {"values", "sealing", "policy", "engine", "contracts", "intake", "accounts"},
    "accounts": {"values", "contracts"},
}
IMPURE_CALLS = {"now", "utcnow", "today", "time", "monotonic", "open", "print", "input", "random", "getenv"}
# How alike two words are is a float: in the sentences for wrong words alone.
WITH_FLOATS = "policy/language/forms.py"
MODULES = [(room, module) for room in ROOMS for module in sorted((ROOT / room).rglob("*.py"))]
each_module = pytest.mark.parametrize(
    ("room", "module"), MODULES, ids=lambda part: part if isinstance(part, str) else part.stem
)


def imported(module: Path) -> Iterator[str]:
    """The top names of what a module imports; of ours the room."""
    for node in ast.walk(ast.parse(module.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            first, *rest = name.split(".")
            yield rest[0] if first == "streams" else first


@each_module
def test_a_pure_room_imports_what_is_pure(room: str, module: Path) -> None:
    assert set(imported(module)) <= PURE | {room} | ROOMS[room]


@each_module
def test_a_pure_room_asks_no_clock_and_touches_no_file(room: str, module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            # datetime.time() with nothing in it is midnight.
            assert name not in IMPURE_CALLS or (name == "time" and not node.args), f"{room}/{module.name}: {name}()"


@each_module
def test_a_pure_room_has_no_floats(room: str, module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
        assert not is_float or str(module.relative_to(ROOT)) == WITH_FLOATS, f"{room}/{module.name}:{node.lineno}"
        assert getattr(node, "id", "") != "float", f"{room}/{module.name}:{getattr(node, 'lineno', 0)}"


def test_what_is_called_pure_is_the_standard_librarys_or_computes_alone() -> None:
    assert sys.stdlib_module_names >= PURE - {"cryptography", "msgspec", "mypy_extensions", "xxhash"}
