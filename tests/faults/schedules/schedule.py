"""One schedule: workers, ledger and readers run; phase after phase of faults happens and is healed; all is judged."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.errors import AwayError
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder
from tests.faults.schedules.anomalies import Anomaly, History, anomalies
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH, Crew
from tests.faults.schedules.faults import Faults
from tests.faults.schedules.ledger import ERASABLE, PLAIN, Ledger
from tests.faults.schedules.plan import Phase, phases
from tests.faults.schedules.replay import TOPICS
from tests.faults.schedules.watching import Poller, Reader, ends_of
from tests.support.background import background
from tests.support.patience import stretched, until
from tests.support.worker_processes import TIERFLOW

PARTITIONS = 4
EVENTS_A_SECOND = 100
_OUTPUTS = ("changes", "current", "order", "dead-letters")
_HEALED_WITHIN_S = 60.0
_READ_WITHIN_S = 60.0


class Result(NamedTuple):
    """What one schedule came to: a line of the file of results. faults: how often each came about, by name."""

    seed: int
    brokers: int
    workers: int
    faults: dict[str, int]
    events: int
    in_doubt: int
    transactions: int
    changes: int
    shown: int
    seconds: float
    sigterm_s: list[float]
    ended: list[list[Any]]
    anomalies: list[list[str]]


class Schedule:
    """The names and the settings of one schedule on a cluster; topics are its own."""

    def __init__(self, cluster: Cluster, seed: int, folder: Path, launch: str = LAUNCH) -> None:
        self._launch = launch
        self.cluster = cluster
        self.seed = seed
        self.folder = folder
        self.app_id = f"s{seed}-{time.time_ns() // 1_000_000 % 1_000_000_000}"
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": cluster.servers,
            "TIERFLOW_APP_ID": self.app_id,
            "TIERFLOW_INPUT_PREFIX": f"{self.app_id}.bank.",
            "TIERFLOW_OUTPUT_PREFIX": f"{self.app_id}.tier.",
            "TIERFLOW_POLICY": str(policy_folder() / "assets-only.toml"),
            "TIERFLOW_DATA_DIR": str(folder / "data"),
            "TIERFLOW_HTTP_PORT": "0",
            "TIERFLOW_LOAN_WAIT_MS": "200",
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", str(folder)),
        }
        self.settings = Settings.from_environment(self.environment, dotenv=None)
        self.ledger = Ledger(cluster.servers, self.settings.input_prefix, Random(seed))  # noqa: S311 - repeatable, not secret
        self.reader = Reader(cluster.servers, (self.settings.output_topic(name) for name in _OUTPUTS), PARTITIONS)
        self._began_s = time.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Crew, Poller]]:
        """Workers that have taken over, a ledger that is open, readers that follow; no events but the first ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await until(self._has_topics, _HEALED_WITHIN_S, "the topics are made")
        servers = [self.cluster.servers_of(slot) for slot in self.cluster.slots]
        crew = Crew(self.environment, self.folder, servers, self._launch)
        poller = Poller(crew.urls, [*PLAIN, *ERASABLE], Random(self.seed))  # noqa: S311 - repeatable, not secret
        async with crew.supervising(), self.ledger.open():
            await crew.all_ready(_HEALED_WITHIN_S)
            await self.ledger.introduce()
            await self.all_worked()
            async with background(self.reader.follow(), poller.poll()):
                yield crew, poller

    async def _has_topics(self) -> bool:
        with suppress(AwayError):  # brokers on a busy machine
            await ensure_topics(self.settings, PARTITIONS, self.cluster.replication)
            return True
        return False

    async def all_worked(self) -> None:
        """Returns when the order of work reaches the ends of the inputs, and no transaction is open."""
        inputs = self.settings.input_topics()
        goal = await ends_of(self.cluster.servers, inputs, PARTITIONS, "read_uncommitted")

        async def are_worked() -> bool:
            with suppress(Exception):
                group = await group_offsets(self.settings)
                return all(group.get(tp, 0) >= end for tp, end in goal.items())
            return False

        await until(are_worked, _HEALED_WITHIN_S, "all inputs are worked")

    async def history(self, poller: Poller) -> History:
        """Reads everything anew."""
        names = {name: self.settings.output_topic(name) for name in _OUTPUTS}
        names |= {name: self.settings.input_topic(name) for name in TOPICS}
        goal = await ends_of(self.cluster.servers, names.values(), PARTITIONS, "read_uncommitted")
        final = Reader(self.cluster.servers, names.values(), PARTITIONS)
        async with asyncio.timeout(stretched(_READ_WITHIN_S)):
            await final.read_to(goal)
        group = await group_offsets(self.settings)
        acknowledged = self.ledger.acknowledged
        return History(PARTITIONS, names, final.seen, [self.reader.seen], poller.shown, acknowledged, group)

    def result(self, crew: Crew, faults: Faults, history: History | None, found: list[Anomaly], shown: int) -> Result:
        def count(name: str) -> int:
            return 0 if history is None else sum(len(history.of(name, number)) for number in range(PARTITIONS))

        return Result(
            self.seed,
            self.cluster.replication,
            len(self.cluster.slots),
            dict(sorted(faults.hits.items())),
            self.ledger.sent,
            len(self.ledger.in_doubt),
            count("order"),
            count("changes"),
            shown,
            round(time.monotonic() - self._began_s, 1),
            faults.sigterm_s,
            [list(ended) for ended in crew.ended],
            [list(anomaly) for anomaly in found],
        )


async def run(cluster: Cluster, seed: int, folder: Path, faults: int | None = None, launch: str = LAUNCH) -> Result:
    """Runs the schedule of a seed. faults: how many; None: the seed says. launch: the code that is a worker."""
    schedule = Schedule(cluster, seed, folder, launch)
    planned = phases(seed, cluster.replication, len(cluster.slots), faults)
    async with schedule.running() as (crew, poller):
        happening = Faults(cluster, crew, schedule.settings)
        history, found = None, list[Anomaly]()
        try:
            for phase in planned:
                await _phase(schedule, crew, happening, phase)
            await schedule.all_worked()
        except AssertionError as error:
            found.append(Anomaly("no progress", str(error)))
        else:
            history = await schedule.history(poller)
            found += anomalies(history)
            found += await _audit(schedule)
        found += [Anomaly("unclean end", what) for what in happening.unclean]
        found += [Anomaly("stays down", f"{who}: {said}") for who, status, said in crew.ended if status in {0, 2}]
        return schedule.result(crew, happening, history, found, len(poller.shown))


async def _phase(schedule: Schedule, crew: Crew, faults: Faults, phase: Phase) -> None:
    """Faults while events flow; then all is healed, and the workers come to where the inputs were then."""
    async with background(schedule.ledger.flow(EVENTS_A_SECOND)):
        await asyncio.sleep(1.0)
        await asyncio.gather(*(faults.happen(step) for step in phase))
        await asyncio.to_thread(schedule.cluster.heal)
        for member in crew.members:
            member.heal()
        await crew.all_ready(_HEALED_WITHIN_S)
        await schedule.all_worked()


async def group_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """The offsets of the workers' group."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(settings.app_id)
    finally:
        await admin.close()
    return {tp: committed.offset for tp, committed in found.items()}


async def _audit(schedule: Schedule) -> list[Anomaly]:
    """What the product's own audit says."""
    process = await asyncio.create_subprocess_exec(
        TIERFLOW, "audit", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=schedule.environment
    )
    said, _ = await process.communicate()
    return [] if process.returncode == 0 else [Anomaly("audit", said.decode()[-2_000:])]
