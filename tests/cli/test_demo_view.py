import io
import json
import re
from typing import Any

import pytest
from rich.console import Console

from streams.audit.report import Report
from streams.contracts.display import what_is_offered, why_changed, why_decided
from streams.contracts.shown import decode_risk, decode_trigger
from streams.demo.figures import NEWEST_SHOWN, Figures
from streams.demo.run import Outcome
from streams.demo.view import LinesView, LiveView, summary
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder

POLICY = load_policy((policy_folder() / "standard.toml").read_text(encoding="utf-8"))
NOW_MS = 1_795_483_800_125
TOTALS = "events 3 (1 a second); changes 3 (1 up, 1 down); dead letters 0; delay p50 40 ms, p99 40 ms"
LIMIT = {"measure": "amount", "is": "600000.00", "at_least": "300000.00", "tier": "low", "outcome": "enhanced"}
MID, HIGH = ("mid", "500000.00"), ("high", "5000000.00")


def change(met: int, standing: str = "good", **other: Any) -> bytes:
    """A change whose value meets so many of the two floors."""
    floors = [
        {"measure": "value", "is": "512345.6789", "at_least": floor, "tier": tier, "met": number < met}
        for number, (tier, floor) in enumerate((MID, HIGH))
    ]
    capped = {"measure": "standing", "is": standing, "is_not": "default", "tier": "low", "met": standing != "default"}
    told = {
        "customer_id": "C0042",
        "direction": "upgrade",
        "previous_tier": "low",
        "tier": "mid",
        "reason": "threshold_crossed",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "value": "512345.6789",
        "currency": "TWD",
        "conditions": [*floors, capped],
        "next_tier": {"tier": "high", "missing": "4487654.3211"},
        "cause": {"occurred_at": NOW_MS - 40},
        **other,
    }
    return json.dumps(told).encode()


def trigger(campaign: str = "account-opening-gift", kind: str = "gift", **other: Any) -> bytes:
    told = {
        "id": f"C0042:{campaign}:1",
        "customer_id": "C0042",
        "campaign": campaign,
        "kind": kind,
        "tier": "low",
        "group": "treated",
        "triggered_at": "2026-11-24T09:30:01.000+08:00",
        "period": None,
        "amount": None,
        "currency": "TWD",
        "missing": None,
        "due": None,
    }
    return json.dumps({**told, **other}).encode()


def loan(outcome: str, *conditions: dict[str, Any], **other: Any) -> bytes:
    told = {
        "id": "C1:L7:decision",
        "customer_id": "C0043",
        "loan_id": "L7",
        "kind": "decision",
        "outcome": outcome,
        "amount": "600000.00",
        "currency": "TWD",
        "decided_at": "2026-11-24T09:30:02.000+08:00",
        "conditions": conditions,
    }
    return json.dumps({**told, **other}).encode()


def alert(*conditions: dict[str, Any], **other: Any) -> bytes:
    told = {**json.loads(loan("", *conditions)), "id": "C1:L7:alert:1", "kind": "alert", "reason": "assets_fell"}
    del told["outcome"]
    return json.dumps({**told, **other}).encode()


def met(condition: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {**condition, **other, "met": True}


def order(first: int, after: int, topic: str = "bank.balances") -> bytes:
    told = {
        "partition": 0,
        "counter": 1,
        "clock": "wall",
        "clock_ms": NOW_MS,
        "policy": "sha256:0",
        "engine_version": 1,
    }
    return json.dumps({**told, "positions": {topic: [first, after]}}).encode()


@pytest.fixture
def figures() -> Figures:
    seen = Figures()
    seen.sent = 3
    seen.customers_by_tier = {"low": 1, "mid": 3, "high": 0}
    seen.see_order(order(0, 3))
    seen.see_change(change(1, direction="initial", previous_tier=None, reason="first_event"), NOW_MS)
    seen.see_change(change(1), NOW_MS)
    seen.see_change(change(0, direction="downgrade", previous_tier="mid", tier="low", cause=None), NOW_MS)
    return seen


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (change(1), "at least 500,000"),
        (change(2, tier="high"), "at least 5,000,000"),
        (change(1, direction="downgrade", previous_tier="high"), "below 5,000,000"),
        (change(0, direction="downgrade", previous_tier="mid", tier="low"), "below 500,000"),
        (change(1, "default", direction="downgrade", reason="credit_changed"), "standing: default"),
        (change(1, "poor", reason="credit_changed"), "credit changed"),
        (change(0, reason="pin_set"), "pin set"),
        (change(1, "default", reason="pin_ended"), "pin ended"),
        (change(1, reason="window_moved", cause=None, next_tier=None, value=None, conditions=[]), "window moved"),
    ],
)
def test_a_change_says_why(value: bytes, why: str) -> None:
    seen = Figures()
    seen.see_change(value, NOW_MS)
    assert why_changed(seen.newest[0]) == why


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (trigger(), "a gift"),
        (trigger(amount="300.00"), "300 TWD"),
        (trigger("cash-back", "cash_back", amount="42.50", period="2026-11"), "42.50 TWD for 2026-11"),
        (trigger("near-mid", "near_tier", missing="23000.001"), "23,000.01 to the next tier"),
        (
            trigger("near-gold", "near_tier", missing="100.00", due="2026-12-01T00:00:00+08:00"),
            "100 to the next tier by 2026-12-01",
        ),
        (
            trigger("stay", "at_risk", missing="100.00", due="2026-12-01T00:00:00+08:00"),
            "100 to keep this tier by 2026-12-01",
        ),
        (trigger("welcome-mid", "welcome", tier="mid"), "now mid"),
        (trigger("dormant", "dormant", group="held_out"), "nothing heard for long (held out)"),
        (trigger("fee", "fee_alert"), "below the floor for a month"),
        (trigger("new", "a-kind-of-later"), "now low"),
    ],
)
def test_a_trigger_says_what_is_given_or_missing(value: bytes, what: str) -> None:
    assert what_is_offered(decode_trigger(value)) == what


TIMES = {"measure": "amount", "is": "600000.00", "at_least": "300000.00", "more_than": "512345.00", "outcome": "refer"}
POOR = {"measure": "standing", "is": "poor", "equals": "poor", "outcome": "enhanced"}
FRESH = {"measure": "fresh_assets", "is": "0.50001", "more_than": "0.50", "outcome": "enhanced"}
VOLATILE = {"measure": "volatile_assets", "is": "0.41", "more_than": "0.40", "outcome": "enhanced"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (loan("standard", {**LIMIT, "met": False}), "below 300,000"),
        (loan("standard"), ""),
        (loan("enhanced", met(LIMIT), {**POOR, "is": "good", "met": False}), "at least 300,000"),
        (loan("enhanced", met(POOR), met(FRESH)), "standing poor, 51% of the assets are new"),
        (loan("enhanced", met(VOLATILE)), "assets went up and down by 41%"),
        (loan("refer", met(LIMIT), met(TIMES)), "more than the assets allow (512,345)"),
        (loan("enhanced", met(LIMIT), customer="new"), "at least 300,000, nothing else known of the customer"),
        (alert(met({"measure": "assets", "is": "70000.00", "at_most": "84000.00"})), "assets fell to 70,000"),
        (alert(met({"measure": "standing", "is": "poor", "equals": "poor"})), "standing now poor"),
    ],
)
def test_a_loan_says_why_it_is_decided_so(value: bytes, why: str) -> None:
    assert why_decided(decode_risk(value)) == why


def test_all_is_worked_when_every_acknowledged_event_is(figures: Figures) -> None:
    figures.note_sent("bank.balances", 0, 2)
    assert figures.all_worked
    figures.note_sent("bank.balances", 0, 3)
    assert not figures.all_worked
    figures.see_order(order(3, 4))
    assert figures.all_worked
    figures.note_sent("bank.balances", 1, 0)
    assert not figures.all_worked


def test_the_first_tier_is_counted_and_no_news(figures: Figures) -> None:
    assert figures.directions == {"initial": 1, "upgrade": 1, "downgrade": 1}
    assert [seen.direction for seen in figures.newest] == ["downgrade", "upgrade"]


def test_delays_are_those_of_changes_that_an_event_led_to() -> None:
    seen = Figures()
    assert seen.delay_ms(0.5) is None
    for delay_ms in range(1, 101):
        seen.see_change(change(1, cause={"occurred_at": NOW_MS - delay_ms}), NOW_MS)
    seen.see_change(change(1, cause=None), NOW_MS)
    assert (seen.delay_ms(0.5), seen.delay_ms(0.99)) == (50, 99)


def test_lines_come_every_few_seconds(figures: Figures) -> None:
    figures.see_trigger(trigger("near-mid", "near_tier", missing="23000.00"))
    figures.see_risk(loan("enhanced", met(LIMIT)))
    figures.see_risk(alert(met({"measure": "standing", "is": "poor"})))
    lines: list[str] = []
    view = LinesView(lines.append)
    view.begin("http://127.0.0.1:6066", POLICY)
    for quarter in range(16):
        view.show(figures, quarter / 4)
    assert lines == [
        "live events flow; console page: http://127.0.0.1:6066",
        f"   3 s  high 0, mid 3, low 1; {TOTALS}",
        "        09:30:00  C0042  mid -> low  512,345.67 TWD  below 500,000  4,487,654.33 to high",
        "        09:30:00  C0042  low -> mid  512,345.67 TWD  at least 500,000  4,487,654.33 to high",
        "        09:30:01  C0042  near-mid  23,000 to the next tier",
        "        09:30:02  C0043  loan: enhanced  600,000 TWD  at least 300,000",
        "        09:30:02  C0043  loan: alert  600,000 TWD  standing now poor",
    ]


def test_nothing_is_missing_where_standing_alone_is_in_the_way(figures: Figures) -> None:
    figures.see_change(change(1, "default", next_tier={"tier": "mid", "missing": "0.00"}), NOW_MS)
    lines: list[str] = []
    view = LinesView(lines.append)
    view.show(figures, 3)
    assert lines[1].endswith("standing: default")


def test_a_campaign_or_loan_is_a_line_once(figures: Figures) -> None:
    figures.see_trigger(trigger())
    lines: list[str] = []
    view = LinesView(lines.append)
    view.begin("http://127.0.0.1:6066", POLICY)
    for seconds in (3, 6, 9):
        view.show(figures, seconds)
    assert len([line for line in lines if "a gift" in line]) == 1


def picture(figures: Figures, width: int, height: int) -> list[str]:
    """The lines that are left standing."""
    screen = io.StringIO()
    console = Console(
        file=screen, width=width, height=height, force_terminal=True, color_system=None, legacy_windows=False
    )
    view = LiveView(console)
    view.begin("http://127.0.0.1:6066", POLICY)
    view.show(figures, 10)
    view.end()
    lines = re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|\].*?\x1b\\)", "", screen.getvalue()).splitlines()
    begins = max(number for number, line in enumerate(lines) if line.startswith("tierflow"))
    return lines[begins:]


@pytest.mark.parametrize(("width", "height", "changes"), [(80, 24, 4), (120, 40, NEWEST_SHOWN), (120, 26, 6)])
def test_the_picture_fits_the_terminal(figures: Figures, width: int, height: int, changes: int) -> None:
    for campaign in POLICY.campaigns[:4]:
        figures.see_trigger(trigger(campaign.id, "welcome"))
    figures.see_risk(loan("standard", {**LIMIT, "met": False}))
    figures.see_risk(loan("enhanced", met(LIMIT)))
    figures.see_risk(loan("refer", met(TIMES), amount="44000000.00"))
    figures.see_risk(alert(met({"measure": "standing", "is": "poor"})))
    for _ in range(NEWEST_SHOWN):
        figures.see_change(change(1), NOW_MS)
    lines = picture(figures, width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if line.startswith("low -> mid")]) == changes
    assert not [line for line in lines if "…" in line and not line.startswith("refer")]
    assert [line.split()[:2] for line in lines if line.startswith(("refer", "alert"))] == [
        ["refer", "1"],
        ["alert", "1"],
    ]


def test_the_picture_has_tiers_totals_changes_campaigns_loans_and_the_page(figures: Figures) -> None:
    figures.see_trigger(trigger("near-mid", "near_tier", missing="23000.00"))
    figures.see_risk(loan("enhanced", met(LIMIT)))
    shown = "\n".join(picture(figures, 120, 40))
    parts = (
        "http://127.0.0.1:6066",
        "from 5,000,000",
        "75%",
        "3 (1 up, 1 down)",
        "low -> mid",
        "4,487,654.33 to high",
        "23,000 to the next tier",
        "600,000 TWD  at least 300,000",
    )
    assert [part for part in parts if part not in shown] == []


def test_a_view_is_ended_twice_without_harm() -> None:
    view = LiveView(Console(file=io.StringIO()))
    view.begin("http://127.0.0.1:6066", POLICY)
    view.end()
    view.end()


def lines_of(outcome: Outcome) -> dict[str, str]:
    return {line[:13].strip(): line[14:] for line in summary(outcome)}


def test_the_summary_counts_campaigns_and_loans(figures: Figures) -> None:
    for told in (trigger(), trigger(), trigger("near-mid", "near_tier", group="held_out")):
        figures.see_trigger(told)
    for told in (loan("standard"), loan("refer"), loan("refer"), alert()):
        figures.see_risk(told)
    history = Figures()
    history.sent = 2
    history.see_change(change(1, direction="initial", previous_tier=None), NOW_MS)
    told = lines_of(Outcome(figures, history, 1, 10.0, Report(events=5, changes=4, triggers=3, risks=4)))
    assert told["history"] == "2 events of 1 customers, worked first: no campaigns came of them"
    assert told["events"] == "3 in 10.0 s (0 a second), all worked"
    assert told["of these"] == "2 applied, 1 came twice and changed nothing"
    assert told["campaigns"] == "account-opening-gift 2, near-mid 1; 1 held out"
    assert (told["loans"], told["loan alerts"]) == ("refer 2, standard 1", "assets_fell 1")
    assert told["audit"].startswith("clean: 5 events replayed")
    assert told["compared"] == "4 changes, 3 campaign triggers, 4 loan messages, 0 dead letters"


def test_the_summary_tells_differences_loudly(figures: Figures) -> None:
    told = lines_of(Outcome(figures, Figures(), 0, 10.0, Report(events=3, differences=2)))
    assert told["audit"].startswith("2 DIFFERENCES: 3 events replayed")
