"""A broker that has just started answers, and names no broker yet (streams/kafka/unnamed_brokers.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.metadata import MetadataRequest

from streams.settings import Settings
from tests.support.batches import batches, started, written


@contextmanager
def unnamed_at_first() -> Iterator[list[AIOKafkaConnection]]:
    """Of every connection, the first answer to a question for the brokers has none. Gives these connections."""
    asked: list[AIOKafkaConnection] = []
    send = AIOKafkaConnection.send

    async def unnamed(self: AIOKafkaConnection, request: Any, **options: Any) -> Any:
        answer = await send(self, request, **options)
        if isinstance(request, MetadataRequest) and self not in asked:
            asked.append(self)
            answer.brokers = []
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AIOKafkaConnection, "send", unnamed)
        yield asked


async def test_transactions_start_and_commit_once_the_brokers_are_named(settings: Settings) -> None:
    with unnamed_at_first() as asked:
        async with started(settings) as ours:
            await ours.commit(batches(settings).next())
    assert len(asked) >= 3  # who asks for outcomes, and two producers
    assert (await written(settings))["changes"] == 1
