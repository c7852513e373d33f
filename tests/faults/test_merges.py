"""Customers that are one, over Kafka: a worker is killed among the halves of merges, and all counts once."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from streams.audit.run import audit
from streams.settings import Settings
from tests.support.patience import stretched, until
from tests.support.worker_processes import (
    Events,
    Workers,
    applied,
    audit_is_clean,
    customers_of,
    dead_letters,
    now_ms,
    read,
    read_changes,
)

FORMER, OTHERS = customers_of(0, 20), customers_of(1, 20)


async def test_a_merge_is_worked_once_through_a_kill(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            for former, other in zip(FORMER, OTHERS, strict=True):
                await events.balance(former, 300_000, account_id="of the former")
                await events.balance(other, 300_000)
            await events.settle()
            await worker.ready()
            for former, other in zip(FORMER, OTHERS, strict=True):
                await events.action(former, "merge", into=other)
            await events.settle()
            await until(lambda: _has_begun(settings), 40, "a first half is worked")
            worker.kill()
            for former in FORMER:
                await events.balance(former, 250_000, account_id="of the former")
            await events.settle()
            worker.start_again()
            await worker.ready()
            await until(lambda: _has_tiers(settings), 60, "every state has gone over")
            await applied(settings)
            await read(settings, settings.input_topic("customers"))  # returns when what was handed on is decided
            await applied(settings)  # that, too
            [(address,)] = worker.says(r"ready at (http://[^,\s\"]+)")[-1:]
            await _leads_to_the_new_id(address)
        changes = await read_changes(settings)
        assert changes.tiers() == dict.fromkeys(FORMER, "low") | dict.fromkeys(OTHERS, "mid")
        assert await dead_letters(settings) == []
        await audit_is_clean(environment)
        assert await worker.stop() == 0
        await _send_again(settings)
        await _audit_sees_what_no_merge_wrote(settings)


async def _has_begun(settings: Settings) -> bool:
    return len(await read(settings, settings.input_topic("customers"))) > len(FORMER)


async def _has_tiers(settings: Settings) -> bool:
    changes = await read_changes(settings)
    return all(changes.tiers().get(other) == "mid" for other in OTHERS)


async def _leads_to_the_new_id(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/customers/{FORMER[0]}", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (308, f"/customers/{OTHERS[0]}")
            assert (await answer.json())["customer_id"] == OTHERS[0]
        async with asyncio.timeout(stretched(10)), session.get(f"{address}/customers/{FORMER[0]}") as answer:
            told = await answer.json()
            assert (told["customer_id"], told["measures"]["value"]) == (OTHERS[0], "550000.00")


async def _send_again(settings: Settings) -> None:
    """As `dead-letters replay` sends what was handed on and refused: the audit minds no copy."""
    topic = settings.input_topic("customers")
    handed_on = next(record for record in await read(settings, topic) if b'"take_in"' in record.value)
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        trace = list(handed_on.headers[1:])
        await producer.send_and_wait(
            topic, handed_on.value, key=handed_on.key, partition=handed_on.partition, headers=trace
        )


async def _audit_sees_what_no_merge_wrote(settings: Settings) -> None:
    value = {
        "event_id": "merge:customers:0:900",
        "customer_id": OTHERS[0],
        "action": "take_in",
        "at": now_ms(),
        "merged": {"source": f"/tierflow/{settings.app_id}", "customer_id": FORMER[0], "state": ""},
    }
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        await producer.send_and_wait(
            settings.input_topic("customers"), json.dumps(value).encode(), key=OTHERS[0].encode(), partition=1
        )
    report = await audit(settings)
    assert [(found.kind, found.topic) for found in report.found] == [("extra", settings.input_topic("customers"))]


pytestmark = pytest.mark.timeout(stretched(180))
