"""Tapes, which read the committed records of a span of one partition, in order.

A tape ends by the consumer's position, not by the offset of a record: the last offset of a span is often a transaction
marker, which no record shows. Each tape has its own consumer. With one consumer for several tapes, a tape that is not
read would hold up the others: aiokafka 0.14.0 fetches nothing from a broker while records of one of its partitions
wait to be taken, up to a timeout (consumer/fetcher.py, _get_actions_per_node).
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.errors import UsageError
from streams.kafka.bare_records import as_it_is
from streams.kafka.patience import PATIENCE_S

_FETCH_BYTES = 1 << 20


class Tape:
    """One partition, from an offset to before `end`. Records that were taken are not kept.

    Every method that reads raises a UsageError if nothing can be read for PATIENCE_S.
    """

    def __init__(  # noqa: PLR0913 - where it lies, and what of it is wanted
        self,
        client_options: Mapping[str, Any],
        tp: TopicPartition,
        begins_at: int,
        end: int,
        keep: Callable[[Any], bool] | None = None,
        *,
        bare: bool = False,
        opened: Callable[[Any], Any] | None = None,
    ) -> None:
        """Prepares the tape; it connects with the first read.

        keep: which records are wanted, others are skipped; None: all. bare: gives bare records (bare_records.py).
        opened: what makes of each record the one that is given; None: nothing.
        """
        self.tp = tp
        self.end = end
        self.position = begins_at  # the offset to read next: every record before it was taken, or is in `ahead`
        self.ahead: deque[ConsumerRecord] = deque()
        self._options = client_options
        self._keep = keep
        self._bare = bare
        self._opened = opened
        self._consumer: AIOKafkaConsumer | None = None

    async def close(self) -> None:
        """Stops the consumer."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    @property
    def at_end(self) -> bool:
        """Says whether every record was taken."""
        return not self.ahead and self.position >= self.end

    async def fill(self, records: int) -> None:
        """Reads until so many records are ahead, or the tape ends."""
        while len(self.ahead) < records and self.position < self.end:
            await self._read()

    async def before(self, offset: int) -> list[ConsumerRecord]:
        """Takes all records before an offset."""
        while self.position < offset:
            await self._read()
        taken = []
        while self.ahead and self.ahead[0].offset < offset:
            taken.append(self.ahead.popleft())
        return taken

    async def next(self) -> ConsumerRecord | None:
        """Takes the next record; gives None at the end."""
        await self.fill(1)
        return self.ahead.popleft() if self.ahead else None

    async def _read(self) -> None:
        consumer = await self._connected()
        give_up_at = time.monotonic() + PATIENCE_S
        begins_at = self.position
        while self.position == begins_at:
            for records in (await consumer.getmany(self.tp, timeout_ms=200)).values():
                self.ahead.extend(self._wanted(records))
            self.position = await consumer.position(self.tp)
            if self.position == begins_at and time.monotonic() > give_up_at:
                raise UsageError(
                    f"{self.tp.topic} partition {self.tp.partition} cannot be read from offset {begins_at} to "
                    f"{self.end}: for {PATIENCE_S:.0f} s a transaction has been open there, or the broker does not "
                    "answer; end that producer, then start again"
                )

    def _wanted(self, records: list[Any]) -> list[Any]:
        if records and records[-1].offset >= self.end:
            records = [record for record in records if record.offset < self.end]
        if self._opened is not None:
            records = [self._opened(record) for record in records]
        return records if self._keep is None else list(filter(self._keep, records))

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **self._options,
                isolation_level="read_committed",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                value_deserializer=as_it_is if self._bare else None,
                max_partition_fetch_bytes=_FETCH_BYTES,
                fetch_max_wait_ms=100,
            )
            await self._consumer.start()
            self._consumer.assign([self.tp])
            # By offset, since a pending offset reset could overtake seek_to_beginning(), and nothing would be read.
            self._consumer.seek(self.tp, self.position)
        return self._consumer
