"""Settings with which states and outputs are sealed, and batches that are sealed by hand."""

import base64
import os
from pathlib import Path

from streams.partition.seals import Seals
from streams.partition.work import Work

SEALED = os.environ.get("TIERFLOW_SEALED") == "1"
"""Whether this run is one with all states and outputs sealed."""

MASTER = base64.b64encode(b"m" * 32).decode()


def sealing_settings(folder: Path) -> dict[str, str]:
    """The settings, with a master key in a file of this folder."""
    file = folder / "master.key"
    file.write_text(MASTER)
    file.chmod(0o600)
    return {"TIERFLOW_KEYS": "on", "TIERFLOW_KEYS_MASTER_FILE": str(file)}


def sealed(seals: Seals | None, work: Work) -> Work:
    """A batch as a worker commits it."""
    if seals is None:
        return work
    for _ in seals.sealing(work):
        pass
    return seals.sealed
