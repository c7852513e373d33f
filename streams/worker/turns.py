"""Whose turn it is to compute: one lane at a time, and none for long, so that the event loop is never blocked.

Decoding, working and packing a batch takes half a second of one lane, and many lanes are busy while they catch up. What
else the loop has to do waits meanwhile: HTTP, and the round trips of transactions, which have 8 s.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

SLICE_S = 0.02


class Turns:
    """The turns of all lanes of a worker, SLICE_S each, in the order in which they ask."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def work(
        self,
        steps: Iterable[int],
        until: Callable[[], bool] = lambda: False,
        after_full: Callable[[], None] = lambda: None,
    ) -> tuple[int, float]:
        """Goes through the steps, a slice a turn; gives the last step, 0 where there is none, and the seconds it took.

        until: asked between two slices; where it is True, no further step is taken. after_full: called after a slice
        that was too short for all of them.
        """
        last, seconds, left = 0, 0.0, iter(steps)
        while True:
            async with self._lock:
                began = time.perf_counter()
                is_done = True
                for step in left:
                    last = step
                    if time.perf_counter() - began >= SLICE_S:
                        is_done = False
                        break
                seconds += time.perf_counter() - began
                if not is_done:
                    after_full()
                # Before the next lane: or each lane would have a slice in one round of the loop.
                await asyncio.sleep(0)
            if is_done or until():
                return last, seconds
