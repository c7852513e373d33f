"""Where the input topics begin and end, and what the consumer group says: asked for, never guessed."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.errors import UsageError


class Span(NamedTuple):
    """The offsets of one partition that can be read: from beginning, up to and without end."""

    beginning: int
    end: int


class InputOffsets:
    """Asks the broker about the input topics of a partition number. In the order of the topics it was given."""

    def __init__(self, client_options: dict[str, Any], group: str, topics: Sequence[str]) -> None:
        self._options = client_options
        self._group = group
        self._topics = topics
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting = asyncio.Lock()

    async def stop(self) -> None:
        """Disconnects."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def ends(self, partition: int) -> list[int]:
        """The offset after the last committed record, by topic."""
        consumer = await self._connected()
        tps = [TopicPartition(topic, partition) for topic in self._topics]
        ends = await consumer.end_offsets(tps)
        return [ends[tp] for tp in tps]

    async def spans(self, partition: int) -> list[Span]:
        """What can be read, by topic."""
        consumer = await self._connected()
        tps = [TopicPartition(topic, partition) for topic in self._topics]
        beginnings = await consumer.beginning_offsets(tps)
        ends = await self.ends(partition)
        return [Span(beginnings[tp], end) for tp, end in zip(tps, ends, strict=True)]

    async def committed(self, partition: int) -> list[int | None]:
        """The group's committed offsets by topic; None where there is none."""
        admin = AIOKafkaAdminClient(**self._options)
        await admin.start()
        try:
            tps = [TopicPartition(topic, partition) for topic in self._topics]
            offsets = await admin.list_consumer_group_offsets(self._group, partitions=tps)
        finally:
            await admin.close()
        return [offsets[tp].offset if tp in offsets and offsets[tp].offset >= 0 else None for tp in tps]

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._connecting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    **self._options,
                    isolation_level="read_committed",
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    retry_backoff_ms=5,  # it learns of one new topic a try
                )
                await consumer.start()
                self._consumer = consumer
        return self._consumer


class Offsets:
    """Asks the broker where partitions begin and end; a context, for the connections. In the order they are given."""

    def __init__(self, client_options: Mapping[str, Any]) -> None:
        # aiokafka gets to know one topic a try; at its usual pause between tries ten topics would take seconds.
        options = {**client_options, "enable_auto_commit": False, "retry_backoff_ms": 5}
        self._committed = AIOKafkaConsumer(**options, isolation_level="read_committed")
        self._written = AIOKafkaConsumer(**options)

    async def __aenter__(self) -> Self:
        try:
            await self._committed.start()
            await self._written.start()
        except KafkaError as error:
            await self.__aexit__()
            raise UsageError(f"no Kafka answers ({error}); start one, or set KAFKA_BOOTSTRAP_SERVERS") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._committed.stop()
        await self._written.stop()

    async def beginnings(self, tps: Sequence[TopicPartition]) -> list[int]:
        """The offsets of the oldest records that are still there."""
        return _in_order(await self._committed.beginning_offsets(tps), tps)

    async def decided_ends(self, tps: Sequence[TopicPartition]) -> list[int]:
        """The offsets before which every transaction is committed or aborted."""
        return _in_order(await self._committed.end_offsets(tps), tps)

    async def written_ends(self, tps: Sequence[TopicPartition]) -> list[int]:
        """The offsets after the last records, open transactions included."""
        return _in_order(await self._written.end_offsets(tps), tps)


def _in_order(offsets: Mapping[TopicPartition, int], tps: Iterable[TopicPartition]) -> list[int]:
    return [offsets[tp] for tp in tps]
