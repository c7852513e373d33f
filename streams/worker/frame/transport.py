"""Faust's transport, a fetch at a time: one message per partition and fetch, whose value is the fetched records.

Faust's own path makes a message, an ack and an interval-tree entry of every record, which costs twenty times what the
work costs. Offsets travel in the lanes' transactions, so none of that is needed (docs/adr/0001).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import (
    CorruptRecordException,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.logs import FAUST

FETCH_MAX_WAIT_MS = 25
FETCH_MAX_PARTITION_BYTES = 1 << 20


class FetchedRecords(NamedTuple):
    """The records of one fetch of one partition, and the positions that the fetch went from and to."""

    records: list[ConsumerRecord]
    begins_at: int
    next_offset: int


class FetchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread; it also notes from where to where each fetch went."""

    logger = FAUST

    positions: dict[TP, int]

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Fixed in Faust's driver; read by the consumer when it starts. tests/kafka/test_faust_assumptions.py watches.
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        consumer._max_partition_fetch_bytes = FETCH_MAX_PARTITION_BYTES  # noqa: SLF001
        # The lanes say where to read. A reset would pass over records that were deleted before they were worked.
        consumer._auto_offset_reset = "none"  # noqa: SLF001
        self.positions = {}
        return consumer

    async def seek_all(self, offsets: Mapping[TP, int]) -> None:
        """Seeks to explicit offsets, 0 included, for those partitions that are assigned; called in this thread."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in offsets.items():
            if tp in assigned:
                consumer.seek(driver.ensure_aiokafka_TP(tp), offset)
                self.positions[tp] = offset

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Says nothing: it would miss fetches of the changelog, which lanes read themselves; the app watches."""

    def highwater(self, tp: TP) -> int | None:
        """The end of what can be read: before the first transaction that is still open."""
        end: int | None = self._ensure_consumer().last_stable_offset(tp)
        return end

    async def _fetch_records(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **options: Any
    ) -> dict[TP, FetchedRecords]:
        try:
            fetched = await super()._fetch_records(consumer, active_partitions, **options)
        except NoOffsetForPartitionError:
            return {}  # left from before the lanes sought
        if not self.consumer.flow_active:
            return {}
        assignment = consumer._subscription.subscription.assignment  # noqa: SLF001
        batches = {}
        for tp in active_partitions:
            begins_at = self.positions.get(tp)
            state = assignment.state_value(tp) if assignment is not None else None
            if begins_at is None or state is None or not state.has_valid_position:
                continue
            if state.position > begins_at or tp in fetched:  # control records alone move a position, too
                batches[tp] = FetchedRecords(fetched.get(tp, []), begins_at, state.position)
                self.positions[tp] = state.position
        return batches


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer; hands on FetchedRecords instead of records, and seeks where the lanes say."""

    logger = FAUST

    # Set by the app: where each assigned input partition is to be read from.
    lane_positions: Callable[[], Mapping[TP, int]]

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Yields one message per partition with news."""
        try:
            batches, _ = await self._wait_next_records(timeout)
        except (OffsetOutOfRangeError, CorruptRecordException, UnsupportedCodecError) as error:
            self.app.on_inputs_unreadable(error)
            raise
        generation = self.app.consumer_generation_id
        if batches is None or self.should_stop or not self.flow_active:
            return
        for tp, batch in batches.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return  # what is dropped here leaves a gap in the positions, and the lane seeks back
            # Faust would drop what was fetched while its partition was being paused, which may be the last there is,
            # and what lies before the newest message, where a lane may have sought back to.
            self._read_offset[tp] = None
            yield tp, _message(tp, batch, generation)

    async def perform_seek(self) -> None:
        """Seeks to the lanes' positions, which are the truth; committed group offsets are not."""
        await self.seek_to(self.app.lane_positions())

    async def seek_to(self, offsets: Mapping[TP, int]) -> None:
        """Seeks the given input partitions, in the consumer's thread."""
        await self._thread.call_thread(self._thread.seek_all, offsets)


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """aiokafka under Faust, a fetch at a time."""

    Consumer = BatchConsumer


class BatchSchema(faust.Schema):  # type: ignore[misc]
    """Passes the fetched records to the agent as they are: the lane decodes them."""

    def compile(self, app: faust.App, **_: Any) -> Callable[..., Awaitable[faust.Event]]:
        """Gives Faust its decoder."""

        async def decode(message: ConsumerMessage, **_: Any) -> faust.Event:
            return faust.Event(app, None, message.value, {}, message)

        return decode


def _message(tp: TP, batch: FetchedRecords, generation: int) -> ConsumerMessage:
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        batch.next_offset - 1,
        None,
        0,
        [],
        None,
        batch,
        None,
        0,
        0,
        tp,
        generation_id=generation,
    )
