import pytest
from msgspec import structs

from streams.contracts.packing import pack_state, unpack_state
from streams.engine.measures.account_rows import account_of, all_accounts, keep_account
from streams.engine.measures.closing_totals import daily_changes
from streams.engine.measures.fold import fold, fold_balance
from streams.engine.measures.limits import LimitExceededError, check_limits
from streams.engine.measures.reversals import mark_for_reversals
from streams.engine.measures.windows import roll, sum_anew
from streams.engine.remember import remember
from streams.engine.state import ACCOUNTS_LIMIT, CustomerState
from streams.policy.policy import Policy
from streams.values.events import TRANSACTIONS, Balance, Event, Transaction
from streams.values.fingerprint import REMEMBERED_AT_LEAST, content_mark, fingerprint
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
    state = CustomerState(newest_ms=NOON)
    for number in range(ACCOUNTS_LIMIT):
        fold_balance(state, balance("1", NOON, f"a{number}"), STANDARD, TODAY)
    assert refused(state, balance("1", NOON, "one more"))
    assert refused(state, balance("1", NOON, "one more", product="loan"))
    assert not refused(state, balance("2", NOON + 1, "a7"))


def full_of(amount: str, policy: Policy) -> CustomerState:
    """A customer with as many accounts as are kept, all of a hundred days ago; the first ones were told last."""
    state = CustomerState(newest_ms=NOON)
    for number in range(ACCOUNTS_LIMIT):
        when = NOON - 100 * DAY_MS - number
        fold_balance(state, balance(amount, when, f"a{number}", product="loan"), policy, TODAY)
    return state


@pytest.mark.parametrize("policy", [STANDARD, AVERAGES], ids=["newest totals", "closing totals"])
def test_one_account_more_takes_the_place_of_the_one_that_was_closed_first(policy: Policy) -> None:
    state = full_of("0", policy)
    assert not refused(state, balance("5", NOON, "one more"), policy)
    kept = [key for key, _ in all_accounts(state)]
    assert len(kept) == ACCOUNTS_LIMIT
    assert set(kept) == {"TWDone more", *(f"TWDa{number}" for number in range(ACCOUNTS_LIMIT - 1))}


def test_an_account_that_holds_something_is_never_dropped() -> None:
    state = full_of("0.0001", STANDARD)
    assert refused(state, balance("5", NOON, "one more"))
    assert not refused(state, balance("0", NOON, "a7"))
    assert not refused(state, balance("5", NOON, "one more"))
    assert account_of(state, "TWDa7") is None


def test_an_account_that_a_measure_looks_back_to_is_not_dropped() -> None:
    state = full_of("1", AVERAGES)
    fold_balance(state, balance("0", NOON - 20 * DAY_MS, "a7", product="loan"), AVERAGES, TODAY)
    assert refused(state, balance("5", NOON, "one more"), AVERAGES)
    state.newest_ms = NOON + 60 * DAY_MS
    assert not refused(state, balance("5", NOON + 60 * DAY_MS, "one more"), AVERAGES)


def test_a_late_balance_does_not_revive_a_dropped_account() -> None:
    state = full_of("0", STANDARD)
    refused(state, balance("5", NOON, "one more"))
    dropped = f"a{ACCOUNTS_LIMIT - 1}"
    before = pack_state(state)
    assert not refused(state, balance("900", NOON - 101 * DAY_MS, dropped))
    assert pack_state(state) == before
    assert not refused(state, balance("7", NOON, dropped, product=None))
    known = account_of(state, f"TWD{dropped}")
    assert known is not None
    assert known.product == "other"  # what it was before is forgotten


def test_a_late_balance_of_an_account_that_is_known_counts_whatever_was_dropped() -> None:
    state = full_of("0", STANDARD)
    known = account_of(state, "TWDa5")
    assert known is not None
    keep_account(state, "TWDa5", structs.replace(known, as_of_ms=known.as_of_ms - 100 * DAY_MS, balance_e4=1))
    refused(state, balance("5", NOON, "one more"))
    assert not refused(state, balance("900", NOON - 101 * DAY_MS, "a5"))
    known = account_of(state, "TWDa5")
    assert known is not None
    assert known.balance_e4 == 9_000_000


def test_transactions_stay_within_64_bits_on_one_day() -> None:
    state = CustomerState()
    assert [refused(state, transaction(HUGE, NOON)) for _ in range(FIT + 1)] == [False] * FIT + [True]
    heard = transaction(HUGE, NOON)
    entry = fingerprint(heard.event_id) + content_mark(heard) + mark_for_reversals(state, heard, STANDARD.calendar)
    remember(state, TRANSACTIONS, entry, REMEMBERED_AT_LEAST)
    undone = reversal(HUGE, NOON, of=NOON)
    assert not refused(state, undone)
    assert not refused(state, transaction(HUGE, NOON + 1))
    again = structs.replace(undone, event_id="another", reverses=undone.event_id)
    assert refused(state, again)  # there is no room to put back what was taken off


def test_transactions_stay_within_64_bits_over_all_days_and_types() -> None:
    # Each day for itself is far from the limit; summed by a window, also another policy's, they must not pass it.
    state = CustomerState()
    kinds = ["purchase", "transfer_out", "transfer_in"]
    answers = [refused(state, transaction(HUGE, NOON - day * DAY_MS, kinds[day % 3])) for day in range(30)]
    assert answers == [False] * FIT + [True] * (30 - FIT)
    roll(state, TODAY + 1, STANDARD)
    assert unpack_state(pack_state(state)) == state


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
    assert all(abs(change) < 2**63 for changes in daily_changes(state).values() for change in changes.values())


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
