"""This machine's clock. Record batches are stamped by it, and it is held against the brokers' (broker_clock.py)."""

import time
from collections.abc import Callable


def wall_ms() -> int:
    """Gives the time of this machine's clock, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


# Where there is one that goes on while the machine is suspended, that.
_RUNNING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def running_ms() -> int:
    """Gives a time that nobody can set: that since this machine was started, in milliseconds."""
    return time.clock_gettime_ns(_RUNNING) // 1_000_000


class WatchedClock:
    """A clock that is called for the time, and notices at once when it was set.

    What is decided at a wrong time is not taken back, so a look at the broker's clock each minute would be too late.
    """

    def __init__(
        self,
        limit_ms: int,
        on_leap: Callable[[int], None],
        now_ms: Callable[[], int] = wall_ms,
        passed_ms: Callable[[], int] = running_ms,
    ) -> None:
        """Begins now. on_leap: called before a time is given that is off by more than limit_ms; with by how much."""
        self._limit_ms = limit_ms
        self._on_leap = on_leap
        self._now_ms, self._passed_ms = now_ms, passed_ms
        self._before = now_ms() - passed_ms()

    def __call__(self) -> int:
        """Gives the time, in epoch milliseconds."""
        now_ms = self._now_ms()
        started_ms = now_ms - self._passed_ms()
        leap_ms, self._before = started_ms - self._before, started_ms
        if abs(leap_ms) > self._limit_ms:
            self._on_leap(leap_ms)
        return now_ms
