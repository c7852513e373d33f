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


async def test_a_kafka_that_does_not_answer_is_said_once_and_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SILENT_AFTER_S", 0.05)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    caplog.set_level(logging.INFO)
    metrics = DeliverMetrics()
    courier: Any = SimpleNamespace(endpoint=SimpleNamespace(name="crm"), member_until=time.monotonic() + 60)
    said = asyncio.create_task(_say_whether_kafka_answers([courier], KafkaContact({}), metrics))

    def shown() -> float | None:
        return metrics.registry.get_sample_value("tierflow_deliver_kafka", {"endpoint": "crm"})

    await asyncio.sleep(0.1)
    assert (shown(), caplog.messages) == (1.0, [])
    for _ in range(2):
        caplog.clear()
        courier.member_until = time.monotonic()
        await asyncio.sleep(0.3)
        assert shown() == 0.0
        courier.member_until = time.monotonic() + 60
        await asyncio.sleep(0.1)
        assert shown() == 1.0
        assert caplog.messages == [
            "endpoint crm: Kafka does not answer; its events wait, and nothing of them is lost",
            "endpoint crm: Kafka answers again",
        ]
    said.cancel()
