"""One customer's events in any order of arrival give the figures, and the tier, that they give in the order of time."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.engine.measures.figures import measure
from streams.engine.measures.standings import standings_kept
from streams.policy.policy import Policy
from streams.values.calendar import HOUR_MS
from streams.values.events import Event
from streams.values.standings import Standing
from tests.engine.test_random_policies import documents, loaded
from tests.support.event_plans import POLICIES
from tests.support.laws import laws
from tests.support.one_customer import DAY_MS, PLAIN, Customer, a_policy, at, balance, credit, loan, transaction

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
        kind = dice.randrange(11)
        if kind < 7:
            floor = dice.choice([*floors, 0])
            amount = max(dice.choice([floor, floor - 1, floor * 2, floor // 2, 1]), 0)
            product = dice.choice(["deposit", "fund", "loan", None, None])
            found.append(balance(str(amount), when, dice.choice("aab"), policy.currency, product))
        elif kind < 9:
            amounts, kinds = ["29999.99", "30000", "500000"], ["purchase", "transfer_in", "fee"]
            found.append(transaction(dice.choice(amounts), when, dice.choice(kinds), policy.currency))
        elif kind == 9:
            found.append(loan("1", when))
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


def shuffled(dice: Random, events: Sequence[Event]) -> list[Event]:
    """Some of the events, or all, in another order."""
    late = events if dice.random() < 0.5 else [event for event in events if dice.random() < 0.3]
    arrival = [event for event in events if event not in late]
    for event in late:
        arrival.insert(dice.randrange(len(arrival) + 1), event)
    return arrival


@pytest.mark.parametrize("name", POLICIES)
@laws(60)
@given(st.integers(0, 1 << 32), st.sampled_from([(60, 10), (150, 20), (500, 30)]))
def test_the_order_of_arrival_changes_no_figure(name: str, seed: int, size: tuple[int, int]) -> None:
    policy, dice = POLICIES[name], Random(seed)  # noqa: S311 - hypothesis gives the seed
    events = history(dice, policy, *size)
    expected, found = (figures_after(policy, order) for order in (events, shuffled(dice, events)))
    assert [figures for figures, _ in found] == [figures for figures, _ in expected]
    if name in BY_FIGURES:
        assert [tier for _, tier in found] == [tier for _, tier in expected]


@laws(150)
@given(documents(), st.integers(0, 1 << 32))
def test_whatever_policy_there_is_the_order_of_arrival_changes_no_figure(document: str, seed: int) -> None:
    policy, dice = loaded(document), Random(seed)  # noqa: S311 - hypothesis gives the seed
    events = history(dice, policy, 100, 14)
    assume(events)
    expected, found = (figures_after(policy, order) for order in (events, shuffled(dice, events)))
    assert [figures for figures, _ in found] == [figures for figures, _ in expected]
    if goes_by_figures(policy):
        assert [tier for _, tier in found] == [tier for _, tier in expected]


def goes_by_figures(policy: Policy) -> bool:
    """Whether the tier follows from the figures of now, or of the last rating, and from nothing that was before."""
    plain = not (policy.keeps or policy.next_month or policy.falling != PLAIN.falling)
    return policy.serves_earned or (plain and policy.by_calendar and policy.rises == policy.falls)


# --- totals and standings that are looked at by the calendar ---

TOTALS = """
[value]
terms = [{ measure = "assets" }]
credit = { poor = "-0.10" }
[caps]
default = "low"
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


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_rating_looks_at_the_standing_of_its_own_time_whatever_comes_later(order: tuple[int, ...]) -> None:
    told = [credit("poor", at("2026-01-10")), credit("default", at("2026-01-30")), credit("good", at("2026-02-01"))]
    customer = Customer(a_policy(TOTALS))
    customer.apply(balance("550", at("2026-01-02")), *[told[number] for number in order])
    customer.wait(at("2026-02-02"))
    assert customer.state.tier == "low"
    customer.wait(at("2026-03-01"))
    assert customer.state.tier == "mid"


@pytest.mark.parametrize(("late", "tier"), [("default", "low"), ("poor", "low"), ("good", "mid")])
def test_a_late_standing_of_the_time_of_a_rating_corrects_it(late: Standing, tier: str) -> None:
    customer = Customer(a_policy(TOTALS))
    customer.apply(balance("550", at("2026-01-02")), credit("fair", at("2026-01-03")), credit("good", at("2026-02-02")))
    assert customer.state.tier == "mid"
    customer.apply(credit(late, at("2026-01-30")))
    assert customer.state.tier == tier


def test_a_late_default_of_after_the_rating_takes_the_tier_until_the_next_one() -> None:
    customer = Customer(a_policy(TOTALS))
    customer.apply(balance("550", at("2026-01-02")), credit("good", at("2026-02-10")))
    customer.apply(credit("default", at("2026-02-05")))
    customer.wait(at("2026-03-01"))
    assert customer.told[1:] == [
        ("upgrade", "mid", "window_moved"), ("downgrade", "low", "correction"), ("upgrade", "mid", "window_moved"),
    ]  # fmt: skip


def test_standings_are_kept_since_the_last_rating_alone() -> None:
    customer = Customer(a_policy(TOTALS))
    customer.apply(*[credit("good", at("2026-01-02") + day * DAY_MS) for day in range(60)])
    assert [known[0] for known in standings_kept(customer.state)][:2] == [at("2026-02-28"), at("2026-03-01")]
    calm = Customer(a_policy(TOTALS.replace("month_end", "at_once")))
    calm.apply(*[credit("good", at("2026-01-02") + day * DAY_MS) for day in range(60)])
    assert standings_kept(calm.state) == ()
