"""A process beside the server's, for what takes more than a moment of computing: other requests go on meanwhile."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from aiohttp import web

from streams.api.protocol import still_answering
from streams.console.refused import bad_request, later

_LOOK_EVERY_S = 2.0
_Given = TypeVar("_Given")


class Aside:
    """One process, which works one thing after another; it is started with the first, and anew if it ended."""

    def __init__(self, within_s: float, *, takes_long: bool = False) -> None:
        """within_s: how long one thing may take, waiting included; then the process is ended.

        takes_long: the process is ended, too, when the client has left; what is done in a moment comes to its end.
        """
        self._within_s = within_s
        self._takes_long = takes_long
        self._pool: ProcessPoolExecutor | None = None

    async def opened(self, _app: web.Application) -> AsyncIterator[None]:
        """Ends the process with the web application (an aiohttp cleanup context)."""
        yield
        self._end()

    async def ask(self, request: web.Request, what: Callable[..., _Given], *given: object) -> _Given:
        """Gives what a function of a module gives, which is called in the process. request: for which it is.

        Raises:
            RefusedError: It takes too long, or the process ended.
        """
        give_up_at = asyncio.get_running_loop().time() + self._within_s
        while True:
            pool = self._pool = self._pool or _process()
            try:
                asked = asyncio.get_running_loop().run_in_executor(pool, what, *given)
                await self._answered(request, asked, give_up_at)
                if not asked.cancelled():
                    return asked.result()
            except BrokenProcessPool as error:
                if self._pool is pool:
                    self._pool = None
                    raise later("The process that works this out has ended; ask again.") from error
            # What somebody else asked for has ended the process, and this waited behind it: it goes to the next one.

    async def _answered(self, request: web.Request, asked: asyncio.Future[_Given], give_up_at: float) -> None:
        is_late = False
        try:
            while not asked.done():
                is_late = asyncio.get_running_loop().time() >= give_up_at
                if is_late:
                    raise bad_request(f"It takes longer than {self._within_s:.0f} s to work out.")
                still_answering(request)
                await asyncio.wait([asked], timeout=min(_LOOK_EVERY_S, self._within_s))
        finally:
            if not asked.done() and (is_late or self._takes_long):  # a client that has left cancels us
                self._end()
            asked.cancel()

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - nothing else ends one that computes
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _process() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_live_with_the_parent)


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
