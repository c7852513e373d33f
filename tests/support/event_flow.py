"""Events that flow while something happens to the workers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from tests.support.worker_processes import Events

CUSTOMERS = [f"C{number:05d}" for number in range(400)]
# At and just below the floors: half of the balances move somebody.
AMOUNTS = (100, 499_999, 500_000, 4_999_999, 5_000_000)


@asynccontextmanager
async def flowing(
    events: Events, seed: int = 1, customers: Sequence[str] = CUSTOMERS, a_second: int = 2_000
) -> AsyncIterator[None]:
    """Balances and purchases of random customers for the length of the block; all are there at its end."""
    stop = asyncio.Event()
    task = asyncio.create_task(_flow(events, Random(seed), stop, customers, a_second))  # noqa: S311 - repeatable
    try:
        yield
    finally:
        stop.set()
        await task


async def _flow(events: Events, random: Random, stop: asyncio.Event, customers: Sequence[str], a_second: int) -> None:
    while not stop.is_set():
        for _ in range(a_second // 50):
            customer = random.choice(customers)
            if random.random() < 0.5:
                await events.balance(customer, random.choice(AMOUNTS))
            else:
                await events.purchase(customer, random.randrange(1, 1000))
        await events.settle()
        await asyncio.sleep(0.02)
