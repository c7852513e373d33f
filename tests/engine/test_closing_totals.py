"""Averages and closing totals, against a recount day by day from the raw events."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.measures.closing_totals import average_e16, closing_e16, daily_changes, newest_e16
from streams.engine.measures.spans import first_day_of, last_day_of
from streams.values.calendar import month_of, month_start
from streams.values.events import Balance
from tests.support.daily_recount import Recount
from tests.support.laws import laws
from tests.support.one_customer import DAY_MS, Customer, a_policy, at, balance, e16

quick = laws(100)

AVERAGES = a_policy("""
[rates]
USD = "31.5"
JPY = "0.21"

[measures.ten]
average = "assets"
days = 10

[measures.months]
average = "assets"
months = 2

[measures.debts]
average = "loans"
days = 45

[measures.end]
month_end = "assets"

[[tiers]]
id = "low"

[[tiers]]
id = "high"
enter = { any = [
    { measure = "ten", at_least = "100" },
    { measure = "months", at_least = "100" },
    { measure = "debts", at_least = "100" },
    { measure = "end", at_least = "100" },
] }
""")
NOON = at("2026-11-24T12:00")
TODAY = AVERAGES.calendar.day_of(NOON)
RATES = {"TWD": Fraction(1), "USD": Fraction("31.5"), "JPY": Fraction("0.21")}


def after(*events: Balance) -> Customer:
    customer = Customer(AVERAGES)
    customer.apply(*events)
    return customer


# --- by hand ---


def test_a_balance_counts_from_its_day_on() -> None:
    # 22 Nov: 100    23: -    24: 400
    customer = after(balance("100", at("2026-11-22T23:59")), balance("400", at("2026-11-24")))
    assert [closing_e16(customer.state, "assets", TODAY + day, AVERAGES) for day in (-3, -2, -1, 0, 5)] == [
        0, e16("100"), e16("100"), e16("400"), e16("400"),
    ]  # fmt: skip
    assert average_e16(customer.state, "assets", TODAY - 2, TODAY, AVERAGES) == e16("200")


def test_days_before_the_first_balance_are_left_out() -> None:
    customer = after(balance("300", NOON - DAY_MS), balance("600", NOON))
    assert average_e16(customer.state, "assets", TODAY - 30, TODAY, AVERAGES) == e16("450")
    assert average_e16(customer.state, "assets", TODAY - 30, TODAY - 1, AVERAGES) == e16("300")
    assert average_e16(customer.state, "assets", TODAY - 30, TODAY - 2, AVERAGES) == 0


def test_the_last_balance_of_a_day_is_its_closing_one() -> None:
    customer = after(balance("1", NOON), balance("9", NOON + 1), balance("5", NOON + 2))
    assert closing_e16(customer.state, "assets", TODAY, AVERAGES) == e16("5")


def test_an_average_that_does_not_come_out_even_is_exact() -> None:
    customer = after(balance("1", NOON - 2 * DAY_MS), balance("2", NOON))
    assert average_e16(customer.state, "assets", TODAY - 2, TODAY, AVERAGES) == Fraction(e16("4"), 3)


def test_an_even_average_is_a_whole_number() -> None:
    customer = after(balance("1", NOON - DAY_MS), balance("2", NOON))
    average = average_e16(customer.state, "assets", TODAY - 1, TODAY, AVERAGES)
    assert (average, type(average)) == (e16("1.5"), int)


def test_a_late_balance_counts_in_the_days_since_its_own() -> None:
    # b of 20 Nov arrives on the 24th
    customer = after(balance("100", at("2026-11-15")), balance("10", NOON, "c"), balance("40", at("2026-11-20"), "b"))
    closings = [closing_e16(customer.state, "assets", TODAY + day, AVERAGES) for day in range(-6, 1)]
    assert closings == [e16("100"), e16("100"), *[e16("140")] * 4, e16("150")]


def test_a_late_first_balance_moves_the_first_day_back() -> None:
    customer = after(balance("100", NOON), balance("40", NOON - 3 * DAY_MS, "b"))
    assert average_e16(customer.state, "assets", TODAY - 9, TODAY, AVERAGES) == e16("65")  # 40 40 40 140


def test_a_balance_older_than_its_accounts_newest_counts_until_that() -> None:
    customer = after(balance("100", NOON), balance("7000", NOON - 3 * DAY_MS))
    assert average_e16(customer.state, "assets", TODAY - 9, TODAY, AVERAGES) == e16("5275")  # 7000 7000 7000 100
    assert newest_e16(customer.state, "assets", AVERAGES) == e16("100")


def test_an_account_that_becomes_a_loan_leaves_the_assets_from_that_day_on() -> None:
    customer = after(balance("100", NOON - DAY_MS), balance("-30", NOON, product="loan"))
    assert [closing_e16(customer.state, "assets", TODAY + day, AVERAGES) for day in (-1, 0)] == [e16("100"), 0]
    assert [closing_e16(customer.state, "loans", TODAY + day, AVERAGES) for day in (-1, 0)] == [0, e16("30")]


def test_each_currency_of_an_account_counts_from_its_own_time_on() -> None:
    customer = after(balance("100", NOON - DAY_MS), balance("10", NOON, currency="USD"))
    closings = [closing_e16(customer.state, "assets", TODAY + day, AVERAGES) for day in (-1, 0)]
    assert closings == [e16("100"), e16("415")]


@pytest.mark.parametrize(
    ("today", "is_over", "total"),
    [
        ("2026-10-31", False, "0"),
        ("2026-10-31", True, "100"),
        ("2026-11-29", True, "100"),
        ("2026-11-30", False, "100"),
        ("2026-11-30", True, "400"),
        ("2026-12-15", False, "400"),
    ],
)
def test_the_month_end_total_is_that_of_the_last_day_of_the_newest_whole_month(
    today: str, total: str, *, is_over: bool
) -> None:
    customer = after(balance("100", at("2026-10-31T23:59")), balance("400", at("2026-11-30")))
    customer.apply(balance("900", at("2026-12-01")))
    (rule,) = [rule for rule in AVERAGES.measures if rule.name == "end"]
    last = last_day_of(rule, AVERAGES.calendar.day_of(at(today)), is_over=is_over)
    assert closing_e16(customer.state, "assets", last, AVERAGES) == e16(total)


def test_nothing_is_kept_longer_than_it_is_looked_at() -> None:
    customer = Customer(AVERAGES)
    for number in range(300):
        customer.apply(balance(f"{number}", NOON + number * DAY_MS))
    last = AVERAGES.calendar.day_of(customer.now_ms)
    oldest = min(first_day_of(rule, last, is_over=False) for rule in AVERAGES.measures if rule.days or rule.months)
    (changes,) = daily_changes(customer.state).values()
    assert min(changes) == oldest + 1  # the total of the oldest day follows from what changed since
    assert len(changes) == last - oldest


# --- against the recount ---

holdings = st.sampled_from(["deposit", "deposit", "fund", "loan", None, None])
# Hours to the next event; some are late.
steps = st.sampled_from([0, 1, 5, 12, 24, 24 * 3, 24 * 9, 24 * 31, -1, -24, -24 * 5, -24 * 40])
amounts = st.decimals(-9_000, 9_000, places=4).map(str)
tellings = st.lists(
    st.tuples(steps, st.sampled_from(["a", "b", "c"]), amounts, st.sampled_from(sorted(RATES)), holdings), min_size=1,
    max_size=20,
)  # fmt: skip


@quick
@given(tellings, st.integers(0, 70))
def test_totals_and_averages_equal_a_recount_day_by_day(
    plan: list[tuple[int, str, str, str, str]], days_later: int
) -> None:
    customer, events, now = Customer(AVERAGES), [], at("2027-11-24T12:00")
    customer.now_ms = now
    for step, account, amount, currency, product in plan:
        now_then = now + step * 3_600_000
        now = max(now, now_then)
        events.append(balance(amount, now_then, account, currency, product))
        customer.apply(events[-1])
    customer.wait(now + days_later * DAY_MS)
    recount, today = Recount(events, AVERAGES.calendar, RATES), AVERAGES.calendar.day_of(customer.now_ms)
    for holding in ("assets", "loans"):
        assert newest_e16(customer.state, holding, AVERAGES) == recount.closing(holding, today) * 10**16
    month = month_of(today + 1)
    spans = [
        ("assets", today - 9, today),
        ("assets", month_start(month - 2), month_start(month) - 1),
        ("loans", today - 44, today),
    ]
    for holding, first, last in spans:
        assert (
            average_e16(customer.state, holding, first, last, AVERAGES)
            == recount.average(holding, first, last) * 10**16
        )
    end = month_start(month) - 1
    assert closing_e16(customer.state, "assets", end, AVERAGES) == recount.closing("assets", end) * 10**16
