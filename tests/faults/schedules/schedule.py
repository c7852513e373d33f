"""One schedule: workers, ledger and readers run; phase after phase of faults happens and is healed; all is judged."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.faults.schedules.anomalies import Anomaly, History, anomalies, ends
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH, Crew
from tests.faults.schedules.faults import Faults
from tests.faults.schedules.ground import HEALED_WITHIN_S, PARTITIONS, Ground, group_offsets
from tests.faults.schedules.ledger import ERASABLE, PLAIN, Ledger
from tests.faults.schedules.plan import Phase, phases
from tests.faults.schedules.replay import TOPICS
from tests.faults.schedules.watching import Poller, Reader, ends_of
from tests.support.background import background
from tests.support.patience import stretched
from tests.support.worker_processes import TIERFLOW

EVENTS_A_SECOND = 100
_OUTPUTS = ("changes", "current", "order", "dead-letters", "erasures")
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


class Schedule(Ground):
    """A schedule with a ledger of events, and readers."""

    def __init__(self, cluster: Cluster, seed: int, folder: Path, launch: str = LAUNCH) -> None:
        super().__init__(cluster, seed, folder, launch)
        self.ledger = Ledger(cluster.servers, self.settings.input_prefix, Random(seed))  # noqa: S311 - repeatable, not secret
        self.reader = Reader(cluster.servers, (self.settings.output_topic(name) for name in _OUTPUTS), PARTITIONS)
        self._began_s = time.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Crew, Poller]]:
        """Workers that have taken over, a ledger that is open, readers that follow; no events but the first ones."""
        async with self.crew() as crew, self.ledger.open():
            poller = Poller(crew.urls, [*PLAIN, *ERASABLE], Random(self.seed))  # noqa: S311 - repeatable, not secret
            await crew.all_ready(HEALED_WITHIN_S)
            await self.ledger.introduce()
            await self.all_worked()
            async with background(self.reader.follow(), poller.poll()):
                yield crew, poller

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
        found += ends(crew.ended)
        if not poller.shown:
            found.append(Anomaly("no progress", "no worker has answered for any customer"))
        return schedule.result(crew, happening, history, found, len(poller.shown))


async def _phase(schedule: Schedule, crew: Crew, faults: Faults, phase: Phase) -> None:
    """Faults while events flow; then all is healed, and the workers come to where the inputs were then."""
    async with background(schedule.ledger.flow(EVENTS_A_SECOND)):
        await asyncio.sleep(1.0)
        await asyncio.gather(*(faults.happen(step) for step in phase))
        await schedule.heal(crew)
        await schedule.all_worked()


async def _audit(schedule: Schedule) -> list[Anomaly]:
    """What the product's own audit says."""
    process = await asyncio.create_subprocess_exec(
        TIERFLOW, "audit", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=schedule.environment
    )
    said, _ = await process.communicate()
    return [] if process.returncode == 0 else [Anomaly("audit", said.decode()[-2_000:])]
