"""The HTTP server of every process of tierflow: aiohttp's, with limits, and one quiet line about what it ends."""

import contextlib
import logging
import resource
from typing import Any, Final

from aiohttp import web

from streams.api.connections import Connections
from streams.api.protocol import BoundedProtocol
from streams.security.http_limits import HttpLimits

LOOK_EVERY_S: Final = 0.5
SAID_EVERY_S: Final = 60.0
# Whoever has not taken an answer by then does not keep a process from ending.
END_WITHIN_S: Final = 1.0

logger = logging.getLogger(__name__)


def allow_open_files() -> None:
    """Lifts the limit of open files of this process as far as the system lets it: Kafka's connections need some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # where "unlimited" is more than the kernel gives
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class BoundedServer(web.Server):
    """A server whose connections are within limits."""

    def __init__(self, of: web.Server, limits: HttpLimits, **given: Any) -> None:
        super().__init__(
            of.request_handler,
            request_factory=of.request_factory,
            handler_cancellation=True,
            **given,
        )
        self._limits = limits
        self._among: Connections[BoundedProtocol] = Connections(limits)
        self._said_at_s = -SAID_EVERY_S
        self._look = self._loop.call_later(LOOK_EVERY_S, self._look_at_all)

    def __call__(self) -> BoundedProtocol:
        """Makes the protocol of a new connection."""
        return BoundedProtocol(self, self._loop, self._among, limits=self._limits, **self._kwargs)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - aiohttp's
        """Ends all connections."""
        self._look.cancel()
        await super().shutdown(timeout)

    def _look_at_all(self) -> None:
        now_s = self._loop.time()
        for one in self._among.due(now_s):
            one.time_is_over()
        if self._among.ended and now_s - self._said_at_s >= SAID_EVERY_S:
            ended = ", ".join(f"{count:,} {why}" for why, count in sorted(self._among.ended.items()))
            logger.warning("HTTP connections ended: %s; %d are open (docs/operations.md#http)", ended, len(self._among))
            self._among.ended.clear()
            self._said_at_s = now_s
        self._look = self._loop.call_later(LOOK_EVERY_S, self._look_at_all)


class BoundedRunner(web.AppRunner):
    """Runs an application on such a server, without a log of accesses: that would hold customer ids."""

    __slots__ = ("_limits",)

    def __init__(self, app: web.Application, limits: HttpLimits) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=END_WITHIN_S)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return BoundedServer(made, self._limits, access_log=None)
