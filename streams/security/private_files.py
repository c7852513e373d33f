"""Files that hold secrets: whether others may read them is looked at, and said."""

import logging
import stat
from pathlib import Path

_log = logging.getLogger(__name__)


def warn_if_everybody_reads(file: Path, setting: str) -> None:
    """Warns where every user of this machine may read a file that a setting names.

    It is no error: in a container there is nobody else, and a volume of secrets is often mounted so.
    """
    if file.stat().st_mode & stat.S_IROTH:
        _log.warning(
            "%s: every user of this machine may read %s; chmod 600 it (in Kubernetes: fsGroup and defaultMode 0440)",
            setting,
            file,
        )
