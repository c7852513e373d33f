"""The HTTP server at which Prometheus finds the metrics of `tierflow deliver`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.api.server import BoundedRunner
from streams.errors import UsageError
from streams.security.http_limits import HttpLimits


class MetricsAddress(NamedTuple):
    """The address at which Prometheus finds the metrics."""

    host: str
    port: int


@asynccontextmanager
async def metrics_served(
    registry: CollectorRegistry, at: MetricsAddress | None, limits: HttpLimits
) -> AsyncIterator[None]:
    """Serves the metrics at / and /metrics within its block; nothing without an address.

    Raises:
        UsageError: The address cannot be listened on.
    """
    if at is None:
        yield
        return

    async def render(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.add_routes([web.get("/metrics", render), web.get("/", render)])
    runner = BoundedRunner(application, limits, registry)
    await runner.setup()
    try:
        await _listen(runner, at)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: BoundedRunner, at: MetricsAddress) -> None:
    try:
        await web.TCPSite(runner, at.host, at.port).start()
    except OSError as error:
        raise UsageError(
            f"--metrics-port: {at.host}:{at.port} cannot be listened on ({error.strerror}); write another port"
        ) from error
