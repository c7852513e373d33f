"""The journeys of the page on the real console: a real worker, a real broker, a process that serves API and page."""

import asyncio
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.conftest import Visit
from tests.page.test_journeys import sign_in
from tests.support import consoles
from tests.support.patience import stretched, until, wait_until
from tests.support.worker_processes import TIERFLOW, Events


class Console:
    """A bank, and the console over it, as a process."""

    def __init__(self, of_bank: Any, folder: Path) -> None:
        self.bank = of_bank
        self.address = ""
        self.log = folder / "console.log"
        environment = {
            **of_bank.environment,
            "TIERFLOW_DATA_DIR": str(folder / "console-data"),
            "TIERFLOW_CONSOLE_PORT": "0",
            "TIERFLOW_CONSOLE_TOKENS": str(consoles.tokens_file(folder)),
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        with self.log.open("wb") as file:
            self.process = subprocess.Popen([TIERFLOW, "console"], stdout=file, stderr=file, env=environment)

    def wait(self) -> None:
        """Waits until it serves, and has all that was decided."""

        def said() -> list[str]:
            assert self.process.poll() is None, self.log.read_text()
            text = self.log.read_text()
            return re.findall(r"console at (http://[0-9.:]+)", text) if "at the ends of the topics" in text else []

        asyncio.run(until(said, 20, "the console is there"))
        self.address = f"{said()[0]}/"

    def balance(self, customer: str, amount: int) -> None:
        """Sends a balance, in a thread: the browser's own loop runs in this one."""

        async def send() -> None:
            async with Events(self.bank.settings) as events:
                events.sent = 1_000_000 + amount  # event ids that nobody has sent yet
                await events.balance(customer, amount)
                await events.settle()

        sender = threading.Thread(target=lambda: asyncio.run(send()))
        sender.start()
        sender.join(stretched(30))
        assert not sender.is_alive()


@pytest.fixture(scope="module")
def console(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("real")
    with consoles.bank(broker, folder, "page") as of_bank:
        made = Console(of_bank, folder)
        try:
            made.wait()
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def enter(visit: Visit, address: str, role: str, where: str) -> Page:
    page = visit(address=address).open(where)
    sign_in(page, consoles.TOKENS[role])
    return page


def agent_finds_why_a_tier_was_lost(console: Console, visit: Visit) -> None:
    visitor = visit(address=console.address)
    page = visitor.open()
    page.get_by_label("Access token").fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("refused")
    sign_in(page, consoles.TOKENS["agent"])
    page.get_by_role("search").get_by_role("textbox").fill(consoles.LOST)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="High net worth was lost on")).to_be_visible()
    expect(page.get_by_text("To get it back: TWD 800,000 more.")).to_be_visible()
    expect(page.get_by_text("TWD 4,200,000 of TWD 5,000,000")).to_be_visible()
    expect(page.get_by_text("Fell from High net worth to Mid value")).to_be_visible()
    page.reload()  # of what the browser has kept
    expect(page.get_by_role("heading", name="High net worth was lost on")).to_be_visible()
    page.get_by_text("All of it in sentences").click()
    expect(page.get_by_text("needs TWD 800,000 more in composite value")).to_be_visible()
    page.get_by_label("Language").select_option("zh-CN")
    expect(page.get_by_text("要恢复还差 TWD 800,000。")).to_be_visible()
    refused = [said for said in visitor.complaints if "401" not in said]  # the guessed token
    assert refused == []


def change_shows_by_itself(console: Console, visit: Visit) -> None:
    live = enter(visit, console.address, "agent", "live")
    expect(live.get_by_text("Policy in force: standard")).to_be_visible()
    expect(live.locator("p.stream")).to_have_text("Live")  # its stream is open
    visitor = visit(address=console.address)
    held: list[Route] = []
    visitor.page.route(re.compile(r"/api/stream\?.*customer="), lambda stream: held.append(stream))  # noqa: PLW0108 - Playwright wants a name
    page = visitor.open(f"customers/{consoles.PLAIN}")
    sign_in(page, consoles.TOKENS["agent"])
    expect(page.get_by_text("TWD 30,000 more", exact=True)).to_be_visible()
    console.balance(consoles.PLAIN, 612_345)
    expect(live.get_by_role("link", name=consoles.PLAIN)).to_be_visible()
    for stream in held:  # the customer's opens after that, and does not tell what was before
        stream.continue_()
    expect(page.get_by_text("Rose from Low value to Mid value")).to_be_visible()
    expect(page.get_by_text("TWD 4,387,655 more", exact=True)).to_be_visible()
    console.balance(consoles.PLAIN, 5_100_000)  # of this one the stream tells
    expect(page.get_by_text("Rose from Mid value to High net worth")).to_be_visible()


def operator_fixes_a_tier(console: Console, visit: Visit) -> None:
    page = enter(visit, console.address, "operator", f"customers/{consoles.GOLD}")
    expect(page.get_by_text("This is the highest tier")).to_be_visible()
    page.get_by_role("button", name="Fix the tier").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tier").select_option("mid")
    dialog.get_by_label("Reason").fill("On request")
    dialog.get_by_role("button", name="Fix the tier").click()
    expect(page.get_by_text("Fixed by operator-1")).to_be_visible()
    expect(page.get_by_text("Earns High net worth by today's figures")).to_be_visible()
    page.get_by_role("button", name="End it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("No longer")
    dialog.get_by_role("button", name="End it").click()
    expect(page.get_by_text("Nobody has fixed it")).to_be_visible()
    expect(page.get_by_text("This is the highest tier")).to_be_visible()


def operations_send_a_dead_letter_again(console: Console, visit: Visit) -> None:
    page = enter(visit, console.address, "operator", "operations")
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="Not readable")).to_be_visible()
    page.get_by_label("Select all shown").check()
    page.get_by_role("button", name="Send 1 again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("1 sent again.")).to_be_visible()


def policy_is_put_in_force_by_two(console: Console, visit: Visit) -> None:
    page = enter(visit, console.address, "operator", "policy")
    expect(page.get_by_text("The floor: this much, itself included").first).to_be_visible()
    page.get_by_role("link", name="Edit and try").click()
    expect(page.get_by_text("No mistakes found.")).to_be_visible()
    page.get_by_role("slider", name="High net worth, Value").fill("4000000")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("1 of 3 customers would be in another tier: 1 higher, 0 lower.")).to_be_visible()
    page.get_by_label("What changes, and why").fill("Four million are enough")
    page.get_by_role("button", name="Propose this file").click()
    expect(page.get_by_text("Proposed. It waits for approval.")).to_be_visible()

    page = enter(visit, console.address, "admin", "policy/proposals")
    expect(page.get_by_text("Four million are enough")).to_be_visible()
    page.get_by_role("button", name="Approve and put in force").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved by admin-1")).to_be_visible()
    lost = quote(consoles.LOST, safe="")

    def is_rated_anew() -> bool:
        history = page.request.get(f"{console.address}api/customers/{lost}/history", headers=consoles.bearing("admin"))
        return "policy_changed" in history.text()

    wait_until(is_rated_anew, 30, "the worker rates the customer by it")
    page.goto(f"{console.address}#/customers/{lost}")
    expect(page.get_by_text("another policy came into force").first).to_be_visible()


def test_the_journeys_of_the_page_on_the_real_console(console: Console, visit: Visit) -> None:
    """One bank, one after the other: each run of the tests in parallel would start a bank of its own."""
    agent_finds_why_a_tier_was_lost(console, visit)
    change_shows_by_itself(console, visit)
    operator_fixes_a_tier(console, visit)
    operations_send_a_dead_letter_again(console, visit)
    policy_is_put_in_force_by_two(console, visit)
