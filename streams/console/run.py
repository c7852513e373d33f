"""The process of `tierflow console`: the follower and the web server, until SIGTERM or SIGINT."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from streams.api.server import BoundedRunner, allow_open_files
from streams.console.asked import Asked
from streams.console.identity import Identities
from streams.console.published import PublishedPolicies
from streams.console.routes import install
from streams.console.stream import Arrivals
from streams.console.worker import WorkerAsked
from streams.errors import UsageError
from streams.history.follower import Follower
from streams.history.index import Index
from streams.history.queries import Queries
from streams.kafka.permitted import check_rights
from streams.security.http_limits import HttpLimits
from streams.settings import Settings
from streams.signals import when_asked_to_end

BODY_BYTES: Final = 1_000_000
"""Of a request: a policy file of 64 Ki signs, each of which JSON may write as 12 bytes."""
_log = logging.getLogger(__name__)


async def run_console(settings: Settings) -> None:
    """Serves until a signal asks for the end.

    Raises:
        UsageError: Kafka, a topic, a file or the address cannot be used at the start; or, later, what is sealed cannot
            be opened by the master key.
    """
    allow_open_files()
    identities = Identities(settings.console)
    await check_rights(settings, "console")
    arrivals = Arrivals()
    with Index(settings.data_dir) as index:
        follower = Follower(settings, index, arrivals.came)
        with Queries(index.file, follower.make_anew) as queries:
            asked = Asked(settings, queries, PublishedPolicies(queries), WorkerAsked(settings), follower)
            await _serve(asked, arrivals, identities)


async def _serve(asked: Asked, arrivals: Arrivals, identities: Identities) -> None:
    ending = asyncio.Event()
    when_asked_to_end(ending.set, asyncio.get_running_loop())
    web_app = web.Application(client_max_size=BODY_BYTES)
    install(web_app, asked, arrivals, identities)
    runner = BoundedRunner(web_app, limits_of(asked.settings.http_limits), CollectorRegistry())
    await runner.setup()
    try:
        async with asked.follower.following() as following:
            await _listen(runner, asked.settings)
            _log.info("console at %s", address(asked.settings, runner))
            asked_to_end = asyncio.create_task(ending.wait())
            await asyncio.wait([asked_to_end, following], return_when=asyncio.FIRST_COMPLETED)
            asked_to_end.cancel()
            if following.done():
                following.result()
    finally:
        await runner.cleanup()


async def _listen(runner: BoundedRunner, settings: Settings) -> None:
    access = settings.console
    try:
        await web.TCPSite(runner, access.host, access.port).start()
    except OSError as error:
        if access.port_given and access.port:
            raise UsageError(
                f"TIERFLOW_CONSOLE_PORT: {access.host}:{access.port} cannot be listened on ({error.strerror}); "
                "write another port, or 0 for any free one"
            ) from error
        await web.TCPSite(runner, access.host, 0).start()


def address(settings: Settings, runner: web.AppRunner) -> str:
    """Gives the URL at which the console is, on this machine."""
    host, port = settings.console.host, runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def limits_of(limits: HttpLimits) -> HttpLimits:
    """Gives the limits of the console: as the environment says, but for bodies, which policies need."""
    return replace(limits, body_bytes=max(BODY_BYTES, limits.body_bytes))
