"""Every page of the console, on a phone and on a desk, light and dark: no barrier that axe finds, no raw data."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from console.stand_in.server import StandIn
from tests.page.conftest import Visit
from tests.support.browser import NARROW, WIDE

PAGES = {
    "live": "live",
    "customers": "customers",
    "tier": "customers/tier/gold",
    "customer": "customers/C001",
    "pinned": "customers/C003",
    "words": "policy/words",
    "edit": "policy/edit",
    "proposals": "policy/proposals",
    "campaigns": "policy/campaigns",
    "operations": "operations",
}
SEEN_ON_A_PHONE = {"live", "customer", "edit", "operations"}
"""What axe looks at on a phone, too: it takes its time, and the parts are the same."""

DESK = {"viewport": WIDE, "color_scheme": "light", "locale": "en"}
PHONE = {"viewport": NARROW, "color_scheme": "dark", "locale": "zh-TW"}
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
MILLISECONDS = re.compile(r"\d\s?(ms\b|毫秒)|millisecond")
RAW = re.compile(r'[{\[]\s*"|"\s*[}\]]|undefined|\bNaN\b|\[object ')


@pytest.mark.parametrize("seat", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_is_free_of_barriers_and_of_raw_data(visit: Visit, seat: dict[str, object]) -> None:
    visitor = visit(StandIn(rate=5), **seat)
    for name, where in PAGES.items():
        page = visitor.open(where)
        expect(page.locator("main h1, main h2").first).to_be_visible()
        expect(page.locator("main [role=status] i")).to_have_count(0)  # nothing is still being loaded
        if seat is DESK or name in SEEN_ON_A_PHONE:
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], name  # type: ignore[index]
        shown = page.locator("main").inner_text()
        assert not MILLISECONDS.search(shown), name
        if name not in {"words", "edit"}:  # they show the policy's file
            assert not RAW.search(shown), name
    assert visitor.complaints == []
    assert {url for url in visitor.asked if not url.startswith(visitor.address)} == set()


def test_light_and_dark_and_the_language_stay_as_chosen(visit: Visit) -> None:
    visitor = visit(color_scheme="light", locale="zh-CN")
    page = visitor.open("operations")
    expect(page.get_by_role("heading", name="运营")).to_be_visible()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("外观").select_option("dark")
    assert page.evaluate(ground) != light
    dark = page.evaluate(ground)
    page.get_by_label("语言").select_option("zh-TW")
    expect(page.get_by_role("heading", name="營運")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="營運")).to_be_visible()
    assert page.evaluate(ground) == dark
    assert page.evaluate("document.documentElement.lang") == "zh-Hant-TW"
