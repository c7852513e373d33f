"""The clock of a delivery, handed in: the real one, or one that a test moves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Clock(NamedTuple):
    """Times in seconds: `monotonic` for waiting, `time` since the epoch for records; `sleep` waits by `monotonic`."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
