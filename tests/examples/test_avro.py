"""examples/sources/avro: from records of Avro to tier changes and their rows, with a real schema registry."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.worker_processes import SOAK

FOLDER = Path(__file__).parents[2] / "examples" / "sources" / "avro"

pytestmark = [pytest.mark.skipif(not SOAK, reason="a minute, and 160 MB: TIERFLOW_SOAK=1")]


async def test_each_record_gives_its_tier_change_and_its_row() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER / "run.py"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text
    for row in (
        "C001  low -> mid",
        "C002  new -> high",
        "C002:1  high  7500000.0000 TWD",
        "Struct{id=C002:1",
        "\nclean\n",
    ):
        assert row in text
