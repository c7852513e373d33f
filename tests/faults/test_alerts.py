"""Each incident fires its alert within two minutes and no other one, by a Prometheus that scrapes real workers."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.kafka.topics import ensure_topics
from tests.support.background import background
from tests.support.own_broker import OwnBroker
from tests.support.patience import until
from tests.support.prometheus import Prometheus, needs_prometheus
from tests.support.worker_processes import PARTITIONS, Events, Worker, Workers, applied

CUSTOMERS = [f"C{number:03}" for number in range(200)]
SILENT_S, WITHIN_S = 45.0, 120.0


class Scene(NamedTuple):
    """What an incident may be done to."""

    broker: OwnBroker
    workers: list[Worker]
    events: Events


async def kill(scene: Scene) -> None:
    scene.workers[0].kill()


async def stall(scene: Scene) -> None:
    for worker in scene.workers:
        worker.signal(signal.SIGSTOP)


async def lose_kafka(scene: Scene) -> None:
    scene.broker.freeze()


async def poison(scene: Scene) -> None:
    for customer in CUSTOMERS[:5]:
        await scene.events.put("balances", customer, raw=b"{")


async def downgrade(scene: Scene) -> None:
    for customer in CUSTOMERS[:100]:
        await scene.events.balance(customer, 100)


INCIDENTS: list[tuple[Callable[[Scene], Awaitable[None]], str, set[str]]] = [
    (kill, "TierflowWorkerDown", set()),
    (stall, "TierflowNoWorkers", {"TierflowWorkerDown"}),
    (lose_kafka, "TierflowKafkaUnreachable", set()),
    (poison, "TierflowDeadLetters", set()),
    (downgrade, "TierflowMassDowngrade", set()),
]


@needs_prometheus
@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("incident", "alert", "beside"), INCIDENTS, ids=[alert for _, alert, _ in INCIDENTS])
async def test_an_incident_fires_its_alert_within_two_minutes_and_no_other(
    own: OwnBroker, tmp_path: Path, incident: Callable[[Scene], Awaitable[None]], alert: str, beside: set[str]
) -> None:
    await ensure_topics(own.settings, PARTITIONS)
    with Workers(own.environment, tmp_path) as workers:
        scene = Scene(own, [workers.start("w1"), workers.start("w2")], Events(own.settings))
        await asyncio.gather(*(worker.ready() for worker in scene.workers))
        targets = [worker.says(r"ready at http://([^,\s\"]+)")[-1][0] for worker in scene.workers]
        async with scene.events, Prometheus(tmp_path, {"tierflow": targets}) as prometheus:
            for customer in CUSTOMERS:
                await scene.events.balance(customer, 600_000)
            await scene.events.settle()
            await applied(own.settings)
            async with background(purchases(scene.events)):
                began = time.monotonic()
                while time.monotonic() - began < SILENT_S:
                    assert await prometheus.firing() == set()
                    await asyncio.sleep(1.0)
                began = time.monotonic()
                await incident(scene)
                try:
                    await until(lambda: fires(prometheus, alert), WITHIN_S, f"{alert} fires")
                    took_s = time.monotonic() - began
                    assert await prometheus.firing() <= {alert, *beside}
                finally:
                    if incident is lose_kafka:
                        own.thaw()
                assert took_s < WITHIN_S


async def fires(prometheus: Prometheus, alert: str) -> bool:
    return alert in await prometheus.firing()


async def purchases(events: Events) -> None:
    """Goes on, whether or not Kafka answers."""
    while True:
        for customer in CUSTOMERS[::10]:
            await events.purchase(customer, 10)
        await asyncio.sleep(0.2)
