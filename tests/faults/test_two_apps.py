"""Two app ids on one output prefix would write everything twice."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.errors import TRY_AGAIN
from tests.support.worker_processes import Workers

TAKES = """
import sys
from streams.cli.main import run
sys.argv = ["tierflow", "worker", "--take-outputs"]
run()
"""
WRONG_CLOCK = """
import sys
from streams.cli.main import run
from streams.worker import app
app.wall_ms.__code__ = (lambda: time.time_ns() // 1_000_000 + 400_000).__code__
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
