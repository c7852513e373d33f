"""How an event of a joint account counts to an owner: by the word of the policy."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from streams.contracts.decode import decode
from streams.contracts.rejection import NOT_COUNTED, Rejection
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import BALANCES, TRANSACTIONS, Balance, Transaction

BALANCE = {"event_id": "b", "customer_id": "C1", "account_id": "A1", "currency": "TWD", "as_of": 1_795_483_800_000}
BOOKED = {
    "event_id": "t",
    "customer_id": "C1",
    "account_id": "A1",
    "type": "purchase",
    "currency": "TWD",
    "occurred_at": 1_795_483_800_000,
    "amount": "100.00",
}


def policy(word: str | None) -> Policy:
    accounts = "" if word is None else f'[accounts]\njoint = "{word}"\n'
    return load_policy(f'name = "joint"\nversion = 1\ncurrency = "TWD"\n{accounts}[[tiers]]\nid = "low"\n')


def balance(amount: str, joint: Any, word: str | None) -> int | Rejection:
    value = msgspec.json.encode({**BALANCE, "balance": amount, "joint": joint})
    found = decode(BALANCES, b"C1", value, policy(word))
    return found.balance_e4 if isinstance(found, Balance) else found  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("word", "place", "share", "counted_e4"),
    [
        (None, 1, "0.5", 1_000_000),
        (None, 2, "0.5", 0),
        ("first", 1, "0.1", 1_000_000),
        ("first", 3, "0.9", 0),
        ("each", 2, "0.25", 1_000_000),
        ("shares", 1, "0.25", 250_000),
        ("shares", 2, 0.75, 750_000),
        ("shares", 2, "0.333333", 333_333),
        ("shares", 2, "0", 0),
    ],
)
def test_a_balance_counts_by_the_word_of_the_policy(word: str | None, place: int, share: Any, counted_e4: int) -> None:
    assert balance("100.00", {"place": place, "share": share}, word) == counted_e4
    assert balance("-100.00", {"place": place, "share": share}, word) == -counted_e4


def test_a_part_is_rounded_to_ten_thousandths_halves_away_from_zero() -> None:
    half = {"place": 1, "share": "0.5"}
    assert balance("0.0001", half, "shares") == 1
    assert balance("-0.0001", half, "shares") == -1
    assert balance("0.0003", half, "shares") == 2


@pytest.mark.parametrize("word", ["first", "each", "shares"])
def test_without_joint_all_of_it_counts(word: str) -> None:
    assert balance("100.00", None, word) == 1_000_000


@pytest.mark.parametrize(
    "joint",
    [{"place": 0, "share": "0.5"}, {"place": 1}, {"place": 1, "share": "1.1"}, {"place": 1, "share": "-0.1"}, 5],
)
def test_a_place_and_a_share_that_cannot_be_are_refused(joint: Any) -> None:
    refused = balance("100.00", joint, "shares")
    assert isinstance(refused, Rejection)
    assert refused.reason == "invalid_field"


@pytest.mark.parametrize(("word", "counted"), [("first", None), ("each", Decimal(100)), ("shares", Decimal(40))])
def test_a_transaction_of_another_place_is_passed_over_where_the_first_owner_counts(
    word: str, counted: Decimal | None
) -> None:
    value = msgspec.json.encode({**BOOKED, "joint": {"place": 2, "share": "0.4"}})
    found = decode(TRANSACTIONS, b"C1", value, policy(word))
    if counted is None:
        assert found is NOT_COUNTED
    else:
        assert isinstance(found, Transaction)
        assert Decimal(found.amount_e4) / 10_000 == counted
