"""A simulated worker: the product's lanes, and around them what Faust and its consumer do for a real one.

It does what streams/worker/app.py and streams/worker/frame do: joins its group, parks at a revocation, takes over what
it is given, seeks, fetches. Everything below a lane is the product's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.transaction_manager import TransactionState

from streams.settings import Settings
from streams.stages.stage import Stage
from streams.worker.broker import StageBroker
from streams.worker.frame.transport import FetchedRecords
from streams.worker.lane import Lane
from streams.worker.turns import Turns
from tests.simulation.broker import Broker
from tests.simulation.faults import DOINGS, Struck
from tests.simulation.network import Network, Read, as_read, asked

if TYPE_CHECKING:
    from streams.kafka.transactional import TransactionalProducer
    from tests.simulation.world import World

BEAT_S = 2.0
POLL_S = 10.0
JOIN_WITHIN_S = 15.0
FETCHED_AT_MOST = (1, 5, 40)


class NoMetrics:
    """Counts what the oracle wants to know of, and nothing else."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def epoch_raised(self, *_: Any) -> None:
        self._worker.world.faults.met_once("epoch raised")

    def recovered(self, *_: Any) -> None:
        self._worker.world.faults.met_once("taken over")

    def transaction_failed(self, *_: Any, **__: Any) -> None:
        self._worker.world.faults.met_once("transaction failed")

    def record_batch(self, _: Any) -> None:
        self._worker.world.faults.met_once("transaction committed")
        if self._worker not in self._worker.world.group.heard_s:
            self._worker.world.faults.met_once("worked as a zombie")


class Inputs:
    """Stands for the consumer of the frame: positions, a flow, and a task that fetches."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self.positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self.flows = False

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    def pause_partitions(self, tps: set[TopicPartition]) -> None:
        self._paused |= tps

    def resume_partitions(self, tps: set[TopicPartition]) -> None:
        self._paused -= tps
        self._worker.news.set()

    def waits_for(self, tp: TopicPartition) -> bool:
        """Says whether it fetches of a partition."""
        return self.flows and tp in self.positions and tp not in self._paused

    def highwater(self, tp: TopicPartition) -> int | None:
        return self._ends.get(tp)

    async def seek_to(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Seeks, in the consumer's thread."""
        await asyncio.sleep(0.001 * self._worker.world.faults.pace.random())
        for tp, offset in offsets.items():
            if tp in self.positions:
                self.positions[tp] = offset
        self._worker.news.set()

    async def fetch(self) -> None:
        """Gives what there is to the lanes, for as long as the worker lives."""
        worker = self._worker
        while True:
            wanted = (
                {tp: at for tp, at in self.positions.items() if at >= 0 and tp not in self._paused}
                if self.flows
                else {}
            )
            found = await self._fetched(wanted) if wanted else {}
            if not found:
                worker.news.clear()
                try:
                    async with asyncio.timeout(POLL_S):
                        await worker.news.wait()
                except TimeoutError:
                    continue
            for tp, (records, position, end) in found.items():
                if self.positions.get(tp) != wanted[tp]:
                    continue  # sought meanwhile
                self._ends[tp] = end
                self.positions[tp] = position
                if worker.world.loses_a_fetch(tp) or not self.flows:
                    continue  # the lane sees the gap
                stage, topic = worker.places[tp.topic]
                lane = worker.lanes.get((stage, tp.partition))
                if lane is not None:
                    lane.offer(topic, FetchedRecords(records, wanted[tp], position))

    async def _fetched(
        self, wanted: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, tuple[list[Read], int, int]]:
        many = self._worker.world.faults.pace.choice(FETCHED_AT_MOST)

        def look(broker: Broker) -> Mapping[TopicPartition, tuple[list[Read], int, int]]:
            found = {}
            for tp, begin in wanted.items():
                log = broker.logs[tp]
                stable_end = log.stable_end
                end = min(stable_end, begin + many)
                if end > begin:
                    found[tp] = ([as_read(*each) for each in log.read(begin, end)], end, stable_end)
            return found

        try:
            network = self._worker.network
            read: Mapping[TopicPartition, tuple[list[Read], int, int]] = await asked(network, "fetch", look)
        except KafkaError:
            await asyncio.sleep(0.05)
            return {}
        return read


class Worker:
    """One process: alive, paused or dead."""

    def __init__(self, world: "World", name: str, settings: Settings, stages: Sequence[Stage]) -> None:
        self.world = world
        self.name = name
        self.network: Network = world.network
        self.is_dead = self.is_paused = self.is_cut_off = False
        self.put_aside: list[Any] = []
        self.steps = self.steps_left = 0
        self._newest_point = ("", 0, 0)  # name, how many times it was come to, the steps until then
        self.strike: Callable[[], None] = lambda: None
        self.connections = 0
        self.counts = world.broker.partitions
        self.stages = {stage.name: stage for stage in stages}
        self.places = {topic: (stage.name, number) for stage in stages for number, topic in enumerate(stage.inputs)}
        self.brokers = {stage.name: StageBroker(settings, stage, self) for stage in stages}
        self.lanes: dict[tuple[str, int], Lane] = {}
        self.contact = self
        self.consumer = Inputs(self)
        self.news = asyncio.Event()
        self._is_given = asyncio.Event()
        self.context = self.network.loop.context_of(self)
        self.revocations = 0
        self.generation = 0
        self.assigned = False
        self.leaves = False
        self.ends_what_was_left = 0  # so many lanes of it
        self._metrics: Any = NoMetrics(self)
        self._turns = Turns()
        self._recovering = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self) -> bool:
        """Says whether no broker answers."""
        return self.network.is_away

    def come_to(self, point: str) -> None:
        """Notes that it has come to a point; is struck soon after, where that is planned."""
        faults = self.world.faults
        struck = faults.come_to(point)
        self._newest_point = (point, faults.times(point), self.steps)
        if struck is not None:
            self.strike = partial(self.world.hit, self, struck.what, struck.for_s)
            self.steps_left = struck.steps

    def note_strike(self, what: str, for_s: float) -> None:
        """Notes that it is struck, so many steps after the newest point."""
        point, number, steps = self._newest_point
        self.world.faults.strikes(point, number, Struck(what, self.steps - steps + 1, for_s))

    def start(self) -> None:
        """Begins, in a context of its own."""
        self.come_to("started")
        for run in (self._member, self.consumer.fetch):
            task = self.network.loop.create_task(self._guarded(run), context=self.context)
            self._tasks.add(task)

    def wake(self, tp: TopicPartition) -> None:
        """Hears that there is something to fetch of a partition."""
        if self.consumer.waits_for(tp) and not self.news.is_set():
            self.network.loop.call_soon(self.news.set, context=self.context)

    def fail(self, error: BaseException) -> None:
        """Ends the process at once, as app.fail does."""
        if not self.is_dead:
            self.world.ended(self, error)

    def hear(self) -> None:
        """Hears that the group is complete."""
        self.network.loop.call_soon(self._is_given.set, context=self.context)

    # --- the group ---

    async def _member(self) -> None:
        group, loop = self.world.group, self.network.loop
        while not self.leaves:
            await self._asked("join", lambda _: group.join(self, loop.now_s))
            while (given := group.given(self)) is None:
                self._is_given.clear()
                try:
                    async with asyncio.timeout(JOIN_WITHIN_S):
                        await self._is_given.wait()
                except TimeoutError:
                    await self._asked("join", lambda _: group.join(self, loop.now_s))
            self.generation, numbers = given
            self._recover_soon(numbers)
            await self._beat()
            await self._revoke()
        await self._asked("leave", lambda _: group.leave(self, loop.now_s))
        await asyncio.gather(*(lane.release() for lane in self.lanes.values()))
        self.world.ended(self, None)

    async def _beat(self) -> None:
        """Returns once the group is rebalanced, or knows this worker no more."""
        group, loop = self.world.group, self.network.loop
        while not self.leaves:
            await asyncio.sleep(BEAT_S)
            try:
                is_well = await asked(self.network, "beat", lambda _: group.beat(self, self.generation, loop.now_s))
            except KafkaError:
                continue
            if not is_well:
                return

    async def _revoke(self) -> None:
        self.revocations += 1
        self.assigned = False
        self.consumer.flows = False
        beating = asyncio.create_task(self._beat_on())
        await asyncio.gather(*(lane.park() for lane in self.lanes.values()))
        beating.cancel()

    async def _beat_on(self) -> None:
        group, loop = self.world.group, self.network.loop
        while True:
            await asyncio.sleep(BEAT_S)
            await self._asked("beat", lambda _: group.beat(self, self.generation, loop.now_s))

    async def _asked(self, point: str, answer: Callable[[Broker], Any]) -> Any:
        while True:
            try:
                return await asked(self.network, point, answer)
            except KafkaError:
                await asyncio.sleep(0.1)

    # --- lanes, by assignment: as LaneRecovery and TierflowApp do ---

    def _recover_soon(self, numbers: frozenset[int]) -> None:
        generation, revocations = self.generation, self.revocations

        async def recover() -> None:
            async with self._recovering:
                await self._recover(numbers, lambda: (generation, revocations) == (self.generation, self.revocations))

        task = asyncio.create_task(self._guarded(recover))
        self._tasks.add(task)

    async def _recover(self, numbers: frozenset[int], is_newest: Callable[[], bool]) -> None:
        if not is_newest():
            return
        await self._take_up(numbers)
        if not is_newest():
            return
        assigned = [TopicPartition(topic, number) for topic in self.places for number in sorted(numbers)]
        self.consumer.positions = dict.fromkeys(assigned, -1)
        self.consumer.resume_partitions(set(assigned))  # as Faust does before it seeks
        lanes = list(self.lanes.values())
        if any(lane.is_ready for lane in lanes):
            await self._seek(lanes)
            if not is_newest():
                return
            self._start_ready()
        await asyncio.gather(*(lane.get_ready() for lane in lanes))
        if not is_newest():
            return
        coming = [lane for lane in lanes if lane.is_ready and not lane.is_started]
        await self._seek(coming)
        self.consumer.resume_partitions({tp for lane in coming for tp, _ in self._positions(lane)})
        if is_newest():
            self._start_ready()

    def _start_ready(self) -> None:
        self.consumer.flows = True
        self.news.set()
        for lane in self.lanes.values():
            if not lane.is_ready:
                self.consumer.pause_partitions({tp for tp, _ in self._positions(lane)})
            elif not lane.is_started:
                lane.start()
        self.assigned = True

    async def _seek(self, lanes: Sequence[Lane]) -> None:
        await self.consumer.seek_to(
            {tp: offset for lane in lanes if lane.is_placed for tp, offset in self._positions(lane)}
        )

    def _positions(self, lane: Lane) -> list[tuple[TopicPartition, int]]:
        topics = lane.stage.inputs
        return [(TopicPartition(topic, lane.number), at) for topic, at in zip(topics, lane.next_offsets, strict=True)]

    async def _take_up(self, numbers: frozenset[int]) -> None:
        wanted = list(product(self.stages, sorted(numbers)))
        for key in [key for key in self.lanes if key not in wanted]:
            await self.lanes.pop(key).release()
        for name, number in wanted:
            if (name, number) not in self.lanes:
                stage, broker = self.stages[name], self.brokers[name]
                now_ms = self.world.wall_ms
                self.lanes[name, number] = Lane(stage, number, broker, self._metrics, now_ms, self.fail, self._turns)
        await asyncio.gather(*(lane.take_up() for lane in self.lanes.values()))

    async def _guarded(self, run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - after any error the process ends
            self.fail(error)

    def doing(self) -> str:
        """Says what the worker is in the middle of: the rarest of what its lanes do."""
        if self.ends_what_was_left:
            return DOINGS[0]
        found = {_doing(lane) for lane in self.lanes.values()}
        return next((each for each in DOINGS if each in found), DOINGS[-1])


def _doing(lane: Lane) -> str:
    producers: Sequence[TransactionalProducer] = lane._owned._transactions._producers._producers  # type: ignore[attr-defined]
    states = {producer._txn_manager.state for producer in producers}
    if states & {TransactionState.COMMITTING_TRANSACTION, TransactionState.ABORTING_TRANSACTION}:
        return "in the end of a transaction"
    if TransactionState.IN_TRANSACTION in states:
        return "in a transaction"
    if lane._owned.is_being_taken_over:
        return "in a take-over"
    return "between two batches"
