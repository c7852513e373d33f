from fractions import Fraction

import pytest

from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import Figures
from streams.engine.tiers.looked_at import looked_at, missing, shown_value, tier_above
from streams.policy.measures import Floor
from streams.policy.policy import Policy
from streams.values.money import Figure
from tests.support.one_customer import STANDARD, a_policy, e16, policy_of

LADDER = a_policy("""
[measures.spent]
sum = ["purchase"]
months = 1

[[tiers]]
id = "base"

[[tiers]]
id = "silver"
at_least = "100"
keep = { measure = "loans", at_least = "80" }

[[tiers]]
id = "gold"
enter = { all = [
    { measure = "assets", at_least = "200" },
    { any = [{ measure = "spent", at_least = "10" }, { measure = "score", at_least = "700" }] },
] }

[[tiers]]
id = "black"
enter = { measure = "spent", at_least = "1000" }
""")


def found(value: str = "0", **amounts: str) -> Figures:
    return figures_of(tuple(e16(amounts.get(rule.name, "0")) for rule in LADDER.measures), e16(value), 0, 0)


def named(measure: int | None) -> str:
    return "value" if measure is None else LADDER.measures[measure].name


def told(floor: Floor) -> tuple[str, str, str]:
    return floor.tier, floor.rule, named(floor.measure)


def test_every_floor_of_every_tier_is_looked_at_from_the_lowest_up() -> None:
    looks = list(looked_at(found("150", assets="200", spent="9.99", score="712"), LADDER))
    assert [(*told(look.floor), look.figure, look.floor.at_least_e16, look.met) for look in looks] == [
        ("silver", "enter", "value", e16("150"), e16("100"), True),
        ("silver", "keep", "loans", 0, e16("80"), False),
        ("gold", "enter", "assets", e16("200"), e16("200"), True),
        ("gold", "enter", "spent", e16("9.99"), e16("10"), False),
        ("gold", "enter", "score", e16("712"), e16("700"), True),
        ("black", "enter", "spent", e16("9.99"), e16("1000"), False),
    ]


def next_tier(tier: str, figures: Figures, policy: Policy) -> tuple[str, Figure | None] | None:
    """The tier above, and what is missing to it."""
    above = tier_above(tier, policy)
    return None if above is None else (above.tier, None if above.enter is None else missing(above.enter, figures))


@pytest.mark.parametrize(
    ("tier", "next_one"),
    [
        ("base", ("silver", e16("60.0001"))),
        ("silver", ("gold", None)),  # several floors: no one amount would do
        ("gold", ("black", e16("990"))),
        ("black", None),
    ],
)
def test_what_is_missing_is_what_the_next_tiers_one_floor_wants(tier: str, next_one: object) -> None:
    assert next_tier(tier, found("39.9999", spent="10"), LADDER) == next_one


def test_what_is_reached_misses_nothing() -> None:
    # capped or pinned
    assert next_tier("low", figures_of((0,), e16("9000000"), 0, 0), STANDARD) == ("mid", 0)


def test_what_an_average_misses_is_exact() -> None:
    third = Fraction(e16("1"), 3)
    assert next_tier("low", figures_of((third,), third, 0, 0), STANDARD) == ("mid", e16("500000") - third)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("standard", True),
        ("assets-only", True),
        ("citi-relationship", True),
        ("icbc-stars", True),
        ("dbs-treasures", True),  # one floor to enter; the one to keep is another measure
        ("esun-unicard-up", False),
    ],
)
def test_the_value_is_shown_where_one_measure_is_held_against_the_floors(name: str, *, shown: bool) -> None:
    policy = policy_of(name)
    figures = figures_of(tuple(7 for _ in policy.measures), 5, 0, 0)
    assert shown_value(figures, policy) == (5 if shown else None)


def test_one_measure_in_all_floors_is_the_value() -> None:
    policy = a_policy("""
[[tiers]]
id = "base"

[[tiers]]
id = "owing"
enter = { any = [{ measure = "loans", at_least = "5" }, { measure = "loans", at_least = "7" }] }
""")
    figures = figures_of(tuple(9 if rule.name == "loans" else 1 for rule in policy.measures), 1, 0, 0)
    assert shown_value(figures, policy) == 9


def test_a_policy_of_one_tier_shows_its_value() -> None:
    assert shown_value(figures_of((3,), 3, 0, 0), a_policy('[[tiers]]\nid = "all"\n')) == 3
