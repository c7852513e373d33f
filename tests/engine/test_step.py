from fractions import Fraction

import pytest
from msgspec import structs

from streams.engine.measures.closing_totals import daily_changes, first_balance_day
from streams.engine.sections import special_of
from streams.engine.state import CustomerState, Special
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import CUSTOMERS, Event
from tests.support.one_customer import (
    ASSETS_ONLY,
    DAY_MS,
    PLAIN,
    STANDARD,
    Customer,
    a_policy,
    action,
    at,
    balance,
    credit,
    e16,
    loan,
    pin,
    reversal,
    transaction,
)

NOON = at("2026-11-24T12:00")
MINUTE = 60_000

# --- the first event ---


@pytest.mark.parametrize(
    "event",
    [
        balance("1", NOON),
        balance("-1", NOON),
        balance("9", NOON, product="loan"),
        transaction("0", NOON),
        credit("default", NOON),
        loan("1000", NOON),
    ],
    ids=lambda event: type(event).__name__,
)
def test_the_first_event_gives_the_initial_change(event: Event) -> None:
    customer = Customer()
    (change,) = customer.apply(event)
    assert (change.direction, change.previous_tier, change.tier, change.reason) == (
        "initial",
        None,
        "low",
        "first_event",
    )
    assert (change.sequence, change.decided_at_ms) == (1, NOON)


def test_the_first_event_gives_it_also_where_it_is_too_old_to_count() -> None:
    customer = Customer()
    customer.now_ms = NOON
    (change,) = customer.apply(transaction("1", NOON - 400 * DAY_MS))
    assert (change.direction, change.reason, change.decided_at_ms) == ("initial", "first_event", NOON)


def test_actions_alone_give_no_change() -> None:
    customer = Customer()
    customer.apply(action("opt_out", NOON), action("opt_in", NOON), action("unpin", NOON), pin("mid", NOON, NOON + 1))
    customer.wait(NOON + DAY_MS)
    assert customer.changes == []


# --- reasons ---


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([balance("500000", NOON + 1)], ("upgrade", "mid", "threshold_crossed")),
        ([credit("poor", NOON + 1)], None),
        ([balance("500000", NOON + 1), credit("default", NOON + 2)], ("downgrade", "low", "credit_changed")),
        ([balance("550000", NOON + 1), credit("poor", NOON + 2)], ("downgrade", "low", "credit_changed")),
        ([balance("500000", NOON - 1, "b")], ("upgrade", "mid", "correction")),
        ([balance("500000", NOON, "b")], ("upgrade", "mid", "threshold_crossed")),
        (
            [balance("499999", NOON + 1), transaction("100", NOON + 1), reversal("100", NOON + 2, of=NOON + 1)],
            ("downgrade", "low", "correction"),
        ),
    ],
)
def test_a_change_says_why(events: list[Event], told: tuple[str, str, str] | None) -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("1", NOON))
    customer.apply(*events)
    assert (customer.told[-1] if len(customer.told) > 1 else None) == told


# --- time alone ---


@pytest.mark.parametrize("second", ["2026-11-24T00:00", "2026-11-24T23:59:59.999"])
def test_activity_that_leaves_the_window_takes_the_tier_at_midnight(second: str) -> None:
    # 24 Nov: purchase, mid        21 Feb: still mid        22 Feb 00:00: 90 days later, low
    when = at(second)
    customer = Customer(PLAIN)
    customer.apply(balance("499000", at("2026-11-01")), transaction("100000", when))
    assert customer.state.tier == "mid"
    fall = at("2026-11-24") + 90 * DAY_MS
    assert fall == at("2027-02-22")
    assert customer.wait(fall - 1) == []
    (change,) = customer.wait(fall)
    assert (change.direction, change.tier, change.reason) == ("downgrade", "low", "window_moved")
    assert (change.decided_at_ms, change.cause) == (fall, None)


def test_the_grace_of_what_left_the_window_begins_at_that_midnight() -> None:
    # 24 Nov: purchase, mid      22 Feb 00:00: below      24 Mar 00:00: 30 days later, low
    customer = Customer()
    customer.apply(balance("499000", at("2026-11-01")), transaction("100000", NOON))
    below = at("2027-02-22")
    assert customer.wait(below) == []
    assert (customer.state.earned_tier, customer.state.due_ms) == ("low", below + 30 * DAY_MS)
    assert customer.wait(below + 30 * DAY_MS - 1) == []
    (change,) = customer.wait(below + 30 * DAY_MS)
    assert (change.tier, change.reason, change.decided_at_ms) == ("low", "grace_ended", at("2027-03-24"))


def test_an_event_from_before_what_time_has_decided_is_a_correction() -> None:
    # 24 Nov       | 22 Feb 00:00   | 22 Feb 00:01
    # purchase, mid| falls to low   | hears of a balance of 21 Feb
    fall = at("2027-02-22")
    customer = Customer(PLAIN)
    customer.apply(balance("499000", NOON), transaction("100000", NOON))
    customer.wait(fall + MINUTE)
    (change,) = customer.apply(balance("600000", fall - MINUTE))
    assert (change.tier, change.reason, change.decided_at_ms) == ("mid", "correction", fall + MINUTE)


def test_what_fell_due_long_ago_is_decided_at_its_due_time() -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("499000", NOON), transaction("100000", NOON))
    (change,) = customer.wait(NOON + 400 * DAY_MS)
    assert change.decided_at_ms == at("2026-11-24") + 90 * DAY_MS


def test_only_midnights_that_move_something_are_due() -> None:
    customer = Customer()
    customer.apply(transaction("1", NOON), transaction("1", NOON + 10 * DAY_MS))
    midnight = at("2026-11-24")
    assert customer.state.due_ms == midnight + 90 * DAY_MS
    customer.wait(midnight + 90 * DAY_MS)
    assert customer.state.due_ms == midnight + 100 * DAY_MS
    customer.wait(midnight + 100 * DAY_MS)
    assert customer.state.due_ms is None


def test_assets_alone_have_nothing_due() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(balance("1", NOON), transaction("1", NOON), credit("poor", NOON))
    assert customer.state.due_ms is None


def test_a_midnight_that_has_nothing_to_decide_gives_no_change() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON), transaction("100000", NOON))
    assert customer.wait(NOON + 400 * DAY_MS) == []
    assert customer.state.sequence == 1


# --- pins ---
#
# earned   low ────────────────────────────
# pin            set ──────────── until
# served   low   high             low


def test_a_pin_holds_until_its_end() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), pin("high", NOON + MINUTE, NOON + DAY_MS))
    assert customer.wait(NOON + DAY_MS - 1) == []
    (change,) = customer.wait(NOON + DAY_MS)
    assert (change.decided_at_ms, change.cause) == (NOON + DAY_MS, None)
    assert customer.told == [
        ("initial", "low", "first_event"),
        ("upgrade", "high", "pin_set"),
        ("downgrade", "low", "pin_ended"),
    ]


def test_unpin_ends_it_at_once() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), pin("high", NOON, NOON + DAY_MS))
    (change,) = customer.apply(action("unpin", NOON + MINUTE))
    assert (change.tier, change.reason, change.decided_at_ms) == ("low", "pin_ended", NOON + MINUTE)
    assert customer.state.due_ms is None
    assert customer.wait(NOON + 2 * DAY_MS) == []


def test_a_pin_on_the_tier_that_is_served_gives_no_change() -> None:
    customer = Customer()
    customer.apply(balance("500000", NOON))
    assert customer.apply(pin("mid", NOON, NOON + DAY_MS)) == []
    assert customer.apply(balance("1", NOON + MINUTE)) == []
    (change,) = customer.wait(NOON + DAY_MS)  # the earned tier at once, without grace
    assert (change.tier, change.reason) == ("low", "pin_ended")


def test_a_pin_may_lower() -> None:
    customer = Customer()
    customer.apply(balance("5000000", NOON), pin("low", NOON, NOON + DAY_MS))
    assert customer.told[-1] == ("downgrade", "low", "pin_set")


def test_a_new_pin_replaces_the_old() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), pin("high", NOON, NOON + DAY_MS), pin("mid", NOON + 1, NOON + 3 * DAY_MS))
    assert customer.wait(NOON + 2 * DAY_MS) == []
    customer.wait(NOON + 3 * DAY_MS)
    assert [told[1:] for told in customer.told] == [
        ("low", "first_event"),
        ("high", "pin_set"),
        ("mid", "pin_set"),
        ("low", "pin_ended"),
    ]


def test_a_pin_that_is_over_when_it_comes_ends_the_one_before() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), pin("high", NOON, NOON + DAY_MS))
    (change,) = customer.apply(pin("mid", NOON + 2, NOON + 1))
    assert (change.tier, change.reason) == ("low", "pin_ended")
    assert (special_of(customer.state).pin, customer.state.due_ms) == (None, None)


def test_a_customer_may_be_pinned_before_the_first_event() -> None:
    customer = Customer()
    assert customer.apply(pin("high", NOON, NOON + DAY_MS)) == []
    (change,) = customer.apply(balance("1", NOON + 1))
    assert (change.direction, change.tier, change.earned_tier, change.reason) == (
        "initial", "high", "low", "first_event",
    )  # fmt: skip


def test_a_pin_may_be_over_before_the_first_event() -> None:
    customer = Customer()
    customer.apply(pin("high", NOON, NOON + 1))
    (change,) = customer.apply(balance("1", NOON + 1))
    assert (change.direction, change.tier) == ("initial", "low")


def test_a_pin_stands_above_the_cap_of_default() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), pin("high", NOON, NOON + DAY_MS))
    assert customer.apply(credit("default", NOON + 1)) == []


def test_a_window_moves_on_behind_a_pin() -> None:
    customer = Customer()
    customer.apply(balance("499000", NOON), transaction("100000", NOON))
    customer.apply(pin("mid", NOON, NOON + 100 * DAY_MS))
    assert customer.wait(NOON + 95 * DAY_MS) == []
    assert customer.state.earned_tier == "low"
    (change,) = customer.wait(NOON + 100 * DAY_MS)
    assert (change.tier, change.reason) == ("low", "pin_ended")


@pytest.mark.parametrize("days", [29, 30, 31, 60])
def test_a_grace_that_ends_behind_a_pin_ends_in_nothing(days: int) -> None:
    # mid ........ below           grace would end
    # pin          high ────────────────────────── until
    customer = Customer()
    customer.apply(balance("600000", NOON), balance("1", NOON + 1), pin("high", NOON + 2, NOON + days * DAY_MS))
    assert customer.wait(NOON + days * DAY_MS - 1) == []
    (change,) = customer.wait(NOON + days * DAY_MS)
    assert (change.tier, change.reason) == ("low", "pin_ended")
    assert customer.state.due_ms is None


def test_a_pin_starts_no_protection_and_ends_none() -> None:
    # day 0: up, protected until day 90     day 10 to 20: pinned     day 21: below     day 51: grace would end
    customer = Customer()
    customer.apply(balance("1", NOON), balance("600000", NOON + 1))
    customer.apply(pin("high", NOON + 10 * DAY_MS, NOON + 20 * DAY_MS))
    customer.apply(balance("1", NOON + 21 * DAY_MS))
    assert customer.told[-1] == ("downgrade", "mid", "pin_ended")
    assert customer.wait(NOON + 90 * DAY_MS) == []
    (change,) = customer.wait(NOON + 91 * DAY_MS)
    assert (change.tier, change.reason, change.decided_at_ms) == ("low", "grace_ended", NOON + 1 + 90 * DAY_MS)


def test_an_unpin_without_a_pin_leaves_the_grace_alone() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON), balance("1", NOON + 1))
    assert customer.apply(action("unpin", NOON + 2)) == []
    (change,) = customer.wait(NOON + 31 * DAY_MS)
    assert (change.reason, change.decided_at_ms) == ("grace_ended", NOON + 1 + 30 * DAY_MS)


def test_a_pin_that_ends_as_a_window_moves_gives_one_change() -> None:
    midnight = at("2026-11-24") + 90 * DAY_MS
    customer = Customer()
    customer.apply(balance("499000", NOON), transaction("100000", NOON), pin("high", NOON, midnight))
    changes = customer.wait(midnight)
    assert [(change.tier, change.reason) for change in changes] == [("low", "pin_ended")]


# --- consent, and being forgotten ---


def test_consent_is_remembered_and_decides_nothing() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), transaction("5", NOON))
    due_ms = customer.state.due_ms
    assert customer.apply(action("opt_out", NOON)) == []
    assert special_of(customer.state).opted_out
    assert customer.apply(action("opt_in", NOON)) == []
    assert not special_of(customer.state).opted_out
    assert customer.state.due_ms == due_ms


def test_erase_forgets_all_but_the_next_sequence_number() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON), transaction("5", NOON), credit("poor", NOON), action("opt_out", NOON))
    customer.apply(pin("high", NOON, NOON + 5))
    assert customer.apply(action("erase", NOON)) == []
    assert structs.replace(customer.state, remembered={}) == CustomerState(sequence=2, special=Special(erased_ms=NOON))
    assert list(customer.state.remembered) == [CUSTOMERS]  # the erase itself
    (change,) = customer.apply(balance("1", NOON + 1))
    assert (change.direction, change.previous_tier, change.sequence) == ("initial", None, 3)


# --- another policy ---


def test_the_first_event_under_another_policy_decides_anew() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(balance("499000", NOON), transaction("100000", NOON))
    customer.policy = STANDARD
    (change,) = customer.apply(loan("1", NOON + 1))
    assert (change.tier, change.reason) == ("mid", "policy_changed")
    assert customer.state.due_ms == at("2026-11-24") + 90 * DAY_MS


def test_consent_under_another_policy_sees_to_what_falls_due() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(balance("1", NOON), transaction("100000", NOON))
    customer.policy = STANDARD
    customer.apply(action("opt_out", NOON + 1))
    assert customer.state.due_ms == at("2026-11-24") + 90 * DAY_MS


MONTHLY = a_policy("""
[measures.average]
average = "assets"
months = 1

[value]
terms = [{ measure = "average" }]

[rating]
when = "month_end"
effect = "next_month"

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"

[[tiers]]
id = "high"
at_least = "5000000"
""")


def test_time_alone_under_another_policy_decides_anew() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON), balance("1", NOON + 1))
    customer.policy = ASSETS_ONLY  # knows no grace
    (change,) = customer.wait(NOON + 400 * DAY_MS)
    assert (change.tier, change.reason, change.cause) == ("low", "policy_changed", None)
    assert customer.state.due_ms is None


DAYS_BELOW = a_policy("""
[falling]
after_days = 30

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"
""")


def test_a_protection_that_the_former_policy_gave_holds_to_its_end() -> None:
    #  low | upgrade, protected for 90 days |  other policy: 30 days below, no protection
    #                  | below --- 30 days --- |    still protected   | falls
    customer = Customer()
    customer.apply(balance("1", NOON), balance("600000", NOON + 1))
    customer.policy = DAYS_BELOW
    customer.apply(balance("1", NOON + DAY_MS))
    assert customer.state.due_ms == NOON + 1 + 90 * DAY_MS
    (change,) = customer.wait(NOON + 400 * DAY_MS)
    assert (change.tier, change.reason, change.decided_at_ms) == ("low", "grace_ended", NOON + 1 + 90 * DAY_MS)


def test_ratings_under_another_policy_are_that_ones() -> None:
    customer = Customer(MONTHLY)
    customer.apply(balance("600000", NOON))
    assert (customer.state.tier, customer.state.due_ms) == ("low", at("2026-12-01"))
    customer.policy = PLAIN
    (change,) = customer.apply(loan("1", NOON + DAY_MS))
    assert (change.tier, change.reason, customer.state.due_ms) == ("mid", "policy_changed", None)


OTHER_TIERS = a_policy("""
[falling]
after_days = 30

[[tiers]]
id = "base"

[[tiers]]
id = "gold"
at_least = "300000"
""")


def test_from_a_tier_that_another_policy_does_not_have_all_but_the_lowest_is_an_upgrade() -> None:
    directions = []
    for amount in ("1", "300000"):
        customer = Customer(PLAIN)
        customer.apply(balance("5000000", NOON), balance(amount, NOON))
        customer.policy = OTHER_TIERS
        (change,) = customer.apply(loan("1", NOON + 1))
        directions.append((change.previous_tier, change.tier, change.direction))
    assert directions == [("low", "base", "downgrade"), ("low", "gold", "upgrade")]


def test_a_pin_to_a_tier_that_another_policy_does_not_have_waits() -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("300000", NOON), pin("high", NOON, NOON + 10 * DAY_MS))
    customer.policy = OTHER_TIERS
    (change,) = customer.apply(loan("1", NOON + 1))
    assert (change.tier, change.reason) == ("gold", "policy_changed")
    customer.policy = PLAIN
    (change,) = customer.apply(loan("1", NOON + 2))
    assert (change.tier, change.earned_tier, change.reason) == ("high", "low", "policy_changed")


def test_the_end_of_a_pin_that_waits_ends_no_grace() -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("300000", NOON), pin("high", NOON, NOON + 10 * DAY_MS))
    customer.policy = OTHER_TIERS
    customer.apply(loan("1", NOON + 1))
    assert customer.apply(balance("1", NOON + DAY_MS), action("unpin", NOON + 9 * DAY_MS)) == []
    (change,) = customer.wait(NOON + 100 * DAY_MS)
    assert (change.tier, change.reason, change.decided_at_ms) == ("base", "grace_ended", NOON + 31 * DAY_MS)


def test_a_rating_at_the_very_instant_is_not_lost_under_another_policy() -> None:
    customer = Customer(MONTHLY)
    customer.apply(balance("600000", NOON))
    customer.policy = load_policy(MONTHLY.document + "\n")
    (change,) = customer.wait(at("2026-12-01"))
    assert (change.tier, change.decided_at_ms) == ("mid", at("2026-12-01"))
    assert customer.state.due_ms == at("2027-01-01")


def test_the_first_rating_of_another_policy_looks_at_the_balances_that_are_known() -> None:
    # An average was not kept; of every account the newest balance and its day are known.
    customer = Customer(PLAIN)
    customer.apply(balance("900000", at("2026-10-02")), balance("1", at("2026-10-02"), "b"), balance("5000000", NOON))
    customer.policy = MONTHLY
    customer.apply(loan("1", NOON + 1))
    assert first_balance_day(customer.state) == MONTHLY.calendar.day_of(at("2026-10-02"))
    (change,) = customer.wait(at("2026-12-01"))
    assert (change.direction, change.tier) == ("downgrade", "mid")
    assert change.figures.value == Fraction(e16("5000000") * 7, 30) + e16("1")  # 24 to 30 November


def test_what_another_policy_does_not_look_at_goes() -> None:
    customer = Customer(MONTHLY)
    customer.apply(balance("600000", NOON))
    assert set(daily_changes(customer.state)) == {"assets.TWD"}
    customer.policy = PLAIN
    customer.apply(loan("1", NOON + 1))
    assert (daily_changes(customer.state), first_balance_day(customer.state)) == ({}, None)


# --- the ends of time ---


def test_the_end_of_the_calendar_stops_nobody() -> None:
    customer = Customer()
    customer.apply(balance("1", at("9999-12-29")), transaction("100000", at("9999-12-29")))
    assert customer.state.due_ms == at("9999-12-31")


def test_times_before_1970_are_times() -> None:
    customer = Customer()
    customer.now_ms = at("1900-01-02")
    customer.apply(balance("499000", at("1900-01-02")), transaction("100000", at("1900-01-02")))
    (change,) = customer.wait(NOON)
    assert (change.tier, change.decided_at_ms) == ("low", at("1900-01-02") + 120 * DAY_MS)


@pytest.mark.parametrize("policy", [STANDARD, MONTHLY], ids=["standard", "monthly"])
def test_nothing_stays_due_at_the_end_of_the_calendar(policy: Policy) -> None:
    customer = Customer(policy)
    customer.apply(balance("6000000", at("9999-12-01")), balance("1", at("9999-12-20")))
    customer.apply(credit("poor", at("9999-12-30T23:59")), balance("2", at("9999-12-31T07:59")))
    customer.wait(at("9999-12-31T07:59:59"))
    assert customer.state.due_ms is None or customer.state.due_ms > customer.now_ms
