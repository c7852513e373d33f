"""The input topics as one stream of records: all partitions, merged by event time, up to where they end now.

The merge takes the earliest event time among the heads of the partitions. Equal times go by topic, then by partition,
then by offset. A record that cannot be used has no event time and is taken as soon as it is at a head. A lane merges
the topics of one partition number by the same rule (docs/architecture.md#order).
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
from streams.kafka.permitted import check_rights
from streams.kafka.rates import rated_now, read_records
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.kafka.unpacking import read_in_part
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.simulation import InputRecord
from streams.values.calendar import NEVER_MS
from streams.values.events import RATES

BATCH_EVENTS = 20_000


def read_inputs(settings: Settings, policy: Policy) -> Generator[list[InputRecord], None, None]:
    """Reads all records that are committed now, in batches of up to `BATCH_EVENTS`. Rates come first, all at once.

    policy: says which records can be used, and so which have an event time to merge by.

    Raises:
        UsageError: Kafka does not answer, or a topic is missing.
    """
    with asyncio.Runner() as runner:
        batches = _batches(settings, policy)
        try:
            while batch := runner.run(_next(batches)):
                yield batch
        finally:
            runner.run(batches.aclose())


def count_inputs(settings: Settings) -> int:
    """Counts the offsets that there are to read now; a few of them may hold no record.

    Raises:
        UsageError: Kafka does not answer, or a topic is missing.
    """
    return asyncio.run(_count(settings))


async def _count(settings: Settings) -> int:
    return sum(end - beginning for _, beginning, end in await _spans(settings))


async def _next(batches: AsyncIterator[list[InputRecord]]) -> list[InputRecord] | None:
    return await anext(batches, None)


async def _batches(settings: Settings, policy: Policy) -> AsyncGenerator[list[InputRecord], None]:
    rates: list[InputRecord] = [(RATES, record.key, record.value) for record in await read_records(settings)]
    if rates:
        yield rates
    sources = await _sources(settings, await rated_now(settings, policy))
    try:
        async for batch in _merged(sources):
            yield batch
    finally:
        for source in sources:
            await source.close()


async def _sources(settings: Settings, policy: Policy) -> "list[_Source]":
    topics = settings.input_topics()
    read_in_part(topics)
    options = settings.client_options()
    return [
        _Source(Tape(options, tp, first, end, bare=True), topics.index(tp.topic), policy)
        for tp, first, end in await _spans(settings)
    ]


async def _spans(settings: Settings) -> list[tuple[TopicPartition, int, int]]:
    """Gives the partitions of all input topics, each with where it begins and ends now."""
    await check_rights(settings, "simulate")
    counts = {topic: await partition_count(settings, topic) for topic in settings.input_topics()}
    tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    async with Offsets(settings.client_options()) as offsets:
        ends = await offsets.decided_ends(tps)
        beginnings = await offsets.beginnings(tps)
    return list(zip(tps, beginnings, ends, strict=True))


class _Head(NamedTuple):
    """A record of an input topic. The tuple's order is the order of work."""

    at_ms: int
    topic: int
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class _Source:
    """One partition of an input topic. `ahead` holds the records that were read and not yet merged."""

    def __init__(self, tape: Tape, topic: int, policy: Policy) -> None:
        self.ahead: deque[_Head] = deque()
        self._tape = tape
        self._topic = topic
        self._policy = policy

    async def fill(self) -> None:
        """Reads until `ahead` has a record or the partition is read to its end; at the end it disconnects."""
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
        """Disconnects from the broker."""
        await self._tape.close()


async def _merged(sources: "Sequence[_Source]") -> AsyncGenerator[list[InputRecord], None]:
    await asyncio.gather(*(source.fill() for source in sources))
    # Topic, partition and offset make every head unique, so the heap never compares two sources.
    heads = [(source.ahead.popleft(), source) for source in sources if source.ahead]
    heapify(heads)
    batch: list[InputRecord] = []
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
