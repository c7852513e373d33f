"""Faust's transport, a fetch at a time: one message per partition and fetch, whose value is the fetched records.

Faust's own path makes a message, an acknowledgement and an interval-tree entry of every record; a fetch at a time takes
about a twentieth of its CPU time. The lanes' transactions commit the offsets, so nothing needs to be acknowledged
(docs/adr/0001-faust-as-the-frame.md).
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
    """The records of one fetch of one partition, and the positions at which the fetch began and ended."""

    records: list[ConsumerRecord]
    begins_at: int
    next_offset: int


class FetchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread, which also notes the positions at which each fetch began and ended."""

    logger = FAUST

    positions: dict[TP, int]

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust's driver has no settings for these; the consumer reads them when it starts. Watched by
        # tests/worker/test_faust_assumptions.py.
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        consumer._max_partition_fetch_bytes = FETCH_MAX_PARTITION_BYTES  # noqa: SLF001
        # The lanes say where to read. A reset would silently skip records that were deleted before they were worked.
        consumer._auto_offset_reset = "none"  # noqa: SLF001
        self.positions = {}
        return consumer

    async def seek_all(self, offsets: Mapping[TP, int]) -> None:
        """Seeks to these offsets, 0 included, in the partitions that are assigned. To be called in this thread."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in offsets.items():
            if tp in assigned:
                consumer.seek(driver.ensure_aiokafka_TP(tp), offset)
                self.positions[tp] = offset

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Does nothing. Faust's check would report that changelogs are not fetched: lanes read those themselves.

        The app watches the progress of lanes instead.
        """

    def highwater(self, tp: TP) -> int | None:
        """Gives the last stable offset: the end of what can be read, before the first open transaction."""
        end: int | None = self._ensure_consumer().last_stable_offset(tp)
        return end

    async def _fetch_records(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **options: Any
    ) -> dict[TP, FetchedRecords]:
        try:
            fetched = await super()._fetch_records(consumer, active_partitions, **options)
        except NoOffsetForPartitionError:
            return {}  # a fetch from before the seek to the positions of the lanes
        assignment = consumer._subscription.subscription.assignment  # noqa: SLF001
        batches = {}
        for tp in active_partitions:
            begins_at = self.positions.get(tp)
            state = assignment.state_value(tp) if assignment is not None else None
            if begins_at is None or state is None or not state.has_valid_position:
                continue
            if state.position > begins_at or tp in fetched:  # control records alone move the position, too
                batches[tp] = FetchedRecords(fetched.get(tp, []), begins_at, state.position)
                self.positions[tp] = state.position
        # The flow is looked at last. The positions are noted even where the records are dropped: so the lane sees a gap
        # before the next fetch, and reads again.
        return batches if self.consumer.flow_active else {}


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer, which passes on FetchedRecords instead of records and seeks where the lanes say."""

    logger = FAUST

    # Not set: perform_seek asks the app.
    lane_positions: Callable[[], Mapping[TP, int]]

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Yields one message per partition that has records, or whose position has moved.

        Inputs that cannot be read end the process.
        """
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
                return  # the lane sees the gap in the positions and seeks back
            # Faust's own getmany drops what was fetched while its partition was being paused, which may be the last
            # fetch there is. Its _drain_messages drops what lies before the newest message, unless that is unset here:
            # a lane may have sought back.
            self._read_offset[tp] = None
            yield tp, _message(tp, batch, generation)

    async def perform_seek(self) -> None:
        """Seeks to the positions of the lanes. The group's committed offsets are only a copy of them."""
        await self.seek_to(self.app.lane_positions())

    async def seek_to(self, offsets: Mapping[TP, int]) -> None:
        """Seeks the given input partitions, in the consumer's thread."""
        await self._thread.call_thread(self._thread.seek_all, offsets)


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's transport over aiokafka, with BatchConsumer as its consumer."""

    Consumer = BatchConsumer


class BatchSchema(faust.Schema):  # type: ignore[misc]
    """A schema that passes the fetched records to the agent as they are: the lane decodes them."""

    def compile(self, app: faust.App, **_: Any) -> Callable[..., Awaitable[faust.Event]]:
        """Gives Faust its decoder, which only puts the message into an event."""

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
