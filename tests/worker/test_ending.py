"""A worker that is asked to end does so with exit status 0, at whatever instant it is asked, and soon."""

import asyncio
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random

import pytest

from streams.worker.frame import ending
from streams.worker.lane import Lane
from tests.support.asked_to_end import ask
from tests.support.forked import forked
from tests.support.patience import stretched, until
from tests.support.worker_processes import SOAK, Worker, Workers

START = [
    "streams.cli.main:set_levels",
    "streams.cli.worker:read_policy_file",
    "streams.kafka.permitted:check_rights",
    "streams.kafka.topics:ensure_topics",
    "streams.kafka.owner:claim_outputs",
    "streams.kafka.policies:publish_policy",
    "streams.worker.run:create_app",
    "streams.worker.run:EndingWorker",
    "streams.worker.frame.ending:EndingWorker.install_signal_handlers",
    "streams.worker.app:TierflowApp.on_start",
    "streams.kafka.group:GroupConsumer.start",
    "streams.worker.app:TierflowApp.on_partitions_given",
    "streams.worker.app:TierflowApp.take_up",
    "streams.worker.app:TierflowApp.take_over",
    "streams.kafka.producers:ProducersInTurn.start_producer",
    "streams.worker.broker:StageBroker.end_leftovers",
    "streams.worker.broker:StageBroker.recover",
    "streams.worker.app:TierflowApp.start_lanes",
    "streams.api.server:BoundedRunner._make_server",
]
"""Functions that a start comes to, in their order."""


@pytest.mark.parametrize("place", START)
def test_it_ends_with_0_where_its_start_is_just_then(environment: Mapping[str, str], place: str) -> None:
    said = forked(environment, "worker", before=partial(ask, place))
    assert said.status == 0, said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("settings")
def test_it_may_be_asked_again_and_again(environment: Mapping[str, str]) -> None:
    places = [
        "streams.worker.app:TierflowApp.start_lanes",
        "streams.worker.app:TierflowApp._release_lanes",
        "mode.worker:Worker._gather_all",
        "mode.worker:Worker._sentinel_task",
    ]
    said = forked(environment, "worker", before=partial(ask, *places))
    assert said.status == 0, said.err


@pytest.mark.usefixtures("settings")
def test_what_hangs_does_not_keep_it(environment: Mapping[str, str]) -> None:
    async def never(_: Lane) -> None:
        await asyncio.Event().wait()

    def hang() -> None:
        ask("streams.worker.app:TierflowApp.start_lanes")
        Lane.release = never  # type: ignore[method-assign]
        ending.STOPPED_WITHIN_S = 0.5

    said = forked(environment, "worker", before=hang)
    assert said.status == 0, said.err


@pytest.mark.timeout(stretched(120))
@pytest.mark.parametrize("seed", range(20 if SOAK else 1))
@pytest.mark.usefixtures("settings")
async def test_it_ends_with_0_however_far_it_has_come(
    environment: Mapping[str, str], tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    after_s = [0.0, *(random.uniform(0, 5) for _ in range(3))]
    with Workers(environment, tmp_path) as workers:
        asked = [workers.start(f"w{number}") for number in range(len(after_s))]
        statuses = await asyncio.gather(*map(status_after, asked, after_s))
    assert statuses == [0] * len(after_s), [worker.tail() for worker in asked]


async def status_after(worker: Worker, after_s: float) -> int:
    """Asks it to end so long after it has begun to listen: Python itself has to start before."""
    await until(lambda: listens(worker.process.pid), 20, "it listens to SIGTERM")
    await asyncio.sleep(after_s)
    return await worker.stop()


def listens(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [caught] = [line.split()[1] for line in lines if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
