"""An erase that comes late forgets what is not newer than it, and leaves what is, as if first heard of after it."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from msgspec import structs

from streams.engine.measures.account_rows import all_accounts
from streams.engine.measures.days import all_buckets
from streams.engine.sections import special_of
from streams.engine.state import Bucket, CustomerState, Special
from streams.values.events import CustomerAction, Event, Transaction
from tests.support.one_customer import (
    DAY_MS,
    LOW_AND_MID,
    MONTHLY,
    PLAIN,
    Customer,
    a_policy,
    action,
    at,
    balance,
    credit,
    e4,
    loan,
    pin,
    transaction,
)

NOON = at("2026-11-24T12:00")
ERASED = NOON + 5 * DAY_MS
EACH = a_policy(LOW_AND_MID + '[[campaigns]]\nid = "back"\nkind = "cash_back"\nrate = "0.01"\n')


def erase() -> CustomerAction:
    return action("erase", ERASED)


def after(*events: Event) -> Customer:
    customer = Customer(PLAIN)
    customer.apply(balance("1", NOON), *events)
    return customer


def test_what_is_newer_stays_and_begins_with_an_initial_change_of_the_next_number() -> None:
    customer = after(balance("600000", ERASED + 1, "b"), credit("fair", ERASED + 1))
    told = customer.apply(forget := erase())
    assert [(change.sequence, change.direction, change.previous_tier, change.tier) for change in told] == [
        (3, "initial", None, "mid")
    ]
    assert (told[0].reason, told[0].cause and told[0].cause.event_id) == ("first_event", forget.event_id)
    state = customer.state
    assert ([key for key, _ in all_accounts(state)], state.assets_e4_by_currency) == (["TWDb"], {"TWD": e4("600000")})
    assert (state.standing, state.first_event_ms, special_of(state).erased_ms) == ("fair", ERASED + 1, ERASED)


def test_where_nothing_is_newer_nothing_is_left() -> None:
    customer = after(balance("600000", ERASED, "b"), pin("high", ERASED, ERASED + 9), action("opt_out", ERASED))
    assert customer.apply(erase()) == []
    left = structs.replace(customer.state, remembered={})
    assert left == CustomerState(sequence=3, special=Special(erased_ms=ERASED))


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_newer_balances_and_their_words_count_whatever_the_order(order: Sequence[int]) -> None:
    events = [
        erase(),
        balance("700", ERASED - 1, product="loan"),  # its word for the product is forgotten
        balance("800", ERASED + 1, product=None),
        balance("900", ERASED + DAY_MS, product=None),
    ]
    customer = after()
    for number in order:
        if events[number].at_ms > (special_of(customer.state).erased_ms or 0):  # what is not, a worker passes over
            customer.apply(events[number])
    assert customer.state.assets_e4_by_currency == {"TWD": e4("900")}
    assert (customer.state.loans_e4_by_currency or {}).get("TWD", 0) == 0


def test_consents_and_pins_that_are_newer_hold() -> None:
    customer = after(action("opt_out", ERASED + 1), pin("high", ERASED + 1, ERASED + 9 * DAY_MS))
    customer.apply(erase())
    assert (customer.state.tier, special_of(customer.state).opted_out) == (None, True)
    (change,) = customer.apply(balance("1", ERASED + 2))
    assert (change.direction, change.tier) == ("initial", "high")
    (change,) = customer.wait(ERASED + 9 * DAY_MS)
    assert (change.tier, change.reason) == ("low", "pin_ended")


def test_transactions_of_the_erases_own_day_are_forgotten_and_those_of_later_days_stay() -> None:
    customer = after(
        transaction("100", ERASED - 1), transaction("200", ERASED + 1), transaction("400", ERASED + DAY_MS)
    )
    customer.apply(erase(), transaction("800", ERASED + 2))
    day = PLAIN.calendar.day_of(ERASED)
    assert {(day, name): bucket for day, name, bucket in all_buckets(customer.state)} == {
        (day, "purchase.TWD"): Bucket(1, e4("800")),
        (day + 1, "purchase.TWD"): Bucket(1, e4("400")),
    }
    assert [window.sum_e4_by_currency for window in customer.state.windows] == [{"TWD": e4("1200")}] * len(
        PLAIN.windows
    )


def test_of_what_is_forgotten_no_currency_is_left() -> None:
    forgotten = structs.replace(transaction("100", ERASED - DAY_MS), currency="USD")
    customer = after(forgotten, transaction("400", ERASED + DAY_MS))
    customer.apply(erase())
    alone = Customer(PLAIN)
    alone.apply(transaction("400", ERASED + DAY_MS))
    left, heard = customer.state, alone.state
    assert (left.days, left.day_currencies) == (heard.days, heard.day_currencies)


def undoes(of: Transaction, when: int, name: str = "r") -> Transaction:
    return structs.replace(of, event_id=name, at_ms=when, reverses=of.event_id)


def spent(customer: Customer) -> int:
    return sum(bucket.amount_e4 for _, _, bucket in all_buckets(customer.state))


def test_a_reversal_takes_nothing_off_that_the_erase_has_forgotten() -> None:
    before, lost, kept = (transaction("100", ERASED + shift) for shift in (-1, 1, DAY_MS))
    customer = after(before, lost, kept)
    customer.apply(erase(), transaction("100", ERASED + 2), transaction("100", ERASED + 3))
    for number, forgotten in enumerate([before, lost]):
        customer.apply(undoes(forgotten, ERASED + 2 * DAY_MS, f"r{number}"))
        assert spent(customer) == e4("300")
    customer.apply(undoes(kept, ERASED + 2 * DAY_MS, "r2"))
    assert spent(customer) == e4("200")


def test_what_was_reversed_stays_reversed_and_can_be_put_back() -> None:
    kept = transaction("100", ERASED + DAY_MS)
    customer = after(kept, reversal := undoes(kept, ERASED + 2 * DAY_MS))
    customer.apply(erase())
    assert spent(customer) == 0
    customer.apply(structs.replace(undoes(reversal, ERASED + 3 * DAY_MS, "back"), belongs_at_ms=reversal.at_ms))
    assert spent(customer) == e4("100")


def test_a_loan_that_was_applied_for_after_the_erase_makes_a_customer_of_its_own() -> None:
    customer = after(loan("1", ERASED + 1))
    (change,) = customer.apply(erase())
    assert (change.direction, change.tier) == ("initial", "low")


@pytest.mark.parametrize(("heard_ms", "tier"), [(at("2026-11-29"), "mid"), (at("2026-12-01T12:00"), "low")])
def test_who_was_heard_of_before_the_last_rating_is_given_it_by_what_is_left(heard_ms: int, tier: str) -> None:
    customer = Customer(MONTHLY)
    customer.apply(balance("900", at("2026-10-10")), balance("600", heard_ms, "b"))
    customer.wait(at("2026-12-02"))
    initial, *corrected = customer.apply(action("erase", at("2026-11-28")))
    assert (initial.direction, initial.tier) == ("initial", "low")
    assert [(change.reason, change.tier) for change in corrected] == ([("correction", tier)] if tier == "mid" else [])
    assert [change.tier for change in customer.wait(at("2027-01-01"))] == ([] if tier == "mid" else ["mid"])


def test_what_is_owed_of_a_month_is_paid_though_an_erase_comes_late() -> None:
    customer = Customer(EACH)
    customer.wait(at("2027-03-06"))
    customer.apply(transaction("2000", at("2027-01-15")), action("erase", at("2027-01-10")))
    customer.apply(transaction("5000", at("2027-03-10")))
    customer.wait(at("2027-05-01"))
    assert [(trigger.offer.period, trigger.offer.amount_e4) for trigger in customer.triggers] == [("2027-03", e4("70"))]


def test_what_is_left_of_a_month_is_paid_once_and_what_was_paid_is_not_paid_again() -> None:
    customer = Customer(EACH)
    customer.apply(
        transaction("5000", at("2026-11-10")), transaction("7000", at("2026-11-20")),
        transaction("9000", at("2026-12-02")),
    )  # fmt: skip
    assert [trigger.offer.amount_e4 for trigger in customer.triggers] == [e4("120")]
    customer.apply(action("erase", at("2026-11-15")))
    customer.wait(at("2027-03-01"))
    assert [(trigger.offer.period, trigger.offer.amount_e4) for trigger in customer.triggers] == [
        ("2026-11", e4("120")), ("2026-12", e4("90")),
    ]  # fmt: skip
    assert len(customer.triggers) == 2
