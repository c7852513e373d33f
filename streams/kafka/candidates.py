"""The candidates of one partition number, read on from where their budgets stand."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.budgets import CandidateRecord

BATCH_LIMIT = 5_000
# One fetch waits so long at the broker where there is nothing; what arrives ends it at once.
LONG_POLL_MS = 10_000


class CandidateReader:
    """One consumer of its own, without a group."""

    def __init__(self, client_options: dict[str, Any], topic: str, partition: int) -> None:
        self._options = client_options
        self._tp = TopicPartition(topic, partition)
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self, offset: int) -> None:
        """Connects, and reads from the offset on."""
        consumer = self._consumer = AIOKafkaConsumer(
            **self._options,
            isolation_level="read_committed",
            auto_offset_reset="none",  # records that were deleted before they were worked are an error
            enable_auto_commit=False,
            fetch_max_wait_ms=LONG_POLL_MS,
            retry_backoff_ms=5,
        )
        await consumer.start()
        consumer.assign([self._tp])
        consumer.seek(self._tp, offset)  # before anything is awaited: there is no other position

    async def read(self) -> Sequence[CandidateRecord]:
        """The next records, waited for; none where nothing has come for a while."""
        if self._consumer is None:
            raise RuntimeError("it is read before it was started")
        found = await self._consumer.getmany(self._tp, timeout_ms=LONG_POLL_MS, max_records=BATCH_LIMIT)
        records: Sequence[CandidateRecord] = found.get(self._tp, [])
        return records

    async def stop(self) -> None:
        """Lets go of the broker."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None
