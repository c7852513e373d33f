"""What `tierflow deliver` says of a Kafka that does not answer, and of one that answers again."""

import asyncio
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from streams.deliver import run as module
from streams.deliver.metrics import DeliverMetrics
from streams.deliver.run import _say_whether_kafka_answers
from streams.kafka.contact import KafkaContact
from tests.support.patience import until

LOOKS = 5


class Courier:
    """A courier that counts how often it was looked at."""

    endpoint = SimpleNamespace(name="crm")

    def __init__(self) -> None:
        self.until = time.monotonic() + 600
        self.looks = 0

    @property
    def member_until(self) -> float:
        self.looks += 1
        return self.until

    async def looked_at(self) -> None:
        """Waits for some looks; the last but one is over then."""
        goal = self.looks + LOOKS
        await until(lambda: self.looks > goal, 5, "it is looked at")


async def test_a_kafka_that_does_not_answer_is_said_once_and_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SILENT_AFTER_S", 0.05)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    caplog.set_level(logging.INFO)
    metrics, courier = DeliverMetrics(), Courier()
    couriers: list[Any] = [courier]
    said = asyncio.create_task(_say_whether_kafka_answers(couriers, KafkaContact({}), metrics))

    def shown() -> float | None:
        return metrics.registry.get_sample_value("tierflow_deliver_kafka", {"endpoint": "crm"})

    def told() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == module.__name__]

    await courier.looked_at()
    assert (shown(), told()) == (1.0, [])
    for _ in range(2):
        caplog.clear()
        courier.until = time.monotonic()
        await until(told, 5, "it is said")
        await courier.looked_at()
        assert shown() == 0.0
        courier.until = time.monotonic() + 600
        await courier.looked_at()
        assert shown() == 1.0
        assert told() == [
            "endpoint crm: Kafka does not answer; its events wait, and nothing of them is lost",
            "endpoint crm: Kafka answers again",
        ]
    said.cancel()
