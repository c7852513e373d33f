"""Candidates for budgets, as lanes would send them, and a grant lane that works them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from streams.contracts.triggers import BudgetMessage, CandidateMessage
from streams.kafka.grants import GrantLane
from streams.kafka.surroundings import BrokerGrantSurroundings
from streams.metrics import Metrics
from streams.settings import Settings
from tests.support.batches import NUMBER, PARTITIONS, read

HEADERS = [("ce_id", b"1")]


def candidate(number: int, limit: int | None = None, campaign: str = "gift") -> bytes:
    """The trigger of customer C{number}; the budget has so many in all."""
    customer = f"C{number:04}"
    trigger = {"id": f"{customer}:{campaign}:1", "customer_id": customer, "campaign": campaign, "sequence": 1}
    return msgspec.json.encode(
        CandidateMessage(
            customer_id=customer,
            id=trigger["id"],
            spends=True,
            amount_cents=0,
            budget=BudgetMessage(campaign=campaign, period="2026", triggers=limit, amount_cents=None),
            at="2026-11-24T09:30:00+08:00",
            trigger=msgspec.Raw(msgspec.json.encode(trigger)),
        )
    )


async def offer(settings: Settings, values: Iterable[bytes]) -> None:
    """Puts candidates on the partition."""
    producer = AIOKafkaProducer(**settings.client_options())
    await producer.start()
    try:
        topic = settings.candidates_topic
        sent = [await producer.send(topic, value, key=b"gift", partition=NUMBER, headers=HEADERS) for value in values]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def granted(settings: Settings) -> list[tuple[int, str]]:
    """Partition and customer of all that was granted."""
    topic = settings.output_topic("campaigns")
    found = {number: await read(settings, topic, number) for number in range(PARTITIONS)}
    return [(number, record.key.decode()) for number, records in found.items() for record in records]


class Stand:
    """A grant lane, and what became of it."""

    def __init__(self, settings: Settings, around: Any = None) -> None:
        self.around = BrokerGrantSurroundings(settings, PARTITIONS) if around is None else around
        self.metrics = Metrics()
        self.failed: list[BaseException] = []
        self.lane = GrantLane(NUMBER, self.around, self.metrics, self.failed.append)

    async def until(self, reached: Callable[[], Any], within_s: float = 20.0) -> None:
        give_up_at = time.monotonic() + within_s
        while not reached():
            assert time.monotonic() < give_up_at, self.failed
            await asyncio.sleep(0.005)

    def counted(self, name: str) -> float:
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == f"tierflow_campaign_{name}_total"
        )

    async def worked(self, number: int) -> None:
        """Waits until so many candidates were granted or refused."""
        await self.until(lambda: self.failed or self.counted("granted") + self.counted("refused") >= number)
        assert not self.failed, self.failed


@asynccontextmanager
async def granting(settings: Settings, around: Any = None) -> AsyncIterator[Stand]:
    """A grant lane at work."""
    stand = Stand(settings, around)
    stand.lane.start()
    try:
        yield stand
    finally:
        await stand.lane.park()
        await stand.around.inputs.stop()
