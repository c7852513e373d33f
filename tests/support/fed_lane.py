"""A lane of any stage on the real broker, fed by a plain consumer in the place of Faust's."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from streams.kafka.contact import KafkaContact
from streams.kafka.wall_clock import wall_ms
from streams.metrics import Metrics
from streams.settings import Settings
from streams.stages.stage import Stage
from streams.worker.broker import StageBroker
from streams.worker.frame.transport import FetchedRecords
from streams.worker.lane import Lane
from tests.support.batches import NUMBER, PARTITIONS
from tests.support.patience import stretched


class Feed:
    """What a StageBroker asks of the Faust app and of its consumer."""

    partitions = PARTITIONS

    def __init__(self, settings: Settings, stage: Stage, number: int) -> None:
        self.consumer = self
        self.contact = KafkaContact(settings.client_options())
        self._stage = stage
        self._tps = [TopicPartition(topic, number) for topic in stage.inputs]
        self._positions: dict[TopicPartition, int] = {}
        self._plain = AIOKafkaConsumer(
            **settings.client_options(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=50,
        )

    async def start(self) -> None:
        await self._plain.start()
        self._plain.assign(self._tps)

    async def stop(self) -> None:
        await self._plain.stop()

    async def seek_to(self, positions: Mapping[TP, int]) -> None:
        for tp, offset in positions.items():
            place = TopicPartition(*tp)
            self._plain.seek(place, offset)
            self._positions[place] = offset

    async def run(self, lane: Lane) -> None:
        """Hands every fetch to the lane."""
        while True:
            fetched = await self._plain.getmany(timeout_ms=50)
            for topic, tp in enumerate(self._tps):
                begins_at, ends_at = self._positions[tp], await self._plain.position(tp)
                records = [record for record in fetched.get(tp, []) if record.offset >= begins_at]
                if ends_at > begins_at:
                    self._positions[tp] = ends_at
                    lane.offer(topic, FetchedRecords(records, begins_at, ends_at))

    def assignment(self) -> Collection[TP]:
        return {TP(*tp) for tp in self._tps}

    def pause_partitions(self, tps: Collection[TP]) -> None:
        self._plain.pause(*(TopicPartition(*tp) for tp in tps))

    def resume_partitions(self, tps: Collection[TP]) -> None:
        self._plain.resume(*(TopicPartition(*tp) for tp in tps))

    def highwater(self, tp: TP) -> int | None:
        end: int | None = self._plain.last_stable_offset(TopicPartition(*tp))
        return end


class Stand:
    """A lane, its feed, and what became of it."""

    def __init__(self, settings: Settings, stage: Stage, broker: type[StageBroker] = StageBroker) -> None:
        self.feed = Feed(settings, stage, NUMBER)
        self.broker = broker(settings, stage, self.feed)
        self.metrics = Metrics()
        self.failed: list[BaseException] = []
        self.lane = Lane(stage, NUMBER, self.broker, self.metrics, wall_ms, self.failed.append)
        self._feeding: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """What an assignment does: take over or look, seek, start."""
        await self.lane.take_up()
        await self.lane.get_ready()
        await self.feed.seek_to(self.broker.positions(NUMBER, self.lane.next_offsets))
        self.lane.start()
        if self._feeding is None:
            self._feeding = asyncio.create_task(self.feed.run(self.lane))

    async def stop(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
        await self.lane.release()
        await asyncio.gather(self.feed.stop(), self.broker.inputs.stop())

    async def until(self, reached: Callable[[], Any], within_s: float = 20.0) -> None:
        give_up_at = time.monotonic() + stretched(within_s)
        while not reached():
            assert time.monotonic() < give_up_at, self.failed
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(settings: Settings, stage: Stage, broker: type[StageBroker] = StageBroker) -> AsyncIterator[Stand]:
    """A lane at work."""
    stand = Stand(settings, stage, broker)
    await stand.feed.start()
    try:
        await stand.start()
        yield stand
    finally:
        await stand.stop()
