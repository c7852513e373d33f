"""Where partitions begin and end, and what a consumer group has committed, as the broker says.

A partition has two ends: the last stable offset, before which every transaction is committed or aborted, and the high
watermark, after the last record of all.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.group_offsets import group_offsets
from streams.kafka.refusals import cannot_connect

ANSWERED_WITHIN_S = 10.0


class Span(NamedTuple):
    """The offsets of one partition that are to be read: from `beginning` to before `end`."""

    beginning: int
    end: int


class InputOffsets:
    """Asks the broker about the partitions of some topics; each answer is in the order of the topics.

    It connects with the first question, and stays connected.
    """

    def __init__(self, client_options: dict[str, Any], group: str, topics: Sequence[str]) -> None:
        self._options = client_options
        self._group = group
        self._topics = topics
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting = asyncio.Lock()

    async def stop(self) -> None:
        """Closes the connection."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def ends(self, partition: int) -> list[int]:
        """Gives the last stable offset of a partition number, by topic."""
        consumer = await self._connected()
        tps = [TopicPartition(topic, partition) for topic in self._topics]
        ends = await consumer.end_offsets(tps)
        return [ends[tp] for tp in tps]

    async def spans(self, partition: int) -> list[Span]:
        """Gives the oldest offset and the last stable offset of a partition number, by topic."""
        consumer = await self._connected()
        tps = [TopicPartition(topic, partition) for topic in self._topics]
        beginnings = await consumer.beginning_offsets(tps)
        ends = await self.ends(partition)
        return [Span(beginnings[tp], end) for tp, end in zip(tps, ends, strict=True)]

    async def committed(self, partition: int) -> list[int | None]:
        """Gives the offset that the group has committed, by topic; None where there is none.

        Raises:
            KafkaError: The coordinator is not ready, say; a later try may succeed, and is left to who asks.
        """
        tps = [TopicPartition(topic, partition) for topic in self._topics]
        committed = await group_offsets(self._options, self._group, tps, within_s=0)
        return [committed.get(tp) for tp in tps]

    async def lags(self, counts: Mapping[str, int]) -> dict[tuple[str, int], int]:
        """Counts the records that the group has not committed, by topic and partition number.

        counts: how many partitions each topic has. Where nothing is committed yet, all that is there counts.
        """
        tps = [TopicPartition(topic, number) for topic in self._topics for number in range(counts[topic])]
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            consumer = await self._connected()
            committed = await group_offsets(self._options, self._group, tps)
            ends = await consumer.end_offsets(tps)
            oldest = await consumer.beginning_offsets(tps)
        return {(tp.topic, tp.partition): max(ends[tp] - committed.get(tp, oldest[tp]), 0) for tp in tps}

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._connecting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    **self._options,
                    isolation_level="read_committed",
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    retry_backoff_ms=5,  # as in Offsets
                )
                await consumer.start()
                self._consumer = consumer
        return self._consumer


class Offsets:
    """A context manager that asks the broker where partitions begin and end; answers are in the order of `tps`.

    It raises a UsageError if no broker answers, or none lets us in.
    """

    def __init__(self, client_options: Mapping[str, Any]) -> None:
        # aiokafka learns of one new topic per try. With its default pause between tries, ten topics would take seconds.
        self._options = client_options
        options = {**client_options, "enable_auto_commit": False, "retry_backoff_ms": 5}
        self._committed = AIOKafkaConsumer(**options, isolation_level="read_committed")
        self._written = AIOKafkaConsumer(**options)

    async def __aenter__(self) -> Self:
        try:
            await self._committed.start()
            await self._written.start()
        except KafkaError as error:
            await self.__aexit__()
            raise await cannot_connect(self._options, error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._committed.stop()
        await self._written.stop()

    async def beginnings(self, tps: Sequence[TopicPartition]) -> list[int]:
        """Gives the offsets of the oldest records that are still there."""
        return _in_order(await self._committed.beginning_offsets(tps), tps)

    async def decided_ends(self, tps: Sequence[TopicPartition]) -> list[int]:
        """Gives the last stable offsets."""
        return _in_order(await self._committed.end_offsets(tps), tps)

    async def written_ends(self, tps: Sequence[TopicPartition]) -> list[int]:
        """Gives the high watermarks: records of open transactions are before them."""
        return _in_order(await self._written.end_offsets(tps), tps)


def _in_order(offsets: Mapping[TopicPartition, int], tps: Iterable[TopicPartition]) -> list[int]:
    return [offsets[tp] for tp in tps]
