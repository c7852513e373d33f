"""A build of the logic runs where it is one of these very sources, and nothing that mypyc gets wrong is in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

import streams
from compile_logic import ROOT, logic_modules, what_is_wrong
from streams.compiled import build_key, is_compiled

RULE = "engine/ratings.py"
APART = "data and logic stand in modules apart"
DATA = (msgspec.Struct, tuple, dict, Enum)


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A copy of the sources, with an empty build of them."""
    copy = tmp_path / "streams"
    shutil.copytree(Path(streams.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "builds"))
    (copy / "builds" / build_key(copy)).mkdir(parents=True)
    return copy


def runs_compiled(package: Path, **environment: str) -> bool:
    command = [sys.executable, "-c", "from streams.compiled import is_compiled; print(is_compiled())"]
    clean = {name: value for name, value in os.environ.items() if name != "TIERFLOW_INTERPRETED"}
    done = subprocess.run(command, cwd=package.parent, env=clean | environment, capture_output=True, check=True)
    return done.stdout.split() == [b"True"]


def module_of(path: Path) -> ModuleType:
    return import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def test_a_build_of_the_sources_is_used(package: Path) -> None:
    assert runs_compiled(package)


def test_a_variable_forces_the_sources(package: Path) -> None:
    assert not runs_compiled(package, TIERFLOW_INTERPRETED="1")


@pytest.mark.parametrize("edited", [RULE, "policy/policy.py", "values/events.py"])
def test_a_stale_build_is_not_used_after_an_edit(package: Path, edited: str) -> None:
    with (package / edited).open("a") as file:
        file.write("\n")
    assert not runs_compiled(package)
    source = (package / edited).read_text()
    (package / edited).write_text(source.removesuffix("\n"))
    assert runs_compiled(package)


def test_a_stale_build_is_not_used_after_a_move(package: Path) -> None:
    (package / RULE).rename(package / "engine" / "other.py")
    assert not runs_compiled(package)


def test_other_rooms_may_be_edited(package: Path) -> None:
    (package / "cli" / "main.py").write_text("")
    assert runs_compiled(package)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("class A(msgspec.Struct, frozen=True):\n    n: int\n", ""),
        ("def f() -> int:\n    return 1\n", ""),
        ("class A(Struct):\n    n: int\n\ndef f(): ...\n", f"A beside f: {APART}"),
        (
            "class A(NamedTuple):\n    n: int\n\nclass B:\n    pass\n",
            f"A beside B: {APART}",
        ),
        ("class A(Protocol): ...\n\ndef f(): ...\n", f"A beside f: {APART}"),
        (
            "class A(Struct): ...\n\nclass B(A): ...\n\ndef f(): ...\n",
            f"A, B beside f: {APART}",
        ),
        (
            "def f():\n    try: ...\n    except A as e: ...\n    except B as e: ...\n",
            "f catches two errors as `e`, which has one type: name them apart",
        ),
        ("def f():\n    try: ...\n    except A as e: ...\n    except B as d: ...\n", ""),
    ],
)
def test_what_mypyc_gets_wrong_is_refused(source: str, why: str) -> None:
    """mypyc drops the class keywords of structs without a word, and takes a second error for one of the first type."""
    assert what_is_wrong(source) == why


@pytest.mark.parametrize("path", logic_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_compiled_module_defines_data(path: Path) -> None:
    """By the classes themselves, wherever their bases come from."""
    module = module_of(path)
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    assert not [kind for kind in own if issubclass(kind, DATA) or getattr(kind, "_is_protocol", False)]


@pytest.mark.skipif(not is_compiled(), reason="make compiled makes a build")
@pytest.mark.parametrize("path", logic_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_of_logic_runs_compiled(path: Path) -> None:
    assert isinstance(module_of(path).__loader__, ExtensionFileLoader)
