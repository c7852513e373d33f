"""Candidates for budgets, as customers' lanes would send them, and a lane of budgets that works them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec
from aiokafka import AIOKafkaProducer

from streams.contracts.outputs import BudgetMessage, CandidateMessage
from streams.settings import Settings
from streams.stages.budgets import budgets_stage
from streams.worker.broker import StageBroker
from tests.support.batches import NUMBER, PARTITIONS, read
from tests.support.fed_lane import Stand

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
            amount_e4=0,
            budget=BudgetMessage(campaign=campaign, period="2026", triggers=limit, amount_e4=None),
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


class Granting(Stand):
    """A lane of budgets, and what it counted."""

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
async def granting(settings: Settings, broker: type[StageBroker] = StageBroker) -> AsyncIterator[Granting]:
    """A lane of budgets at work."""
    stand = Granting(settings, budgets_stage(settings), broker)
    await stand.feed.start()
    try:
        await stand.start()
        yield stand
    finally:
        await stand.stop()
