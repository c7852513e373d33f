"""The time zone data of this machine."""

import zoneinfo
from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def time_zone_data() -> str:
    """Gives the version of the time zone data that Python uses here, such as 2026a; "unknown" if it does not say.

    The machine's own comes before the package's, as in Python itself.
    """
    for folder in (*map(Path, zoneinfo.TZPATH), files("tzdata") / "zoneinfo"):
        if (folder / "tzdata.zi").is_file():
            with (folder / "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        if (folder / "Etc").is_dir():
            break
    return "unknown"
