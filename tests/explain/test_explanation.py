"""The explanation as one object, of a customer worked offline."""

import json
from typing import Any

import pytest

from streams.contracts.lines import parse_line
from streams.errors import UsageError
from streams.explain.explanation import explain
from streams.explain.known import Known, state_of
from streams.explain.message import ConditionNow, Explanation, PinNow, Window
from streams.partition.outputs import sent_to
from streams.partition.work import DEAD_LETTERS
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder
from streams.simulate import Simulation

CUSTOMER = "C001"


def line(topic: str, number: int, **value: Any) -> bytes:
    event = {"event_id": f"e{number}", "customer_id": CUSTOMER, "account_id": "A", "currency": "TWD", **value}
    return json.dumps({"topic": f"bank.{topic}", "value": event}).encode()


def known(policy: str, *lines: bytes) -> Known:
    rules = load_policy((policy_folder() / f"{policy}.toml").read_text(encoding="utf-8"))
    simulation = Simulation(rules)
    work = simulation.work([parse_line(text) for text in lines]).work
    assert not sent_to(work, DEAD_LETTERS)
    return Known(CUSTOMER, simulation.partition.packed[CUSTOMER.encode()], simulation.partition.clock_ms, rules)


def explained(policy: str, *lines: bytes) -> Explanation:
    found = known(policy, *lines)
    return explain(found, found.clock_ms)


FIRST = line("balances", 1, balance="100", as_of="2026-11-24T09:30:00+08:00")
ENOUGH = line("balances", 2, balance="500000", as_of="2026-11-24T09:31:00+08:00")
LESS = line("balances", 3, balance="480000", as_of="2026-12-24T09:32:00+08:00")
PURCHASE = line("transactions", 4, type="purchase", amount="1234.50", occurred_at="2026-12-24T09:32:00+08:00")


def test_why_this_tier_and_since_when() -> None:
    told = explained("standard", FIRST, ENOUGH, LESS)
    assert (told.at, told.tier, told.earned_tier, told.value) == (
        "2026-12-24T09:32:00+08:00",
        "mid",
        "low",
        "480000.00",
    )
    assert (told.policy.name, told.policy_in_force) == ("standard", None)
    change = told.change
    assert change is not None
    assert (change.id, change.direction, change.previous_tier) == ("C001:2", "upgrade", "low")
    assert (change.decided_at, change.reason, change.cause) == ("2026-11-24T09:31:00+08:00", "threshold_crossed", "e2")
    assert (change.value, change.written) == ("500000.00", True)


def test_the_lowest_tier_is_not_told_that_the_last_upgrade_protects_it() -> None:
    told = explained(
        "standard", FIRST, ENOUGH, line("credit", 4, standing="default", as_of="2026-12-24T09:32:00+08:00")
    )
    assert (told.tier, told.keeps.is_lowest, told.keeps.protected_until) == ("low", True, None)


def test_measures_have_the_days_that_they_look_at() -> None:
    told = explained("standard", FIRST, ENOUGH, LESS, PURCHASE)
    assert [(found.measure, found.is_, found.window) for found in told.measures] == [
        ("assets", "480000.00", None),
        ("volume", "1234.50", Window("2026-09-26", "2026-12-24")),
        ("value", "480012.345", None),
    ]
    assert (told.last_rating_at, told.next_rating_at) == (None, None)


def test_conditions_say_what_is_missing() -> None:
    told = explained("standard", FIRST, ENOUGH, LESS)
    assert [
        (found.tier, found.rule, found.measure, found.is_, found.at_least, found.met, found.missing)
        for found in told.conditions
    ] == [
        ("mid", "enter", "value", "480000.00", "500000.00", False, "20000.00"),
        ("high", "enter", "value", "480000.00", "5000000.00", False, "4520000.00"),
    ]
    assert told.next_tier is not None
    assert (told.next_tier.tier, told.next_tier.needs, told.next_tier.by_itself_at) == ("high", "all", None)
    assert [found.missing for found in told.next_tier.missing] == ["4520000.00"]
    [way] = told.next_tier.deposits
    assert (way.amount, way.held_until, way.at) == ("4520000.00", "2026-12-25T00:00:00+08:00", told.at)


def test_what_keeps_it_and_when_it_falls() -> None:
    told = explained("standard", FIRST, ENOUGH, LESS)
    keeps, ahead = told.keeps, told.outlook
    assert (keeps.earned, keeps.is_lowest, keeps.standing, keeps.pin) == (False, False, "good", None)
    assert keeps.protected_until == "2027-02-22T09:31:00+08:00"
    assert (keeps.below_since, keeps.grace_until) == (told.at, "2027-01-23T09:32:00+08:00")
    assert ahead.falls is not None
    assert (ahead.falls.at, ahead.falls.tier, ahead.falls.reason) == (keeps.protected_until, "low", "grace_ended")
    assert ahead.deposit is not None
    assert (ahead.deposit.amount, ahead.deposit.held_until) == ("20000.00", "2027-01-24T00:00:00+08:00")
    assert (ahead.deposit.falls_if_withdrawn_at, ahead.deposit.falls_if_held_at) == ("2027-02-23T00:00:00+08:00", None)
    assert ahead.deposit.lasting_amount == "20000.00"


def test_between_ratings_figures_are_those_of_the_last_and_of_the_next_one() -> None:
    told = explained("sinopac-dawho", FIRST, ENOUGH, LESS)
    assert told.last_rating_at == "2026-12-01T00:00:00+08:00"
    assert told.next_rating_at == "2027-01-01T00:00:00+08:00"
    average = told.measures[0]
    assert (average.is_, average.window) == ("500000.00", Window("2026-11-24", "2026-11-30"))
    # 23 days of 500,000 and 8 of 480,000
    assert (average.at_next_rating, average.window_at_next_rating) == (
        "494838.7097",
        Window("2026-12-01", "2026-12-31"),
    )
    [condition] = told.conditions
    assert isinstance(condition, ConditionNow)
    assert (condition.at_next_rating, condition.met_at_next_rating) == ("494838.7097", True)
    assert condition.missing_at_next_rating == "0.00"
    assert told.next_tier is None


def test_a_tier_of_several_conditions_names_those_that_will_not_be_met() -> None:
    told = explained("esun-unicard-up", FIRST, ENOUGH, LESS, PURCHASE)
    assert told.value is None
    assert told.next_tier is not None
    assert told.next_tier.needs == "all"
    assert [(lack.measure, lack.missing_at_next_rating) for lack in told.next_tier.missing] == [
        ("purchases", "28765.50")
    ]
    assert told.next_tier.deposits == []
    assert told.keeps.is_lowest


def test_the_floor_to_keep_is_a_condition_of_its_own() -> None:
    balances = [
        line("balances", 1, balance="350000", currency="SGD", as_of="2026-11-24T09:30:00+08:00"),
        line("balances", 2, balance="250000", currency="SGD", as_of="2026-11-25T09:30:00+08:00"),
        line("balances", 3, balance="250000", currency="SGD", as_of="2026-12-25T09:30:00+08:00"),
    ]
    told = explained("dbs-treasures", *balances)
    assert [(found.rule, found.measure, found.is_, found.met) for found in told.conditions] == [
        ("enter", "value", "250000.00", False),
        ("keep", "month_end_total", "250000.00", True),
    ]
    assert told.keeps.floor_to_keep
    [month_end] = [found for found in told.measures if found.measure == "month_end_total"]
    assert (month_end.window, month_end.window_at_next_rating) == (
        Window(None, "2026-11-30"),
        Window(None, "2026-12-31"),
    )


def test_a_pin_says_until_when_by_whom_and_why() -> None:
    promise = {"tier": "high", "until": "2027-03-01T00:00:00+08:00", "reason": "a promise", "by": "desk"}
    pin = line("customers", 5, action="pin", at="2026-12-24T09:33:00+08:00", **promise)
    told = explained("standard", FIRST, ENOUGH, LESS, pin)
    assert told.keeps.pin == PinNow("high", "2027-03-01T00:00:00+08:00", "desk", "a promise")
    assert (told.tier, told.earned_tier, told.next_tier) == ("high", "low", None)
    assert told.outlook.falls is not None
    assert (told.outlook.falls.at, told.outlook.falls.reason) == (told.keeps.pin.until, "pin_ended")


def test_what_is_due_by_then_is_decided_and_marked_as_not_written() -> None:
    found = known("standard", FIRST, ENOUGH, LESS)
    fall = explain(found, found.clock_ms).outlook.falls
    assert fall is not None
    later = explain(found, found.clock_ms + 90 * 86_400_000)
    assert later.change is not None
    assert (later.tier, later.change.decided_at, later.change.written) == ("low", fall.at, False)
    assert (later.change.id, later.change.cause) == ("C001:3", None)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (
            [FIRST, ENOUGH, line("customers", 6, action="erase", at="2026-12-25T00:00:00+08:00")],
            "C001 was erased: all that is kept is that the next tier change is number 3",
        ),
        (
            [FIRST, line("customers", 6, action="merge", into="C002", at="2026-12-25T00:00:00+08:00")],
            "C001 is a former id: its customer is C002 now; ask for that one",
        ),
        (
            [line("customers", 6, action="opt_out", at="2026-12-25T00:00:00+08:00")],
            "C001 has no tier: no transaction, balance, credit standing or loan has come, or it was erased",
        ),
    ],
)
def test_whoever_has_no_tier_is_told_why(lines: list[bytes], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        explained("standard", *lines)


@pytest.mark.parametrize(("packed", "told"), [(b"\x09", "has version 9"), (b"\x02\xa3mi", "is damaged")])
def test_a_state_that_cannot_be_read_is_told_with_what_to_do(packed: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=rf"a changelog record {told}.*: (start the release|restore the changelog)"):
        state_of(CUSTOMER, packed)
