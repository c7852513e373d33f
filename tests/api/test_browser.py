"""The worker's own page in a real browser, where one is on the PATH."""

import asyncio
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.api_source import Start, Table, address
from tests.support.patience import stretched

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
DEADLINE_S = 60
TIERS = {"a": "low", "b": "low", "c": "low", "d": "mid", "e/ö": "high"}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")


class Texts(HTMLParser):
    """All texts of a page but those of scripts and styles; shown or hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = False

    def handle_starttag(self, tag: str, _: object) -> None:
        self._unseen = tag in {"script", "style", "noscript"}

    def handle_endtag(self, _: str) -> None:
        self._unseen = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._unseen:
            self.texts.append(data.strip())


async def shown(url: str, profile: Path) -> str:
    """The document as the browser has it when its scripts have run."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "--virtual-time-budget=1500", "--dump-dom", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(stretched(DEADLINE_S)):
            document, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return document.decode()


def texts(document: str) -> str:
    """Its texts, one after the other."""
    parser = Texts()
    parser.feed(document)
    return " | ".join(parser.texts)


async def test_the_page_shows_the_tiers_and_the_linked_customer(start: Start, tmp_path: Path) -> None:
    client = await start(Table(dict(TIERS)))
    page = texts(await shown(f"{address(client)}/#e%2F%C3%B6", tmp_path))
    assert "worker ready" in page
    assert "Tiers | 5 | customers, all workers" in page
    assert "high | 1 | 20.0 % | mid | 1 | 20.0 % | low | 3 | 60.0 %" in page
    assert "Tier | high | Earned now" in page
    assert "assets | 500,000.00" in page


async def test_the_page_asks_for_the_token_and_shows_nothing_without(start: Start, tmp_path: Path) -> None:
    client = await start(Table(dict(TIERS)), "s3cret")
    document = await shown(address(client), tmp_path)
    assert '<section id="token-card">' in document  # no longer hidden
    assert "20.0 %" not in texts(document)
