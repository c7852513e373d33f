"""Compiles the logic with mypyc: `make compiled` here, and the build of wheels (hatch_build.py).

    python compile_logic.py            a build of the sources as they are now, in streams/builds/
    python compile_logic.py --check    only says what mypyc would get wrong without a word

The `.py` files stay as they are. Compiled is every module of the rooms below but those that define data: mypyc drops
the class keywords of msgspec's structs without a word (frozen, array_like, gc), so data and logic stand in different
modules, and one that has both is refused here (docs/adr/0008-compiled-logic.md).
"""

import ast
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections import Counter
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))  # the build of a wheel runs where tierflow is not installed
from streams.compiled import BUILDS, build_key  # noqa: E402

ROOMS = ("values", "engine", "contracts", "partition")
_HEADER = ROOT / "inline_caches.h"
# Calls from one function to another need not look whether somebody else's is meant.
_FLAGS = ["-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt"]
DATA = frozenset({"Struct", "NamedTuple", "TypedDict", "Protocol", "Enum", "IntEnum", "StrEnum"})
"""Bases whose classes mypyc does not take as they are."""


class CannotCompileError(RuntimeError):
    """Why this machine, or this source, cannot be compiled."""


def build() -> Path:
    """Compiles the sources as they are now, unless that was done; gives the folder of the build.

    Raises:
        CannotCompileError: There is no compiler, it failed, or a module has data and logic.
    """
    key = build_key()
    folder, made_by = BUILDS / key, BUILDS / key / "made-by.txt"
    if folder.is_dir():
        if made_by.read_text() == _maker():
            return folder
        shutil.rmtree(folder)
    modules = logic_modules()
    _find_compiler()
    BUILDS.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=BUILDS, prefix=".making-") as making:
        _compile(modules, Path(making))
        if build_key() != key:
            raise CannotCompileError("a source was edited meanwhile: call it again")
        (Path(making) / "lib" / made_by.name).write_text(_maker())
        (Path(making) / "lib").rename(folder)  # whole or not at all
    return folder


def logic_modules() -> list[Path]:
    """Gives the modules that are compiled.

    Raises:
        CannotCompileError: A module has what mypyc gets wrong; the message says what.
    """
    modules = [path for room in ROOMS for path in sorted((ROOT / "streams" / room).rglob("*.py"))]
    if wrong := [f"{path.relative_to(ROOT)}: {why}" for path in modules if (why := what_is_wrong(path.read_text()))]:
        raise CannotCompileError("\n".join(wrong))
    return [path for path in modules if _is_logic(path.read_text())]


def what_is_wrong(source: str) -> str:
    """Says what of a module mypyc would get wrong, without a word; nothing where all is well."""
    tree = ast.parse(source)
    data, logic = data_and_logic(tree)
    if data and logic:
        return f"{', '.join(data)} beside {', '.join(logic)}: data and logic stand in modules apart"
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            caught = Counter(part.name for part in ast.walk(function) if isinstance(part, ast.ExceptHandler))
            if twice := [name for name, count in caught.items() if name and count > 1]:
                return f"{function.name} catches two errors as `{twice[0]}`, which has one type: name them apart"
    return ""


def data_and_logic(tree: ast.Module) -> tuple[list[str], list[str]]:
    """Gives the names of the data that a module defines, and those of its functions and other classes."""
    body = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    data: list[str] = []
    for node in body:
        if isinstance(node, ast.ClassDef) and (DATA | set(data)) & set(map(_word, node.bases)):
            data.append(node.name)
    return data, [node.name for node in body if node.name not in data]


def _is_logic(source: str) -> bool:
    _, logic = data_and_logic(ast.parse(source))
    return bool(logic) and "__main__" not in source  # a command has to have a source


def _word(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def _find_compiler() -> None:
    """Sees to it that there is a C compiler: the one Python was built by, or that of the package ziglang."""
    if shutil.which(shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]):
        return
    if find_spec("ziglang") is None:
        raise CannotCompileError(
            "there is no C compiler: install one (Debian: apt-get install gcc), or ziglang of PyPI"
        )
    os.environ["CC"] = f"{sys.executable} -m ziglang cc"
    os.environ["LDSHARED"] = f"{sys.executable} -m ziglang cc -shared"


def _maker() -> str:
    """Gives what else a build comes of, beside the sources: this script, its header, and the version of mypyc."""
    script = Path(__file__).read_bytes() + _HEADER.read_bytes()
    return f"mypyc {version('mypy')}, {blake2b(script, digest_size=10).hexdigest()}\n"


def _compile(modules: list[Path], making: Path) -> None:
    from mypyc.build import mypycify  # noqa: PLC0415 - both are there to build, and not to read the rules above
    from setuptools import setup  # noqa: PLC0415

    os.chdir(ROOT)
    sources = [str(path.relative_to(ROOT)) for path in modules]
    print(f"compiling {len(sources)} modules with mypyc, some minutes")  # noqa: T201
    try:
        extensions = mypycify(sources, opt_level="3", target_dir=str(making / "c"))
        for extension in extensions:
            extension.extra_compile_args += _FLAGS
        _remember_fields(making / "c")
        command = ["--quiet", "build_ext", f"--build-lib={making / 'lib'}", f"--build-temp={making / 'temp'}"]
        setup(name="tierflow-logic", packages=[], py_modules=[], ext_modules=extensions, script_args=command)
    except SystemExit as error:
        raise CannotCompileError(f"mypyc or the C compiler failed, see above: {error}") from error


def _remember_fields(folder: Path) -> None:
    """Puts inline_caches.h below the headers of what mypyc has written."""
    for path in folder.rglob("__native*.c"):
        written = path.read_text()
        below = re.sub(
            r'^#include "__native_internal_.*$',
            rf'\g<0>\n#include "{_HEADER}"',
            written,
            flags=re.MULTILINE,
        )
        path.write_text(below)


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--check"]:
            logic_modules()
        else:
            print(f"compiled: {build().relative_to(ROOT)}")  # noqa: T201
    except CannotCompileError as error:
        sys.exit(str(error))
