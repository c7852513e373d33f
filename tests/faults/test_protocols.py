"""A cluster without transaction protocol 2, one that gets it while a worker runs, and workers on both."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.kafka import local
from tests.support.event_flow import CUSTOMERS
from tests.support.features import finalize
from tests.support.own_broker import OwnBroker
from tests.support.worker_processes import PARTITIONS, Events, Workers, all_is_right, applied, metrics

ADDS = 'tierflow_batch_step_seconds_count{stage="customers",step="add_partitions"}'
ENDS = 'tierflow_batch_step_seconds_count{stage="customers",step="end"}'


@pytest.fixture(params=[0, pytest.param(1, marks=pytest.mark.soak)])
def broker_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    feature = ("--feature", f"transaction.version={request.param}")
    monkeypatch.setattr(local, "_FORMAT", (*local._FORMAT, *feature))
    return {}


async def test_a_worker_takes_the_second_protocol_once_the_cluster_has_it(own: OwnBroker, tmp_path: Path) -> None:
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        async with Events(own.settings) as events:

            async def work(amount: int) -> tuple[float, float]:
                for customer in CUSTOMERS[:100]:
                    await events.balance(customer, amount)
                await events.settle()
                await applied(own.settings)
                adds, ends = await metrics(worker, ADDS, ENDS)
                return adds, ends

            adds, ends = await work(100)
            assert adds == ends > 0
            await finalize(own.settings, "transaction.version", 2)
            adds, ends = await work(600_000)
            assert adds == ends, "a producer that runs keeps to its protocol"
            assert await worker.stop() == 0
            worker.start_again()
            await worker.ready()
            adds, ends = await work(6_000_000)
            while ends <= 2 * PARTITIONS:
                adds, ends = await work(100 if events.balances[CUSTOMERS[0]] > 100 else 6_000_000)
            # On one broker records add their partitions themselves, once a producer knows where the group's offsets go.
            assert adds < ends
            await all_is_right(own.settings, own.environment, events)
            assert await worker.stop() == 0
