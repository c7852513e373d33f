"""Logs are quiet about what was said before."""

import asyncio
import gc
import logging

import pytest
from aiokafka.errors import ProducerFenced

from streams.logs import is_worth_logging


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
