"""Faults of every kind one after another, at random moments, on a broker of its own: only in a soak."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer

from tests.support.event_flow import flowing
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.unit import Unit
from tests.support.worker_processes import PARTITIONS, Events, Worker, Workers, all_is_right

FAULTS = int(os.environ.get("TIERFLOW_FAULTS", "30"))
SEED = int(os.environ.get("TIERFLOW_SEED", "1"))


class Faults:
    """What may happen; each returns when it is over, not when it is mended."""

    def __init__(self, broker: OwnBroker, workers: list[Worker], random: Random) -> None:
        self._broker = broker
        self._workers = workers
        self._random = random

    async def kill(self) -> None:
        """The unit starts it again."""
        self._random.choice(self._workers).process.kill()

    async def terminate(self) -> None:
        victim = self._random.choice(self._workers)
        if victim.process.poll() is not None:
            return  # it waits for the unit
        assert await victim.stop() == 0, victim.tail()
        victim.start_again()

    async def freeze(self) -> None:
        """Shorter than the session, past it, or past the timeout of transactions."""
        victim = self._random.choice(self._workers)
        if victim.process.poll() is not None:
            return
        victim.signal(signal.SIGSTOP)
        await asyncio.sleep(self._random.choice((0.5, 4.0, 8.0, 13.0)))
        victim.signal(signal.SIGCONT)

    async def fence(self) -> None:
        name = f"{self._broker.settings.app_id}-{self._random.randrange(PARTITIONS)}-{self._random.choice('ab')}"
        producer = AIOKafkaProducer(**self._broker.settings.client_options(), transactional_id=name)
        await producer.start()
        await producer.stop()

    async def restart_the_broker(self) -> None:
        await asyncio.to_thread(self._random.choice((self._broker.stop, self._broker.kill)))
        await asyncio.sleep(self._random.choice((0.0, 3.0, 3.0, 90.0)))
        await asyncio.to_thread(self._broker.start)

    def all(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.kill, self.kill, self.terminate, self.freeze, self.freeze, self.fence, self.restart_the_broker]


@pytest.mark.soak
@pytest.mark.timeout(stretched(300 + 60 * FAULTS))
async def test_nothing_is_lost_and_nothing_is_twice_whatever_happens(own: OwnBroker, tmp_path: Path) -> None:
    random = Random(SEED)  # noqa: S311 - repeatable, not secret
    with Workers(own.environment, tmp_path) as workers:
        three = [workers.start(name) for name in ("w1", "w2", "w3")]
        await asyncio.gather(*(worker.ready(90) for worker in three))
        unit = Unit(three)
        async with Events(own.settings) as events, unit.supervising():
            faults = Faults(own, three, random).all()
            async with flowing(events, SEED, a_second=1_000):
                for _ in range(FAULTS):
                    await asyncio.sleep(random.uniform(0.0, 3.0))
                    await random.choice(faults)()
                    unit.are_up()
            await all_is_right(own.settings, own.environment, events)
            unit.are_up()
