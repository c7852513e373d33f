"""examples/sinks/jdbc: from tier changes to tables in a real PostgreSQL, by the real Kafka Connect."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.worker_processes import SOAK

FOLDER = Path(__file__).parents[2] / "examples" / "sinks" / "jdbc"

pytestmark = [pytest.mark.skipif(not SOAK, reason="a minute, PostgreSQL and 70 MB: TIERFLOW_SOAK=1")]


async def test_every_message_is_a_row_and_the_erased_customer_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER / "run.py"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text
    for row in ("C001:2|low|mid|600000.0000", "C003|high|12345678901.2345", "\nC002 C003\n", "\nclean\n"):
        assert row in text
