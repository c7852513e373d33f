import io
import json
from typing import Any

import pytest
from rich.console import Console

from streams.audit.report import Report
from streams.demo.figures import Figures
from streams.demo.run import Outcome
from streams.demo.view import LinesView, LiveView, summary
from streams.engine.compile import load_policy
from streams.settings import policy_folder

POLICY = load_policy((policy_folder() / "standard.toml").read_text(encoding="utf-8"))
NOW_MS = 1_795_483_800_125
TOTALS = "events 3 (1 a second); changes 3 (1 up, 1 down); dead letters 0; delay p50 40 ms, p99 40 ms"
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
    assert seen.newest[0].why() == why


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
    ]


def test_the_picture_has_tiers_totals_changes_and_the_page(figures: Figures) -> None:
    screen = io.StringIO()
    view = LiveView(Console(file=screen, width=110, force_terminal=True, color_system=None, legacy_windows=False))
    view.begin("http://127.0.0.1:6066", POLICY)
    view.show(figures, 10)
    view.end()
    view.end()
    picture = screen.getvalue()
    parts = (
        "http://127.0.0.1:6066",
        "from 5,000,000",
        "75%",
        "3 (1 up, 1 down)",
        "low -> mid",
        "4,487,654.33 to high",
    )
    assert [part for part in parts if part not in picture] == []


def test_the_summary_tells_differences_loudly(figures: Figures) -> None:
    clean = summary(Outcome(figures, 1, 10.0, Report(events=3, changes=3)))
    assert clean[0] == "events        3 in 10.0 s (0 a second), all worked"
    assert clean[1] == "of these      2 applied, 1 came twice and changed nothing"
    assert clean[-1].startswith("audit         clean: 3 events replayed")
    wrong = summary(Outcome(figures, 0, 10.0, Report(events=3, differences=2)))
    assert wrong[-1].startswith("audit         2 DIFFERENCES: 3 events replayed")
