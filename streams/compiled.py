"""Whether the logic runs compiled: where a build of these very sources is there, its modules take the sources' place.

A build is a folder of `builds/`, in a checkout as in a wheel, and its name is the key of the sources that it was made
of. Edit one of them, and the key is another one: the build is not found, and the sources run
(docs/adr/0008-compiled-logic.md).
"""

import os
import sys
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOMS = ("values", "policy", "engine", "contracts", "partition")
"""What a key is made of: the rooms with compiled modules, and that whose types and constants are built into them."""

_PACKAGE = Path(__file__).parent
BUILDS = _PACKAGE / "builds"
_SUFFIX = EXTENSION_SUFFIXES[0]  # it names the version of Python, the system and the processor


def build_key(package: Path = _PACKAGE) -> str:
    """Gives the key of the sources: a hash of every one, by name, and of what Python they run on."""
    digest = blake2b(_SUFFIX.encode(), digest_size=10)
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            source = path.read_bytes()
            digest.update(f"{path.relative_to(package).as_posix()} {len(source)} ".encode())
            digest.update(source)
    return digest.hexdigest()


class CompiledFinder:
    """Finds the modules of one build, for `import`."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder of a build."""
        self._paths: Mapping[str, Path] = {
            ".".join(path.relative_to(folder).parts).removesuffix(_SUFFIX): path for path in folder.rglob(f"*{_SUFFIX}")
        }

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Finds a module by its full name; None where the build does not have it."""
        del path, target
        found = self._paths.get(name)
        return None if found is None else spec_from_file_location(name, found)


def use_compiled() -> None:
    """Lets `import` find the build of these sources, where there is one and the environment does not forbid it."""
    if not BUILDS.is_dir() or os.environ.get("TIERFLOW_INTERPRETED") == "1":
        return
    folder = BUILDS / build_key()
    if folder.is_dir():
        sys.meta_path.insert(0, CompiledFinder(folder))


def is_compiled() -> bool:
    """Says whether the logic of this process runs compiled."""
    return any(isinstance(finder, CompiledFinder) for finder in sys.meta_path)
