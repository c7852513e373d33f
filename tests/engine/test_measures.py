from typing import get_args

import pytest
from rows import DAY_MS, STANDARD, Customer, at, balance, credit, e16, reversal, transaction

from streams.engine.events import TRANSACTION_TYPES, Event, Standing
from streams.engine.measures import Measures, measure
from streams.engine.compile import load_policy

NOON = at("2026-11-24T12:00")


def measures(*events: Event) -> Measures:
    customer = Customer()
    customer.apply(*events)
    return measure(customer.state, STANDARD)


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
    assert measures(balance(amount, NOON, currency=currency)).assets_e16 == e16(assets)


def test_currencies_add_up() -> None:
    events = [balance("100", NOON, "a"), balance("10", NOON, "b", "USD"), balance("1", NOON, "c", "GBP")]
    assert measures(*events).value_e16 == e16("455.1")


@pytest.mark.parametrize("kind", sorted(TRANSACTION_TYPES))
def test_purchases_and_transfers_are_activity(kind: str) -> None:
    counted = kind in {"purchase", "transfer_in", "transfer_out"}
    assert measures(transaction("200", NOON, kind)).activity_e16 == (e16("2") if counted else 0)


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
    assert measures(transaction(volume, NOON)).activity_e16 == e16(activity)


def test_the_cap_holds_for_the_sum_and_not_for_each_part() -> None:
    parts = [transaction("3000000", NOON), transaction("3000000", NOON, "transfer_in")]
    assert measures(*parts).activity_e16 == e16("50000")
    assert measures(*parts, reversal("3000000", NOON + 1, of=NOON)).activity_e16 == e16("30000")


def test_volume_in_another_currency_is_converted() -> None:
    assert measures(transaction("1000", NOON, currency="USD")).activity_e16 == e16("315")


def test_a_reversal_without_its_transaction_counts_against_the_customer() -> None:
    assert measures(reversal("100", NOON, of=NOON)).activity_e16 == e16("-1")


@pytest.mark.parametrize("standing", [None, *get_args(Standing)])
@pytest.mark.parametrize("assets", ["500000", "555555.55", "0.0001", "0", "-100"])
def test_only_poor_takes_ten_percent_off_the_assets(standing: Standing | None, assets: str) -> None:
    events: list[Event] = [balance(assets, NOON)]
    if standing is not None:
        events.append(credit(standing, NOON))
    measured = measures(*events)
    # Off debts nothing is taken: poor standing never raises the value.
    taken = max(e16(assets), 0) // 10 if standing == "poor" else 0
    assert (measured.credit_e16, measured.value_e16) == (-taken, e16(assets) - taken)


def test_poor_takes_nothing_off_the_activity() -> None:
    events = [balance("100", NOON), transaction("10000", NOON), credit("poor", NOON)]
    assert measures(*events).value_e16 == e16("190")


def test_value_is_what_is_held_against_the_floors() -> None:
    assert Measures(5, 7, -2).value_e16 == 10


def test_activity_without_a_cap_has_none() -> None:
    document = STANDARD.document.replace('at_most = "50000"', "")
    customer = Customer(load_policy(document))
    customer.apply(transaction("99999999999999", NOON), transaction("1", NOON - 89 * DAY_MS))
    assert measure(customer.state, customer.policy).activity_e16 == e16("1000000000000")


def test_a_policy_without_activity_looks_at_no_transactions() -> None:
    document = STANDARD.document.replace("[value.activity]", "[value.unused]")
    document = document.replace('[value.unused]\nshare = "0.01"\n', "")
    document = document.replace('of = ["purchase", "transfer_in", "transfer_out"]\ndays = 90\nat_most = "50000"\n', "")
    customer = Customer(load_policy(document))
    customer.apply(balance("5", NOON), transaction("100", NOON))
    assert measure(customer.state, customer.policy) == Measures(e16("5"), 0, 0)
