"""A worker that the group may have given up answers for nobody, though it hears nothing of that."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from streams.worker.lane_app import SESSION_TIMEOUT_S
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.worker_processes import Events, Worker, Workers, applied, customers_of, until


async def get(worker: Worker, path: str) -> tuple[int, Any]:
    [(url,)] = worker.says(r"ready at (http://[^,]*),")[-1:]
    async with ClientSession(timeout=ClientTimeout(total=stretched(5))) as session, session.get(url + path) as response:
        return response.status, await response.json(content_type=None)


async def is_ready(worker: Worker) -> bool:
    return (await get(worker, "/readyz"))[0] == 200


async def test_a_worker_without_its_broker_answers_for_nobody_until_it_is_heard_again(
    own: OwnBroker, tmp_path: Path
) -> None:
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        async with Events(own.settings) as events:
            await events.balance("C001", 600_000)
            await events.settle()
            await applied(own.settings)
        assert (await get(worker, "/customers/C001"))[0] == 200
        own.freeze()
        try:
            await asyncio.sleep(SESSION_TIMEOUT_S)
            status, problem = await get(worker, "/readyz")
            assert status == 503
            assert "has not answered this worker within its session" in problem["reasons"][0]
            status, problem = await get(worker, "/customers/C001")
            assert (status, problem["detail"]) == (503, (await get(worker, "/readyz"))[1]["reasons"][0])
            _, tiers = await get(worker, "/tiers")
            assert (tiers["complete"], tiers["customers"]) == (False, 0)
            assert (await get(worker, "/healthz"))[0] == 200
        finally:
            own.thaw()
        await until(lambda: is_ready(worker), 30, "it is ready again")
        assert (await get(worker, "/customers/C001"))[1]["tier"] == "mid"
        assert worker.process.poll() is None


@pytest.mark.usefixtures("settings")
async def test_a_worker_that_was_stopped_past_its_session_answers_for_nobody_from_its_first_answer_on(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        zombie, heir = workers.start("w1"), workers.start("w2")
        await asyncio.gather(zombie.ready(), heir.ready())
        await until(lambda: len(zombie.holds or ()) == len(heir.holds or ()) == 2, 30, "two partitions each")
        assert zombie.holds is not None
        [customer] = customers_of(min(zombie.holds), 1)
        zombie.signal(signal.SIGSTOP)
        await until(lambda: heir.holds == {0, 1, 2, 3}, 30, "the heir has all partitions")
        asked = asyncio.gather(get(zombie, "/readyz"), get(zombie, f"/customers/{customer}"), return_exceptions=True)
        await asyncio.sleep(0.5)  # the questions wait in the socket of the stopped process
        zombie.signal(signal.SIGCONT)
        for answer in await asked:
            assert isinstance(answer, ClientError) or answer[0] == 503
