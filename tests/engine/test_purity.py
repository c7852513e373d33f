import ast
import sys
from pathlib import Path

import streams.engine

ENGINE = Path(streams.engine.__file__).parent
# What the engine may stand on: no I/O, no clock, no threads, no randomness.
PURE = {
    "collections",
    "datetime",
    "difflib",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "re",
}
PURE |= {"tomllib", "typing", "zoneinfo", "msgspec", "bisect", "operator", "abc"}
IMPURE_CALLS = {"now", "utcnow", "today", "time", "monotonic", "open", "print", "input", "random", "getenv"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name if name.startswith("streams.") else name.partition(".")[0] for name in names}


def test_the_engine_imports_itself_and_what_is_pure() -> None:
    for module in ENGINE.glob("*.py"):
        others = {name for name in imported(ast.parse(module.read_text())) if not name.startswith("streams.engine.")}
        assert others <= PURE, module.name
    assert sys.stdlib_module_names >= PURE - {"msgspec"}


def test_the_engine_asks_no_clock_and_touches_no_file() -> None:
    for module in ENGINE.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                # datetime.time() with nothing in it is midnight.
                assert name not in IMPURE_CALLS or (name == "time" and not node.args), f"{module.name}: {name}()"


def test_the_engine_has_no_floats() -> None:
    for module in ENGINE.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            # How alike two words are is a float: in the sentences for wrong words alone.
            is_float = module.name != "texts.py" and isinstance(node, ast.Constant) and isinstance(node.value, float)
            assert not is_float, f"{module.name}:{getattr(node, 'lineno', 0)}"
            assert getattr(node, "id", "") != "float", f"{module.name}:{getattr(node, 'lineno', 0)}"
