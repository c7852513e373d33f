"""The input topics as one stream of events: all partitions merged at their heads, up to where they end now.

Ties of event time go by topic, then partition, then offset; what cannot be used waits for nobody. It is the order of
a worker's partition, over all of them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from aiokafka import TopicPartition

from streams.contracts.decode import decode
from streams.contracts.rejection import Rejection
from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.simulation import Given
from streams.values.calendar import NEVER_MS

BATCH_EVENTS = 20_000


def read_inputs(settings: Settings, policy: Policy) -> Generator[list[Given], None, None]:
    """All committed records that are there now, thousands at a time; the policy says which of them can be used.

    UsageError where Kafka does not answer or a topic is missing.
    """
    with asyncio.Runner() as runner:
        batches = _batches(settings, policy)
        try:
            while batch := runner.run(_next(batches)):
                yield batch
        finally:
            runner.run(batches.aclose())


async def _next(batches: AsyncIterator[list[Given]]) -> list[Given] | None:
    return await anext(batches, None)


async def _batches(settings: Settings, policy: Policy) -> AsyncGenerator[list[Given], None]:
    sources = await _sources(settings, policy)
    try:
        async for batch in _merged(sources):
            yield batch
    finally:
        for source in sources:
            await source.close()


async def _sources(settings: Settings, policy: Policy) -> "list[_Source]":
    topics = settings.input_topics()
    counts = [await partition_count(settings, topic) for topic in topics]
    places = [(number, partition) for number, count in enumerate(counts) for partition in range(count)]
    tps = [TopicPartition(topics[number], partition) for number, partition in places]
    async with Offsets(settings.client_options()) as offsets:
        ends = await offsets.decided_ends(tps)
        beginnings = await offsets.beginnings(tps)
    tapes = [Tape(settings.client_options(), *span) for span in zip(tps, beginnings, ends, strict=True)]
    return [_Source(tape, number, policy) for tape, (number, _) in zip(tapes, places, strict=True)]


class _Head(NamedTuple):
    """A record of an input topic. They order as they are to be worked."""

    at_ms: int
    topic: int
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class _Source:
    """One partition of an input topic, and what was read of it and not yet taken."""

    def __init__(self, tape: Tape, topic: int, policy: Policy) -> None:
        self.ahead: deque[_Head] = deque()
        self._tape = tape
        self._topic = topic
        self._policy = policy

    async def fill(self) -> None:
        """Reads on until something is ahead, or everything was read; then it lets go of the broker."""
        await self._tape.fill(1)
        partition, records = self._tape.tp.partition, self._tape.ahead
        while records:
            record = records.popleft()
            event = decode(self._topic, record.key, record.value, self._policy)
            at_ms = NEVER_MS if isinstance(event, Rejection) else event.at_ms
            self.ahead.append(_Head(at_ms, self._topic, partition, record.offset, record.key, record.value))
        if self._tape.at_end:
            await self.close()

    async def close(self) -> None:
        """Lets go of the broker."""
        await self._tape.close()


async def _merged(sources: "Sequence[_Source]") -> AsyncGenerator[list[Given], None]:
    await asyncio.gather(*(source.fill() for source in sources))
    # No two heads are equal: sources are never compared.
    heads = [(source.ahead.popleft(), source) for source in sources if source.ahead]
    heapify(heads)
    batch: list[Given] = []
    while heads:
        head, source = heads[0]
        batch.append((head.topic, head.key, head.value))
        if not source.ahead:
            await source.fill()
        if source.ahead:
            heapreplace(heads, (source.ahead.popleft(), source))
        else:
            heappop(heads)
        if len(batch) >= BATCH_EVENTS or not heads:
            yield batch
            batch = []
