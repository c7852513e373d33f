import copy
from itertools import permutations

import pytest
from rows import ASSETS_ONLY, DAY_MS, STANDARD, Customer, at, balance, credit, e4, loan, reversal, transaction

from streams.contracts.packing import pack_state, unpack_state
from streams.engine.events import Balance, Transaction
from streams.engine.limits import LimitExceededError, check_limits, fold, fold_balance, roll
from streams.engine.compile import load_policy
from streams.engine.state import ACCOUNTS_LIMIT, CustomerState, buckets_of

NOON = at("2026-11-24T12:00")
TODAY = STANDARD.calendar.day_of(NOON)


def folded(*events: Balance) -> dict[str, int]:
    state = CustomerState()
    for event in events:
        fold_balance(state, event)
    return {currency: amount for currency, amount in state.assets_e4_by_currency.items() if amount}


def window_sum(customer: Customer) -> int:
    return sum(customer.state.windows[0].sum_e4_by_currency.values())


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
        (balance("40", NOON + 1, currency="USD"), {"USD": e4("40")}),
        (balance("40", NOON + 1, product="loan"), {}),
        (balance("0", NOON + 1), {}),
        (balance("-40", NOON + 1), {"TWD": e4("-40")}),
    ],
)
def test_an_account_leaves_its_former_currency_and_product(after: Balance, assets: dict[str, int]) -> None:
    assert folded(balance("100", NOON), after) == assets


def test_a_loan_that_becomes_a_deposit_counts() -> None:
    assert folded(balance("100", NOON, product="loan"), balance("40", NOON + 1)) == {"TWD": e4("40")}


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
    before = copy.deepcopy((customer.state.accounts, customer.state.assets_e4_by_currency, customer.state.days))
    customer.apply(loan("99", NOON))
    assert (customer.state.accounts, customer.state.assets_e4_by_currency, customer.state.days) == before


# --- transactions and their windows ---


def test_a_transaction_is_kept_by_day_type_and_currency() -> None:
    customer = Customer()
    customer.apply(
        transaction("10", NOON), transaction("5", NOON + 1), transaction("3", NOON, "fee"),
        transaction("2", NOON, currency="USD"), transaction("1", NOON - DAY_MS),
    )  # fmt: skip
    assert {
        (day - TODAY, name, bucket.count, bucket.amount_e4)
        for day in customer.state.days
        for name, bucket in buckets_of(customer.state, day).items()
    } == {
        (0, "purchase.TWD", 2, e4("15")),
        (0, "fee.TWD", 1, e4("3")),
        (0, "purchase.USD", 1, e4("2")),
        (-1, "purchase.TWD", 1, e4("1")),
    }


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
    assert len(customer.state.days) == (1 if days_ago < 90 else 0)


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
    roll(state, TODAY, STANDARD)
    state.policy_mark = STANDARD.mark
    fold(state, transaction("10", at("2026-11-25T00:30")), STANDARD)
    fold(state, transaction("1", NOON), STANDARD)
    assert state.windows[0].sum_e4_by_currency == {"TWD": e4("1")}
    assert state.windows[0].moves_on_day == TODAY + 1
    roll(state, TODAY + 1, STANDARD)
    assert state.windows[0].sum_e4_by_currency == {"TWD": e4("11")}
    assert state.windows[0].moves_on_day == TODAY + 90


def test_a_reversal_takes_its_amount_out_of_the_day_of_what_it_undoes() -> None:
    customer = Customer()
    customer.apply(transaction("10", NOON), transaction("4", NOON + DAY_MS))
    customer.apply(reversal("10", NOON + 2 * DAY_MS, of=NOON))
    bucket = buckets_of(customer.state, TODAY)["purchase.TWD"]
    assert (bucket.count, bucket.amount_e4) == (0, 0)
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
        roll(anew, STANDARD.calendar.day_of(customer.now_ms), STANDARD)
        assert anew.windows == customer.state.windows


def test_days_are_kept_no_longer_than_they_are_looked_at() -> None:
    customer = Customer()
    for day in range(300):
        customer.apply(transaction("1", NOON + day * DAY_MS))
        assert sorted(customer.state.days) == list(range(TODAY + max(day - 89, 0), TODAY + day + 1))


def test_without_any_window_days_are_dropped_too() -> None:
    customer = Customer(ASSETS_ONLY)
    for day in range(300):
        customer.apply(transaction("1", NOON + day * DAY_MS))
    assert ASSETS_ONLY.kept_days == 30
    assert len(customer.state.days) <= 31
    assert set(range(TODAY + 271, TODAY + 300)) <= set(customer.state.days)
    assert customer.state.due_ms is None


def test_a_policy_that_looks_at_no_transactions_keeps_none() -> None:
    bare = load_policy('name = "bare"\nversion = 1\ncurrency = "TWD"\n[[tiers]]\nid = "all"\n')
    customer = Customer(bare)
    customer.apply(transaction("1", NOON))
    assert customer.state.days == {}


def test_another_policy_sums_its_windows_from_the_days_kept() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(transaction("10", NOON), transaction("5", NOON, "fee"), transaction("3", NOON + DAY_MS))
    customer.policy = STANDARD
    customer.apply(balance("1", NOON + 2 * DAY_MS))
    assert window_sum(customer) == e4("13")
    assert customer.state.due_ms == at("2026-11-24") + 90 * DAY_MS


# --- limits ---

HUGE = "99999999999999.9999"


def refused(state: CustomerState, event: Balance | Transaction) -> bool:
    """Whether the event is refused; if so it has changed nothing."""
    roll(state, TODAY, STANDARD)
    state.policy_mark = STANDARD.mark
    before = pack_state(state)
    try:
        check_limits(state, event, STANDARD)
    except LimitExceededError:
        assert pack_state(state) == before
        return True
    fold(state, event, STANDARD)
    return False


@pytest.mark.parametrize("sign", ["", "-"])
def test_assets_stay_within_64_bits(sign: str) -> None:
    state = CustomerState()
    answers = [refused(state, balance(sign + HUGE, NOON, f"a{number}")) for number in range(10)]
    assert answers == [False] * 9 + [True]
    assert not refused(state, balance("0", NOON + 1, "a0"))
    assert not refused(state, balance(sign + HUGE, NOON, "a9"))
    assert unpack_state(pack_state(state)) == state


def test_the_newer_balance_of_a_full_customer_is_no_addition() -> None:
    state = CustomerState()
    for number in range(9):
        assert not refused(state, balance(HUGE, NOON, f"a{number}"))
    assert not refused(state, balance(HUGE, NOON + 1, "a0"))


@pytest.mark.parametrize("left", [{"product": "loan"}, {"currency": "USD"}])
def test_an_account_that_leaves_may_not_push_the_rest_over_the_limit(left: dict[str, str]) -> None:
    state = CustomerState()
    refused(state, balance("-" + HUGE, NOON, "overdraft"))
    assert not any(refused(state, balance(HUGE, NOON, f"a{number}")) for number in range(10))
    assert refused(state, balance("1", NOON + 1, "overdraft", **left))


def test_a_stale_balance_is_never_refused() -> None:
    state = CustomerState()
    for number in range(9):
        refused(state, balance(HUGE, NOON, f"a{number}"))
    refused(state, balance("0", NOON, "b"))
    assert not refused(state, balance(HUGE, NOON - 1, "b"))


def test_2000_accounts_are_kept_and_no_more() -> None:
    state = CustomerState()
    for number in range(ACCOUNTS_LIMIT):
        fold_balance(state, balance("1", NOON, f"a{number}"))
    assert refused(state, balance("1", NOON, "one more"))
    assert refused(state, balance("1", NOON, "one more", product="loan"))
    assert not refused(state, balance("2", NOON + 1, "a7"))


def test_transactions_stay_within_64_bits_on_one_day() -> None:
    state = CustomerState()
    assert [refused(state, transaction(HUGE, NOON)) for _ in range(10)] == [False] * 9 + [True]
    assert not refused(state, reversal(HUGE, NOON, of=NOON))
    assert not refused(state, transaction(HUGE, NOON))


def test_transactions_stay_within_64_bits_over_all_days_and_types() -> None:
    # Each day for itself is far from the limit; summed by a window, also another policy's, they must not pass it.
    state = CustomerState()
    kinds = ["deposit", "purchase", "fee", "transfer_in"]
    answers = [refused(state, transaction(HUGE, NOON - day * DAY_MS, kinds[day % 4])) for day in range(30)]
    assert answers == [False] * 9 + [True] * 21
    roll(state, TODAY + 1, STANDARD)
    assert unpack_state(pack_state(state)) == state


def test_what_was_taken_off_too_often_stays_within_64_bits() -> None:
    state = CustomerState()
    answers = [refused(state, reversal(HUGE, NOON, of=NOON - day * DAY_MS)) for day in range(12)]
    assert answers == [False] * 9 + [True] * 3


def test_one_currency_leaves_room_for_another() -> None:
    state = CustomerState()
    for _ in range(9):
        refused(state, transaction(HUGE, NOON))
    assert refused(state, transaction(HUGE, NOON))
    assert not refused(state, transaction(HUGE, NOON, currency="USD"))
    assert not refused(state, transaction("10", NOON + DAY_MS))
