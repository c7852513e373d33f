"""A fast producer for filling topics: it builds large batches itself, one at a time for each partition."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from streams.bench.workload import InputRecord
from streams.kafka.partitioner import partition_of
from streams.settings import Settings

BATCH_BYTES = 500_000
FUTURES_LIMIT = 64


class Feed:
    """Sends records, and counts them by topic and partition in `sent`.

    A context. The broker has acknowledged all records when `flush` returns, or the context ends without an error.
    """

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.sent: Counter[tuple[str, int]] = Counter()
        self._topics = settings.input_topics()
        self._partitions = partitions
        self._producer = AIOKafkaProducer(**settings.client_options(), acks="all", max_batch_size=BATCH_BYTES)
        self._batches: dict[tuple[str, int], Any] = {}
        self._partition_of_key: dict[bytes, int] = {}
        self._futures: list[asyncio.Future[Any]] = []

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            await self._producer.stop()

    async def send(self, records: Iterable[InputRecord]) -> None:
        """Sends input records, each to the partition of its key."""
        for topic, key, value in records:
            await self.put(self._topics[topic], self.partition(key), key, value)

    def partition(self, key: bytes) -> int:
        """Gives the partition of a key, by murmur2: the partitioner with which the stand's workers run."""
        number = self._partition_of_key.get(key)
        if number is None:
            number = self._partition_of_key[key] = partition_of(key, self._partitions, "murmur2")
        return number

    async def put(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        """Adds one record to the batch of its partition, and sends that batch when it is full."""
        where = (topic, partition)
        batch = self._batches.get(where)
        if batch is None or batch.append(timestamp=None, key=key, value=value) is None:
            if batch is not None:
                await self._send(where)
            batch = self._batches[where] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value)
        self.sent[where] += 1

    async def flush(self) -> None:
        """Sends all batches, and waits until the broker has acknowledged them."""
        for where in list(self._batches):
            await self._send(where)
        futures, self._futures = self._futures, []
        await asyncio.gather(*futures)

    async def _send(self, where: tuple[str, int]) -> None:
        batch = self._batches.pop(where)
        self._futures.append(await self._producer.send_batch(batch, where[0], partition=where[1]))
        if len(self._futures) >= FUTURES_LIMIT:
            futures, self._futures = self._futures, []
            await asyncio.gather(*futures)
