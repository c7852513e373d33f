"""More partitions: every customer goes on in the new place as if nothing had been."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from streams.settings import Settings
from tests.support.commands import tierflow
from tests.support.worker_processes import Events, Workers, applied, audit_is_clean


async def test_customers_go_on_after_a_growth(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    customers = [f"C{number:05}" for number in range(200)]
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            for customer in customers:
                await events.balance(customer, 600_000)
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            said = await asyncio.to_thread(tierflow, environment, "topics", "grow", "--partitions", "8")
            assert said.status == 0
            await audit_is_clean(environment)
            worker.start_again()
            await worker.ready()
