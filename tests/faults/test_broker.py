"""The broker restarts, or is away, while a worker runs."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.event_flow import CUSTOMERS, flowing
from tests.support.own_broker import OwnBroker
from tests.support.unit import Unit
from tests.support.worker_processes import PARTITIONS, Events, Workers, all_is_right, applied, group_offsets, until


@pytest.mark.parametrize(
    ("end", "away_s"),
    [
        (OwnBroker.kill, 0.0),
        pytest.param(OwnBroker.stop, 0.0, marks=pytest.mark.soak),
        pytest.param(OwnBroker.stop, 25.0, marks=pytest.mark.soak),
    ],
)
async def test_a_worker_survives_a_restart_of_the_broker(
    own: OwnBroker, tmp_path: Path, end: Callable[[OwnBroker], None], away_s: float
) -> None:
    """Restarted alone, Kafka may lose the ends of transactions that are just being committed (worker/leftovers.py)."""
    with Workers(own.environment, tmp_path) as workers:
        # The worker makes the topics itself, on a broker where nothing was ever coordinated.
        worker = workers.start()
        await worker.ready()
        async with Events(own.settings) as events:
            async with flowing(events):
                await asyncio.sleep(1.0)
                await asyncio.to_thread(end, own)
                await asyncio.sleep(away_s)
                await asyncio.to_thread(own.start)
                await asyncio.sleep(1.0)
            await all_is_right(own.settings, own.environment, events)
            assert worker.process.poll() is None, worker.tail()
            assert await worker.stop() == 0


@pytest.mark.soak
async def test_workers_come_back_by_their_unit_alone_after_90_s_without_a_broker(
    own: OwnBroker, tmp_path: Path
) -> None:
    with Workers(own.environment, tmp_path) as workers:
        both = [workers.start(name) for name in ("w1", "w2")]
        await asyncio.gather(*(worker.ready() for worker in both))
        unit = Unit(both)
        async with Events(own.settings) as events, unit.supervising():
            async with flowing(events):
                await asyncio.sleep(1.0)
                await asyncio.to_thread(own.stop)
                await asyncio.sleep(90.0)
                unit.are_up()
                await asyncio.to_thread(own.start)
            await all_is_right(own.settings, own.environment, events)
            unit.are_up()


@pytest.mark.soak
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
            await asyncio.to_thread(own.stop)
            assert await worker.stop() == 0


BROKEN_ONCE_A_FILE_IS_THERE = """
from pathlib import Path
from streams.cli.main import run
from streams.worker.frame.transport import FetchThread
fetch = FetchThread._fetch_records
async def broken(self, *arguments, **options):
    if Path({file!r}).exists():
        {breaks}
    return await fetch(self, *arguments, **options)
FetchThread._fetch_records = broken
import sys
sys.argv = ["tierflow", "worker"]
run()
"""


@pytest.mark.parametrize(
    "breaks",
    [
        "raise RuntimeError('a defect')",
        pytest.param("raise SystemExit(3)", marks=pytest.mark.soak),
        # aiokafka's own task that fetches ends, and tells nobody.
        pytest.param("self._consumer._fetcher._get_actions_per_node = None", marks=pytest.mark.soak),
    ],
)
async def test_a_dead_consumer_thread_ends_the_worker(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, breaks: str
) -> None:
    with Workers(environment, tmp_path) as workers:
        file = tmp_path / "break"
        worker = workers.start("broken", BROKEN_ONCE_A_FILE_IS_THERE.format(file=str(file), breaks=breaks))
        async with Events(settings) as events:
            await worker.ready()
            async with flowing(events):
                await until(lambda: group_offsets(settings), 20, "something is committed")
                file.touch()
                assert await worker.ended() != 0
            await workers.start("sound").ready()
            await all_is_right(settings, environment, events)


FORGETFUL = {
    "transactional.id.expiration.ms": "2000",
    "producer.id.expiration.ms": "2000",
    "transaction.remove.expired.transaction.cleanup.interval.ms": "500",
}


@pytest.mark.soak
@pytest.mark.parametrize("broker_settings", [FORGETFUL])
async def test_producers_that_the_broker_has_forgotten_are_made_anew(own: OwnBroker, tmp_path: Path) -> None:
    """A broker forgets a transactional id after 7 days without a transaction; this one after 2 s."""
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        async with Events(own.settings) as events:
            for amount in (100, 600_000, 100):
                await events.balance("C001", amount)
                await events.settle()
                await applied(own.settings)
                await asyncio.sleep(5.0)
            await all_is_right(own.settings, own.environment, events)
        assert worker.says("(taking) over again")
