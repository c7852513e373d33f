"""How a tier is held, rule by rule, as tables: what is told, and what is served after it."""

from typing import NamedTuple

import pytest

from streams.policy.policy import Policy
from tests.support.one_customer import DAY_MS, PLAIN, STANDARD, Customer, a_policy, action, at, balance, credit, pin

START = at("2026-01-15T12:00")

TIERS = """
[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "100"

[[tiers]]
id = "high"
at_least = "1000"
"""
MID, HIGH, LOW = "100", "1000", "0"


def falling(lines: str, when: str = '"at_once"') -> Policy:
    return a_policy(f"[rating]\nwhen = {when}\n[falling]\n{lines}\n{TIERS}")


class Told(NamedTuple):
    """On a day, counted from the start, the assets are these."""

    day: float
    assets: str


def served(policy: Policy, told: list[Told], until: float = 4_000) -> list[tuple[float, str]]:
    """The day, counted from the start, of every change, and its tier."""
    customer = Customer(policy)
    for day, assets in told:
        customer.apply(balance(assets, START + round(day * DAY_MS)))
    customer.wait(START + round(until * DAY_MS))
    return [((change.decided_at_ms - START) / DAY_MS, change.tier) for change in customer.changes]


# --- at once, in Taipei, where every day has 24 hours ---

GRACE = falling("after_days = 30")
PROTECTED = falling("protection_days = 90")
BOTH = falling("after_days = 30\nprotection_days = 90")
STEPS = falling('after_days = 10\nto = "one_step"')
MONTHS = falling("after_months = 2")


@pytest.mark.parametrize(
    ("policy", "told", "changes"),
    [
        # grace: N days in a row below
        (GRACE, [(0, HIGH), (5, LOW)], [(0, "high"), (35, "low")]),
        (GRACE, [(0, HIGH), (5, LOW), (20, MID)], [(0, "high"), (35, "mid")]),  # straight to what is earned then
        (GRACE, [(0, HIGH), (5, LOW), (34.9, HIGH)], [(0, "high")]),
        (GRACE, [(0, HIGH), (5, LOW), (20, HIGH), (21, LOW)], [(0, "high"), (51, "low")]),  # a break begins it anew
        (GRACE, [(0, HIGH), (5, LOW), (6, MID), (7, LOW)], [(0, "high"), (35, "low")]),  # between tiers is no break
        (GRACE, [(0, HIGH), (5, MID), (35, LOW)], [(0, "high"), (35, "mid"), (65, "low")]),
        (GRACE, [(0, LOW), (1, MID), (2, LOW), (3, HIGH)], [(0, "low"), (1, "mid"), (3, "high")]),
        # protection of the last upgrade
        (PROTECTED, [(0, HIGH), (5, LOW)], [(0, "high"), (5, "low")]),  # the first tier is no upgrade
        (PROTECTED, [(0, LOW), (1, HIGH), (5, LOW)], [(0, "low"), (1, "high"), (91, "low")]),
        (PROTECTED, [(0, LOW), (1, HIGH), (91, LOW)], [(0, "low"), (1, "high"), (91, "low")]),
        (PROTECTED, [(0, LOW), (1, HIGH), (5, LOW), (50, HIGH)], [(0, "low"), (1, "high")]),
        (PROTECTED, [(0, LOW), (1, MID), (50, HIGH), (60, LOW)], [(0, "low"), (1, "mid"), (50, "high"), (140, "low")]),
        # both: the later of the two ends
        (BOTH, [(0, LOW), (1, HIGH), (5, LOW)], [(0, "low"), (1, "high"), (91, "low")]),
        (BOTH, [(0, LOW), (1, HIGH), (61, LOW)], [(0, "low"), (1, "high"), (91, "low")]),
        (BOTH, [(0, LOW), (1, HIGH), (61.5, LOW)], [(0, "low"), (1, "high"), (91.5, "low")]),
        (BOTH, [(0, LOW), (1, HIGH), (200, LOW)], [(0, "low"), (1, "high"), (230, "low")]),
        # one step at a time, each after its days
        (STEPS, [(0, HIGH), (5, LOW)], [(0, "high"), (15, "mid"), (25, "low")]),
        (STEPS, [(0, HIGH), (5, LOW), (16, MID)], [(0, "high"), (15, "mid")]),
        (STEPS, [(0, HIGH), (5, MID)], [(0, "high"), (15, "mid")]),
        # months in a row, rated at once: a span of time from the 15th to the 15th
        (MONTHS, [(0, HIGH), (5, LOW)], [(0, "high"), (64, "low")]),  # 20 January to 20 March
    ],
)
def test_what_puts_a_fall_off_at_once(
    policy: Policy, told: list[tuple[float, str]], changes: list[tuple[float, str]]
) -> None:
    assert served(policy, [Told(*row) for row in told]) == changes


# --- rated at each month's end: the total of the newest assets at that midnight ---

FEB, MAR, APR, MAY, JUN, JUL, AUG = (
    (at(f"2026-0{month}-01") - START) / DAY_MS for month in range(2, 9)
)  # fmt: skip
MONTH_END = '"month_end"'
ROW = falling("after_months = 3", MONTH_END)
TERM = falling("term_months = 2\ngrace_months = 1", MONTH_END)
SURE = falling("term_months = 2", MONTH_END)
LAST_TWO = falling('to = "higher_of_last_two"', MONTH_END)
STEP = falling('to = "one_step"', MONTH_END)
NEXT = a_policy(f'[rating]\nwhen = "month_end"\neffect = "next_month"\n{TIERS}')


@pytest.mark.parametrize(
    ("policy", "told", "changes"),
    [
        # up at the rating that reaches the floor, down after 3 in a row below
        (ROW, [(0, HIGH)], [(0, "low"), (FEB, "high")]),
        (ROW, [(0, HIGH), (FEB, LOW)], [(0, "low"), (FEB, "high"), (MAY, "low")]),
        (ROW, [(0, HIGH), (FEB, LOW), (APR, HIGH)], [(0, "low"), (FEB, "high")]),
        (ROW, [(0, HIGH), (FEB, LOW), (APR, HIGH), (MAY, LOW)], [(0, "low"), (FEB, "high"), (AUG, "low")]),
        (ROW, [(0, HIGH), (FEB, LOW), (APR, MID)], [(0, "low"), (FEB, "high"), (MAY, "mid")]),
        # sure for 2 months, then a month of grace
        (TERM, [(0, HIGH), (FEB, LOW)], [(0, "low"), (FEB, "high"), (MAY, "low")]),
        (TERM, [(0, HIGH), (MAY - 2, LOW)], [(0, "low"), (FEB, "high"), (JUL, "low")]),  # renewed on 1 April
        (
            TERM,
            [(0, HIGH), (FEB, LOW), (APR + 1, HIGH), (MAY, LOW)],
            [(0, "low"), (FEB, "high"), (AUG, "low")],
        ),
        (TERM, [(0, MID), (FEB, HIGH), (MAR, LOW)], [(0, "low"), (FEB, "mid"), (MAR, "high"), (JUN, "low")]),
        (SURE, [(0, HIGH), (FEB, LOW)], [(0, "low"), (FEB, "high"), (APR, "low")]),
        (SURE, [(0, HIGH), (FEB, MID), (APR, LOW)], [(0, "low"), (FEB, "high"), (APR, "mid"), (JUN, "low")]),
        # to the higher of the last two ratings
        (LAST_TWO, [(0, HIGH), (FEB, LOW)], [(0, "low"), (FEB, "high"), (APR, "low")]),
        (LAST_TWO, [(0, HIGH), (FEB, MID), (MAR, LOW)], [(0, "low"), (FEB, "high"), (APR, "mid"), (MAY, "low")]),
        (LAST_TWO, [(0, HIGH), (FEB, LOW), (MAR, MID)], [(0, "low"), (FEB, "high"), (APR, "mid")]),
        # one step at each rating
        (STEP, [(0, HIGH), (FEB, LOW)], [(0, "low"), (FEB, "high"), (MAR, "mid"), (APR, "low")]),
        # the month's rating is served in the next: at the same midnight
        (NEXT, [(0, HIGH), (FEB, MID), (MAR, LOW)], [(0, "low"), (FEB, "high"), (MAR, "mid"), (APR, "low")]),
    ],
)
def test_what_puts_a_fall_off_between_ratings(
    policy: Policy, told: list[tuple[float, str]], changes: list[tuple[float, str]]
) -> None:
    assert served(policy, [Told(*row) for row in told]) == changes


def test_a_rating_date_of_the_month_is_served_from_the_next() -> None:
    policy = a_policy(f'[rating]\nwhen = ["01-20"]\neffect = "next_month"\n{TIERS}')
    assert served(policy, [Told(0, HIGH), Told(8, LOW)], until=300) == [(0, "low"), (FEB, "high")]


def test_at_once_may_be_served_from_the_next_month() -> None:
    policy = a_policy(f'[rating]\neffect = "next_month"\n{TIERS}')
    assert served(policy, [Told(0, LOW), Told(3, HIGH)]) == [(0, "low"), (FEB, "high")]
    assert served(policy, [Told(0, LOW), Told(3, HIGH), Told(4, LOW)]) == [(0, "low")]


def test_rises_at_once_and_falls_at_the_months_end() -> None:
    policy = falling('when = "month_end"')
    assert served(policy, [Told(0, LOW), Told(3, HIGH), Told(4, LOW)]) == [(0, "low"), (3, "high"), (FEB, "low")]
    assert served(policy, [Told(0, LOW), Told(3, HIGH), Told(4, LOW), Told(9, HIGH)]) == [(0, "low"), (3, "high")]


# --- the clocks change ---


def test_a_grace_ends_at_the_same_local_time_when_the_clocks_change() -> None:
    # New York, 8 March 2026: the 30 days from 20 February have an hour less.
    policy = a_policy(f"[falling]\nafter_days = 30\n{TIERS}", "America/New_York")
    customer = Customer(policy)
    below = at("2026-02-20T18:00", policy.calendar.zone)  # type: ignore[arg-type]
    customer.apply(balance(HIGH, below - DAY_MS), balance(LOW, below))
    (change,) = customer.wait(below + 40 * DAY_MS)
    assert policy.calendar.rfc3339(change.decided_at_ms) == "2026-03-22T18:00:00-04:00"
    assert change.decided_at_ms == below + 30 * DAY_MS - 3_600_000


# --- pins and caps above it ---


@pytest.mark.parametrize("policy", [GRACE, BOTH, STEPS, MONTHS], ids=["grace", "both", "steps", "months"])
def test_at_a_pins_end_the_earned_tier_is_served_at_once(policy: Policy) -> None:
    customer = Customer(policy)
    customer.apply(balance(LOW, START), balance(HIGH, START + 1), balance(LOW, START + 2))
    customer.apply(pin("mid", START + 3, START + DAY_MS))
    (change,) = customer.wait(START + DAY_MS)
    assert (change.tier, change.reason) == ("low", "pin_ended")
    assert customer.wait(START + 900 * DAY_MS) == []


def test_what_was_below_before_a_pin_is_not_counted_after_it() -> None:
    customer = Customer(GRACE)
    customer.apply(balance(HIGH, START), balance(MID, START + 1), pin("low", START + 2, START + 20 * DAY_MS))
    customer.apply(balance(HIGH, START + 10 * DAY_MS))
    (change,) = customer.wait(START + 20 * DAY_MS)
    assert (change.tier, change.reason) == ("high", "pin_ended")
    customer.apply(balance(MID, START + 21 * DAY_MS))
    (change,) = customer.wait(START + 900 * DAY_MS)
    assert change.decided_at_ms == START + 51 * DAY_MS


def test_a_cap_ends_the_grace_and_a_good_standing_rises_at_once() -> None:
    customer = Customer(STANDARD)
    customer.apply(balance("9000000", START), balance("1", START + 1), credit("default", START + 2))
    assert customer.told[-1] == ("downgrade", "low", "credit_changed")
    customer.apply(balance("600000", START + 3), credit("good", START + 4))
    assert customer.told[-1] == ("upgrade", "mid", "credit_changed")
    assert customer.wait(START + 900 * DAY_MS) == []


def test_unpin_of_nobody_puts_nothing_off() -> None:
    customer = Customer(GRACE)
    customer.apply(balance(HIGH, START), balance(LOW, START + 1), action("unpin", START + 5 * DAY_MS))
    (change,) = customer.wait(START + 900 * DAY_MS)
    assert change.decided_at_ms == START + 1 + 30 * DAY_MS


def test_nothing_is_due_where_nothing_is_put_off() -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("9000000", START), balance("1", START + 1))
    assert (customer.state.tier, customer.state.due_ms) == ("low", None)
