"""How long partitions stand still: after kill -9, at SIGTERM, in a rolling restart, as a reader of changes sees it."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from aiokafka import TopicPartition

from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import Crew, Member
from tests.faults.schedules.ground import PARTITIONS
from tests.faults.schedules.schedule import Stand
from tests.support.background import background
from tests.support.patience import until

_EVENTS_A_SECOND = 300
_CALM_S = 3.0
_WITHIN_S = 60.0


class Figures(NamedTuple):
    """In seconds. first_change_s: from kill -9 to the first change of each of the dead worker's partitions.

    sigterm_s: from SIGTERM to the end of each worker. pauses_s: the longest time without a change of each partition
    while one worker after the other is started anew; usual_s: the longest one before.
    """

    brokers: int
    first_change_s: list[float]
    sigterm_s: list[float]
    pauses_s: list[float]
    usual_s: list[float]

    def table(self) -> str:
        rows = {
            "first change of a dead worker's partitions": self.first_change_s,
            "SIGTERM to the end": self.sigterm_s,
            "pause of a partition in a rolling restart": self.pauses_s,
            "longest time without a change before": self.usual_s,
        }
        return "\n".join(f"{max(s):7.2f} s at most, {median(s):.2f} s median  {name}" for name, s in rows.items())


async def measure(cluster: Cluster, folder: Path) -> Figures:
    """Measures on a cluster to which nothing else happens."""
    stand = Stand(cluster, 0, folder, at_ease=False)
    async with stand.running() as (crew, _), background(stand.ledger.flow(_EVENTS_A_SECOND)):
        await asyncio.sleep(_CALM_S)
        usual_s = _pauses_s(stand, time.monotonic() - _CALM_S)
        first_change_s = await _first_changes_s(stand, crew)
        await crew.all_ready(_WITHIN_S)
        await asyncio.sleep(_CALM_S)
        since_s = time.monotonic()
        sigterm_s = [await _restarted(crew, member) for member in crew.members]
        await asyncio.sleep(_CALM_S)
        return Figures(cluster.replication, first_change_s, sigterm_s, _pauses_s(stand, since_s), usual_s)


async def _first_changes_s(stand: Stand, crew: Crew) -> list[float]:
    """Kills a worker that has partitions; it is started again when all of them have changes again."""
    victim = next(member for member in crew.members if member.holds)
    numbers = sorted(victim.holds or ())
    victim.is_off = True
    victim.kill()
    killed_s = time.monotonic()

    def first_s(number: int) -> float | None:
        return next((at_s - killed_s for at_s in _arrivals_s(stand, number) if at_s > killed_s + 0.5), None)

    await until(lambda: all(first_s(number) for number in numbers), _WITHIN_S, "its partitions have changes again")
    victim.start_again()
    victim.is_off = False
    return [round(first_s(number) or 0.0, 2) for number in numbers]


async def _restarted(crew: Crew, member: Member) -> float:
    """Restarts a worker as a rolling restart does; gives the seconds from SIGTERM to its end."""
    member.is_off = True
    seconds = await member.asked_to_end()
    member.start_again()
    member.is_off = False
    await crew.all_ready(_WITHIN_S)
    await asyncio.sleep(1.0)
    return seconds


def _pauses_s(stand: Stand, since_s: float) -> list[float]:
    """By partition, the longest time without a change from then to now."""
    found = []
    for number in range(PARTITIONS):
        arrivals = [at_s for at_s in _arrivals_s(stand, number) if at_s > since_s]
        times = [since_s, *arrivals, time.monotonic()]
        found.append(round(max(after - before for before, after in pairwise(times)), 2))
    return found


def _arrivals_s(stand: Stand, number: int) -> list[float]:
    tp = TopicPartition(stand.settings.output_topic("changes"), number)
    return [seen.at_s for seen in stand.reader.seen[tp]]
