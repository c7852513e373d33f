import copy
from itertools import permutations

import pytest

from streams.engine.measures.closing_totals import daily_changes, first_balance_day
from streams.engine.measures.days import days_kept
from streams.engine.measures.fold import fold, fold_balance
from streams.engine.state import CustomerState
from streams.values.events import Balance, Credit, Loan, Transaction
from tests.support.one_customer import (
    ASSETS_ONLY,
    DAY_MS,
    STANDARD,
    Customer,
    at,
    balance,
    credit,
    e4,
    loan,
    transaction,
)

NOON = at("2026-11-24T12:00")
TODAY = STANDARD.calendar.day_of(NOON)


def state_after(*events: Balance) -> CustomerState:
    state = CustomerState()
    for event in events:
        fold_balance(state, event, STANDARD, TODAY)
    return state


def without_zeros(sums: dict[str, int]) -> dict[str, int]:
    return {currency: amount for currency, amount in sums.items() if amount}


def folded(*events: Balance) -> dict[str, int]:
    return without_zeros(state_after(*events).assets_e4_by_currency)


# --- balances ---


def test_the_newest_balance_of_an_account_wins_whatever_the_order() -> None:
    history = [balance("100", NOON), balance("300", NOON + 2), balance("200", NOON + 1)]
    assert all(folded(*order) == {"TWD": e4("300")} for order in permutations(history))


def test_at_equal_times_the_later_offset_wins() -> None:
    assert folded(balance("100", NOON), balance("200", NOON)) == {"TWD": e4("200")}
    assert folded(balance("200", NOON), balance("100", NOON)) == {"TWD": e4("100")}


def test_accounts_add_up_by_currency() -> None:
    assert folded(
        balance("100", NOON, "a"), balance("50", NOON, "b"), balance("7", NOON, "c", currency="USD")
    ) == {"TWD": e4("150"), "USD": e4("7")}  # fmt: skip


@pytest.mark.parametrize("product", ["deposit", "time_deposit", "fund", "securities", "insurance", "other"])
def test_every_product_but_a_loan_is_an_asset(product: str) -> None:
    assert folded(balance("100", NOON, product=product)) == {"TWD": e4("100")}


def test_a_loan_is_no_asset() -> None:
    assert folded(balance("-9000", NOON, product="loan")) == {}
    assert folded(balance("9000", NOON, product="loan"), balance("1", NOON, "b")) == {"TWD": e4("1")}


def test_an_overdraft_takes_assets_off() -> None:
    assert folded(balance("100", NOON, "a"), balance("-30.5", NOON, "b")) == {"TWD": e4("69.5")}


@pytest.mark.parametrize(
    ("after", "assets"),
    [
        (balance("40", NOON + 1, currency="USD"), {"TWD": e4("100"), "USD": e4("40")}),
        (balance("40", NOON + 1, product="loan"), {}),
        (balance("0", NOON + 1), {}),
        (balance("-40", NOON + 1), {"TWD": e4("-40")}),
    ],
)
def test_an_account_leaves_its_former_product_and_no_currency(after: Balance, assets: dict[str, int]) -> None:
    assert folded(balance("100", NOON), after) == assets


@pytest.mark.parametrize(
    ("rows", "assets", "loans"),
    [
        ([("100", 0, "loan"), ("90", 1, None)], 0, 90),
        ([("100", 0, "mortgage"), ("90", 1, None)], 0, 90),
        ([("100", 0, "credit_card")], 0, 100),
        ([("90", 1, None)], 90, 0),
        ([("90", 1, None), ("100", 0, "loan")], 0, 90),  # the late one tells what the newest leaves out
        ([("90", 1, "deposit"), ("100", 0, "loan")], 90, 0),
        ([("90", 2, None), ("95", 1, "deposit"), ("100", 0, "loan")], 90, 0),
        ([("90", 2, None), ("100", 0, "loan"), ("95", 1, "deposit")], 90, 0),
        ([("100", 0, "loan"), ("90", 0, "deposit")], 90, 0),
    ],
)
def test_a_missing_product_is_the_one_last_known_whatever_the_order(
    rows: list[tuple[str, int, str | None]], assets: int, loans: int
) -> None:
    state = state_after(*(balance(amount, NOON + later, product=product) for amount, later, product in rows))
    assert without_zeros(state.assets_e4_by_currency).get("TWD", 0) == assets * 10_000
    assert without_zeros(state.loans_e4_by_currency or {}).get("TWD", 0) == loans * 10_000


def test_the_product_is_that_of_the_account_in_its_own_currency() -> None:
    state = state_after(balance("100", NOON, product="loan"), balance("40", NOON, currency="USD", product=None))
    assert without_zeros(state.assets_e4_by_currency) == {"USD": e4("40")}


def test_a_loan_that_becomes_a_deposit_counts() -> None:
    assert folded(balance("100", NOON, product="loan"), balance("40", NOON + 1)) == {"TWD": e4("40")}


def test_loans_count_by_their_absolute_value() -> None:
    state = state_after(
        balance("-9000", NOON, "a", product="loan"), balance("1000", NOON, "b", product="loan"),
        balance("5", NOON, "c", "USD", product="loan"), balance("7", NOON, "d"),
    )  # fmt: skip
    assert without_zeros(state.loans_e4_by_currency or {}) == {"TWD": e4("10000"), "USD": e4("5")}


@pytest.mark.parametrize(
    ("after", "loans"),
    [
        (balance("-40", NOON + 1, product="loan"), {"TWD": e4("40")}),
        (balance("40", NOON + 1, currency="USD", product="loan"), {"TWD": e4("100"), "USD": e4("40")}),
        (balance("40", NOON + 1), {}),
        (balance("40", NOON - 1, product="loan"), {"TWD": e4("100")}),
    ],
)
def test_a_loan_leaves_its_former_product_and_no_currency(after: Balance, loans: dict[str, int]) -> None:
    state = state_after(balance("-100", NOON, product="loan"), after)
    assert without_zeros(state.loans_e4_by_currency or {}) == loans


def test_a_policy_without_averages_keeps_no_closing_totals() -> None:
    state = state_after(balance("100", NOON), balance("40", NOON + DAY_MS), balance("5", NOON, "b", product="loan"))
    assert (daily_changes(state), first_balance_day(state)) == ({}, None)


# --- what can move a measure ---


@pytest.mark.parametrize(
    ("event", "moves"),
    [
        (balance("40", NOON), True),
        (balance("40", NOON - 1), False),  # older than the account's newest
        (balance("40", NOON - 1, "b"), True),
        (credit("fair", NOON), True),
        (credit("fair", NOON - 1), False),
        (transaction("1", NOON), True),
        (transaction("1", NOON - 89 * DAY_MS), True),
        (transaction("1", NOON - 90 * DAY_MS), False),
        (transaction("1", NOON, "fee"), False),
        (loan("1", NOON), False),
    ],
    ids=lambda part: type(part).__name__ if not isinstance(part, bool) else str(part),
)
def test_folding_says_whether_a_measure_can_move(event: Transaction | Balance | Credit | Loan, *, moves: bool) -> None:
    customer = Customer()
    customer.apply(balance("100", NOON), credit("poor", NOON))
    assert fold(customer.state, event, STANDARD, TODAY) == moves


def test_what_is_kept_for_a_later_policy_moves_nothing() -> None:
    state = CustomerState()
    assert not fold(state, transaction("1", NOON), ASSETS_ONLY, TODAY)
    assert days_kept(state) == [TODAY]


# --- credit and loans ---


def test_the_newest_standing_wins() -> None:
    customer = Customer()
    customer.apply(credit("poor", NOON), credit("excellent", NOON - DAY_MS))
    assert customer.state.standing == "poor"
    customer.apply(credit("fair", NOON))
    assert customer.state.standing == "fair"


def test_an_application_for_a_loan_moves_no_measure() -> None:
    customer = Customer()
    customer.apply(balance("100", NOON))
    before = copy.deepcopy((customer.state.account_rows, customer.state.assets_e4_by_currency, customer.state.days))
    customer.apply(loan("99", NOON))
    assert (customer.state.account_rows, customer.state.assets_e4_by_currency, customer.state.days) == before
