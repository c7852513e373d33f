"""A real browser, and the console's page served with a made-up bank behind it."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from playwright.sync_api import Browser, Page, sync_playwright

from console.stand_in.server import StandIn
from tests.support.patience import stretched

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_MS = 5_000
STARTED_WITHIN_MS = 30_000
# Another place on the same page is an event, which comes behind: until then all is there of where it was before.
TAKEN_UP = "new Promise(done => setTimeout(() => setTimeout(done)))"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=stretched(STARTED_WITHIN_MS)
        )
        yield started
        started.close()


@contextmanager
def served(stand_in: StandIn) -> Iterator[str]:
    """Serves a stand-in in a thread of its own, and gives its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[web.AppRunner, int]:
        runner = web.AppRunner(stand_in.app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    async def end(runner: web.AppRunner) -> None:
        await runner.cleanup()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        asyncio.run_coroutine_threadsafe(end(runner), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Visitor:
    """Somebody in front of the console: a page, and all that it asked for or complained about."""

    def __init__(self, started: Browser, address: str, **context: Any) -> None:
        self.address = address
        self.context = started.new_context(**{"viewport": WIDE, "locale": "en", "reduced_motion": "reduce", **context})
        self.context.set_default_timeout(stretched(PATIENCE_MS))
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))

    def open(self, where: str = "") -> Page:
        self.page.goto(f"{self.address}#/{where}")
        self.page.evaluate(TAKEN_UP)
        return self.page
