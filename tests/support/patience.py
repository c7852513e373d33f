"""How long a test waits for what is to come. A limit says that something hangs; it never measures how quick it is."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

# Limits are written as a quiet machine needs them, with room. One that does much else at once takes longer.
STRETCH = 4


def stretched(seconds: float) -> float:
    return STRETCH * seconds


async def until(reached: Callable[[], Any], within_s: float, what: str) -> None:
    """Waits for a condition; it may be a coroutine function. within_s: as a quiet machine needs it."""
    give_up_at = time.monotonic() + stretched(within_s)
    while True:
        answer = reached()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < give_up_at, f"not within {stretched(within_s):.0f} s: {what}"
        await asyncio.sleep(0.02)


def wait_until(reached: Callable[[], Any], within_s: float, what: str) -> None:
    """Waits as `until` does, where no loop runs."""
    give_up_at = time.monotonic() + stretched(within_s)
    while not reached():
        assert time.monotonic() < give_up_at, f"not within {stretched(within_s):.0f} s: {what}"
        time.sleep(0.02)
