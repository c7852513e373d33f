"""What four kinds of people do in the console, in a real browser, on a made-up bank."""

import re
import time
from datetime import timedelta

from playwright.sync_api import Page, expect

from console.stand_in.bank import Customer
from console.stand_in.server import StandIn
from tests.page.conftest import Visit
from tests.support.patience import stretched

AGENT, OPERATOR, ADMIN = "agent-token", "operator-token", "admin-token"
TOKENS = {AGENT: "agent", OPERATOR: "operator", ADMIN: "admin"}


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Areas")).to_be_visible()


def is_in_sight(page: Page, text: str) -> bool:
    """Whether a text is seen without scrolling."""
    box = page.get_by_text(text).first.bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def until_seen(page: Page, changes: int) -> None:
    """Waits until the page has counted so many changes."""
    give_up_at = time.monotonic() + stretched(30)
    while int(page.get_by_test_id("seen").get_attribute("data-count") or 0) < changes:
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(50)


def test_an_agent_says_why_gold_was_lost_and_what_is_needed(visit: Visit) -> None:
    page = visit(StandIn(tokens=TOKENS)).open()
    page.get_by_label("Access token").fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("refused")
    sign_in(page, AGENT)

    page.get_by_role("search").get_by_role("textbox").fill("C001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Gold was lost on")).to_be_visible()
    for answer in (
        "Because the grace period ended and the floor was not met again.",
        "To get it back: TWD 181,600 more.",
        "What is missing for Gold",
        "TWD 1,318,400 of TWD 1,500,000",
        "Today's figures meet the floor of this tier.",
    ):
        assert is_in_sight(page, answer), answer
    expect(page.get_by_text("Fell from Gold to Silver")).to_be_visible()
    # An agent fixes no tiers.
    expect(page.get_by_text("Nobody has fixed it")).to_be_visible()
    expect(page.get_by_role("button", name="Fix the tier")).to_have_count(0)


def test_a_manager_sees_that_gold_is_about_to_fall_and_fixes_it(visit: Visit) -> None:
    page = visit(StandIn("operator"), locale="zh-TW").open("customers/C002")
    expect(page.get_by_text("將於")).to_contain_text("降為銀級會員")
    page.get_by_label("語言").select_option("en")
    expect(page.get_by_text("Falls to Silver on")).to_be_visible()
    expect(page.get_by_text("Grace period")).to_be_visible()

    page.get_by_role("button", name="Fix the tier").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Fix the tier")).to_be_disabled()
    dialog.get_by_label("Tier").select_option("platinum")
    dialog.get_by_label("Reason").fill("Sold a house; the money comes next week")
    dialog.get_by_role("button", name="Fix the tier").click()
    expect(page.get_by_text("Fixed by Wu Jun")).to_be_visible()
    expect(page.get_by_text("Earns Silver by today's figures")).to_be_visible()

    page.get_by_role("button", name="End it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("It did not come")
    dialog.get_by_role("button", name="End it").click()
    expect(page.get_by_text("Nobody has fixed it")).to_be_visible()


def test_a_customer_who_wants_no_campaigns_is_marked(visit: Visit) -> None:
    page = visit(StandIn("agent")).open("customers/C004")
    expect(page.get_by_text("do not contact").first).to_be_visible()
    expect(page.get_by_text("Comparison group: do not act").first).to_be_visible()


def test_a_loan_that_is_watched_shows_its_decision_and_its_alert(visit: Visit) -> None:
    page = visit(StandIn("agent")).open("customers")
    page.get_by_text("Alerts", exact=True).click()
    page.get_by_role("link", name="C003").click()
    expect(page.get_by_text("Assets have fallen").first).to_be_visible()
    expect(page.get_by_text("Stricter assessment").first).to_be_visible()
    expect(page.get_by_text("TWD 12,000,000").first).to_be_visible()


def test_a_customer_in_default_lacks_no_figure_and_is_told_what_holds_the_tier_down(visit: Visit) -> None:
    stand_in, day = StandIn("agent"), timedelta(days=1)
    fell = [("platinum", 90 * day, "first_event"), ("basic", day, "credit_changed")]
    stand_in.bank.customers["C004"] = Customer("C004", 9_000_000, fell, protected_for=day, capped_by="default")
    page = visit(stand_in).open("customers/C004")
    expect(page.get_by_text("The credit standing allows no higher tier until it is better.")).to_have_count(2)
    expect(page.get_by_text("This is the first tier. It cannot be lost.")).to_be_visible()
    for wrong in ("Several figures", "Nothing is missing", "Protected after the last upgrade"):
        expect(page.get_by_text(wrong)).to_have_count(0)


def test_operations_follow_an_incident_and_send_dead_letters_again(visit: Visit) -> None:
    page = visit(StandIn("operator")).open()
    expect(page.get_by_text("533,868")).to_be_visible()
    expect(page.get_by_text("1 of 2")).to_be_visible()
    page.get_by_role("link", name="1 open incident").click()
    expect(page.get_by_text("Partition 3 is being recovered")).to_be_visible()
    expect(page.get_by_text("docs/runbooks/records-wait.md")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("48,210"))).to_contain_text("2 minutes")

    page.get_by_role("radio", name=re.compile("^Not readable")).check()
    expect(page.get_by_role("cell", name="Dated in the future")).to_have_count(0)
    page.get_by_label("Select all shown").check()
    page.get_by_role("radio", name=re.compile("^All")).check()
    page.get_by_label("Select letter at bank.balances, partition 0, offset 9,000").check()
    page.get_by_label("Select letter at bank.loans, partition 1, offset 9,001").check()
    page.get_by_role("button", name="Send 2 again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("1 sent again.")).to_be_visible()
    expect(page.get_by_text("Its bytes are not JSON")).to_be_visible()


def test_a_product_manager_tries_a_floor_proposes_it_and_another_approves(visit: Visit) -> None:
    stand_in = StandIn(tokens=TOKENS)
    manager = visit(stand_in)
    page = manager.open("policy")
    sign_in(page, OPERATOR)
    expect(page.get_by_text("No fall within so many days of an upgrade")).to_be_visible()

    page.get_by_role("link", name="Edit and try").click()
    editor = page.get_by_role("textbox", name="Policy file")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("nonsense ")
    expect(page.get_by_text("1 mistake")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    for _ in "nonsense ":
        page.keyboard.press("Backspace")
    expect(page.get_by_text("No mistakes found.")).to_be_visible()

    page.get_by_role("slider", name="Gold, Value").fill("1300000")
    expect(page.get_by_text("in force: 1,500,000")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("customers would be in another tier")).to_be_visible()
    page.get_by_label("What changes, and why").fill("Gold for those who nearly have it")
    page.get_by_role("button", name="Propose this file").click()
    page.get_by_role("link", name="See proposals").click()
    expect(page.get_by_text("An administrator has to approve it.")).to_be_visible()

    page = visit(address=manager.address).open("policy/proposals")
    sign_in(page, ADMIN)
    expect(page.get_by_text("Gold for those who nearly have it")).to_be_visible()
    page.get_by_role("button", name="Approve and put in force").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved by Huang Li")).to_be_visible()
    assert 'at_least = "1300000"' in list(stand_in.bank.files.values())[-1]


def test_who_proposed_may_not_approve(visit: Visit) -> None:
    stand_in = StandIn("admin")
    made = {"id": 1, "name": "cards", "version": 2, "digest": "sha256:1", "note": "mine", "proposed_by": "Huang Li"}
    stand_in.bank.proposals.append(
        {**made, "proposed_at": "2026-11-29T09:00:00+08:00", "approved_by": None, "approved_at": None}
    )
    page = visit(stand_in).open("policy/proposals")
    expect(page.get_by_text("Another person has to approve it.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve and put in force")).to_have_count(0)


def test_a_viewer_sees_tiers_and_no_customers(visit: Visit) -> None:
    page = visit(StandIn("viewer", rate=10)).open()
    expect(page.get_by_text("412,806")).to_be_visible()
    expect(page.get_by_text("first event of this customer").first).to_be_visible()
    expect(page.get_by_role("search")).to_have_count(0)
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_text("you need the role of an agent")).to_be_visible()


def test_an_unknown_customer_is_said_in_a_sentence(visit: Visit) -> None:
    page = visit().open("customers/nobody%2Fhere")
    expect(page.get_by_role("heading", name="Customer nobody/here is not known")).to_be_visible()


def test_ten_thousand_changes_a_second_do_not_freeze_the_page(visit: Visit) -> None:
    """All of them reach the browser here; the server sends at most 200 a second and counts the others."""
    page = visit(StandIn(rate=10_000, bounded=False)).open()
    seen = page.get_by_test_id("seen")
    expect(page.get_by_text("Too many to read one by one")).to_be_visible()
    until_seen(page, 30_000)
    expect(page.get_by_text("533,868")).to_be_visible()
    expect(page.locator("main [role=status] i")).to_have_count(0)  # nothing is still being loaded
    assert seen.locator("xpath=..").get_by_role("listitem").count() <= 8
    elements = page.evaluate("document.querySelectorAll('*').length")
    page.get_by_role("link", name="Operations").click()
    expect(page.get_by_role("heading", name="Dead letters")).to_be_visible()
    page.get_by_role("link", name="Live", exact=True).click()
    until_seen(page, 45_000)
    assert page.evaluate("document.querySelectorAll('*').length") < elements + 100


def test_what_the_server_leaves_out_is_counted(visit: Visit) -> None:
    page = visit(StandIn(rate=10_000)).open()
    until_seen(page, 15_000)


def test_a_console_that_does_not_answer_at_first_is_asked_again(visit: Visit) -> None:
    visitor = visit()
    visitor.page.route("**/api/session", lambda route: route.abort())
    page = visitor.open()
    expect(page.get_by_text("The console does not answer. It will be asked again.")).to_be_visible()
    page.unroute("**/api/session")
    expect(page.get_by_text("533,868")).to_be_visible()


def test_the_console_is_worked_by_keyboard_alone(visit: Visit) -> None:
    page = visit(StandIn("operator")).open()
    expect(page.get_by_text("533,868")).to_be_visible()
    focused = page.locator(":focus")
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("id", "content")

    page.reload()
    expect(page.get_by_text("533,868")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
        if focused.get_attribute("id") == "find":
            break
    page.keyboard.type("C002")
    page.keyboard.press("Enter")
    opened = page.get_by_role("button", name="Fix the tier")
    expect(opened).to_be_visible()
    opened.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(12):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opened).to_be_focused()
