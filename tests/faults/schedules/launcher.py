"""`tierflow worker` that ends itself, or stands still, at a named point, and whose clock may be wrong, when told so.

It is told by files in a folder: `armed` (the point, the signal, the how manieth time) and `clock_ms` (what to add to
the time). Where it has happened, `armed` is gone: a full disk lets no file grow, and that is to hinder nothing here.
"""

import functools
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.schedules.points import ONLY_FOR, POINTS, Point, owner_of

CONTROL = "FAULTS_CONTROL"
_LOOKED_AT_EVERY_S = 0.1


class Armed:
    """What the harness has asked for, if anything."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "armed"
        self._left: dict[str, int] = {}  # by what was asked for: how many times the point is still passed

    def reached(self, point: str) -> None:
        """Ends or stops the process, if it is to happen here and now."""
        try:
            asked = self._file.read_text()
        except OSError:
            return
        wanted = json.loads(asked)
        if wanted["point"] != point:
            return
        self._left[asked] = self._left.get(asked, wanted["times"]) - 1
        if self._left[asked] > 0:
            return
        self._file.unlink(missing_ok=True)
        os.kill(os.getpid(), wanted["signal"])


def wrap(name: str, point: Point, reached: Callable[[str], None]) -> None:
    """Has a function say that a named point is reached."""
    owner = owner_of(point)
    function = getattr(owner, point.function)

    def says(arguments: tuple[Any, ...], moment: str) -> None:
        if point.moment == moment and (name not in ONLY_FOR or _name_of(arguments[1]).startswith(ONLY_FOR[name])):
            reached(name)

    @functools.wraps(function)
    async def later(*arguments: Any, **more: Any) -> Any:
        says(arguments, "before")
        result = await function(*arguments, **more)
        says(arguments, "after")
        return result

    @functools.wraps(function)
    def at_once(*arguments: Any, **more: Any) -> Any:
        says(arguments, "before")
        result = function(*arguments, **more)
        says(arguments, "after")
        return result

    setattr(owner, point.function, later if inspect.iscoroutinefunction(function) else at_once)


def _name_of(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def shift_clock(folder: Path) -> None:
    """Adds to the time of the clock whatever the file says, from now on."""
    shift_ms = 0
    time_s, time_ns = time.time, time.time_ns
    time.time = lambda: time_s() + shift_ms / 1000
    time.time_ns = lambda: time_ns() + shift_ms * 1_000_000

    def look() -> None:
        nonlocal shift_ms
        try:
            shift_ms = int((folder / "clock_ms").read_text() or 0)
        except (OSError, ValueError):
            return

    def keep_looking() -> None:
        while True:
            look()
            time.sleep(_LOOKED_AT_EVERY_S)

    look()
    threading.Thread(target=keep_looking, daemon=True).start()


def main() -> None:
    """Runs the worker."""
    folder = Path(os.environ[CONTROL])
    shift_clock(folder)
    armed = Armed(folder)
    for name, point in POINTS.items():
        wrap(name, point, armed.reached)
    from streams.cli.main import run  # noqa: PLC0415 - after the clock is wrapped

    sys.argv = ["tierflow", "worker"]
    run()
