"""Logs are quiet about what was said before."""

import asyncio
import gc
import logging
import subprocess
import sys

import pytest
from aiokafka.errors import ProducerFenced

from streams.logs import SELDOM_S, Seldom, is_worth_logging
from tests.support.patience import stretched


@pytest.mark.parametrize(("error", "lines"), [(ProducerFenced(), 0), (ValueError("ours"), 1)])
async def test_a_future_that_aiokafka_forgot_is_not_reported(
    error: Exception, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("asyncio")
    assert is_worth_logging in logger.filters
    gc.collect()  # what tests before have left
    caplog.clear()
    future = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    del future
    gc.collect()
    assert sum("never retrieved" in record.getMessage() for record in caplog.records) == lines


def test_that_no_file_is_free_for_a_connection_is_said_once_a_minute() -> None:
    seldom, said, told = Seldom(), [], "socket.accept() out of system resource"
    for at_s in (0.0, 0.1, SELDOM_S - 1, SELDOM_S, SELDOM_S + 1):
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, told, None, None)
        record.created = at_s
        said += [record.getMessage()] if seldom(record) else []
    assert len(said) == 2
    assert "ulimit" in said[0]
    assert seldom(logging.LogRecord("asyncio", logging.ERROR, "", 0, "another", None, None))


ENDS = """
import asyncio, gc, logging
from streams.contracts.kept import LaneRecord
from streams.logs import set_up_logging
from streams.partition.entries import Entry
from streams.worker.lane_app import fail
from tests.support.counting import Counts

class Failing(Counts):
    def work_entry(self, entry):
        raise KeyError("C0077")

async def forgotten():
    asyncio.get_running_loop().call_soon(int, "C0077")
    asyncio.ensure_future(broken())
    await asyncio.sleep(0.01)
    gc.collect()

async def broken():
    raise ValueError("C0077")

set_up_logging()
asyncio.run(forgotten())
logging.getLogger("mode").error("%r: Crashed reason=%r", "a service", KeyError("C0077"), exc_info=KeyError("C0077"))
try:
    Failing.work_entry(None, None)
except KeyError as error:
    fail(error)
"""


def test_what_ends_a_worker_is_logged_without_the_values_in_it() -> None:
    command = [sys.executable, "-c", ENDS]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=stretched(60))
    assert done.returncode == 70
    for said in ("worker ends: KeyError", "in work_entry", "never retrieved", "Exception in", "Crashed", "in broken"):
        assert said in done.stderr
    assert not [line for line in done.stderr.splitlines() if "C0077" in line and "raise " not in line]
