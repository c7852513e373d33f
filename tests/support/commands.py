"""The command line as a user has it: a process, its exit status, and what it says."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.patience import stretched

TIERFLOW = str(Path(sys.executable).with_name("tierflow"))


class Said(NamedTuple):
    """What a command ended with, and wrote."""

    status: int
    out: str
    err: str


def tierflow(environment: Mapping[str, str], *arguments: str, within_s: float = 30.0, program: str = TIERFLOW) -> Said:
    """Runs a command to its end. within_s: as a quiet machine needs it. program: the `tierflow` of another release."""
    done = subprocess.run(
        [program, *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=stretched(within_s),
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
