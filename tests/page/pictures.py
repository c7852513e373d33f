"""Takes the pictures of the documents from the made-up bank, and says how soon the page is first painted.

python -m tests.page.pictures docs/images
"""

import statistics
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from console.stand_in.server import StandIn
from tests.support.browser import NARROW, WIDE, Visitor, browser, served

PICTURES = (
    ("console-live", "live", {"viewport": {"width": 1440, "height": 1180}, "locale": "en"}),
    ("console-customer", "customers/C001", {"viewport": {"width": 1440, "height": 1180}, "locale": "en"}),
    ("console-customer-zh", "customers/C002", {"viewport": {"width": 1440, "height": 900}, "locale": "zh-TW"}),
    ("console-phone", "customers/C001", {"viewport": NARROW, "locale": "zh-CN", "color_scheme": "dark"}),
    ("console-operations", "operations", {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "dark"}),
    ("console-policy", "policy/edit", {"viewport": {"width": 1440, "height": 1280}, "locale": "en"}),
)
SETTLED_MS = 6000
PAINTS = 7
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
NOW = "performance.now()"


def take(started: Browser, folder: Path) -> None:
    """Takes all pictures; WebP keeps them small."""
    with served(StandIn(rate=2)) as address:
        for name, where, context in PICTURES:
            visitor = Visitor(started, address, **context)
            page = visitor.open(where)
            if where == "policy/edit":
                page.get_by_role("slider", name="Gold, Value").fill("1300000")
                page.get_by_role("button", name="Compare").click()
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=folder / f"{name}.png")
            with Image.open(folder / f"{name}.png") as image:
                image.convert("RGB").save(folder / f"{name}.webp", quality=82, method=6)
            (folder / f"{name}.png").unlink()
            visitor.context.close()


def paint_ms(started: Browser) -> tuple[list[float], list[float]]:
    """Measures the first contentful paint, and when the tiers are there, each time with an empty cache."""
    painted, seen = [], []
    with served(StandIn()) as address:
        for _ in range(PAINTS):
            visitor = Visitor(started, address, viewport=WIDE)
            page = visitor.open("live")
            page.get_by_text("412,806").wait_for()
            seen.append(page.evaluate(NOW))
            painted.append(page.evaluate(FIRST_PAINT))
            visitor.context.close()
    return painted, seen


if __name__ == "__main__":
    with browser() as chromium:
        if sys.argv[1:]:
            take(chromium, Path(sys.argv[1]))
        measured = paint_ms(chromium)
    for what, times in zip(("first paint", "tiers shown"), measured, strict=True):
        print(f"{what} on loopback: median {statistics.median(times):.0f} ms, at most {max(times):.0f} ms of {PAINTS}")
