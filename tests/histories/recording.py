"""Records one history: workers, clients, and a seeded schedule of faults."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH
from tests.faults.schedules.faults import Faults
from tests.faults.schedules.ground import Ground
from tests.faults.schedules.plan import phases
from tests.histories.clients import Clients
from tests.histories.operation import Operation
from tests.histories.policies import document
from tests.histories.watch import Watch
from tests.support.background import background
from tests.support.patience import stretched, until

# What nothing promises, or what the clients do themselves, is left out: wrong clocks, full disks, other settings and
# policies, and the loss of a single broker by kill -9 (docs/guarantees.md#what-is-not-promised).
FAULTS = (
    *(f"worker: {kind}" for kind in ("kill", "kill at", "stop", "stop at", "terminate", "storm")),
    *(f"connection: {kind}" for kind in ("reset", "cut", "delay", "one way")),
    *(f"broker: {kind}" for kind in ("restart", "freeze")),
)
_PUBLISH_EVERY_S = 6.0
_ENDED_WITHIN_S = 60.0


class Recorded(NamedTuple):
    """A history, and what happened meanwhile. unanswered: questions. faults: how often each came about, by name."""

    operations: list[Operation]
    unanswered: int
    policies: int
    faults: dict[str, int]
    seconds: float


async def record(
    cluster: Cluster, seed: int, folder: Path, faults: int | None = None, launch: str = LAUNCH
) -> Recorded:
    """Records the history of a seed. faults: how many; None: the seed says. launch: the code that is a worker.

    Raises:
        AssertionError: Something did not come to its end.
    """
    began_s = time.monotonic()
    ground = Ground(cluster, seed, folder, launch, _first_policy(folder))
    async with ground.crew() as crew:
        await crew.all_ready(_ENDED_WITHIN_S)
        watch = Watch(ground)
        clients, happening = Clients(ground, crew, watch), Faults(cluster, crew, ground.settings)
        async with background(watch.follow(), watch.follow_group()):
            async with asyncio.timeout(None) as limit, clients.at_work(_PUBLISH_EVERY_S):
                for phase in phases(seed, cluster.replication, len(cluster.slots), faults, FAULTS):
                    await asyncio.sleep(1.0)
                    await asyncio.gather(*(happening.happen(step) for step in phase))
                    await ground.heal(crew)
                goal = clients.published
                await until(lambda: min(clients.in_force.values()) >= goal, 30, "the newest policy is in force")
                limit.reschedule(asyncio.get_running_loop().time() + stretched(_ENDED_WITHIN_S))
            await ground.all_worked([ground.settings.candidates_topic])
            await watch.all_read()
    hits, seconds = dict(sorted(happening.hits.items())), round(time.monotonic() - began_s, 1)
    return Recorded(clients.history(), clients.unanswered, clients.published, hits, seconds)


def _first_policy(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "version1.toml"
    policy.write_text(document(1))
    return policy
