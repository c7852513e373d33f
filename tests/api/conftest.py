"""A server of a Table on a loopback port, closed at the test's end; workers ask one another with patience."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from socket import AF_INET, socket
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, get_port_socket

from streams.api import peers
from streams.api.routes import install
from streams.api.server import BoundedRunner
from streams.metrics import Metrics
from streams.settings import Settings
from tests.support.api_source import Client, Start, Table
from tests.support.patience import stretched


class Served(TestServer):
    """A server with the limits, headers and errors of a worker's."""

    def __init__(self, web_app: web.Application, settings: Settings, metrics: Metrics, listens: socket) -> None:
        super().__init__(web_app, socket_factory=lambda *_: listens)
        self._settings = settings
        self.metrics = metrics

    async def _make_runner(self, **_given: Any) -> BoundedRunner:
        return BoundedRunner(self.app, self._settings.http_limits, self.metrics.registry)


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Give a function that serves a Table, with a token or other settings, and returns a client of the server."""
    monkeypatch.setattr(peers, "ANSWER_WITHIN_S", stretched(20))
    async with AsyncExitStack() as stack:

        async def serve(source: Table, token: str = "", **more: str) -> Client:
            listens = get_port_socket("127.0.0.1", 0, AF_INET)
            given = {"TIERFLOW_HTTP_TOKEN": token, "TIERFLOW_HTTP_PORT": str(listens.getsockname()[1]), **more}
            settings = Settings.from_environment(given, dotenv=None)
            web_app = web.Application()
            metrics = Metrics()
            install(web_app, source, settings, metrics)
            return await stack.enter_async_context(TestClient(Served(web_app, settings, metrics, listens)))

        yield serve
