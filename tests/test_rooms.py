"""The plan of the house holds: structs and logic apart, every package says what may live in it."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import streams
from compile_logic import what_is_wrong

ROOT = Path(streams.__file__).parent
APART = ("values", "policy", "engine", "contracts", "partition", "stages")
MODULES = sorted(module for room in APART for module in (ROOT / room).rglob("*.py"))
PACKAGES = sorted(ROOT.rglob("__init__.py"))
LOOSE = {"__init__.py", "compiled.py", "errors.py", "logs.py", "metrics.py", "signals.py"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_can_be_compiled(module: Path) -> None:
    assert not what_is_wrong(module.read_text())


def test_loose_modules_are_few() -> None:
    assert {module.name for module in ROOT.glob("*.py")} == LOOSE


def test_one_class_alone_makes_transactions() -> None:
    """A late end is refused where the epoch was raised, and only there (docs/adr/0006)."""
    makers = {
        module.relative_to(ROOT).as_posix()
        for module in ROOT.rglob("*.py")
        if re.search(r"transactional_id=|begin_transaction\(|\.transaction\(\)", module.read_text())
    }
    assert makers == {"kafka/transactional.py"}


def rooms_imported(package: Path) -> set[str]:
    """Gives what the modules of a package import: other rooms, and in an inner package its own room's parts."""
    own = package.parent.relative_to(ROOT).parts
    found = set()
    modules = package.parent.rglob("*.py") if len(own) == 1 else package.parent.glob("*.py")
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                head, *parts = name.split(".")
                if head == "streams" and tuple(parts[: len(own)]) != own:
                    inner = len(parts) > 2 and parts[0] == own[0] and (ROOT / parts[0] / parts[1]).is_dir()
                    found.add(".".join(parts[: 2 if inner else 1]))
    return found


@pytest.mark.parametrize("package", PACKAGES[1:], ids=lambda package: str(package.parent.relative_to(ROOT)))
def test_a_package_says_what_may_live_in_it_and_what_it_may_import(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse(package.read_text())) or ""
    assert 6 <= len(docstring.splitlines()) <= 16
    *_, last = docstring.split("\n\n")
    assert last.startswith("May be imported here: "), last
    named = set(re.findall(r"`([a-z.]+)`", last))
    assert named == rooms_imported(package)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("engine/state.py", "if TYPE_CHECKING:\n    from streams.engine.apply import apply_event", "Inside engine"),
        ("engine/tiers/decide.py", "from streams.engine.tiers.outlook import outlook_of", "Inside engine/tiers"),
        ("policy/measures.py", "from streams.policy.compile.load import load_policy", "Inside policy"),
        ("kafka/topics.py", "from streams.worker.lane import Lane", "Rooms"),
        ("audit/report.py", "from streams.audit import run", "No circles, at any depth"),
    ],
)
def test_an_import_that_points_upward_is_found(module: str, line: str, broken: str, tmp_path: Path) -> None:
    """The rules of imports can fail: one line that breaks a rule makes `make check` name that rule."""
    shutil.copytree(ROOT, tmp_path / "streams", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT.parent / "pyproject.toml", tmp_path)
    with (tmp_path / "streams" / module).open("a") as file:
        file.write(f"\nfrom typing import TYPE_CHECKING\n{line}\n")
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"{broken} BROKEN" in found.stdout
