import copy

import pytest

from streams.engine.measures.days import all_buckets, bucket_of, days_kept
from streams.engine.measures.fold import fold_transaction
from streams.engine.measures.spans import first_day_of, last_day_of
from streams.engine.measures.windows import roll, sum_anew, sum_between
from streams.engine.state import Bucket, CustomerState
from streams.policy.policy import Policy
from tests.support.one_customer import (
    ASSETS_ONLY,
    DAY_MS,
    STANDARD,
    Customer,
    a_policy,
    at,
    balance,
    e4,
    reversal,
    transaction,
)

NOON = at("2026-11-24T12:00")
TODAY = STANDARD.calendar.day_of(NOON)


def window_sum(customer: Customer) -> int:
    return sum(customer.state.windows[0].sum_e4_by_currency.values())


def test_a_transaction_is_kept_by_day_type_and_currency() -> None:
    customer = Customer()
    customer.apply(
        transaction("10", NOON), transaction("5", NOON + 1), transaction("3", NOON, "transfer_in"),
        transaction("2", NOON, currency="USD"), transaction("1", NOON - DAY_MS),
    )  # fmt: skip
    assert {
        (day - TODAY, name, bucket.count, bucket.amount_e4) for day, name, bucket in all_buckets(customer.state)
    } == {
        (0, "purchase.TWD", 2, e4("15")),
        (0, "transfer_in.TWD", 1, e4("3")),
        (0, "purchase.USD", 1, e4("2")),
        (-1, "purchase.TWD", 1, e4("1")),
    }


@pytest.mark.parametrize(("policy", "kept"), [(STANDARD, False), (ASSETS_ONLY, True)], ids=["standard", "history"])
def test_what_no_measure_looks_at_is_kept_for_a_later_policy_alone(policy: Policy, *, kept: bool) -> None:
    customer = Customer(policy)
    customer.apply(transaction("3", NOON, "fee"))
    assert bool(customer.state.days) == kept


@pytest.mark.parametrize(
    ("days_ago", "counted"),
    # day     d-90   d-89 ............ d
    # window         |<-- 90 days --->|
    [(0, "10"), (1, "10"), (89, "10"), (90, "0"), (91, "0"), (4_000, "0")],
)
def test_a_window_of_90_days_is_today_and_the_89_before(days_ago: int, counted: str) -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), transaction("10", NOON - days_ago * DAY_MS))
    assert window_sum(customer) == e4(counted)
    assert len(days_kept(customer.state)) == (1 if days_ago < 90 else 0)


def test_a_late_transaction_counts_in_its_own_day() -> None:
    # now:    day 0 ................. day 89 | day 90
    # late:   arrives on day 50, of day 0    | is gone
    first = at("2026-01-01T23:59")
    customer = Customer()
    customer.apply(balance("1", first + 50 * DAY_MS), transaction("10", first))
    assert window_sum(customer) == e4("10")
    assert customer.state.due_ms == at("2026-01-02") + 89 * DAY_MS
    customer.wait(at("2026-01-02") + 89 * DAY_MS - 1)
    assert window_sum(customer) == e4("10")
    customer.wait(at("2026-01-02") + 89 * DAY_MS)
    assert window_sum(customer) == 0
    assert customer.state.due_ms is None


def test_a_window_moves_on_day_by_day() -> None:
    customer = Customer()
    for day in range(5):
        customer.apply(transaction("10", NOON + day * DAY_MS))
    midnight = at("2026-11-24") + 90 * DAY_MS
    for day, left in enumerate(["40", "30", "20", "10", "0"]):
        assert customer.state.due_ms == midnight + day * DAY_MS
        customer.wait(midnight + day * DAY_MS)
        assert window_sum(customer) == e4(left)
    assert customer.state.due_ms is None


def test_a_transaction_ahead_of_the_clock_counts_from_its_own_day() -> None:
    # A wall clock may lag a little behind the time of an event.
    state = CustomerState()
    sum_anew(state, TODAY, STANDARD)
    state.policy_mark = STANDARD.mark
    fold_transaction(state, transaction("10", at("2026-11-25T00:30")), STANDARD, TODAY)
    fold_transaction(state, transaction("1", NOON), STANDARD, TODAY)
    assert state.windows[0].sum_e4_by_currency == {"TWD": e4("1")}
    assert state.windows[0].moves_on_day == TODAY + 1
    roll(state, TODAY + 1, STANDARD)
    assert state.windows[0].sum_e4_by_currency == {"TWD": e4("11")}
    assert state.windows[0].moves_on_day == TODAY + 90


def test_a_reversal_takes_its_amount_out_of_the_day_of_what_it_undoes() -> None:
    customer = Customer()
    customer.apply(transaction("10", NOON), transaction("4", NOON + DAY_MS))
    customer.apply(reversal("10", NOON + 2 * DAY_MS, of=NOON))
    assert bucket_of(customer.state, TODAY, "purchase.TWD") == Bucket(0, 0)
    assert window_sum(customer) == e4("4")


def test_a_reversal_of_what_has_left_the_window_takes_nothing_off() -> None:
    customer = Customer()
    customer.apply(transaction("10", NOON), transaction("4", NOON + 90 * DAY_MS))
    customer.apply(reversal("10", NOON + 90 * DAY_MS, of=NOON))
    assert window_sum(customer) == e4("4")


def test_a_reversal_that_comes_before_what_it_undoes_comes_to_the_same() -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), reversal("10", NOON, of=NOON - 1), transaction("10", NOON - 1))
    assert window_sum(customer) == 0


def test_a_sum_kept_on_equals_the_sum_made_anew() -> None:
    customer = Customer()
    for step in range(200):
        customer.apply(transaction(f"{step}.25", NOON + step * DAY_MS - (step % 7) * 40 * DAY_MS))
        anew = copy.deepcopy(customer.state)
        anew.policy_mark = 0
        sum_anew(anew, STANDARD.calendar.day_of(customer.now_ms), STANDARD)
        assert anew.windows == customer.state.windows


def test_days_are_kept_no_longer_than_they_are_looked_at() -> None:
    customer = Customer()
    for day in range(300):
        customer.apply(transaction("1", NOON + day * DAY_MS))
        assert sorted(days_kept(customer.state)) == list(range(TODAY + max(day - 89, 0), TODAY + day + 1))


def test_without_any_window_days_are_dropped_too() -> None:
    customer = Customer(ASSETS_ONLY)
    for day in range(300):
        customer.apply(transaction("1", NOON + day * DAY_MS))
    assert ASSETS_ONLY.look_back_days == 30
    assert sorted(days_kept(customer.state)) == list(range(TODAY + 270, TODAY + 300))
    assert customer.state.due_ms is None


def test_a_policy_that_looks_at_no_transactions_keeps_none() -> None:
    customer = Customer(a_policy('[[tiers]]\nid = "all"\n'))
    customer.apply(transaction("1", NOON))
    assert customer.state.days == b""


def test_another_policy_sums_its_windows_from_the_days_kept() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(transaction("10", NOON), transaction("5", NOON, "fee"), transaction("3", NOON + DAY_MS))
    customer.policy = STANDARD
    customer.apply(balance("1", NOON + 2 * DAY_MS))
    assert window_sum(customer) == e4("13")
    assert customer.state.due_ms == at("2026-11-24") + 90 * DAY_MS


# --- several measures, whole months, counts ---

SEVERAL = a_policy("""
[measures.week]
sum = ["purchase", "cash"]
days = 7

[measures.often]
count = ["purchase"]
days = 30

[measures.month]
sum = ["purchase"]
months = 1

[measures.quarter_count]
count = ["cash", "fee"]
months = 3

[[tiers]]
id = "low"

[[tiers]]
id = "high"
enter = { any = [
    { measure = "week", at_least = "100" },
    { measure = "often", at_least = "3" },
    { measure = "month", at_least = "1000" },
    { measure = "quarter_count", at_least = "5" },
] }
""")


def sums(customer: Customer, day: int, *, is_over: bool = False) -> dict[str, dict[str, int]]:
    return {
        rule.name: sum_between(
            customer.state, rule, first_day_of(rule, day, is_over=is_over), last_day_of(rule, day, is_over=is_over)
        )
        for rule in customer.policy.measures
        if rule.types
    }


def test_every_measure_has_its_own_types_and_days() -> None:
    customer = Customer(SEVERAL)
    customer.apply(
        transaction("1", at("2026-08-31")), transaction("2", at("2026-10-31T23:59")),
        transaction("4", at("2026-11-01")), transaction("8", at("2026-11-17"), "cash"),
        transaction("16", at("2026-11-18"), "cash"), transaction("32", NOON, currency="TWD"),
    )  # fmt: skip
    assert sums(customer, TODAY) == {
        "week": {"TWD": e4("48")},
        "often": {"TWD": 3},
        "month": {"TWD": e4("2")},  # the last whole one: October
        "quarter_count": {},
    }
    assert sums(customer, customer.policy.calendar.day_of(at("2026-11-30")), is_over=True) == {
        "week": {"TWD": e4("32")},
        "often": {"TWD": 2},
        "month": {"TWD": e4("36")},  # at the end of its last day November is whole
        "quarter_count": {"TWD": 2},
    }


@pytest.mark.parametrize(
    ("day", "is_over", "first", "last"),
    [
        ("2026-11-24", False, "2026-08-01", "2026-10-31"),
        ("2026-11-24", True, "2026-08-01", "2026-10-31"),
        ("2026-11-30", False, "2026-08-01", "2026-10-31"),
        ("2026-11-30", True, "2026-09-01", "2026-11-30"),
        ("2026-12-01", False, "2026-09-01", "2026-11-30"),
        ("2027-01-31", True, "2026-11-01", "2027-01-31"),
        ("2028-02-28", True, "2027-11-01", "2028-01-31"),  # 28 February of a leap year is not the last of its month
        ("2028-02-29", True, "2027-12-01", "2028-02-29"),
        ("2027-02-28", True, "2026-12-01", "2027-02-28"),
    ],
)
def test_a_month_is_whole_when_its_last_day_is_over(day: str, first: str, last: str, *, is_over: bool) -> None:
    rule = next(rule for rule in SEVERAL.measures if rule.name == "quarter_count")
    number = SEVERAL.calendar.day_of(at(day))
    assert first_day_of(rule, number, is_over=is_over) == SEVERAL.calendar.day_of(at(first))
    assert last_day_of(rule, number, is_over=is_over) == SEVERAL.calendar.day_of(at(last))


@pytest.mark.parametrize("is_over", [False, True])
def test_days_end_with_today_whether_it_is_over_or_not(*, is_over: bool) -> None:
    rule = next(rule for rule in SEVERAL.measures if rule.name == "week")
    assert (first_day_of(rule, TODAY, is_over=is_over), last_day_of(rule, TODAY, is_over=is_over)) == (TODAY - 6, TODAY)


def test_running_sums_and_counts_equal_those_made_anew() -> None:
    customer = Customer(SEVERAL)
    for step in range(120):
        when = NOON + step * DAY_MS // 2 - (step % 5) * 6 * DAY_MS
        kind = ("purchase", "cash", "fee")[step % 3]
        customer.apply(transaction(f"{step}.25", when, kind))
        if step % 4 == 0:
            customer.apply(reversal(f"{step}.25", customer.now_ms, of=when, kind=kind))
        today = customer.policy.calendar.day_of(customer.now_ms)
        anew = sums(customer, today)
        for window, rule in zip(customer.state.windows, SEVERAL.windows, strict=True):
            found = {currency: sum_ for currency, sum_ in window.sum_e4_by_currency.items() if sum_}
            assert found == {currency: sum_ for currency, sum_ in anew[rule.name].items() if sum_}


def test_the_days_of_the_longest_look_back_are_kept_and_no_more() -> None:
    customer = Customer(SEVERAL)
    for day in range(300):
        customer.apply(transaction("1", NOON + day * DAY_MS))
    last = customer.policy.calendar.day_of(customer.now_ms)
    assert min(days_kept(customer.state)) == min(
        first_day_of(rule, last, is_over=False) for rule in SEVERAL.measures if rule.days or rule.months
    )
