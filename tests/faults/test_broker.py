"""The broker restarts, or is away, while a worker runs."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flows import CUSTOMERS, flowing
from running import SOAK, Events, Workers, all_is_right, applied, until

from streams.kafka import local
from streams.kafka.topics import ensure_topics
from streams.settings import Settings

PARTITIONS = 4


class OwnBroker:
    """A broker of the test's own, and what connects to it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = local.free_port()
        local.start(folder, self.port)
        self.environment = {**environment, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.port}"}
        self.settings = Settings.from_environment(self.environment, dotenv=None)


@pytest.fixture
def own(environment: Mapping[str, str], tmp_path: Path) -> Iterator[OwnBroker]:
    broker = OwnBroker(tmp_path / "kafka", environment)
    yield broker
    local.stop(broker.folder)


@pytest.mark.parametrize("away_s", [0.0, pytest.param(25.0, marks=pytest.mark.skipif(not SOAK, reason="soak only"))])
async def test_a_worker_survives_a_restart_of_the_broker(own: OwnBroker, tmp_path: Path, away_s: float) -> None:
    # The worker makes the topics itself, on a broker where nothing was ever coordinated.
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        async with Events(own.settings) as events:
            async with flowing(events):
                await asyncio.sleep(1.0)
                await asyncio.to_thread(local.stop, own.folder)
                await asyncio.sleep(away_s)
                await asyncio.to_thread(local.start, own.folder, own.port)
                await asyncio.sleep(1.0)
            await all_is_right(own.settings, own.environment, events)
            assert worker.process.poll() is None, worker.tail()
            assert await worker.stop() == 0


async def test_sigterm_ends_a_worker_though_the_broker_is_away(own: OwnBroker, tmp_path: Path) -> None:
    await ensure_topics(own.settings, PARTITIONS)
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start()
        async with Events(own.settings) as events:
            for customer in CUSTOMERS:
                await events.balance(customer, 600_000)
            await events.settle()
            await applied(own.settings)
            await worker.ready()
            await asyncio.to_thread(local.stop, own.folder)
            await until(lambda: local.status(own.folder) is None, 10, "the broker is away")
            assert await worker.stop() == 0


BROKEN_AFTER_50_FETCHES = """
from itertools import count
from streams.cli.main import run
from streams.kafka.transport import FetchThread
fetch, number = FetchThread._fetch_records, count()
async def broken(self, *arguments, **options):
    if next(number) > 50:
        raise {error}
    return await fetch(self, *arguments, **options)
FetchThread._fetch_records = broken
import sys
sys.argv = ["tierflow", "worker"]
run()
"""


@pytest.mark.parametrize("error", ["RuntimeError('a defect')", "SystemExit(3)"])
async def test_a_dead_consumer_thread_ends_the_worker(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, error: str
) -> None:
    with Workers(environment, tmp_path) as workers:
        worker = workers.start("broken", BROKEN_AFTER_50_FETCHES.format(error=error))
        async with Events(settings) as events:
            await worker.ready()
            async with flowing(events):
                assert await worker.ended() != 0
            await workers.start("sound").ready()
            await all_is_right(settings, environment, events)
