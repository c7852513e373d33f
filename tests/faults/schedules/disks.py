"""Disks that are full, or cannot be written to: file systems in memory, where mounting them is permitted."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

_SIZE_MIB = 256  # of memory, while it is full
_TRIES = 10
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Disk:
    """The data folder of a broker on a file system of its own. Where that may not be, it is always as it should be."""

    def __init__(self, folder: Path, size_mib: int = _SIZE_MIB) -> None:
        self._folder = folder
        self._size_mib = size_mib
        self._filler = folder / "filler"
        self._is_mounted = False
        self._is_read_only = False

    def mount(self) -> None:
        """To be called before anything is in the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._is_mounted = _mount(self._folder, f"size={self._size_mib}m")

    def discard(self) -> None:
        """Takes the file system away, with all that is on it."""
        self.heal()
        if self._is_mounted:
            take_away(self._folder)
            self._is_mounted = False

    def fill(self) -> bool:
        """Leaves no room at all; False where it is not a file system of its own, or cannot be filled."""
        if not self._is_mounted:
            return False
        with self._filler.open("wb") as filler:
            for _ in range(_TRIES):
                free = os.statvfs(self._folder).f_bavail
                with suppress(OSError):  # the broker took some of it meanwhile
                    os.posix_fallocate(filler.fileno(), 0, filler.seek(0, os.SEEK_END) + free * _PAGE_BYTES)
        return os.statvfs(self._folder).f_bavail == 0

    def make_read_only(self) -> bool:
        """Lets no file be made or opened in the folder; those that are open can be written to still."""
        self._is_read_only = lay_read_only(self._folder)
        return self._is_read_only

    def heal(self) -> None:
        if self._is_read_only:
            take_away(self._folder)
            self._is_read_only = False
        self._filler.unlink(missing_ok=True)


def lay_read_only(folder: Path) -> bool:
    """Lays a file system over a folder that cannot be written to; False where that is not permitted."""
    return _mount(folder, "ro,size=64k")


def take_away(folder: Path) -> None:
    """Takes away what was laid over a folder last."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
