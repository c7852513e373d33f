"""Schedules on one stand: workers, ledger and readers run on, faults happen and are healed, and all is judged again."""

import asyncio
import subprocess
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.faults.schedules.anomalies import anomalies, ends
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH, Crew
from tests.faults.schedules.faults import Faults
from tests.faults.schedules.ground import HEALED_WITHIN_S, PARTITIONS, Ground, group_offsets
from tests.faults.schedules.history import Anomaly, History
from tests.faults.schedules.ledger import ERASABLE, PLAIN, Ledger
from tests.faults.schedules.plan import Phase, phases
from tests.faults.schedules.replay import TOPICS
from tests.faults.schedules.watching import Poller, Reader, ends_of
from tests.support.background import background
from tests.support.patience import stretched
from tests.support.worker_processes import TIERFLOW

EVENTS_A_SECOND = 60
_OUTPUTS = ("changes", "current", "order", "dead-letters", "erasures", "campaigns", "risk")
_POLICY = Path(__file__).with_name("policy.toml")
_CALM_S = 0.5
_READ_WITHIN_S = 60.0


class Result(NamedTuple):
    """What one schedule came to: a line of the file of results. faults: how often each came about, by name.

    stand: the app id, whose whole history was judged after this schedule, too. is_audited: by the product, too.
    """

    seed: int
    stand: str
    brokers: int
    workers: int
    faults: dict[str, int]
    events: int
    in_doubt: int
    transactions: int
    changes: int
    triggers: int
    risks: int
    shown: int
    seconds: float
    sigterm_s: list[float]
    ended: list[list[Any]]
    is_audited: bool
    anomalies: list[list[str]]


class Totals(NamedTuple):
    """What a stand has come to by now."""

    events: int = 0
    in_doubt: int = 0
    transactions: int = 0
    changes: int = 0
    triggers: int = 0
    risks: int = 0
    shown: int = 0

    def since(self, before: "Totals") -> "Totals":
        return Totals(*(now - then for now, then in zip(self, before, strict=True)))


class Stand(Ground):
    """A ground with a ledger of events, and readers. at_ease: these need not hear of each record at once."""

    def __init__(
        self, cluster: Cluster, seed: int, folder: Path, launch: str = LAUNCH, *, at_ease: bool = True
    ) -> None:
        super().__init__(cluster, seed, folder, launch, _POLICY)
        self._names = {name: self.settings.output_topic(name) for name in _OUTPUTS}
        self._names["candidates"] = self.settings.candidates_topic
        self.ledger = Ledger(cluster.servers, self.settings.input_prefix, Random(seed))  # noqa: S311 - repeatable, not secret
        self.reader = Reader(cluster.servers, self._names.values(), PARTITIONS, at_ease=at_ease)

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
        names = self._names | {name: self.settings.input_topic(name) for name in TOPICS}
        goal = await ends_of(self.cluster.servers, names.values(), PARTITIONS, "read_uncommitted")
        final = Reader(self.cluster.servers, names.values(), PARTITIONS, at_ease=True)
        async with asyncio.timeout(stretched(_READ_WITHIN_S)):
            await final.read_to(goal)
        group = await group_offsets(self.settings)
        acknowledged = self.ledger.acknowledged
        return History(PARTITIONS, names, final.seen, [self.reader.seen], poller.shown, acknowledged, group)

    async def audit(self) -> list[Anomaly]:
        """What the product's own audit says."""
        process = await asyncio.create_subprocess_exec(
            TIERFLOW, "audit", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment
        )
        said, _ = await process.communicate()
        return [] if process.returncode == 0 else [Anomaly("audit", said.decode()[-2_000:])]


class Schedules:
    """The schedules of a stand that runs: each goes on from what the one before has left."""

    def __init__(self, stand: Stand, crew: Crew, poller: Poller) -> None:
        self._stand = stand
        self._crew = crew
        self._poller = poller
        self._faults = Faults(stand.cluster, crew, stand.settings)
        self._before = Totals()
        self._began_s = time.monotonic()

    async def run(self, seed: int, faults: int | None, *, is_last: bool) -> Result:
        """Runs one, and judges all that the stand has written up to now. is_last: the audit judges it, too."""
        self._faults.begin()
        ended = len(self._crew.ended)
        found, totals = await self._judged(seed, faults)
        found += [Anomaly("unclean end", what) for what in self._faults.unclean]
        found += ends(self._crew.ended[ended:])
        is_audited = is_last or bool(found)
        if is_audited:
            found += await self._stand.audit()
        new, self._before = totals.since(self._before), totals
        if not new.shown:
            found.append(Anomaly("no progress", "no worker has answered for any customer"))
        began_s, self._began_s = self._began_s, time.monotonic()
        return Result(
            seed,
            self._stand.app_id,
            self._stand.cluster.replication,
            len(self._crew.members),
            dict(sorted(self._faults.hits.items())),
            *new,
            round(self._began_s - began_s, 1),
            self._faults.sigterm_s,
            [list(one) for one in self._crew.ended[ended:]],
            is_audited,
            [list(anomaly) for anomaly in found],
        )

    async def _judged(self, seed: int, faults: int | None) -> tuple[list[Anomaly], Totals]:
        stand = self._stand
        try:
            for phase in phases(seed, stand.cluster.replication, len(self._crew.members), faults):
                await self._phase(phase)
            await stand.all_worked([stand.settings.candidates_topic])
            history = await stand.history(self._poller)
        except AssertionError as error:
            return [Anomaly("no progress", str(error))], self._totals(None)
        except Exception:  # noqa: BLE001 - other schedules are to be run all the same
            return [Anomaly("not judged", traceback.format_exc()[-2_000:])], self._totals(None)
        return anomalies(history), self._totals(history)

    async def _phase(self, phase: Phase) -> None:
        """Faults while events flow; then all is healed, and every worker joins."""
        async with background(self._stand.ledger.flow(EVENTS_A_SECOND)):
            await asyncio.sleep(_CALM_S)
            await asyncio.gather(*(self._faults.happen(step) for step in phase))
            await self._stand.heal(self._crew)

    def _totals(self, history: History | None) -> Totals:
        def count(name: str) -> int:
            return 0 if history is None else sum(len(history.of(name, number)) for number in range(PARTITIONS))

        ledger = self._stand.ledger
        known = self._before._replace(events=ledger.sent, in_doubt=len(ledger.in_doubt), shown=len(self._poller.shown))
        if history is None:
            return known
        written = {"transactions": "order", "changes": "changes", "triggers": "campaigns", "risks": "risk"}
        return known._replace(**{field: count(name) for field, name in written.items()})


async def run(  # noqa: PLR0913, PLR0917 - a stand, and what is run on it
    cluster: Cluster,
    seeds: Sequence[int],
    folder: Path,
    note: Callable[[Result], None],
    faults: int | None = None,
    launch: str = LAUNCH,
) -> None:
    """Runs schedules one after another on a stand; an anomaly ends it, since it would be found again and again.

    note: is given each result. faults: how many a schedule; None: its seed says. launch: the code that is a worker.
    """
    stand = Stand(cluster, seeds[0], folder, launch)
    async with stand.running() as (crew, poller):
        schedules = Schedules(stand, crew, poller)
        for seed in seeds:
            result = await schedules.run(seed, faults, is_last=seed == seeds[-1])
            note(result)
            if result.anomalies:
                return
