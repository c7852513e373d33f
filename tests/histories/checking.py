"""Builds the checker (checker/, in Go) and asks it."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).with_name("checker")
LINEARIZABLE, NOT_LINEARIZABLE, UNREADABLE, UNKNOWN = range(4)


class NoCheckerError(Exception):
    """The checker cannot be had on this machine: Go is missing, or Porcupine cannot be fetched."""


class Verdict(NamedTuple):
    """What the checker says: its exit status, and a line an object."""

    status: int
    said: str


class Checker:
    """The checker's program, built into a folder; Go keeps what it has compiled in a cache of its own."""

    def __init__(self, folder: Path) -> None:
        """Builds it.

        Raises:
            NoCheckerError: It cannot be had here.
        """
        if shutil.which("go") is None:
            raise NoCheckerError("the checker is written in Go, and there is no `go` here")
        fetched = subprocess.run(["go", "mod", "download"], cwd=SOURCES, capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            raise NoCheckerError(f"Porcupine cannot be fetched: {fetched.stderr}")
        folder.mkdir(parents=True, exist_ok=True)
        self._program = folder.resolve() / "checker"
        subprocess.run(["go", "build", "-o", self._program, "."], cwd=SOURCES, check=True)

    def verdict(self, histories: Sequence[Path], pictures: Path, within: str = "60s") -> Verdict:
        """Checks histories. pictures: the folder for those of what is not linearizable. within: the time an object."""
        pictures.mkdir(parents=True, exist_ok=True)
        options = ["-within", within, "-pictures", str(pictures)]
        run = subprocess.run(
            [self._program, *options, *map(str, histories)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Verdict(run.returncode, run.stdout)
