import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.figures import format_figure
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import Figures
from streams.engine.tiers.conditions import entered_rank, is_met, kept_rank
from streams.engine.tiers.looked_at import looked_at, shown_value, tier_above
from streams.policy.language.problems import PolicyError
from streams.policy.measures import Condition
from streams.values.standings import Standing
from tests.support.laws import laws
from tests.support.one_customer import PLAIN, STANDARD, Customer, a_policy, at, balance, credit, e16

NOON = at("2026-11-24T12:00")
quick = laws(100)

# measures 0 and 1; None is the value
A, B = Condition(measure=0, at_least_e16=10), Condition(measure=1, at_least_e16=20)
VALUE = Condition(at_least_e16=30)


def figures(*measures: int, value: int = 0) -> Figures:
    return figures_of(measures, value, 0, 0)


@pytest.mark.parametrize(("figure", "met"), [(9, False), (10, True), (11, True), (-10, False)])
def test_a_floor_includes_the_number_itself(figure: int, *, met: bool) -> None:
    assert is_met(A, figures(figure, 0)) == met
    assert is_met(Condition(at_least_e16=10), figures(0, 0, value=figure)) == met


@pytest.mark.parametrize(
    ("a", "b", "value", "every", "some", "nested"),
    [
        (9, 19, 29, False, False, False),
        (10, 19, 29, False, True, False),
        (9, 20, 29, False, True, False),
        (10, 20, 29, True, True, False),
        (10, 19, 30, False, True, True),
        (9, 20, 30, False, True, True),
        (9, 19, 30, False, False, False),
        (10, 20, 30, True, True, True),
    ],
)
def test_all_and_any(a: int, b: int, value: int, *, every: bool, some: bool, nested: bool) -> None:  # noqa: PLR0913
    found = figures(a, b, value=value)
    assert is_met(Condition(all=(A, B)), found) == every
    assert is_met(Condition(any=(A, B)), found) == some
    assert is_met(Condition(all=(VALUE, Condition(any=(A, B)))), found) == nested


@pytest.mark.parametrize(("value", "rank"), [("499999.9999", 0), ("500000", 1), ("4999999.9999", 1), ("5000000", 2)])
def test_the_highest_tier_that_is_entered(value: str, rank: int) -> None:
    assert entered_rank(figures(value=e16(value)), STANDARD) == rank


# A higher tier may be entered by what does not enter the one below it.
LADDER = a_policy("""
[[tiers]]
id = "base"

[[tiers]]
id = "silver"
at_least = "100"
keep = { measure = "assets", at_least = "80" }

[[tiers]]
id = "gold"
enter = { all = [{ measure = "assets", at_least = "200" }, { measure = "loans", at_least = "10" }] }
keep = { any = [{ measure = "assets", at_least = "150" }, { measure = "loans", at_least = "50" }] }

[[tiers]]
id = "black"
enter = { measure = "loans", at_least = "1000" }
""")
NUMBERS = [measure.name for measure in LADDER.measures]


def holding(assets: str, loans: str) -> Figures:
    amounts = {"assets": e16(assets), "loans": e16(loans)}
    return figures_of(tuple(amounts[name] for name in NUMBERS), amounts["assets"], 0, 0)


@pytest.mark.parametrize(
    ("assets", "loans", "held", "entered", "kept"),
    [
        ("0", "0", "base", "base", "base"),
        ("99.9999", "0", "silver", "base", "silver"),
        ("80", "0", "silver", "base", "silver"),
        ("79.9999", "0", "silver", "base", "base"),
        ("100", "0", "gold", "silver", "silver"),
        ("150", "0", "gold", "silver", "gold"),
        ("149.9999", "50", "gold", "silver", "gold"),
        ("85", "0", "gold", "base", "silver"),  # what is not held can be kept on the way down
        ("85", "0", "base", "base", "base"),  # but not on the way up
        ("200", "10", "silver", "gold", "silver"),  # keeping never rises
        ("0", "1000", "black", "black", "black"),
        ("0", "999.9999", "black", "base", "gold"),
    ],
)
def test_floors_to_keep_stand_below_those_to_enter(
    assets: str, loans: str, held: str, entered: str, kept: str
) -> None:  # fmt: skip
    found = holding(assets, loans)
    rank = entered_rank(found, LADDER)
    assert LADDER.tiers[rank].id == entered
    assert LADDER.tiers[kept_rank(LADDER.rank[held], rank, found, LADDER)].id == kept


def test_without_floors_to_keep_what_is_entered_is_kept() -> None:
    for held in range(3):
        for entered in range(3):
            assert kept_rank(held, entered, figures(), PLAIN) == min(held, entered)


@quick
@given(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(0, 3))
def test_keeping_is_never_less_than_entering_and_never_more_than_holding(assets: int, loans: int, held: int) -> None:
    found = holding(str(assets), str(loans))
    entered = entered_rank(found, LADDER)
    assert min(entered, held) <= kept_rank(held, entered, found, LADDER) <= held


@quick
@given(st.integers(-(10**7), 10**7))
def test_bisection_finds_what_a_look_at_every_tier_finds(value: int) -> None:
    found = figures(value=value * 10**16)
    ranks = [
        rank for rank, tier in enumerate(STANDARD.tiers) if tier.enter is None or is_met(tier.enter, found)
    ]  # fmt: skip
    assert STANDARD.floors_e16 is not None
    assert entered_rank(found, STANDARD) == max(ranks)


# --- credit standing ---

GOOD_STANDING = a_policy(
    '[[tiers]]\nid = "basic"\n[[tiers]]\nid = "up"\n'
    'enter = { all = [{ measure = "assets", at_least = "300000" }, { standing_at_least = "fair" }] }\n'
)


@pytest.mark.parametrize(
    ("standing", "tier"),
    [("excellent", "up"), ("good", "up"), ("fair", "up"), ("poor", "basic"), ("default", "basic"), (None, "up")],
)
def test_a_standing_is_met_by_itself_and_all_that_are_better(standing: Standing | None, tier: str) -> None:
    customer = Customer(GOOD_STANDING)
    customer.apply(balance("300000", NOON))
    if standing is not None:
        customer.apply(credit(standing, NOON + 1))
    assert customer.state.tier == tier


def test_a_standing_alone_is_a_condition_and_is_written_as_a_word() -> None:
    policy = a_policy('[[tiers]]\nid = "basic"\n[[tiers]]\nid = "up"\nenter = { standing_at_least = "excellent" }\n')
    customer = Customer(policy)
    [change] = customer.apply(balance("1", NOON))
    [look] = looked_at(change.figures, policy)
    rule = policy.measures[look.floor.measure or 0]
    assert (format_figure(look.figure, rule), format_figure(look.floor.at_least_e16, rule)) == ("good", "excellent")
    assert tier_above("basic", policy) == ("up", None)
    assert shown_value(change.figures, policy) == change.figures.value
    assert [change.reason for change in customer.apply(credit("excellent", NOON + 1))] == ["credit_changed"]


@pytest.mark.parametrize(
    ("enter", "message"),
    [
        ('{ standing_at_least = "goood" }', 'did you mean "good"?'),
        ('{ measure = "standing", at_least = "1" }', 'write standing_at_least = "good" instead'),
        ('{ measure = "assets", at_least = "1", standing_at_least = "good" }', "write one of these"),
    ],
)
def test_a_standing_written_otherwise_is_told(enter: str, message: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(message)):
        a_policy(f'[[tiers]]\nid = "basic"\n[[tiers]]\nid = "up"\nenter = {enter}\n')
