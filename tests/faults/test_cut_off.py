"""A worker that the group may have given up answers for nobody, though it hears nothing of that."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientTimeout

from streams.worker.lane_app import SESSION_TIMEOUT_S
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.worker_processes import Events, Worker, Workers, applied, customers_of, until

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# A worker that does not come to say that no Kafka answers at all: it would say that in the place of what is looked for.
TRUSTFUL = """
import sys
from streams.cli.main import run
from streams.kafka import contact
contact.SILENT_AFTER_S = 3_600.0
sys.argv = ["tierflow", "worker"]
run()
"""


def url_of(worker: Worker) -> str:
    [(url,)] = worker.says(r"ready at (http://[^,]*),")[-1:]
    return url


async def get(worker: Worker, path: str) -> tuple[int, Any]:
    url = url_of(worker)
    async with ClientSession(timeout=ClientTimeout(total=stretched(5))) as session, session.get(url + path) as response:
        return response.status, await response.json(content_type=None)


async def ask(worker: Worker, path: str) -> Connection:
    """Sends a question, which is in the socket of the worker when this returns: that may be a stopped process."""
    url = urlsplit(url_of(worker))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
    return reader, writer


async def status_of(connection: Connection) -> int | None:
    """The status of the answer; None where the connection ends without one."""
    reader, writer = connection
    try:
        async with asyncio.timeout(stretched(10)):
            line = await reader.readline()
    except ConnectionError:
        return None
    finally:
        writer.close()
    return int(line.split()[1]) if line else None


async def is_ready(worker: Worker) -> bool:
    return (await get(worker, "/readyz"))[0] == 200


async def test_a_worker_without_its_broker_answers_for_nobody_until_it_is_heard_again(
    own: OwnBroker, tmp_path: Path
) -> None:
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start(code=TRUSTFUL)
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
        asked = [await ask(zombie, path) for path in ("/readyz", f"/customers/{customer}")]
        zombie.signal(signal.SIGCONT)
        for connection in asked:
            assert await status_of(connection) in {503, None}
