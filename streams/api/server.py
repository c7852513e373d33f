"""The HTTP server of every process of tierflow: aiohttp's, with limits, and one quiet line about what it ends."""

import contextlib
import logging
import resource
from collections.abc import Callable
from typing import Any, Final, get_args

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from streams.api.connections import IN_WORDS, Connections, Reason
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

    def __init__(self, of: web.Server, limits: HttpLimits, count: Callable[[Reason], object], **given: Any) -> None:
        super().__init__(
            of.request_handler,
            request_factory=of.request_factory,
            handler_cancellation=True,
            **given,
        )
        self._limits = limits
        self._among: Connections[BoundedProtocol] = Connections(limits, count)
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
            ended = ", ".join(f"{count:,} {IN_WORDS[why]}" for why, count in sorted(self._among.ended.items()))
            logger.warning("HTTP connections ended: %s; %d are open (docs/operations.md#http)", ended, len(self._among))
            self._among.ended.clear()
            self._said_at_s = now_s
        self._look = self._loop.call_later(LOOK_EVERY_S, self._look_at_all)


class BoundedRunner(web.AppRunner):
    """Runs an application on such a server, without a log of accesses: that would hold customer ids.

    registry: where it counts what it ends and refuses.
    """

    __slots__ = ("_count", "_limits")

    def __init__(self, app: web.Application, limits: HttpLimits, registry: CollectorRegistry) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=END_WITHIN_S)
        self._limits = limits
        self._count = _counting(registry)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return BoundedServer(made, self._limits, self._count, access_log=None)


def _counting(registry: CollectorRegistry) -> Callable[[Reason], object]:
    """Gives what counts a reason. Each is there from the start, as 0: so its first one shows as a rise."""
    text = "HTTP connections that were ended, and requests that were refused, by why."
    counter = Counter("tierflow_http_refused_total", text, ["reason"], registry=registry)
    by_reason = {reason: counter.labels(reason) for reason in get_args(Reason)}
    return lambda reason: by_reason[reason].inc()
