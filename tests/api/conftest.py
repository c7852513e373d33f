"""A server of a Table on a loopback port, closed at the test's end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.api.routes import install
from streams.metrics import Metrics
from streams.settings import Settings
from tests.support.api_source import Client, Start, Table


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Give a function that serves a Table, with a token if one is given, and returns a client of the server."""
    async with AsyncExitStack() as stack:

        async def serve(source: Table, token: str = "") -> Client:
            web_app = web.Application()
            settings = Settings.from_environment({"TIERFLOW_HTTP_TOKEN": token}, dotenv=None)
            install(web_app, source, settings, Metrics())
            server = TestServer(web_app)
            # As in Faust's web server: an access log would hold customer ids.
            await server.start_server(access_log=None)
            return await stack.enter_async_context(TestClient(server))

        yield serve
