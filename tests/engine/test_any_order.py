"""One customer's events in any order of arrival give the figures, and the tier, that they give in the order of time."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.measures.figures import measure
from streams.policy.policy import Policy
from streams.values.calendar import HOUR_MS
from streams.values.events import Event
from tests.support.event_plans import POLICIES, laws
from tests.support.one_customer import DAY_MS, Customer, a_policy, at, balance, credit, transaction

# Under these the tier follows from the figures of now, or of the last one or two ratings. Under the others it also
# matters when something was decided: a protection, a term or months in a row that began then.
BY_FIGURES = ["assets-only", "berka", "esun-unicard-up", "hsbc-premier-cn", "icbc-stars", "sinopac-dawho"]
BEGIN = at("2026-01-05T10:00")


def history(dice: Random, policy: Policy, days: int, number: int) -> list[Event]:
    """Events around the policy's floors, in the order of their times, which are all different."""
    floors = [int(floor.at_least_e16 // 10**16) for floor in policy.floors]
    if policy.terms[0].weight_e4 < 10_000:  # so many points for each 1,000
        floors = [1_000 * floor for floor in floors]
    times = sorted({BEGIN + dice.randrange(days * 24) * HOUR_MS + dice.randrange(1_000) for _ in range(number)})
    found: list[Event] = []
    for when in times:
        kind = dice.randrange(10) if found else 0
        if kind < 7:
            floor = dice.choice([*floors, 0])
            amount = max(dice.choice([floor, floor - 1, floor * 2, floor // 2, 1]), 0)
            product = dice.choice(["deposit", "fund", "loan", None, None])
            found.append(balance(str(amount), when, dice.choice("aab"), policy.currency, product))
        elif kind < 9:
            amounts, kinds = ["29999.99", "30000", "500000"], ["purchase", "transfer_in", "fee"]
            found.append(transaction(dice.choice(amounts), when, dice.choice(kinds), policy.currency))
        else:
            found.append(credit(dice.choice(["good", "fair", "poor", "default"]), when))
    return found


def figures_after(policy: Policy, events: Sequence[Event]) -> list[tuple[object, str | None]]:
    """The figures and the tier right after the last event, after the next month's end, and half a year later."""
    customer, found = Customer(policy), []
    customer.apply(*events)
    for until_ms in (
        customer.now_ms,
        policy.calendar.next_month_begins_ms(customer.now_ms),
        customer.now_ms + 200 * DAY_MS,
    ):
        customer.wait(until_ms)
        day = policy.calendar.day_of(customer.now_ms)
        found.append((measure(customer.state, policy, day), customer.state.tier))
    return found


@pytest.mark.parametrize("name", POLICIES)
@laws(60)
@given(st.integers(0, 1 << 32), st.sampled_from([(60, 10), (150, 20), (500, 30)]), st.booleans())
def test_the_order_of_arrival_changes_no_figure(name: str, seed: int, size: tuple[int, int], any_order: bool) -> None:  # noqa: FBT001
    policy, dice = POLICIES[name], Random(seed)  # noqa: S311 - hypothesis gives the seed
    events = history(dice, policy, *size)
    late = [event for event in events[1:] if any_order or dice.random() < 0.3]
    arrival = [event for event in events if event not in late]
    for event in late:
        arrival.insert(dice.randrange(len(arrival)) + 1, event)
    expected, found = figures_after(policy, events), figures_after(policy, arrival)
    assert [figures for figures, _ in found] == [figures for figures, _ in expected]
    if name in BY_FIGURES:
        assert [tier for _, tier in found] == [tier for _, tier in expected]


# --- a total, or a credit's share of it, that is looked at by the calendar ---

TOTALS = """
[value]
terms = [{ measure = "assets" }]
credit = { poor = "-0.10" }
[rating]
when = "month_end"
[[tiers]]
id = "low"
[[tiers]]
id = "mid"
at_least = "500"
"""


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_rating_looks_at_the_total_of_its_own_day_whatever_comes_later(order: tuple[int, ...]) -> None:
    told = [
        balance("100", at("2026-01-10")),
        balance("500", at("2026-01-31T23:59")),
        balance("400", at("2026-02-01")),
    ]  # fmt: skip
    customer = Customer(a_policy(TOTALS))
    customer.apply(credit("good", at("2026-01-02")), *[told[number] for number in order])
    assert customer.state.tier == "mid"
    customer.wait(at("2026-03-01"))
    assert customer.state.tier == "low"


def test_a_correction_does_not_look_at_a_total_of_after_the_rating() -> None:
    customer = Customer(a_policy(TOTALS))
    customer.apply(balance("100", at("2026-01-10")), balance("900", at("2026-02-03")))
    customer.apply(balance("200", at("2026-01-20"), "b"))
    assert customer.told == [("initial", "low", "first_event")]
    customer.apply(balance("400", at("2026-01-21"), "c"))
    assert customer.told[1:] == [("upgrade", "mid", "correction")]
    assert Fraction(customer.changes[-1].figures.value, 10**16) == 700
