"""The plan of the house holds: structs and logic apart, every package says what may live in it."""

import ast
from pathlib import Path

import pytest

import streams

ROOT = Path(streams.__file__).parent
APART = ("values", "policy", "engine", "contracts", "partition", "stages")
MODULES = sorted(module for room in APART for module in (ROOT / room).rglob("*.py"))
PACKAGES = sorted(ROOT.rglob("__init__.py"))
STRUCTS = {"Struct", "NamedTuple"}
LOOSE = {"__init__.py", "settings.py", "errors.py", "logs.py", "metrics.py"}


def is_struct(node: ast.stmt) -> bool:
    bases = [getattr(base, "attr", getattr(base, "id", "")) for base in getattr(node, "bases", [])]
    return isinstance(node, ast.ClassDef) and bool(STRUCTS & set(bases))


def is_logic(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
        isinstance(node, ast.ClassDef)
        and not is_struct(node)
        and not any(getattr(base, "id", "") == "Protocol" for base in node.bases)
        and any(isinstance(part, ast.FunctionDef) for part in node.body)
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_structs_and_logic_stand_in_different_modules(module: Path) -> None:
    """Logic is to be compiled, and compilers of Python do not take msgspec's structs."""
    body = ast.parse(module.read_text()).body
    structs = [node.name for node in body if isinstance(node, ast.ClassDef) and is_struct(node)]
    logic = [getattr(node, "name", "") for node in body if is_logic(node)]
    assert not (structs and logic), (structs, logic)


def test_loose_modules_are_few() -> None:
    assert {module.name for module in ROOT.glob("*.py")} == LOOSE
