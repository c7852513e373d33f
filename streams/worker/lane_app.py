"""A Faust app whose fetches go to lanes: one agent over the input topics of all stages, a lane per stage and partition.

    input topic -> transport (a fetch at a time) -> agent -> lane -> Partition -> one transaction -> output topics

After an assignment the lanes take their partitions over; only then are input topics read. What is worked, the stages
say: those of a worker (app.py), or of `tierflow intake` (intake_app.py).
"""

import asyncio
import gc
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import faust
from faust.types import TP

from streams.contracts.kept import KnownTopic, LaneRecord
from streams.errors import NEEDS_A_PERSON, TRY_AGAIN, TryAgainError, UsageError, named
from streams.kafka.broker_clock import LIMIT_MS, leapt
from streams.kafka.contact import KafkaContact, RefusedError
from streams.kafka.never_taken import FORBIDDEN, NeverTakenError
from streams.kafka.permitted import lacked
from streams.kafka.refusals import forbidden
from streams.kafka.rights.right import Rows
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.unchanged import TopicsChangedError
from streams.kafka.wall_clock import WatchedClock
from streams.logs import FAUST
from streams.metrics import Metrics, Shown
from streams.settings import Settings
from streams.stages.stage import Stage
from streams.tracing.start import tracer_of
from streams.values.calendar import NEVER_MS
from streams.worker.broker import StageBroker
from streams.worker.frame.recovery import LaneTables
from streams.worker.frame.transport import ConsumerOnly, FetchSchema, FetchTransport
from streams.worker.lane import Lane
from streams.worker.ports import SpansPort
from streams.worker.takeover import LaneError
from streams.worker.topics_watch import Watched, changed_from, lasting
from streams.worker.turns import Turns
from streams.worker.watchdog import why_unreadable

SESSION_TIMEOUT_S = 6.0
# By its next heartbeat a worker hears that another has come or gone: until then partitions stand still.
HEARTBEAT_S = 0.25
_log = logging.getLogger(__name__)

Watch = Callable[[], Awaitable[None]]
LaneKey = tuple[str, int]
"""A stage's name and a partition number."""


class LaneApp(faust.App):  # type: ignore[misc]
    """A Faust app that holds the lanes of its stages and gives them their partitions."""

    logger = FAUST
    BootStrategy = ConsumerOnly
    role = "worker"
    """Whose rights it needs (kafka/rights)."""

    rows: Rows | None = None
    """Those rights; None: all of the role's."""

    def __init__(self, settings: Settings, group: str) -> None:
        """Makes it, without stages. group: its consumer group."""
        self.client_options = settings.client_options()  # of the consumer that the frame makes
        super().__init__(group, **_faust_options(settings))
        self.transport = FetchTransport(self.conf.broker, self)
        self.settings = settings
        self.metrics = Metrics()
        self.stages: dict[str, Stage] = {}  # by name of the stage
        self.brokers: dict[str, StageBroker] = {}  # by name of the stage
        self.counts: dict[str, int] = {}  # how many partitions each topic of the stages has
        self.lanes: dict[LaneKey, Lane] = {}
        self.turns = Turns()
        self.spans = _spans_of(settings, self.role)
        self.clock = WatchedClock(LIMIT_MS, lambda ms: fail(TryAgainError(leapt(ms))))
        self.contact = KafkaContact(self.client_options)
        self.assigned = False
        self.unassigned_since: float | None = time.monotonic()  # None once the group has given us our partitions
        self.revocations = 0
        self.beats: dict[str, float] = {}  # by task: when it last looked (time.monotonic)
        self.succeeded: dict[str, float] = {}  # by part: when it did for the last time (time.time)
        self.group_lags: Mapping[tuple[str, int], int] = {}  # by topic and partition: where this worker asks for all
        self.watches: list[tuple[str, Watch]] = []  # tasks that run from the start on (watches.py)
        self.stalled: str | None = None  # a sentence: what makes no progress
        self.changed: str | None = None  # a sentence about topics that are not those of the state
        self.on_partitions_revoked.connect(self._park_lanes)
        self.on_before_shutdown.connect(self._release_lanes)

    # --- what an app says ---

    async def before_lanes(self) -> None:
        """Learns what lanes have to know before they take over; called beside that."""

    async def misfit(self) -> str | None:
        """Says which topic does not fit any more, by its settings; None where nothing is known to be wrong."""
        return None

    def shown(self) -> Iterator[Shown]:
        """Gives the gauges that are the app's own (metrics.GAUGES)."""
        for (topic, number), lag in self.group_lags.items():
            yield ("group_lag", topic, str(number)), lag

    def held(self) -> str:
        """Says which partitions it holds, for a log line."""
        return ", ".join(sorted(lane.title for lane in self.lanes.values())) or "none"

    # --- how it stands ---

    def add_stage(self, stage: Stage, counts: Mapping[str, int]) -> None:
        """Adds a stage. To be called before the app starts. counts: how many partitions each of its topics has."""
        self.stages[stage.name] = stage
        self.counts.update(counts)
        self.brokers[stage.name] = StageBroker(self.settings, stage, self)

    @property
    def is_member(self) -> bool:
        """Says whether the group counts this worker as a member for certain: others may not have its partitions."""
        return bool(time.monotonic() < self.consumer.member_until())

    @property
    def serving(self) -> bool:
        """Says whether the partitions of the last assignment are this worker's still."""
        return self.assigned and self.is_member

    def _create_directories(self) -> None:
        """Makes no folders for Faust's tables: nothing is kept on the disk, so a disk that fails ends no worker."""

    async def on_start(self) -> None:
        """Starts the watches; Faust's own tasks would start after the first take-over only. Called by Faust."""
        await super().on_start()
        self.unassigned_since = time.monotonic()
        for what, watch in self.watches:
            self.add_future(self._watched(what, watch))

    async def _watched(self, what: str, watch: Watch) -> None:
        try:
            await watch()
        except FORBIDDEN as error:  # all of them read topics
            fail(UsageError(f"{what} has ended: {forbidden(error, 'READ')}, role {self.role}"))
        except Exception as error:  # noqa: BLE001 - a watch that has ended watches nothing, and nobody would know
            ended = TryAgainError(f"{what} has ended: {named(error)}")
            ended.__cause__ = error
            fail(error if isinstance(error, UsageError) else ended)

    def succeeds(self, part: str) -> None:
        """Notes that a part of the process has succeeded just now."""
        self.succeeded[part] = time.time()

    def beat(self, task: str) -> None:
        """Notes that a task is alive."""
        self.beats[task] = time.monotonic()

    def on_partitions_given(self) -> None:
        """Notes that the group has given this worker its partitions; the take-over follows."""
        self.unassigned_since = None

    def lanes_of(self, stage: str) -> list[Lane]:
        """Gives the lanes of a stage that this worker holds."""
        return [lane for (name, _), lane in self.lanes.items() if name == stage]

    def is_busy(self) -> bool:
        """Says whether a lane has something to do just now."""
        return any(lane.is_busy for lane in self.lanes.values())

    # --- lanes, by assignment ---

    async def take_up(self, assigned: frozenset[TP]) -> None:
        """Takes up the lanes that stay, makes those that come, and releases all others.

        Called after each assignment, before any input is read. An error ends the process: whose the partitions are is
        then unknown.
        """
        stages = {topic: stage.name for stage in self.stages.values() for topic in stage.inputs}
        wanted = {(stages[tp.topic], tp.partition) for tp in assigned if tp.topic in stages}
        try:
            for key in self.lanes.keys() - wanted:
                await self.lanes.pop(key).release()
            for name, number in wanted - self.lanes.keys():
                stage, broker = self.stages[name], self.brokers[name]
                self.lanes[name, number] = Lane(
                    stage, number, broker, self.metrics, self.clock, fail, self.turns, self.spans
                )
            await asyncio.gather(self.before_lanes(), *(lane.take_up() for lane in self.lanes.values()))
        except Exception as error:  # noqa: BLE001 - after any error it is unknown whose the partitions are
            fail(error)

    @property
    def goes_on(self) -> bool:
        """Says whether some lanes stay, and go on while others are taken over."""
        return any(lane.is_ready for lane in self.lanes.values())

    async def take_over(self) -> None:
        """Takes over the lanes that were not taken up. An error ends the process, as above."""
        try:
            await asyncio.gather(*(lane.get_ready() for lane in self.lanes.values()))
        except Exception as error:  # noqa: BLE001 - as above
            fail(error)
        # The recovered states stay in memory: no later collection needs to look at them.
        gc.collect()
        gc.freeze()

    def start_lanes(self) -> None:
        """Starts the lanes that are ready, and are not started yet; from now on the worker serves their partitions.

        The inputs of the others are paused until those are taken over: what were fetched of them would be dropped.
        """
        waiting = [lane for lane in self.lanes.values() if not lane.is_ready]
        for lane in self.lanes.values():
            if lane.is_ready and not lane.is_started:
                lane.start()
        self.assigned = True
        if waiting:
            self.consumer.pause_partitions(self._inputs_of(waiting))
        else:
            _log.info("ready at %s, partitions: %s", self.settings.http_url, self.held())

    async def resume_lanes(self) -> None:
        """Has the inputs read of the lanes that were taken over while others were started already."""
        resumed = [lane for lane in self.lanes.values() if lane.is_ready and not lane.is_started]
        tps = self._inputs_of(resumed) & self.consumer.assignment()
        await self.consumer.seek_to({tp: at for tp, at in self.lane_positions().items() if tp in tps})
        self.consumer.resume_partitions(tps)

    def _inputs_of(self, lanes: Iterable[Lane]) -> set[TP]:
        return {TP(topic, lane.number) for lane in lanes for topic in lane.stage.inputs}

    def lane_positions(self) -> Mapping[TP, int]:
        """Gives the offset from which each input partition of this worker is to be read.

        A lane that was parked before it took anything over has none: what is before the beginning of a topic, such as
        0 where retention has deleted, cannot be sought.
        """
        return {
            tp: offset
            for (name, number), lane in self.lanes.items()
            if lane.is_placed
            for tp, offset in self.brokers[name].positions(number, lane.next_offsets).items()
        }

    def watched(self) -> Iterator[Watched]:
        """Gives what the topics must be: as many partitions as this worker knows of, and as the states were made."""
        for stage in (stage for stage in self.stages.values() if not stage.elastic):
            counted = {topic: KnownTopic("", self.counts[topic]) for topic in stage.topics if topic in self.counts}
            yield Watched(LaneRecord((), 0, NEVER_MS, topics=counted), stage.topics)
        for lane in self.lanes.values():
            if lane.partition is not None:
                yield Watched(lane.partition.lane, lane.stage.topics)

    async def why_changed(self) -> str | None:
        """Says which right is missing now, or which topic is not as the states were made; None if nothing is wrong."""
        lacking = await lacked(self.settings, self.role, self.rows)
        if lacking is not None:
            return lacking
        names = set[str]().union(*(stage.topics for stage in self.stages.values()))
        return changed_from(self.watched(), await ask_for_topics(self.settings.client_options(), names))

    async def on_inputs_unreadable(self, error: Exception) -> None:
        """Ends the process: records were deleted before they were worked, say, or a right was taken away.

        The offsets of a topic that was made anew are gone, too. No restart mends that, nor a right that is missing: so
        these are asked for first.
        """
        changed = await lasting(self.why_changed)
        fail(TopicsChangedError(changed) if changed else TryAgainError(why_unreadable(error, self.settings.app_id)))

    async def _park_lanes(self, *_: Any, **__: Any) -> None:
        self.revocations += 1
        self.assigned = False
        self.unassigned_since = time.monotonic()
        await asyncio.gather(*(lane.park() for lane in self.lanes.values()))

    async def _release_lanes(self, *_: Any, **__: Any) -> None:
        await asyncio.gather(*(lane.release() for lane in self.lanes.values()))
        await asyncio.gather(*(broker.inputs.stop() for broker in self.brokers.values()))


def add_agent(app: LaneApp) -> None:
    """Adds the agent that gives every fetch to the lane of its stage and partition number."""
    places = {topic: (stage.name, number) for stage in app.stages.values() for number, topic in enumerate(stage.inputs)}
    inputs = app.topic(*places, schema=FetchSchema(), acks=False)

    @app.agent(inputs, name="lanes")  # type: ignore[untyped-decorator]
    async def on_fetch(stream: Any) -> None:
        async for event in stream.events():
            for tp, fetched in event.value.items():
                stage, topic = places[tp.topic]
                lane = app.lanes.get((stage, tp.partition))
                if lane is not None:
                    lane.offer(topic, fetched)


def _faust_options(settings: Settings) -> dict[str, Any]:
    """Gives Faust's settings: how it reaches the broker, what it must not do itself, where its web server listens."""
    return {
        "broker": [f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        "broker_max_poll_records": 10_000,
        "broker_session_timeout": SESSION_TIMEOUT_S,
        "broker_heartbeat_interval": HEARTBEAT_S,
        "topic_allow_declare": False,  # kafka/topics.py makes and checks the topics
        "topic_disable_leader": True,
        "store": "memory://",
        "datadir": str(settings.data_dir / "faust"),
        "table_standby_replicas": 0,
        "TableManager": LaneTables,
        "stream_wait_empty": False,  # the lanes commit the offsets, so there is no acknowledgement to wait for
        "stream_recovery_delay": 0.0,
        "web_enabled": True,
        "web_bind": settings.http_host,
        "web_host": settings.http_host,
        "web_port": settings.http_port,
        "canonical_url": settings.http_url,
        "web_tables_enabled": False,
        "web_router_enabled": False,
        "web_stats_enabled": False,
    }


def _spans_of(settings: Settings, role: str) -> SpansPort | None:
    tracer = tracer_of(settings, role)
    if tracer is None:
        return None
    from streams.worker.spans import BatchSpans  # noqa: PLC0415 - of an extra that not everybody has

    return BatchSpans(tracer)


def fail(error: BaseException) -> None:
    """Ends the process at once. What is not committed is worked again by whoever takes the partitions over."""
    needs_a_person = isinstance(error, UsageError | TopicsChangedError | NeverTakenError)
    if needs_a_person:
        _log.critical("worker ends: %s", error)
    elif isinstance(error, TryAgainError):
        _log.critical("worker ends: %s", error, exc_info=error.__cause__)
    elif isinstance(error, LaneError | RefusedError):  # their sentences say all
        _log.critical("worker ends: %s", named(error))
    else:
        _log.critical("worker ends: %s", named(error), exc_info=error)
    logging.shutdown()
    os._exit(NEEDS_A_PERSON if needs_a_person else TRY_AGAIN)
