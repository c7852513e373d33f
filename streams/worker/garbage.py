"""Rare garbage collection, for processes that work batches.

A batch makes tens of thousands of objects that live until its end, and as many wait for the next one. They have no
cycles, and go by themselves. A collection meanwhile goes through all of them and finds nothing: one at every 200,000
objects took 3 to 5% of a busy worker's time, and found a few hundred objects in 300,000 events, all of the Kafka
client. After a batch it takes as long, for the sake of what waits. So it is left for moments in which nothing waits.
"""

import asyncio
import gc
from collections.abc import Callable

# The last resort: so many more objects than after the collection before. Full queues do not come to that.
_THRESHOLDS = (2_000_000, 20, 100)
_WHOLE_EVERY_S = 60.0
_BUSY_ROUNDS_LIMIT = 10


def collect_rarely() -> None:
    """Raises the collector's thresholds for this process."""
    gc.set_threshold(*_THRESHOLDS)


async def collect_when_idle(is_busy: Callable[[], bool]) -> None:
    """Collects all there is once a minute, without end; where the process is busy then, after ten minutes at most."""
    rounds = 0
    while True:
        await asyncio.sleep(_WHOLE_EVERY_S)
        rounds += 1
        if not is_busy() or rounds >= _BUSY_ROUNDS_LIMIT:
            gc.collect()
            rounds = 0
