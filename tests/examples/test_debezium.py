"""examples/sources/debezium: from an INSERT in a real PostgreSQL to a tier change, by the real Debezium."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.worker_processes import SOAK

FOLDER = Path(__file__).parents[2] / "examples" / "sources" / "debezium"

pytestmark = [pytest.mark.skipif(not SOAK, reason="half a minute, PostgreSQL and 40 MB: TIERFLOW_SOAK=1")]


async def test_every_step_gives_its_tier_change() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER / "run.py"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text
    for change in ("C001  low -> mid", "C004  new -> high", "C003  high -> low", "\nclean\n"):
        assert change in text
