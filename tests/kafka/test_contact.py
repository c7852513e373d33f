"""What a process says of brokers that are away, and of those that are there again."""

import asyncio
import logging
import re
from types import SimpleNamespace

import pytest

from streams.kafka import contact as module
from streams.kafka.contact import KafkaContact
from streams.kafka.local import HOST, free_port
from tests.support.background import background
from tests.support.patience import until


async def test_an_outage_is_told_once_and_its_end_too(
    broker: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SILENT_AFTER_S", 0.1)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    caplog.set_level(logging.INFO, "streams")
    options = {"bootstrap_servers": f"{HOST}:{free_port()}"}
    contact = KafkaContact(options)
    async with background(contact.watch(lambda: 7, lambda: False, pytest.fail)):
        for _ in range(2):
            await until(contact.are_away, 10, "no broker answers")
            assert re.fullmatch(
                rf"no Kafka answers at {options['bootstrap_servers']}, for \d+ s", str(contact.why_away())
            )
            await asyncio.sleep(0.1)
            nobody, options["bootstrap_servers"] = options["bootstrap_servers"], broker
            await until(lambda: not contact.are_away(), 10, "a broker answers")
            assert contact.why_away() is None
            options["bootstrap_servers"] = nobody
    said = [re.split(" at |, after", message)[0] for message in said_by(caplog)]
    assert said == ["no Kafka answers", "Kafka answers again"] * 2


async def test_one_that_is_heard_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now_s, looks = 0.0, 0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.001)
    contact = KafkaContact({"bootstrap_servers": f"{HOST}:{free_port()}"})

    def heard_at_ms() -> int:
        nonlocal now_s, looks
        now_s, looks = now_s + module.SILENT_AFTER_S - 1, looks + 1
        return looks

    async with background(contact.watch(heard_at_ms, lambda: False, pytest.fail)):
        await until(lambda: looks > 20, 10, "it was looked at, for more than a minute")
        assert not contact.are_away()
    assert not said_by(caplog)


def said_by(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == module.__name__]
