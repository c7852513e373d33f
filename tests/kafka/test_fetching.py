"""A consumer whose task that fetches has ended says so, where aiokafka would give empty answers for ever."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.kafka.fetching import FetchingEndedError, check_fetching
from streams.kafka.group import GroupConsumer
from streams.settings import Settings


def defect(*_: Any) -> Any:
    raise ValueError("a defect")


@pytest.fixture
async def consumer(settings: Settings) -> Any:
    found = GroupConsumer(settings.input_topic("balances"), group_id="fetching", **settings.client_options())
    await found.start()
    yield found
    with suppress(KafkaError):
        await found.stop()


async def end_its_task(consumer: AIOKafkaConsumer) -> None:
    fetcher = consumer._fetcher
    fetcher._get_actions_per_node = defect
    with suppress(KafkaError):
        await asyncio.wait_for(asyncio.shield(fetcher._fetch_task), 60)


async def test_aiokafka_tells_nobody_that_its_task_has_ended(consumer: GroupConsumer) -> None:
    await end_its_task(consumer)
    assert await AIOKafkaConsumer.getmany(consumer, timeout_ms=1) == {}


async def test_who_fetches_hears_what_it_has_ended_by(consumer: GroupConsumer) -> None:
    check_fetching(consumer)
    await end_its_task(consumer)
    with pytest.raises(FetchingEndedError, match="during data retrieval"):
        await consumer.getmany(timeout_ms=1)
    with suppress(KafkaError):
        await consumer.stop()
    check_fetching(consumer)
