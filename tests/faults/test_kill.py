"""kill -9 at random moments while events flow: every change once and in sequence, as if nothing had happened."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from running import Events, Workers, all_is_right

from streams.settings import Settings

KILLS = int(os.environ.get("TIERFLOW_KILLS", "4"))
CUSTOMERS = [f"C{number:05d}" for number in range(400)]


async def flow(events: Events, random: Random, stop: asyncio.Event) -> None:
    """About 2,000 events a second, of which a third moves somebody over a floor."""
    while not stop.is_set():
        for _ in range(40):
            customer = random.choice(CUSTOMERS)
            if random.random() < 0.5:
                await events.balance(customer, random.choice((100, 499_999, 500_000, 4_999_999, 5_000_000)))
            else:
                await events.purchase(customer, random.randrange(1, 1000))
        await events.settle()
        await asyncio.sleep(0.01)


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_every_change_is_there_once_after_kills(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    random = Random(20261124 + KILLS)
    stop = asyncio.Event()
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            pair = [workers.start("w1"), workers.start("w2")]
            await asyncio.gather(*(worker.ready() for worker in pair))
            flowing = asyncio.create_task(flow(events, random, stop))
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.1, 3.0))
                victim = random.choice(pair)
                victim.kill()
                await asyncio.sleep(random.uniform(0.0, 1.5))
                victim.start_again()
            await asyncio.sleep(1.0)
            stop.set()
            await flowing
            await asyncio.gather(*(worker.ready() for worker in pair))
            changes = await all_is_right(settings, environment, events)
            assert [await worker.stop() for worker in pair] == [0, 0]
    assert sum(map(len, changes.by_customer.values())) > len(CUSTOMERS)
