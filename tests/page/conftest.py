"""A browser a module, and visitors to a made-up bank a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from console.stand_in.server import StandIn
from tests.support.browser import CHROMIUM, PATIENCE_MS, Visitor, browser, served
from tests.support.patience import stretched

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    expect.set_options(timeout=stretched(PATIENCE_MS))
    with browser() as started:
        yield started


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Makes a visitor to a new made-up bank, or to one that is handed in with its address."""
    with ExitStack() as stack:

        def visitor(stand_in: StandIn | None = None, address: str = "", **context: Any) -> Visitor:
            at = address or stack.enter_context(served(stand_in or StandIn()))
            made = Visitor(chromium, at, **context)
            stack.callback(made.context.close)
            return made

        yield visitor
