"""Whose turn it is to compute: one lane at a time, and none for long, so that the event loop is never blocked.

Decoding, working and packing a batch takes half a second of one lane, and many lanes are busy while they catch up. What
else the loop has to do waits meanwhile: HTTP, and the round trips of transactions, which have 8 s, and whose answers
pass through the loop several times each. So within its turn a lane lets the loop go round every BREATH_S. It gives its
turn away after SLICE_S only: lanes that took turns as often would all have done their batches at the very end.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext

SLICE_S = 0.02
BREATH_S = 0.002
LARGE_BATCH = 2_000  # entries: a batch that only comes of catching up


class Turns:
    """The turns of all lanes of a worker, SLICE_S each, in the order in which they ask."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._large = asyncio.Lock()

    def large(self, entries: int) -> AbstractAsyncContextManager[None]:
        """Lets one lane at a time be in the middle of a large batch: what it has opened takes ten times its bytes.

        Small batches take their turns meanwhile. entries: of the batch.
        """
        return self._large if entries > LARGE_BATCH else nullcontext()

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
                last, took_s, is_done = await _turn(left, last)
                seconds += took_s
                if not is_done:
                    after_full()
            if is_done or until():
                return last, seconds


async def _turn(left: Iterator[int], last: int) -> tuple[int, float, bool]:
    """Goes on with the steps for a slice; gives the last one, the seconds it took, and whether there are no more."""
    seconds, is_done, ends_at = 0.0, False, time.perf_counter() + SLICE_S
    while True:
        began = time.perf_counter()
        last, is_done = _breath(left, last)
        now = time.perf_counter()
        seconds += now - began
        # Before the next lane, too: or each lane would have a slice in one round of the loop.
        await asyncio.sleep(0)
        if is_done or now >= ends_at:
            return last, seconds, is_done


def _breath(left: Iterator[int], last: int) -> tuple[int, bool]:
    ends_at = time.perf_counter() + min(BREATH_S, SLICE_S)
    for step in left:
        last = step
        if time.perf_counter() >= ends_at:
            return last, False
    return last, True
