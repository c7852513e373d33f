"""examples/sinks/iceberg: from tier changes to a table of Apache Iceberg, by the real Kafka Connect."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.worker_processes import SOAK

FOLDER = Path(__file__).parents[2] / "examples" / "sinks" / "iceberg"

pytestmark = [pytest.mark.skipif(not SOAK, reason="a minute, and 130 MB: TIERFLOW_SOAK=1")]


async def test_every_change_is_a_row_of_the_table() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER / "run.py"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text
    for row in ("C001:2  mid  600000.0000  2026-11-23 16:31:00+00:00  2026-11-24", "C003:1  high  12345678901.2345"):
        assert row in text
