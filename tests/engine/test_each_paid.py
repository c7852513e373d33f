"""Cash back of each transaction: what is reversed is taken off the next payments, what is put back is owed again."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.engine.campaigns.each_paid import carried_e4
from streams.engine.sections import courses_of
from streams.engine.state import Progress
from streams.policy.compile.load import load_policy
from streams.values.events import Event, Transaction
from streams.values.money import SUM_LIMIT_E4
from tests.support.laws import laws
from tests.support.one_customer import DAY_MS, LOW_AND_MID, Customer, a_policy, action, at, balance, e4

NOON = at("2026-11-24T12:00")
HOUR_MS = 3_600_000
CAMPAIGN = """
[[campaigns]]
id = "back"
kind = "cash_back"
rate = "0.01"
per = "transaction"
"""
EACH = a_policy(LOW_AND_MID + CAMPAIGN)
LOW_AND_MID_IN_WON = f"""
name = "test"
version = 1
currency = "KRW"
time_zone = "Asia/Seoul"
[rates]
USD = "1400"
{LOW_AND_MID}
"""
LOW_ALONE = a_policy(LOW_AND_MID + CAMPAIGN + 'tiers = ["low"]')


def bought(name: str, hour: int, amount: str = "100") -> Transaction:
    return Transaction(name, "C", NOON + hour * HOUR_MS, "purchase", e4(amount), "TWD", NOON + hour * HOUR_MS)


def undoes(of: Transaction, name: str, hour: int) -> Transaction:
    at_ms = NOON + hour * HOUR_MS
    return structs.replace(of, event_id=name, at_ms=at_ms, belongs_at_ms=of.at_ms, reverses=of.event_id)


def paid(customer: Customer) -> list[int]:
    """What was told, in hundredths."""
    return [(trigger.offer.amount_e4 or 0) // 100 for trigger in customer.triggers]


def carried(customer: Customer) -> int:
    """What is left to be taken off, or to be paid, in hundredths."""
    return carried_e4(courses_of(customer.state).progress.get("back", Progress())) // 100


P, Q, S = bought("p", 0), bought("q", 50), bought("s", 60, "150")
R = undoes(P, "r", 24)
AGAIN = undoes(P, "r-again", 25)
BACK = undoes(R, "back", 26)


@pytest.mark.parametrize(
    ("events", "told", "left"),
    [
        ([P], [100], 0),
        ([P, R], [100], -100),
        ([P, R, AGAIN], [100], -100),
        ([P, R, Q], [100], 0),  # all of it makes up for what was taken back
        ([P, R, S], [100, 50], 0),
        ([P, R, bought("t", 50, "30"), S], [100, 80], 0),
        ([P, R, BACK], [100], 0),
        ([P, R, Q, BACK], [100, 100], 0),  # it is owed again, and paid at once
        ([R, P], [], 0),
        ([R, P, BACK], [100], 0),
        ([BACK, P, R], [100], 0),
        ([undoes(bought("never", 0), "x", 1), Q], [100], 0),
        ([P, undoes(bought("p", 0, "140"), "of-more", 1), R], [100], -100),
        ([P, undoes(bought("p", 0, "40"), "of-less", 1)], [100], -40),
        ([P, undoes(bought("p", 0, "40"), "of-less", 1), R], [100], -40),
        ([undoes(bought("p", 0, "40"), "of-less", 1), P], [60], 0),
    ],
)
def test_what_is_reversed_is_taken_off_the_next_payment(events: Sequence[Event], told: list[int], left: int) -> None:
    customer = Customer(EACH)
    customer.apply(*events)
    assert (paid(customer), carried(customer)) == (told, left)
    assert customer.state.due_ms is None


@pytest.mark.parametrize("order", list(permutations([P, R, BACK, Q])))
def test_any_order_of_arrival_pays_the_same_in_all(order: tuple[Transaction, ...]) -> None:
    customer = Customer(EACH)
    customer.apply(*order)
    assert sum(paid(customer)) + carried(customer) == 200


def test_what_was_not_told_is_not_taken_back() -> None:
    customer = Customer(LOW_ALONE)
    high = balance("500000", NOON - HOUR_MS)
    customer.apply(high, P, balance("1", NOON + HOUR_MS), bought("same-day", 2), R)
    assert (paid(customer), carried(customer)) == ([100], 0)
    silent = Customer(EACH)
    silent.apply(action("opt_out", NOON - 1), P, action("opt_in", NOON + 1), R, Q)
    assert (paid(silent), carried(silent)) == ([100], 0)


def test_what_is_owed_again_is_paid_when_the_customer_is_in_the_tier() -> None:
    customer = Customer(LOW_ALONE)
    customer.apply(balance("1", NOON - 1), P, R, bought("q", 25), balance("500000", NOON + 26 * HOUR_MS))
    customer.apply(undoes(R, "back", 27))
    assert (paid(customer), carried(customer)) == ([100], 100)
    customer.apply(balance("1", NOON + 28 * HOUR_MS), Q)
    assert (paid(customer), carried(customer)) == ([100, 200], 0)


def test_what_a_purchase_has_brought_is_kept_for_as_many_months_as_late_ones_count() -> None:
    customer = Customer(EACH)
    customer.apply(P, undoes(P, "r", 24 * 90))  # February 22
    assert carried(customer) == -100
    other = Customer(EACH)
    other.apply(P, bought("march", 24 * 100), undoes(P, "r", 24 * 101))
    assert (carried(other), len(courses_of(other.state).progress["back"].paid_e4)) == (0, 1)


def test_of_one_purchase_no_more_is_paid_than_is_kept_and_a_reversal_takes_all_of_it_back() -> None:
    policy = load_policy((LOW_AND_MID_IN_WON + CAMPAIGN).replace('rate = "0.01"', 'rate = "1"'))
    customer = Customer(policy)
    vast = structs.replace(bought("vast", 0, "99999999999999"), currency="USD")
    customer.apply(vast, undoes(vast, "r", 1))
    assert (paid(customer), carried(customer)) == ([SUM_LIMIT_E4 // 100], -SUM_LIMIT_E4 // 100)


plans = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["purchase", "reversal", "back"])), max_size=14)


@laws(100)
@given(plans, st.data())
def test_all_payments_together_are_the_shares_of_what_stands(plan: list[tuple[int, str]], data: st.DataObject) -> None:
    events = dict[str, Transaction]()
    for number, kind in plan:
        whole = bought(f"p{number}", number, f"{number + 1}00")
        undone = undoes(whole, f"r{number}", 10)
        event = {"purchase": whole, "reversal": undone, "back": undoes(undone, f"b{number}", 20)}[kind]
        events[event.event_id] = event
    customer = Customer(EACH)
    customer.apply(*data.draw(st.permutations(list(events.values()))))
    stands = [n for n in range(4) if f"p{n}" in events and (f"r{n}" not in events or f"b{n}" in events)]
    assert sum(paid(customer)) + carried(customer) == sum(100 * (number + 1) for number in stands)
    assert all(amount > 0 for amount in paid(customer))
    assert customer.now_ms < NOON + DAY_MS
