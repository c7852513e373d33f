"""Explanations in a process of their own: one may take a tenth of a second of computing, and others wait for none."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing.connection import wait
from typing import NamedTuple

import msgspec
from aiohttp import web

from streams.console.explained import Wanted, explained
from streams.console.published import Compiled
from streams.console.refused import later
from streams.errors import UsageError
from streams.explain.known import Known
from streams.policy.compile.load import read_policy

_encode = msgspec.json.Encoder().encode


class Question(NamedTuple):
    """What is to be explained, as it goes to the process. document: the policy that rated the customer last.

    lost: the message of the newest downgrade.
    """

    customer_id: str
    packed: bytes
    clock_ms: int
    document: str
    at_ms: int
    lost: bytes | None


class Explainer:
    """Asks the process, and starts it again if it ended."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def opened(self, _app: web.Application) -> AsyncIterator[None]:
        """Ends the process with the web application (an aiohttp cleanup context)."""
        yield
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    async def answer(self, question: Question) -> bytes:
        """Gives the explanation as JSON.

        Raises:
            UsageError: The customer has no tier, or the state or the policy cannot be read.
            RefusedError: The process ended.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_live_with_the_parent
            )
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, explain_it, question)
        except BrokenProcessPool as error:
            self._pool = None
            raise later("The process that explains tiers has ended; ask again.") from error


def explain_it(question: Question) -> bytes:
    """Explains a customer's tier, as JSON.

    Raises:
        UsageError: The customer has no tier, or the state or the policy cannot be read.
    """
    compiled = _compiled(question.document)
    known = Known(question.customer_id, question.packed, question.clock_ms, compiled.policy)
    return _encode(explained(Wanted(known, compiled, question.at_ms, question.lost)))


@lru_cache(16)
def _compiled(document: str) -> Compiled:
    reading = read_policy(document, is_published=True)
    if reading.policy is None or reading.file is None:
        raise UsageError("this release cannot compile the policy that rated the customer")
    return Compiled(reading.policy, reading.file)


def _live_with_the_parent() -> None:
    """Leaves signals to the console, and ends with it, however it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
