"""The time of a delivery, handed in: the real one, or one that a test or a simulation moves on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Clock(NamedTuple):
    """Seconds: `monotonic` for waiting, `time` since 1970 for what is written down; `sleep` waits by `monotonic`."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
