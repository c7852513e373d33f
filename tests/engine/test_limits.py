import pytest

from streams.contracts.packing import pack_state, unpack_state
from streams.engine.measures.fold import fold, fold_balance
from streams.engine.measures.limits import LimitExceededError, check_limits
from streams.engine.measures.windows import roll, sum_anew
from streams.engine.state import ACCOUNTS_LIMIT, CustomerState
from streams.policy.policy import Policy
from streams.values.events import Balance, Event, Transaction
from tests.support.one_customer import (
    DAY_MS,
    STANDARD,
    Customer,
    a_policy,
    at,
    balance,
    credit,
    loan,
    pin,
    reversal,
    transaction,
)

NOON = at("2026-11-24T12:00")
TODAY = STANDARD.calendar.day_of(NOON)
HUGE = "99999999999999.9999"


FIT = 4  # so many times HUGE stays below the limit of a sum
AVERAGES = a_policy("""
[measures.average]
average = "assets"
days = 30

[measures.debts]
average = "loans"
months = 1

[value]
terms = [{ measure = "average" }, { measure = "debts" }]

[[tiers]]
id = "all"
""")


def refused(state: CustomerState, event: Balance | Transaction, policy: Policy = STANDARD) -> bool:
    """Whether the event is refused; if so it has changed nothing."""
    sum_anew(state, TODAY, policy)
    state.policy_mark = policy.mark
    before = pack_state(state)
    try:
        check_limits(state, event, policy)
    except LimitExceededError:
        assert pack_state(state) == before
        return True
    fold(state, event, policy, TODAY)
    assert unpack_state(pack_state(state)) == state
    return False


@pytest.mark.parametrize("sign", ["", "-"])
def test_assets_stay_within_64_bits(sign: str) -> None:
    state = CustomerState()
    answers = [refused(state, balance(sign + HUGE, NOON, f"a{number}")) for number in range(FIT + 1)]
    assert answers == [False] * FIT + [True]
    assert not refused(state, balance("0", NOON + 1, "a0"))
    assert not refused(state, balance(sign + HUGE, NOON, f"a{FIT}"))
    assert unpack_state(pack_state(state)) == state


def test_the_newer_balance_of_a_full_customer_is_no_addition() -> None:
    state = CustomerState()
    for number in range(FIT):
        assert not refused(state, balance(HUGE, NOON, f"a{number}"))
    assert not refused(state, balance(HUGE, NOON + 1, "a0"))


def test_an_account_that_leaves_may_not_push_the_rest_over_the_limit() -> None:
    state = CustomerState()
    refused(state, balance("-" + HUGE, NOON, "overdraft"))
    assert not any(refused(state, balance(HUGE, NOON, f"a{number}")) for number in range(FIT + 1))
    assert refused(state, balance("1", NOON + 1, "overdraft", product="loan"))


def test_a_late_word_for_a_product_may_not_push_the_rest_over_the_limit() -> None:
    state = CustomerState()
    assert not refused(state, balance("-" + HUGE, NOON, "overdraft", product=None))
    assert not any(refused(state, balance(HUGE, NOON, f"a{number}")) for number in range(FIT + 1))
    assert refused(state, balance("1", NOON - 1, "overdraft", product="loan"))


def test_a_stale_balance_is_never_refused() -> None:
    state = CustomerState()
    for number in range(FIT):
        refused(state, balance(HUGE, NOON, f"a{number}"))
    refused(state, balance("0", NOON, "b"))
    assert not refused(state, balance(HUGE, NOON - 1, "b"))


def test_2000_accounts_are_kept_and_no_more() -> None:
    state = CustomerState()
    for number in range(ACCOUNTS_LIMIT):
        fold_balance(state, balance("1", NOON, f"a{number}"), STANDARD, TODAY)
    assert refused(state, balance("1", NOON, "one more"))
    assert refused(state, balance("1", NOON, "one more", product="loan"))
    assert not refused(state, balance("2", NOON + 1, "a7"))


def test_transactions_stay_within_64_bits_on_one_day() -> None:
    state = CustomerState()
    assert [refused(state, transaction(HUGE, NOON)) for _ in range(FIT + 1)] == [False] * FIT + [True]
    assert not refused(state, reversal(HUGE, NOON, of=NOON))
    assert not refused(state, transaction(HUGE, NOON))


def test_transactions_stay_within_64_bits_over_all_days_and_types() -> None:
    # Each day for itself is far from the limit; summed by a window, also another policy's, they must not pass it.
    state = CustomerState()
    kinds = ["purchase", "transfer_out", "transfer_in"]
    answers = [refused(state, transaction(HUGE, NOON - day * DAY_MS, kinds[day % 3])) for day in range(30)]
    assert answers == [False] * FIT + [True] * (30 - FIT)
    roll(state, TODAY + 1, STANDARD)
    assert unpack_state(pack_state(state)) == state


def test_what_was_taken_off_too_often_stays_within_64_bits() -> None:
    state = CustomerState()
    answers = [refused(state, reversal(HUGE, NOON, of=NOON - day * DAY_MS)) for day in range(12)]
    assert answers == [False] * FIT + [True] * (12 - FIT)


def test_one_currency_leaves_room_for_another() -> None:
    state = CustomerState()
    for _ in range(FIT):
        refused(state, transaction(HUGE, NOON))
    assert refused(state, transaction(HUGE, NOON))
    assert not refused(state, transaction(HUGE, NOON, currency="USD"))
    assert not refused(state, transaction("10", NOON + DAY_MS))


@pytest.mark.parametrize("sign", ["", "-"])
def test_loans_stay_within_64_bits_whatever_their_sign(sign: str) -> None:
    state = CustomerState()
    loans = [balance(sign + HUGE, NOON, f"a{number}", product="loan") for number in range(FIT + 1)]
    assert [refused(state, event) for event in loans] == [False] * FIT + [True]
    assert not refused(state, balance(HUGE, NOON, "asset"))


@pytest.mark.parametrize("product", ["deposit", "loan"])
def test_the_changes_of_one_day_stay_within_64_bits(product: str) -> None:
    # An account that swings from day to day, told in turns with others: each telling moves both days' changes.
    state = CustomerState()
    tellings = [
        balance("-" * (number % 2 == 1) + HUGE, NOON - (number % 3) * DAY_MS, f"a{number // 3}", product=product)
        for number in range(60)
    ]
    answers = [refused(state, event, AVERAGES) for event in tellings]
    assert not all(answers)
    assert all(abs(change) < 2**63 for changes in state.daily.values() for change in changes.values())


def test_a_balance_of_everyday_size_is_taken_in_any_number() -> None:
    state = CustomerState()
    assert not any(
        refused(state, balance(f"{number}", NOON + number * DAY_MS // 4, f"a{number % 5}"), AVERAGES)
        for number in range(400)
    )


@pytest.mark.parametrize(
    "event", [credit("default", NOON), loan(HUGE, NOON), pin("high", NOON, NOON + 1)], ids=["credit", "loan", "pin"]
)
def test_other_events_have_no_limit(event: Event) -> None:
    customer = Customer()
    customer.apply(*[balance(HUGE, NOON, f"a{number}") for number in range(FIT)])
    check_limits(customer.state, event, STANDARD)
