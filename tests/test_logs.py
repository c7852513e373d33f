"""Logs are quiet about what was said before."""

import asyncio
import gc
import logging

import pytest
from aiokafka.errors import ProducerFenced

from streams.logs import SELDOM_S, Seldom, is_worth_logging


@pytest.mark.parametrize(("error", "lines"), [(ProducerFenced(), 0), (ValueError("ours"), 1)])
async def test_a_future_that_aiokafka_forgot_is_not_reported(
    error: Exception, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("asyncio")
    assert is_worth_logging in logger.filters
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
