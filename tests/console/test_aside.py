"""What is worked out in a process beside: it ends when nobody waits for it any more."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from streams.api.server import BoundedRunner
from streams.console import aside
from streams.console.aside import Aside
from streams.security.http_limits import HttpLimits
from tests.support.patience import stretched, until

FOR_EVER_S = 3_600.0


class Served(TestServer):
    async def _make_runner(self, **_given: Any) -> BoundedRunner:
        return BoundedRunner(self.app, HttpLimits(), CollectorRegistry())


@asynccontextmanager
async def asking(tried: Aside) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def sleep(request: web.Request) -> web.Response:
        await tried.ask(request, time.sleep, FOR_EVER_S)
        return web.Response()

    async def pid(request: web.Request) -> web.Response:
        return web.Response(text=str(await tried.ask(request, os.getpid)))

    app = web.Application()
    app.cleanup_ctx.append(tried.opened)
    app.add_routes([web.get("/sleep", sleep), web.get("/pid", pid)])
    async with TestClient(Served(app)) as client:
        yield client


async def test_what_nobody_waits_for_any_more_is_ended_and_who_stands_behind_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aside, "_LOOK_EVERY_S", 0.05)
    tried = Aside(FOR_EVER_S, takes_long=True)
    async with asking(tried) as client:
        before = int(await (await client.get("/pid")).text())
        left = asyncio.create_task(client.get("/sleep"))
        await until(lambda: pending(tried) == 1, 20, "the first one is asked for")
        behind = asyncio.create_task(client.get("/pid"))
        await until(lambda: pending(tried) == 2, 20, "another one stands behind")
        left.cancel()  # closes its connection
        async with asyncio.timeout(stretched(20)):
            assert int(await (await behind).text()) != before
        await until(lambda: not is_there(before), 20, "the process has ended")


def pending(tried: Aside) -> int:
    pool = tried._pool
    return 0 if pool is None else len(pool._pending_work_items)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
