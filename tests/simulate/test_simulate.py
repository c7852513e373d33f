"""The engine on lines of a file, judged by its outputs."""

import json
import random
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pytest

from streams.contracts.event_line import EventLine
from streams.partition.customers import Customers
from streams.partition.heads import merge_heads
from streams.partition.setup import PartitionSetup
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.simulate import Output, Simulation
from streams.values.events import BALANCES, CREDIT, TRANSACTIONS
from tests.support.histories import ASSETS_ONLY, PLAIN, STANDARD, History, worked
from tests.support.works import order_of

DAY_MS = 86_400_000
NOON = round(datetime.fromisoformat("2026-11-24T12:00+08:00").timestamp() * 1000)


class File(History):
    """A history that also keeps the order in which its events were written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[EventLine] = []

    def raw(self, topic: int, key: bytes | None, value: bytes | None) -> None:
        super().raw(topic, key, value)
        assert value is not None
        self.lines.append(EventLine(topic, key, value))


def outputs(lines: Sequence[EventLine], policy: Policy = STANDARD, sizes: Iterable[int] = (10_000,)) -> list[Output]:
    """Worked in chunks of these sizes, over and over."""
    simulation, ahead, found = Simulation(policy), deque(lines), []
    while ahead:
        for size in sizes:
            chunk = [ahead.popleft() for _ in range(min(size, len(ahead)))]
            found += simulation.work(chunk).outputs
    return found


def changes(lines: Sequence[EventLine], policy: Policy = STANDARD) -> list[dict[str, Any]]:
    return [json.loads(output.value) for output in outputs(lines, policy) if output.topic == "tier.changes"]


def told(lines: Sequence[EventLine], policy: Policy = STANDARD) -> list[tuple[str, str, str]]:
    return [(change["id"], change["tier"], change["reason"]) for change in changes(lines, policy)]


def decided_at_ms(change: dict[str, Any]) -> int:
    return round(datetime.fromisoformat(change["decided_at"]).timestamp() * 1000)


def lively(events: int) -> File:
    """Some customers, all kinds of events, late ones, repeats and broken ones among them."""
    dice, file, at = random.Random(20261124), File(), NOON  # noqa: S311 - the same dice every time
    for number in range(events):
        at += dice.randrange(20 * 3_600_000)
        customer, when = f"C{dice.randrange(12)}", at - dice.choice([0, 0, 0, 40 * DAY_MS])
        kind = dice.randrange(8)
        if kind < 3:
            file.balance(customer, str(dice.randrange(230_000, 280_000)), when, dice.choice("ab"))
        elif kind < 5:
            file.transaction(customer, str(dice.randrange(4_000_000)), when)
        elif kind == 5:
            file.credit(customer, dice.choice(["good", "poor", "default"]), when)
        elif kind == 6:
            file.pin(customer, "high", when, when + 5 * DAY_MS)
        else:
            file.balance(customer, "1", when, event_id="balances-0") if number % 2 else file.raw(CREDIT, b"C1", b"{}")
    file.balance("C99", "1", at + 100 * DAY_MS)  # all windows end
    return file


# --- the same as the stream ---


def test_the_changes_are_those_of_the_stream_in_several_batches() -> None:
    file = lively(400)
    in_time = File()  # a stream merges its topics by event time; so is this file written
    partition = Customers(PartitionSetup(0, STANDARD, "event", (), "", lambda _: True))
    queues = [deque(partition.decode(topic, lines)) for topic, lines in enumerate(file.topics)]
    for entry in merge_heads(queues, frozenset(), 1_000):
        in_time.raw(entry.topic, entry.record.key, entry.record.value)
    streamed = worked(in_time, PLAIN, sizes=[7, 1, 100, 30]).changes
    for change in streamed:
        if change["cause"]:
            change["cause"]["partition"] = 0
    assert changes(in_time.lines, PLAIN) == streamed
    assert {change["reason"] for change in streamed} > {"first_event", "threshold_crossed", "window_moved", "pin_set"}


@pytest.mark.parametrize("sizes", [[1], [2, 5], [64, 1, 300]])
def test_the_outputs_are_the_same_however_the_file_is_cut(sizes: list[int]) -> None:
    lines = lively(300).lines
    assert outputs(lines, sizes=sizes) == outputs(lines)


@pytest.mark.parametrize("due_limit", [1, 2, 7])
def test_the_outputs_are_the_same_however_few_may_fall_due_in_a_part(due_limit: int) -> None:
    file = lively(200)
    for number in range(30):  # they fall at one midnight, with the last event
        file.balance(f"D{number}", "490000", NOON + number)
        file.transaction(f"D{number}", "2000000", NOON + number)
    file.balance("C99", "1", NOON + 900 * DAY_MS)
    simulation = Simulation(PLAIN)
    parts = [
        part for lines in (file.lines[:100], file.lines[100:]) for part in simulation.work_in_parts(lines, due_limit)
    ]
    assert [output for part in parts for output in part.outputs] == outputs(file.lines, PLAIN)
    assert max(json.loads(order_of(part.work))["due"] for part in parts) == due_limit
    assert sum(len(part.events) for part in parts) == len(file.lines)


def test_topics_positions_and_causes_say_bank_and_count_the_lines_of_a_topic() -> None:
    file = File()
    file.transaction("C1", "5", NOON)
    file.balance("C1", "1", NOON)
    file.balance("C2", "1", NOON)
    file.balance("C1", "500000", NOON + 1)
    assert [(change["customer_id"], change["cause"], change["positions"]) for change in changes(file.lines)][-1] == (
        "C1",
        {"event_id": "balances-2", "topic": "bank.balances", "partition": 0, "offset": 2, "occurred_at": NOON + 1},
        {"bank.balances": 2, "bank.transactions": 0},
    )


@pytest.mark.parametrize(
    ("amount", "tier", "missing"),
    [
        ("499999.99", "low", "0.01"),
        ("500000", "mid", "4500000.00"),
        ("4999999.9999", "mid", "0.0001"),
        ("5000000.00", "high", None),
    ],
)
def test_floors_are_inclusive_and_exact(amount: str, tier: str, missing: str | None) -> None:
    file = File()
    file.balance("C1", amount, NOON)
    (change,) = changes(file.lines, ASSETS_ONLY)
    assert (change["tier"], change["reason"], change["backfill"]) == (tier, "first_event", False)
    assert (change["next_tier"] or {"missing": None})["missing"] == missing


# --- the order and the clock ---


def test_lines_are_worked_in_their_order_whatever_their_times() -> None:
    file = File()
    file.balance("C1", "600000", NOON + 5)
    file.credit("C1", "default", NOON + 1)
    file.transaction("C2", "1", NOON - 1)
    file.balance("C1", "1", NOON)  # older than what is known of the account
    file.credit("C1", "good", NOON + 6)
    assert told(file.lines) == [
        ("C1:1", "mid", "first_event"),
        ("C1:2", "low", "correction"),
        ("C2:1", "low", "first_event"),
        ("C1:3", "mid", "credit_changed"),
    ]


def test_a_late_event_is_decided_now() -> None:
    file = File()
    file.balance("C1", "1", NOON)
    file.balance("C1", "600000", NOON - DAY_MS, account="other")
    late = changes(file.lines)[1]
    assert (late["reason"], decided_at_ms(late), late["cause"]["occurred_at"]) == (
        "correction",
        NOON,
        NOON - DAY_MS,
    )


def test_what_falls_due_is_decided_at_its_due_time_before_the_line_that_moves_the_clock() -> None:
    file = File()
    file.balance("C1", "490000", NOON)
    file.transaction("C1", "1000000", NOON + 1)
    file.balance("C2", "1", NOON + 200 * DAY_MS)  # one clock for all customers
    first, _, moved, other = changes(file.lines, PLAIN)
    assert (first["customer_id"], other["customer_id"]) == ("C1", "C2")
    assert (moved["reason"], moved["tier"], moved["cause"]) == ("window_moved", "low", None)
    assert moved["decided_at"] == "2027-02-22T00:00:00+08:00"
    assert moved["positions"] == {"bank.balances": 0, "bank.transactions": 0}


def test_the_clock_stops_at_the_last_event() -> None:
    file = File()
    file.balance("C1", "490000", NOON)
    file.transaction("C1", "1000000", NOON + 1)
    assert [change["tier"] for change in changes(file.lines)] == ["low", "mid"]


def test_a_pin_holds_until_the_clock_passes_its_end() -> None:
    file = File()
    file.balance("C1", "1", NOON)
    file.pin("C1", "high", NOON, NOON + DAY_MS)
    file.transaction("C1", "1", NOON + 2 * DAY_MS)
    assert told(file.lines) == [
        ("C1:1", "low", "first_event"),
        ("C1:2", "high", "pin_set"),
        ("C1:3", "low", "pin_ended"),
    ]
    assert decided_at_ms(changes(file.lines)[2]) == NOON + DAY_MS


def letters(lines: Sequence[EventLine], ahead_days: int) -> list[str]:
    found = Simulation(STANDARD, ahead_days).work(lines).outputs
    return [json.loads(output.value)["detail"] for output in found if output.topic == "tier.dead-letters"]


@pytest.mark.parametrize(
    ("days", "ahead_days", "refused"),
    [(400, 400, False), (401, 400, True), (401, 401, False), (8_000, 8_000, False), (2, 1, True)],
)
def test_an_event_further_ahead_of_the_newest_time_than_the_option_says_is_refused(
    days: int, ahead_days: int, *, refused: bool
) -> None:
    file = File()
    file.balance("C1", "1", NOON)
    file.balance("C2", "1", NOON + days * DAY_MS)
    assert [f"more than {ahead_days} days ahead" in detail for detail in letters(file.lines, ahead_days)] == [
        True
    ] * refused


@pytest.mark.parametrize("year", [2062, 9999])
def test_one_record_of_a_wrong_year_costs_nobody_the_years_between(year: int) -> None:
    right, wrong = File(), File()
    for file in (right, wrong):
        file.balance("C1", "600000", NOON)
        file.transaction("C1", "1", NOON + 1)
        if file is wrong:
            file.credit("C2", "good", f"{year}-11-24T12:00:00+08:00")
        file.balance("C1", "1", NOON + DAY_MS)
        file.balance("C1", "2", NOON + 35 * DAY_MS)
    decided = [
        [(*line, change["decided_at"]) for line, change in zip(told(file.lines), changes(file.lines), strict=True)]
        for file in (wrong, right)
    ]
    assert decided[0] == decided[1] != []
    assert letters(wrong.lines, 400) == [
        f"{year}-11-24T12:00:00+08:00 is more than 400 days ahead of the newest time so far"
    ]


def test_the_first_event_may_have_any_time_and_a_dead_letter_moves_no_clock() -> None:
    file = File()
    file.balance("C1", "1", "2031-01-01T00:00:00+08:00")
    file.balance("C1", "2", "2099-01-01T00:00:00+08:00")
    file.balance("C1", "600000", "2031-06-01T00:00:00+08:00")
    assert [change["tier"] for change in changes(file.lines)] == ["low", "mid"]


# --- every output ---


def test_all_outputs_come_in_the_order_in_which_they_were_decided() -> None:
    file = File()
    file.balance("C1", "490000", NOON)
    file.raw(BALANCES, b"C1", b'{"customer_id": "C1"}')
    file.transaction("C1", "1000000", NOON + 61_000)  # long enough after the first event for a welcome
    file.raw(TRANSACTIONS, None, b"[1]")
    file.loan("C1", "1", NOON + 61_001)
    file.balance("C1", "1", NOON + 200 * DAY_MS, currency="XXX")
    file.balance("C2", "1", NOON + 200 * DAY_MS)
    told = [output for output in outputs(file.lines) if output.topic != "tier.current"]
    found = [(output.topic, json.loads(output.value)) for output in told]
    assert [value.get("id") or (value["reason"], value["topic"], value["offset"]) for _, value in found] == [
        "C1:1",
        "C1:account-opening-gift:1",
        ("invalid_field", "bank.balances", 1),
        "C1:2",
        "C1:welcome-mid:1",
        ("malformed", "bank.transactions", 1),
        "C1:L1:decision",
        ("unknown_currency", "bank.balances", 2),
        "C1:stay:1",
        "C1:3",
        "C1:dormant:1",  # near-mid would be the third in 30 days
        "C2:1",
    ]
    topics = ["tier.changes", "tier.campaigns", "tier.dead-letters", "tier.changes", "tier.campaigns"]
    assert [topic for topic, _ in found[:5]] == topics
    assert found[6][0] == "tier.risk"
    assert found[5][1]["key_base64"] is None
    assert found[5][1]["at"] == "1970-01-01T08:00:00+08:00"  # there is no wall clock


def test_tier_current_is_told_every_change_at_once_and_a_tombstone_after_an_erase() -> None:
    file = File()
    file.balance("C1", "600000", NOON)
    file.balance("C2", "1", NOON)
    file.action("C1", "erase", NOON + 1)
    file.balance("C1", "600000", NOON + 2)
    found = [output for output in outputs(file.lines) if output.topic in {"tier.changes", "tier.current"}]
    shown = [(output.topic, (json.loads(output.value) or {}).get("id"), output.tombstone_of) for output in found]
    assert shown == [
        ("tier.changes", "C1:1", None),
        ("tier.current", "C1:1", None),
        ("tier.changes", "C2:1", None),
        ("tier.current", "C2:1", None),
        ("tier.current", None, b"C1"),
        ("tier.changes", "C1:2", None),
        ("tier.current", "C1:2", None),
    ]
    assert found[0].value == found[1].value


def test_a_budget_has_the_last_word() -> None:
    budget = load_policy(STANDARD.document.replace("within_days = 30", "within_days = 30\nbudget = { triggers = 2 }"))
    file = File()
    for customer in ("C1", "C2", "C3", "C4"):
        file.balance(customer, "1000", NOON)
    found = [json.loads(output.value) for output in outputs(file.lines, budget) if output.topic == "tier.campaigns"]
    assert [trigger["id"] for trigger in found] == ["C1:account-opening-gift:1", "C2:account-opening-gift:1"]
