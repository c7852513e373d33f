"""Whom a worker takes for the owner of a customer: of lanes that it may have lost, never itself."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from streams.api.source import Anyone, Local, Unavailable
from streams.kafka.policies import KnownPolicies
from streams.settings import Settings
from streams.worker import serving
from streams.worker.app import TierflowApp, create_app
from streams.worker.live import CUT_OFF
from streams.worker.serving import COMMITTING, WorkerSource
from tests.support.batches import ASSETS_ONLY, CUSTOMER, NUMBER, PARTITIONS, batches


@pytest.fixture(params=["murmur2", "none"])
async def app(names: dict[str, str], request: pytest.FixtureRequest) -> TierflowApp:
    """A worker that serves the one partition with CUSTOMER in it."""
    settings = Settings.from_environment(
        {**names, "TIERFLOW_PARTITIONER": request.param, "TIERFLOW_HTTP_PORT": "6066"}, dotenv=None
    )
    known = KnownPolicies({ASSETS_ONLY.digest: ASSETS_ONLY.document}, ASSETS_ONLY.digest, 0)
    made = create_app(settings, known, PARTITIONS)
    worked = batches(settings)
    worked.next()
    lane: Any = SimpleNamespace(
        partition=worked.partition,
        serving=True,
        number=NUMBER,
        committed=nothing_to_wait_for,
        stage=made.stages["customers"],
        title=f"partition {NUMBER}",
    )
    made.lanes["customers", NUMBER] = lane
    made.assigned = True
    made.consumer.member_until = lambda: time.monotonic() + 5
    return made


async def nothing_to_wait_for(key: bytes) -> None:
    assert key == CUSTOMER.encode()


def nobody(partitioner: str, why: str) -> Any:
    return Anyone([], searched=False) if partitioner == "none" else Unavailable(1.0, why)


async def test_a_served_partition_s_customer_is_ours(app: TierflowApp) -> None:
    source = WorkerSource(app)
    assert await source.owner(CUSTOMER) == Local()
    assert (source.ready().ready, sum(source.distribution().values())) == (True, 1)


async def test_nobody_is_ours_once_the_session_is_over(app: TierflowApp) -> None:
    app.consumer.member_until = lambda: time.monotonic() - 1
    source = WorkerSource(app)
    assert await source.owner(CUSTOMER) == nobody(app.settings.partitioner, CUT_OFF)
    assert (source.ready().reasons, sum(source.distribution().values())) == ([CUT_OFF], 0)


@pytest.mark.parametrize("lost", ["assigned", "lane"])
async def test_nobody_is_ours_between_assignments_and_while_a_lane_is_not_served(app: TierflowApp, lost: str) -> None:
    if lost == "assigned":
        app.assigned = False
    else:
        app.lanes["customers", NUMBER].serving = False  # type: ignore[misc]
    assert await WorkerSource(app).owner(CUSTOMER) == nobody(app.settings.partitioner, Unavailable(1.0).why)


async def test_whose_the_customer_is_is_said_once_the_transaction_under_way_has_ended(app: TierflowApp) -> None:
    over = asyncio.Event()

    async def committed(_: bytes) -> None:
        app.lanes["customers", NUMBER].serving = False  # type: ignore[misc]
        await over.wait()

    app.lanes["customers", NUMBER].committed = committed  # type: ignore[method-assign]
    asked = asyncio.create_task(WorkerSource(app).owner(CUSTOMER))
    await asyncio.sleep(0)
    assert not asked.done()
    over.set()
    assert await asked == nobody(app.settings.partitioner, Unavailable(1.0).why)


async def test_a_transaction_that_does_not_end_is_not_waited_for(
    app: TierflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def committed(_: bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(serving, "COMMITTED_WITHIN_S", 0.01)
    app.lanes["customers", NUMBER].committed = committed  # type: ignore[method-assign]
    assert await WorkerSource(app).owner(CUSTOMER) == Unavailable(1.0, COMMITTING)
