"""Two app ids on one output prefix would write everything twice."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.errors import TRY_AGAIN
from streams.settings import Settings
from tests.support.worker_processes import Events, Workers, applied, read_changes

TAKES = """
import sys
from streams.cli.main import run
sys.argv = ["tierflow", "worker", "--take-outputs"]
run()
"""
WRONG_CLOCK = """
import sys
from streams.cli.main import run
from streams.kafka import wall_clock
wall_clock.wall_ms.__code__ = (lambda: time.time_ns() // 1_000_000 + 400_000).__code__
sys.argv = ["tierflow", "worker"]
run()
"""
LEAPING_CLOCK = """
import sys
from pathlib import Path
from streams.cli.main import run
from streams.kafka import wall_clock
wall_clock.leapt = Path("{file}").exists
wall_clock.wall_ms.__code__ = (lambda: time.time_ns() // 1_000_000 + 3_600_000 * leapt()).__code__
sys.argv = ["tierflow", "worker"]
run()
"""


@pytest.mark.usefixtures("settings")
async def test_a_second_app_is_refused_and_the_former_owner_ends_when_the_outputs_are_taken(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    another = {"TIERFLOW_APP_ID": environment["TIERFLOW_APP_ID"] + "-2"}
    with Workers(environment, tmp_path) as workers:
        owner = workers.start("owner")
        await owner.ready()
        refused = workers.start("refused", **another)
        assert await refused.ended(30) == 2
        assert refused.says("(two apps on one prefix write everything twice)")
        assert owner.process.poll() is None
        taker = workers.start("taker", TAKES, **another)
        assert await owner.ended(30) == 2
        assert owner.says("(worker ends: the outputs with the prefix .* belong to the app id .*-2)")
        owner.start_again()
        assert await owner.ended(30) == 2
        await taker.ready()


@pytest.mark.usefixtures("settings")
async def test_a_worker_whose_clock_is_minutes_off_does_not_start(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        worker = workers.start("w1", WRONG_CLOCK)
        assert await worker.ended(30) == TRY_AGAIN
        assert worker.says(r"(this machine's clock is \d+ s ahead of the broker's)")


async def test_a_worker_whose_clock_is_set_ends_before_it_decides_by_that(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    set_ahead = tmp_path / "set_ahead"
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start("w1", LEAPING_CLOCK.format(file=set_ahead))
            await worker.ready()
            await events.balance("C001", 600_000)
            await events.settle()
            await applied(settings)
            set_ahead.touch()
            await events.balance("C002", 600_000)
            await events.settle()
            assert await worker.ended(30) == TRY_AGAIN
            assert worker.says(r"(this machine's clock has leapt 36\d\d s ahead)")
            assert (await read_changes(settings)).tiers() == {"C001": "mid"}
            set_ahead.unlink()
            worker.start_again()
            await applied(settings)
            assert (await read_changes(settings)).tiers() == {"C001": "mid", "C002": "mid"}
