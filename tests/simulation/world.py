"""One schedule: workers on a cluster in memory, records that come in, what goes wrong, and what came of it."""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from zlib import crc32

from aiokafka import TopicPartition

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import LANE_KEY, unpack_lane
from streams.kafka.changelog import ChangelogError
from streams.kafka.never_taken import NeverTakenError
from streams.settings import Settings
from streams.stages.stage import Stage
from streams.worker.takeover import LaneError
from tests.simulation.broker import ABORT, COMMIT, OFFSETS, Batch, Broker
from tests.simulation.checks import Anomaly, Seen, check
from tests.simulation.faults import DOINGS, DrawnFaults, Faults, Happening
from tests.simulation.group import Group
from tests.simulation.kept import KeptFaults, Schedule
from tests.simulation.loop import NothingLeftError, SeededLoop
from tests.simulation.network import Network, clients_replaced
from tests.simulation.points import points_noted
from tests.simulation.scenes import Scene
from tests.simulation.worker import Worker

ENDS_AFTER_S = 240.0
LOST = (
    "ahead of the state",
    "was made anew",
    "is empty",
    "were deleted",
)  # what sentences say of lost records
CHECK_EVERY_S = 0.5
STRIKES_WITHIN = 40
WAITS_FOR_MORE, AGAIN_WITHIN = 0.99, 12
LOSES_ALL = 0.4
STRIKES = {"killed", "paused"}
FOR_GOOD = ("refused for good", "applied and refused for good")
WORKERS_AT_LEAST = 2
# Pauses between two looks at the same thing: to look as often as on a real clock would be most of what a run costs.
WAITS_S = {
    "streams.worker.lane.IDLE_S": 10.0,  # lanes are told of all that comes
    "streams.kafka.lost_ends._PAUSE_S": 0.1,
    "streams.kafka.changelog._LOOK_AGAIN_S": 0.25,
    "aiokafka.producer.sender.BACKOFF_OVERRIDE": 0.05,
}


class Run(NamedTuple):
    """What came of a schedule. trail: a number that any difference between two runs of a seed would change."""

    seed: int
    schedule: Schedule
    anomalies: list[Anomaly]
    met: Counter[str]
    trace: list[str]
    trail: int
    simulated_s: float
    steps: int


class World:
    """All of one schedule, but for the loop that runs it."""

    def __init__(self, loop: SeededLoop, seed: int, scene: Scene, faults: Faults, *, traces: bool) -> None:
        self.loop = loop
        self.faults = faults
        self.scene = scene
        self.random = Random(f"world {seed}")
        self._records = Random(f"records {seed}")
        self._markers = Random(f"markers {seed}")
        self._strikes = Random(f"strikes {seed}")
        self.trace: list[str] = []
        self.broker = Broker(scene.partitions, self._later)
        self.broker.has_protocol_2 = faults.setting.has_protocol_2
        if faults.setting.home is not None:
            self.broker.move_to(faults.setting.home)
        self.broker.on_news = self._on_news
        self.broker.on_added = partial(faults.met_once, "added by records or offsets")
        self.broker.on_begun = self._on_begun
        self.broker.on_restart = self._restart
        self.broker.choose_lost = self._choose_lost
        self.network = Network(loop, self.broker, faults, self._note if traces else None)  # type: ignore[arg-type]
        self.group = Group(max(scene.partitions.values()))
        self.workers: list[Worker] = []
        self.names = 0
        self.anomalies: list[Anomaly] = []
        self.seen: list[Seen] = []
        self.trail = 0
        self._is_known_to_be_open = False  # something that is to be worked, or to be ended
        self._outages: list[float] = []  # that are to come
        self._traces = traces
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what the workers ask of it ---

    def wall_ms(self) -> int:
        """Gives the wall clock."""
        return self.loop.time_ns() // 1_000_000

    def loses_a_fetch(self, tp: TopicPartition) -> bool:
        """Says whether a fetch of a partition is lost inside the process now."""
        lost = self.faults.loses_fetch(f"fetch of {tp.topic} {tp.partition}")
        if lost:
            self.network.later(self.random.random(), self._rebalance)  # Faust drops one where an assignment follows
        return lost

    def ended(self, worker: Worker, error: BaseException | None) -> None:
        """Takes note of a process that has ended by itself; its supervisor starts another one."""
        self.kill(worker)
        self._note(
            f"{worker.name} ends: {type(error).__name__}: {error}" if error is not None else f"{worker.name} leaves"
        )
        if error is not None:
            self.faults.met_once("worker ended by itself")
            self._judge(worker, error)
            self.network.later(0.5 + 2 * self.random.random(), self.start_worker)

    def _judge(self, worker: Worker, error: BaseException) -> None:
        """Notes as an anomaly what no fault of a schedule may lead to."""
        said = f"{worker.name} ended: {type(error).__name__}: {error}"
        is_refused = isinstance(error, NeverTakenError) and any(map(self.faults.may_happen, FOR_GOOD))
        is_in_time = isinstance(error, LaneError) and not any(each in str(error) for each in LOST)
        if not (is_refused or is_in_time or isinstance(error, ChangelogError)):
            self.anomalies.append(Anomaly("false alarm", said))

    def committed_counter(self, stage: Stage, number: int) -> int:
        """Gives the number of the newest transaction that is committed in a partition."""
        lane = _lane_record(self.broker, stage.changelog, number)
        return 0 if lane is None else lane.counter

    # --- what happens ---

    def start_worker(self) -> None:
        """Starts one more process."""
        self.names += 1
        worker = Worker(self, f"w{self.names}", settings(), self.scene.stages)
        self._note(f"{worker.name} starts")
        self.workers.append(worker)
        worker.start()

    def kill(self, worker: Worker) -> None:
        """Ends a process at once; its connections end with it."""
        worker.is_dead = True
        if worker in self.workers:
            self.workers.remove(worker)
        self.network.cut(lambda connection: connection.owner is worker)

    def happen(self, happening: Happening) -> None:
        """Lets a fault happen, and heal after its time."""
        what, whom, for_s = happening.what, happening.whom, happening.for_s
        if self.faults.has_healed or not self.workers:
            return
        if what in STRIKES and self.faults.is_kept:
            return  # those that came are kept by the points at which they came
        worker = self.workers[whom % len(self.workers)]
        self._note(f"*** {what}: {worker.name}, number {whom}, {for_s:.1f} s")
        self.faults.met_once(what)
        if what in STRIKES:
            worker.strike = partial(self.strike, worker, what, for_s)
            worker.steps_left = 1 + whom % STRIKES_WITHIN  # at any of its next steps
        elif what in {"cut off", "joined", "left", "storm"}:
            self._happen_to_the_group(what, worker, whom, for_s)
        else:
            self._happen_to_the_cluster(what, whom, for_s)

    def _happen_to_the_group(self, what: str, worker: Worker, whom: int, for_s: float) -> None:
        later = self.network.later
        if what == "cut off":
            worker.is_cut_off = True
            later(for_s, self._mend, worker)
        elif what == "joined":
            self.start_worker()
        elif what == "left":
            worker.leaves = True
            if len([each for each in self.workers if not each.leaves]) < WORKERS_AT_LEAST:
                self.start_worker()
        else:
            for number in range(whom % 6 + 2):
                later(number * for_s / 8, self._rebalance)

    def _happen_to_the_cluster(self, what: str, whom: int, for_s: float) -> None:
        broker = self.broker
        if what == "leader moved":
            tps = sorted(broker.logs)
            tp = tps[whom % len(tps)]
            broker.leaders[tp] = (broker.leaders[tp] + 1) % 3
        elif what == "coordinator moved":
            self._move_coordinators(whom, for_s)
        elif what == "connections cut":
            self.network.cut(lambda connection: connection.node == whom % 3)
        elif what == "compacted":
            for tp, log in broker.logs.items():
                if tp.topic.endswith("-changelog"):
                    log.compact()
        elif what == "foreign transaction":
            self._write_to_a_changelog(whom, for_s)
        elif what == "broker away":
            self._outages.append(for_s)
            if whom % 3 == 0:
                self._on_begun()  # whatever is going on; else in the middle of a transaction
        else:
            # Of the next abort, such as that of a fence; or of the next end, whichever, and of two in a row.
            broker.loses_markers += ([ABORT], [None, ABORT], [None, None, ABORT])[whom % 3]

    def _write_to_a_changelog(self, whom: int, for_s: float) -> None:
        """Has somebody else hold a transaction on a changelog, and abort it after this time."""
        broker, name = self.broker, f"bank-foreign-{whom}"
        tps = sorted(tp for tp in broker.logs if tp.topic.endswith("-changelog"))
        tp = tps[whom % len(tps)]
        broker.now_s = self.loop.now_s
        error, producer_id, epoch = broker.init_producer(name, 60_000)
        if not error:
            broker.add_partitions(name, producer_id, epoch, [tp])
            broker.produce(name, tp, Batch(producer_id, epoch, 0, True, [(b"foreign", b"", (), 0)]))  # noqa: FBT003
            self.network.later(for_s, self._once_back, partial(broker.end, name, producer_id, epoch, ABORT))

    def _on_begun(self) -> None:
        if self._outages:
            self.network.later(0.002 * self.random.random(), self._go_away, self._outages.pop())

    def _go_away(self, for_s: float) -> None:
        """Has no node answer for this time; whatever they would have done meanwhile, they do afterwards."""
        if self.faults.has_healed or self.network.is_away:
            return
        self._note(f"*** the broker is away for {for_s:.1f} s")
        self.network.restart()
        self.network.is_away = True
        self.network.later(for_s, self._come_back)

    def _come_back(self) -> None:
        if not self.network.is_away:
            return
        self._note("*** the broker is back")
        self.network.is_away = False
        self.broker.now_s = self.loop.now_s
        if self.broker.has_transactions_that_are_late():
            self.faults.met_once("away for longer than a transaction has")
        self.group.begin_anew(self.loop.now_s)

    def _once_back(self, call: Callable[[], Any]) -> None:
        """Does what a node does by itself, once it is there."""
        if self.network.is_away:
            self.network.later(0.1 + self.faults.marker_s(), self._once_back, call)
        else:
            call()

    def strike(self, worker: Worker, what: str, for_s: float) -> None:
        """Kills a worker, or pauses it, in the middle of what is wanted."""
        if self.faults.has_healed:
            return
        doings = (*DOINGS, *2 * DOINGS[:1]) if self.faults.may_happen("markers lost") else DOINGS[1:]
        wanted = doings[int(100 * for_s) % len(doings)]
        is_worth_it = wanted == DOINGS[0] or self._strikes.random() < WAITS_FOR_MORE
        if worker.doing() != wanted and is_worth_it:
            worker.steps_left = 1 + self._strikes.randrange(AGAIN_WITHIN)
            return
        worker.note_strike(what, for_s)
        self.hit(worker, what, for_s)

    def hit(self, worker: Worker, what: str, for_s: float) -> None:
        """Kills a worker, or pauses it."""
        self._note(f"*** {worker.name} is {what} {worker.doing()}")
        self.faults.met_once(f"{what} {worker.doing()}")
        if what == "killed":
            self.kill(worker)
            self.network.later(for_s / 4, self.start_worker)
        else:
            worker.is_paused = True
            self.network.later(for_s, self.wake, worker)

    def wake(self, worker: Worker) -> None:
        """Lets a paused process go on."""
        if worker.is_paused and not worker.is_dead:
            self.loop.go_on(worker)

    def _mend(self, worker: Worker) -> None:
        worker.is_cut_off = False

    def _rebalance(self) -> None:
        self.group.rebalance(self.loop.now_s)

    def _move_coordinators(self, whom: int, for_s: float) -> None:
        for number, key in enumerate(sorted(self.broker.coordinators)):
            if (number + whom) % 2:
                node = self.broker.coordinators[key] = (self.broker.coordinators[key] + 1) % 3
                self.broker.loading_until_s[node] = self.loop.now_s + min(for_s, 3.0)

    # --- from the beginning to the end ---

    async def run(self) -> None:
        """Runs all of it."""
        for _ in range(self.faults.setting.workers):
            self.start_worker()
        tasks = [self._write(), self._look_at_times(), self._look_at_members(), self._sample()]
        self._tasks = {self.loop.create_task(task, context=self.loop.world) for task in tasks}
        for happening in self.faults.happenings:
            self.network.later(happening.at_s, self.happen, happening)
        await asyncio.sleep(self.faults.setting.for_s)
        self.broker.loses_markers.clear()
        self._heal()
        give_up_at = self.loop.now_s + ENDS_AFTER_S
        while self._is_known_to_be_open or not self._is_worked():
            self._is_known_to_be_open = True  # until there are news
            if self.loop.now_s > give_up_at:
                self.anomalies.append(Anomaly("stuck", f"not all is worked {ENDS_AFTER_S:.0f} s after the last fault"))
                break
            await asyncio.sleep(CHECK_EVERY_S)
        self._note("all is worked")

    def _heal(self) -> None:
        self._note("--- heals ---")
        self._come_back()
        self.faults.has_healed = True
        for worker in self.workers:
            worker.is_cut_off = False
            self.wake(worker)
        if not self.workers:
            self.start_worker()

    def _restart(self) -> None:
        """Restarts the broker, which has lost markers."""
        self._note("*** the broker restarts, and has lost markers")
        self.network.restart()

    def _choose_lost(self, tps: Sequence[TopicPartition]) -> Sequence[TopicPartition]:
        """Says of which partitions the markers are lost: all, or some."""
        if self._markers.random() < LOSES_ALL:
            return tps
        return [tp for tp in tps if self._markers.random() < 0.5] or [self._markers.choice(tps)]

    async def _write(self) -> None:
        """Writes what comes in, in bursts; some of it in transactions, of which some are aborted."""
        for records in self.scene.bursts(self._records, self.faults.setting.for_s):
            await asyncio.sleep(max(records.at_s - (self.loop.now_s - 1_000.0), 0.0))
            await self._until_back()
            self.broker.now_s = self.loop.now_s
            for tp, stored in records.plain:
                self.broker.produce(None, tp, Batch(-1, -1, -1, False, stored))  # noqa: FBT003
            if records.in_transaction:
                await self._write_in_transaction(records.name, records.in_transaction, commits=records.commits)

    async def _write_in_transaction(
        self, name: str, batches: Sequence[tuple[TopicPartition, Any]], *, commits: bool
    ) -> None:
        _, producer_id, epoch = self.broker.init_producer(name, 60_000)
        self.broker.add_partitions(name, producer_id, epoch, [tp for tp, _ in batches])
        sequences: Counter[TopicPartition] = Counter()
        for tp, stored in batches:
            self.broker.produce(name, tp, Batch(producer_id, epoch, sequences[tp], True, stored))  # noqa: FBT003
            sequences[tp] += len(stored)
            await asyncio.sleep(0.2 * self.random.random())
            await self._until_back()
        self.broker.end(name, producer_id, epoch, COMMIT if commits else ABORT)

    async def _until_back(self) -> None:
        while self.network.is_away:  # noqa: ASYNC110 - there is nothing to wait for but the time
            await asyncio.sleep(0.2)

    async def _look_at_times(self) -> None:
        while True:
            await asyncio.sleep(5 + 5 * self.random.random())
            await self._until_back()
            self.broker.now_s = self.loop.now_s
            if self.broker.abort_timed_out():
                self.faults.met_once("timed out by the broker")

    async def _look_at_members(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self._until_back()
            self.group.look(self.loop.now_s)

    async def _sample(self) -> None:
        """Looks, at times, at what a reader sees, and at what workers show."""
        while True:
            await asyncio.sleep(0.3 + 4 * self.random.random())
            self.seen += self.scene.read_now(self.broker)
            self.faults.met_once("read during faults")
            for worker in self.workers:
                for lane in worker.lanes.values():
                    if lane.partition is not None:
                        self.faults.met_once("seen while worked")
                        partition = lane.partition
                        name = (lane.stage.name, lane.number)
                        self.seen.append(Seen("state", name, partition.lane.counter, dict(partition.packed)))

    def _is_worked(self) -> bool:
        for stage in self.scene.stages:
            for number in range(self.group._partitions):
                lane = _lane_record(self.broker, stage.changelog, number)
                reached = [0] * len(stage.inputs) if lane is None else lane.next_offsets
                for topic, offset in zip(stage.inputs, reached, strict=True):
                    log = self.broker.logs[TopicPartition(topic, number)]
                    if log.stable_end < log.end or any(True for _ in log.read(offset, log.end)):
                        return False
        return all(log.stable_end == log.end or self._is_lost(tp) for tp, log in self.broker.logs.items())

    def _is_lost(self, tp: TopicPartition) -> bool:
        """Says whether only offsets of the group are open, of which the broker has lost the end: nobody sees that."""
        opened = [producer.part for producer in self.broker.logs[tp].producers.values() if producer.part is not None]
        return tp == OFFSETS and all(part.name in self.broker.lost for part in opened)

    # --- small parts ---

    def _later(self, what: str, call: Callable[[], None]) -> None:
        del what
        self.network.later(self.faults.marker_s(), self._once_back, call)

    def _on_news(self, tp: TopicPartition) -> None:
        self._is_known_to_be_open = False
        for worker in self.workers:
            worker.wake(tp)

    def _note(self, what: str) -> None:
        said = f"{self.loop.now_s - 1_000:9.4f} {what}"
        self.trail = crc32(said.encode(), self.trail)
        if self._traces:
            self.trace.append(said)


def _lane_record(broker: Broker, changelog: str, number: int) -> LaneRecord | None:
    """Gives the newest one that is committed."""
    log = broker.logs[TopicPartition(changelog, number)]
    for offset in range(log.end - 1, -1, -1):
        stored = log.records[offset]
        if stored is not None and stored.key == LANE_KEY and stored.part is not None and stored.part.outcome == COMMIT:
            return unpack_lane(stored.value or b"")
    return None


@cache
def settings() -> Settings:
    """Gives the settings of all workers."""
    return Settings.from_environment({"TIERFLOW_APP_ID": "app"}, dotenv=None)


def simulate(seed: int, scene: Scene, *, traces: bool = False) -> Run:
    """Runs the schedule of a seed."""
    return _run(seed, scene, DrawnFaults(seed), traces=traces)


def simulate_kept(schedule: Schedule, scene: Scene, *, traces: bool = False) -> Run:
    """Runs a schedule that was kept."""
    return _run(schedule.seed, scene, KeptFaults(schedule), traces=traces)


def _run(seed: int, scene: Scene, faults: Faults, *, traces: bool) -> Run:
    order = Random(f"order {seed}") if faults.setting.shuffles else None
    loop = SeededLoop(order, slow=faults.pace if faults.setting.slow_cpu else None)
    with _without_real_time(loop):
        world = World(loop, seed, scene, faults, traces=traces)
        try:
            loop.run_until_complete(loop.create_task(world.run(), context=loop.world))
        except NothingLeftError:
            world.anomalies.append(Anomaly("stuck", "nothing is ready, and no timer is set"))
        anomalies = [*world.anomalies, *check(world.broker, scene, world.seen)]
        anomalies += [Anomaly("uncaught", f"{each}") for each in loop.failed if _counts(each)]
        loop.bury()
    schedule = Schedule(seed, faults.setting, faults.happenings, faults.noted)
    return Run(seed, schedule, anomalies, faults.met, world.trace, world.trail, loop.now_s - 1_000, loop.steps)


def _counts(context: dict[str, Any]) -> bool:
    """Says whether something that nobody caught is one: futures of the dead are not, nor what aiokafka only logs."""
    message = str(context.get("message"))
    return not any(each in message for each in ("never retrieved", "destroyed", "MessageAccumulator"))


@contextmanager
def _without_real_time(loop: SeededLoop) -> Iterator[None]:
    clock = {
        "monotonic": loop.time,
        "perf_counter": loop.perf_counter,
        "time_ns": loop.time_ns,
        "time": lambda: loop.time_ns() / 1e9,
    }
    disabled, hook = logging.root.manager.disable, sys.unraisablehook
    with ExitStack() as stack:
        for name, now in clock.items():
            stack.enter_context(patch(f"time.{name}", now))
        stack.enter_context(clients_replaced())
        stack.enter_context(points_noted())
        for place, seconds in WAITS_S.items():
            stack.enter_context(patch(place, seconds))
        logging.disable(logging.CRITICAL)
        sys.unraisablehook = lambda _: None  # what is left of the dead is collected
        before = asyncio.events._get_running_loop()
        asyncio.events._set_running_loop(None)
        try:
            yield
        finally:
            asyncio.events._set_running_loop(before)
            logging.disable(disabled)
            with suppress(Exception):
                sys.unraisablehook = hook
