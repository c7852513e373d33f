"""Reading on, and to an end: what never comes is not waited for without end."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from streams.kafka import newest, patience
from streams.kafka import tail as module
from streams.kafka.patience import Patience
from streams.kafka.tail import tail
from tests.support.patience import stretched, until

TP = TopicPartition("tier.policies", 0)


class Reader:
    """A consumer of a partition that ends at `end`, of which `readable` records can be read."""

    def __init__(self, end: int, readable: int) -> None:
        self.end = end
        self.readable = readable
        self.read = 0
        self.away = False

    async def getmany(self, _: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[int]]:
        assert timeout_ms
        await asyncio.sleep(0.001)
        found, self.read = list(range(self.read, self.readable)), self.readable
        return {TP: found} if found else {}

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        if self.away:
            raise KafkaConnectionError
        return {TP: self.end}

    async def position(self, _: Any) -> int:
        return self.read

    async def beginning_offsets(self, _: Any) -> dict[TopicPartition, int]:
        return {TP: 0}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, _: Any) -> None: ...

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.read = offset


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.05)
    monkeypatch.setattr(module, "END_ASKED_EVERY_S", 0.0)


async def read(reader: Reader, within_s: float, read_to: list[int], looks: list[int]) -> None:
    async with asyncio.timeout(within_s):
        async for record in tail(reader, TP, lambda: looks.append(1)):
            read_to.append(record)  # type: ignore[arg-type]  # noqa: PERF401 - as they come


async def test_records_that_are_there_and_cannot_be_read_are_an_error() -> None:
    records: list[int] = []
    with pytest.raises(KafkaTimeoutError, match=r"tier\.policies partition 0: nothing has come .* from offset 3 to 5"):
        await read(Reader(end=5, readable=3), stretched(5), records, [])
    assert records == [0, 1, 2]


@pytest.mark.parametrize("away", [True, False])
async def test_no_more_records_and_brokers_that_are_away_are_waited_for(*, away: bool) -> None:
    reader = Reader(end=3, readable=3)
    if away:
        reader.away, reader.end = True, 5
    looks: list[int] = []
    reading = asyncio.create_task(read(reader, stretched(30), [], looks))
    started_at = time.monotonic()
    # Longer than its patience, and not at the first look.
    await until(lambda: len(looks) > 10 and time.monotonic() - started_at > 0.3, 10, "it looks again and again")
    assert not reading.done()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def test_a_read_to_the_end_has_its_patience_anew_with_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: now_s))
    hopeful = Patience(TP, 10)
    for position in range(5):
        now_s += 0.03
        assert hopeful.is_not_at_end(position)
    assert not hopeful.is_not_at_end(10)
    now_s += 0.06
    with pytest.raises(KafkaTimeoutError):
        hopeful.is_not_at_end(10)


async def test_the_newest_record_is_not_looked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "reader", lambda _: Reader(end=5, readable=0))
    with pytest.raises(KafkaTimeoutError, match=r"nothing has come .* from offset 0 to 5"):
        async with asyncio.timeout(stretched(5)):
            await newest.newest_records({}, [TP], lambda _: True)
