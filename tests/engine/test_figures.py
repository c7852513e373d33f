from fractions import Fraction
from typing import get_args

import pytest

from streams.contracts.figures import format_figure
from streams.engine.measures.figures import figures_of, measure
from streams.engine.outcomes import Figures
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import TRANSACTION_TYPES, Credit, Event
from streams.values.standings import Standing
from tests.support.one_customer import (
    DAY_MS,
    STANDARD,
    Customer,
    a_policy,
    at,
    balance,
    credit,
    e16,
    reversal,
    transaction,
)

NOON = at("2026-11-24T12:00")


def measures(*events: Event, policy: Policy = STANDARD) -> Figures:
    customer = Customer(policy)
    customer.apply(*events)
    return measure(customer.state, policy, policy.calendar.day_of(customer.now_ms))


@pytest.mark.parametrize(
    ("amount", "currency", "assets"),
    [
        ("500000", "TWD", "500000"),
        ("0.0001", "TWD", "0.0001"),
        ("1000", "USD", "31500"),
        ("0.0001", "USD", "0.00315"),
        ("1234567.8901", "JPY", "259259.256921"),
        ("-10", "EUR", "-342"),
    ],
)
def test_assets_are_in_the_policys_currency_exactly(amount: str, currency: str, assets: str) -> None:
    assert measures(balance(amount, NOON, currency=currency)).assets == e16(assets)


def test_currencies_add_up() -> None:
    events = [balance("100", NOON, "a"), balance("10", NOON, "b", "USD"), balance("1", NOON, "c", "GBP")]
    assert measures(*events).value == e16("455.1")


@pytest.mark.parametrize("kind", sorted(TRANSACTION_TYPES))
def test_purchases_and_transfers_are_activity(kind: str) -> None:
    counted = kind in {"purchase", "transfer_in", "transfer_out"}
    assert measures(transaction("200", NOON, kind)).activity == (e16("2") if counted else 0)


@pytest.mark.parametrize(
    ("volume", "activity"),
    [
        ("0.0001", "0.000001"),
        ("4999999.99", "49999.9999"),
        ("5000000", "50000"),
        ("5000000.01", "50000"),
        ("99999999999999", "50000"),
    ],
)
def test_activity_is_a_hundredth_of_the_volume_up_to_its_cap(volume: str, activity: str) -> None:
    assert measures(transaction(volume, NOON)).activity == e16(activity)


def test_the_cap_holds_for_the_sum_and_not_for_each_part() -> None:
    parts = [transaction("3000000", NOON), transaction("3000000", NOON, "transfer_in")]
    assert measures(*parts).activity == e16("50000")
    assert measures(*parts, reversal("3000000", NOON + 1, of=NOON)).activity == e16("30000")


def test_volume_in_another_currency_is_converted() -> None:
    assert measures(transaction("1000", NOON, currency="USD")).activity == e16("315")


def test_a_reversal_without_its_transaction_takes_nothing_off() -> None:
    assert measures(transaction("100", NOON - 1), reversal("100", NOON, of=NOON)).activity == e16("1")


@pytest.mark.parametrize("standing", [None, *get_args(Standing)])
@pytest.mark.parametrize("assets", ["500000", "555555.55", "0.0001", "0", "-100"])
def test_only_poor_takes_ten_percent_off_the_assets(standing: Standing | None, assets: str) -> None:
    events: list[Event] = [balance(assets, NOON)]
    if standing is not None:
        events.append(credit(standing, NOON))
    measured = measures(*events)
    # Off debts nothing is taken: poor standing never raises the value.
    taken = max(e16(assets), 0) // 10 if standing == "poor" else 0
    assert (measured.credit, measured.value) == (-taken, e16(assets) - taken)


def test_poor_takes_nothing_off_the_activity() -> None:
    events = [balance("100", NOON), transaction("10000", NOON), credit("poor", NOON)]
    assert measures(*events).value == e16("190")


def test_value_is_what_is_held_against_the_floors() -> None:
    assert figures_of((), 5, 7, -2).value == 10
    assert figures_of((), Fraction(1, 3), 0, Fraction(2, 3)).value == 1


def test_activity_without_a_cap_has_none() -> None:
    uncapped = load_policy(STANDARD.document.replace(', at_most = "50000"', ""))
    events = [transaction("99999999999999", NOON), transaction("1", NOON - 89 * DAY_MS)]
    assert measures(*events, policy=uncapped).activity == e16("1000000000000")


def test_a_value_without_transactions_has_no_activity() -> None:
    bare = load_policy(STANDARD.document.replace(', { measure = "volume", weight = "0.01", at_most = "50000" }', ""))
    figures = measures(balance("5", NOON), transaction("100", NOON), policy=bare)
    assert figures == figures_of((e16("5"),), e16("5"), 0, 0)


# --- weights and caps ---

TIERS = """
[[tiers]]
id = "low"

[[tiers]]
id = "high"
at_least = "100"
"""
WEIGHED = a_policy(
    """
[measures.spent]
sum = ["purchase"]
days = 10

[measures.often]
count = ["purchase", "cash"]
days = 10

[value]
terms = [
    { measure = "assets", weight = "0.5", at_most = "60" },
    { measure = "loans", weight = "-0.25" },
    { measure = "spent", weight = "1.5", at_most = "30" },
    { measure = "often", weight = "2" },
    { measure = "score", weight = "0.1" },
]
"""
    + TIERS
)


@pytest.mark.parametrize(
    ("events", "value"),
    [
        ([balance("119.99", NOON)], "59.995"),
        ([balance("120", NOON)], "60"),
        ([balance("9000", NOON)], "60"),
        ([balance("-10", NOON)], "-5"),
        ([balance("100", NOON), balance("-40", NOON, "b", product="loan")], "40"),
        ([transaction("10", NOON)], "17"),
        ([transaction("20.0001", NOON)], "32"),
        ([transaction("5", NOON, "cash")], "2"),
        ([transaction("10", NOON), reversal("10", NOON, of=NOON)], "0"),
        ([Credit("s", "C", NOON, "good", "712.5")], "71.25"),
        ([Credit("s", "C", NOON, "good", "A+")], "0"),
        ([Credit("s", "C", NOON, "good", None)], "0"),
    ],
)
def test_each_part_has_its_weight_and_its_cap(events: list[Event], value: str) -> None:
    assert measures(*events, policy=WEIGHED).value == e16(value)


def test_parts_add_up_by_where_they_come_from() -> None:
    figures = measures(
        balance("100", NOON), balance("40", NOON, "b", product="loan"), transaction("10", NOON),
        Credit("s", "C", NOON, "good", "700"), policy=WEIGHED,
    )  # fmt: skip
    assert (figures.assets, figures.activity, figures.credit) == (e16("110"), e16("17"), 0)
    assert [rule.name for rule in WEIGHED.measures] == ["assets", "loans", "spent", "often", "score"]
    assert figures.measures == (e16("100"), e16("40"), e16("10"), e16("1"), e16("700"))


def test_the_newest_score_counts() -> None:
    old, new = Credit("s1", "C", NOON, "good", "500"), Credit("s2", "C", NOON + 1, "good", "600")
    assert measures(old, new, policy=WEIGHED).value == measures(new, old, policy=WEIGHED).value == e16("60")


def test_a_share_of_an_average_is_exact() -> None:
    thirds = a_policy(
        """
[measures.average]
average = "assets"
days = 3

[value]
terms = [{ measure = "average", weight = "0.0001" }]
"""
        + TIERS
    )
    customer = Customer(thirds)
    customer.apply(balance("1", NOON), balance("2", NOON + 2 * DAY_MS))
    day = thirds.calendar.day_of(customer.now_ms)
    # 1 + 1 + 2, by 3
    assert measure(customer.state, thirds, day).value == Fraction(4 * 10**16, 3 * 10_000)


def test_poor_takes_its_share_off_the_newest_assets_also_where_averages_decide() -> None:
    averaged = a_policy(
        """
[measures.average]
average = "assets"
days = 2

[value]
terms = [{ measure = "average" }]
credit = { poor = "-0.1" }
"""
        + TIERS
    )
    figures = measures(
        balance("100", NOON - DAY_MS), credit("poor", NOON - DAY_MS), balance("300", NOON), policy=averaged
    )
    assert (figures.assets, figures.credit) == (e16("200"), e16("-30"))


@pytest.mark.parametrize(
    ("figure", "name", "written"),
    [
        ("3", "often", "3"),
        ("3", "spent", "3.00"),
        ("712", "score", "712"),
        ("712.5", "score", "712.50"),
        ("0", "often", "0"),
        ("-1", "often", "-1"),
        ("1.005", None, "1.005"),
    ],
)
def test_counts_and_scores_are_written_without_idle_decimals(figure: str, name: str | None, written: str) -> None:
    rule = next((rule for rule in WEIGHED.measures if rule.name == name), None)
    assert format_figure(e16(figure), rule) == written


@pytest.mark.parametrize(
    ("figure", "written"),
    [(Fraction(10**16, 3), "0.3333"), (Fraction(2 * 10**16, 3), "0.6667"), (Fraction(-(10**16), 3), "-0.3333")],
)
def test_an_average_that_does_not_come_out_even_is_rounded_in_writing_alone(figure: Fraction, written: str) -> None:
    assert format_figure(figure, None) == written
