"""kill -9 at random moments while events flow: every change once and in sequence, as if nothing had happened."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from streams.settings import Settings
from tests.support.event_flow import CUSTOMERS, flowing
from tests.support.patience import stretched
from tests.support.worker_processes import Events, Workers, all_is_right

KILLS = int(os.environ.get("TIERFLOW_KILLS", "4"))


@pytest.mark.timeout(stretched(120 + 20 * KILLS))
async def test_every_change_is_there_once_after_kills(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    random = Random(20261124 + KILLS)  # noqa: S311 - repeatable, not secret
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            pair = [workers.start("w1"), workers.start("w2")]
            await asyncio.gather(*(worker.ready() for worker in pair))
            async with flowing(events):
                for _ in range(KILLS):
                    await asyncio.sleep(random.uniform(0.1, 3.0))
                    victim = random.choice(pair)
                    victim.kill()
                    await asyncio.sleep(random.uniform(0.0, 1.5))
                    victim.start_again()
                await asyncio.sleep(1.0)
            await asyncio.gather(*(worker.ready() for worker in pair))
            changes = await all_is_right(settings, environment, events)
    assert sum(map(len, changes.by_customer.values())) > len(CUSTOMERS)
