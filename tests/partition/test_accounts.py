"""Whose an account is: what its owners are told of its bookings, and when owners change, of its balance."""

from typing import Any

import msgspec
import pytest

from streams.partition.accounts import BYTES_OF_AN_ACCOUNT, OF_AN_ACCOUNT, TIME
from streams.partition.work import BY_ACCOUNT, SOURCE_DEAD_LETTERS
from tests.support.account_records import NOON_MS, Played, account, balance, transaction

JOINT = [
    {"customer_id": "C1", "role": "owner", "share": "0.6"},
    {"customer_id": "C2", "role": "joint", "share": "0.4"},
    {"customer_id": "C3", "role": "authorised"},
]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(event["customer_id"], event["balance"], event["as_of"] - NOON_MS) for event in events]


def test_a_booking_goes_to_the_owner_under_an_id_of_its_own() -> None:
    played = Played()
    played.send(account("C1", 0))
    [event] = played.send(transaction("t1", 5, channel="branch", further={"any": [1.50]}))
    assert event == {
        **transaction("t1:C1", 5, channel="branch", further={"any": [1.50]}),
        "customer_id": "C1",
    }
    name, message = played.messages[-1]
    assert (name, message.key) == ("transactions", b"C1")
    assert dict(message.headers) == {"source-position": b"app-by-account/0/1/0", "source-mapping": b"mark"}


def test_what_comes_of_a_booking_has_its_trace_and_what_it_makes_due_has_not() -> None:
    trace = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    played = Played(wait_ms=10)
    played.send(balance("1.00", 0, "A9"), at=0)
    records = [played.record(value, at=100) for value in (account("C1", 0), transaction("t1", 5), b"no JSON")]
    played.at_once([record._replace(headers=trace) for record in records])
    found = [(name, list(message.headers)[2:]) for name, message in played.messages]
    assert found == [(SOURCE_DEAD_LETTERS, []), ("transactions", trace), (SOURCE_DEAD_LETTERS, trace)]


def test_amounts_go_through_as_they_were_written() -> None:
    played = Played()
    played.send(account("C1", 0))
    played.send(balance("1", 1) | {"balance": msgspec.Raw(b"1.5e3")})
    assert b'"balance":1.5e3' in (played.messages[-1][1].value or b"")


def test_each_owner_of_a_joint_account_is_told_with_place_and_share_and_nobody_else() -> None:
    played = Played()
    played.send(account(JOINT, 0))
    events = played.send(balance("100.00", 1))
    assert [(event["customer_id"], event["joint"]) for event in events] == [
        ("C1", {"place": 1, "share": "0.6"}),
        ("C2", {"place": 2, "share": "0.4"}),
    ]
    assert "joint" not in played.send(account("C9", 0, "A9"), balance("1.00", 1, "A9"))[0]


@pytest.mark.parametrize(
    ("given", "scaled"),
    [
        ([None, None], ["0.5", "0.5"]),
        (["60", "40"], ["0.6", "0.4"]),
        (["0.7", None], ["0.7", "0.3"]),
        (["1", None], ["1", "0"]),
        (["0", "0"], ["0.5", "0.5"]),
        (["0.333", "0.333", "0.333"], ["0.333334", "0.333333", "0.333333"]),
        (["0.5", "0.25"], ["0.666667", "0.333333"]),
    ],
)
def test_shares_add_up_to_one(given: list[str | None], scaled: list[str]) -> None:
    played = Played()
    owners = [{"customer_id": f"C{number}", "share": share} for number, share in enumerate(given)]
    events = played.send(account(owners, 0), balance("1.00", 1))
    assert [event["joint"]["share"] for event in events] == scaled


def test_one_owner_listed_twice_counts_once_with_both_shares() -> None:
    played = Played()
    twice = [
        {"customer_id": "C1", "role": "joint", "share": "0.25"},
        {"customer_id": "C2", "role": "owner", "share": "0.5"},
        {"customer_id": "C1", "role": "OWNER", "share": "0.25"},
    ]
    events = played.send(account(twice, 0), balance("1.00", 1))
    assert [(event["customer_id"], event["joint"]["place"], event["joint"]["share"]) for event in events] == [
        ("C1", 1, "0.5"),
        ("C2", 2, "0.5"),
    ]


def test_when_owners_change_the_balance_leaves_the_one_and_comes_to_the_other_as_of_then_once() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5, product="deposit"))
    events = played.send(account("C2", 10))
    assert told(events) == [("C1", "0.00", 10), ("C2", "100.00", 10)]
    assert {event["product"] for event in events} == {"deposit"}
    assert [event["event_id"] for event in events] == ["A1:1:C1", "A1:2:C2"]
    assert played.send(account("C2", 10), account("C2", 11)) == []
    assert told(played.send(balance("120.00", 20))) == [("C2", "120.00", 20)]


def test_the_same_owners_in_another_order_change_nothing() -> None:
    played = Played()
    played.send(account("C1 C2", 0), balance("100.00", 5))
    assert played.send(account("C2 C1", 10), account("C1 C2", 11)) == []


def test_a_role_decides_the_place_before_the_order_does() -> None:
    played = Played()
    played.send(account("C1 C2", 0), balance("100.00", 5))
    swapped = [{"customer_id": "C1", "role": "joint"}, {"customer_id": "C2", "role": "owner"}]
    events = played.send(account(swapped, 10))
    assert {(event["customer_id"], event["joint"]["place"]) for event in events} == {("C1", 2), ("C2", 1)}


def test_a_snapshot_that_comes_again_changes_nothing() -> None:
    played = Played()
    first = [account(JOINT, 0), account("C5", 0, "A2", closed=NOON_MS + 3)]
    played.send(*first, balance("1.00", 1), balance("2.00", 1, "A2"))
    assert played.send(*first) == []


def test_who_is_authorised_and_becomes_an_owner_counts_from_then_on() -> None:
    played = Played()
    played.send(account([{"customer_id": "C1"}, {"customer_id": "C3", "role": "authorised"}], 0))
    played.send(balance("100.00", 5))
    events = played.send(account([{"customer_id": "C1"}, {"customer_id": "C3", "role": "joint"}], 10))
    assert told(events) == [("C1", "100.00", 10), ("C3", "100.00", 10)]
    assert [event["joint"]["place"] for event in events] == [1, 2]


def test_a_late_account_record_counts_from_its_own_time() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5), balance("120.00", 15), balance("130.00", 25))
    assert told(played.send(account("C2", 10))) == [
        ("C1", "0.00", 10),
        ("C2", "100.00", 10),
        ("C1", "0.00", 15),
        ("C2", "120.00", 15),
        ("C1", "0.00", 25),
        ("C2", "130.00", 25),
    ]
    assert told(played.send(account("C3", 20))) == [
        ("C2", "0.00", 20),
        ("C3", "120.00", 20),
        ("C2", "0.00", 25),
        ("C3", "130.00", 25),
    ]


def test_a_late_balance_goes_to_who_owned_the_account_then_and_mends_what_was_moved() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5), account("C2", 10))
    assert told(played.send(balance("80.00", 8))) == [("C1", "80.00", 8), ("C2", "80.00", 10)]


def test_a_closed_account_goes_to_zero_and_a_reopened_one_has_what_is_booked_then() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5))
    assert told(played.send(account("C1", 20, closed=NOON_MS + 10), at=30)) == [("C1", "0.00", 10)]
    assert told(played.send(balance("7.00", 12))) == [("C1", "0.00", 12)]
    assert played.send(account("C1", 40), at=50) == []
    assert told(played.send(balance("50.00", 45))) == [("C1", "50.00", 45)]


def test_what_is_said_of_a_time_to_come_counts_then() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5))
    assert played.send(account("C2", 500), account("C2", 501, closed=NOON_MS + 900), at=10) == []
    assert told(played.send(balance("110.00", 400), at=400)) == [("C1", "110.00", 400)]
    played.restart()
    assert told(played.send(TIME, at=600)) == [("C1", "0.00", 500), ("C2", "110.00", 500)]
    assert told(played.send(TIME, at=900)) == [("C2", "0.00", 900)]
    assert played.send(TIME, at=2_000) == []


def test_an_account_that_becomes_one_of_another_currency_holds_nothing_in_the_former_one() -> None:
    played = Played()
    played.send(account("C1", 0, currency="HRK"), balance("75.00", 5, currency="HRK"))
    played.send(balance("10.00", 10, currency="EUR"))
    assert told(played.send(account("C1", 10, currency="EUR"))) == [("C1", "0.00", 10)]
    assert played.messages[-1][1].value is not None
    assert b"HRK" in played.messages[-1][1].value


def test_a_reversal_goes_to_who_owned_the_account_when_the_original_was_booked() -> None:
    played = Played()
    played.send(account("C1", 0), transaction("t1", 5), account("C2", 10))
    [event] = played.send(transaction("r1", 20, reverses="t1", reversed_at=NOON_MS + 5))
    assert (event["customer_id"], event["reverses"], event["event_id"]) == ("C1", "t1:C1", "r1:C1")


def test_a_repeated_balance_changes_nothing() -> None:
    played = Played()
    played.send(account("C1", 0), balance("100.00", 5))
    assert played.send(balance("100.00", 5), balance("999.00", 6, event_id="b5")) == []


def test_an_account_without_an_owner_who_counts_has_nobody_told() -> None:
    played = Played()
    nobody = [{"customer_id": "C3", "role": "authorised"}]
    assert played.send(account(nobody, 0), transaction("t1", 5), balance("1.00", 6)) == []
    assert told(played.send(account("C1", 10))) == [("C1", "1.00", 10)]


def test_what_comes_before_its_account_waits_and_is_told_in_the_order_in_which_it_came() -> None:
    played = Played()
    assert played.send(transaction("t2", 7), balance("3.00", 6), transaction("t1", 5)) == []
    assert played.partition.shown() == {("accounts_waiting",): 3}
    played.restart()
    assert played.partition.shown() == {("accounts_waiting",): 3}
    assert [event["event_id"] for event in played.send(account("C1", 0))] == ["t2:C1", "b6:C1", "t1:C1"]
    assert played.partition.shown() == {("accounts_waiting",): 0}


def test_what_has_waited_too_long_is_a_dead_letter_before_a_later_record_is_worked() -> None:
    played = Played(wait_ms=1_000)
    played.send(transaction("t1", 5), at=0)
    played.send(transaction("t2", 6), at=500)
    letter, *events = played.send(account("C1", 0), at=1_000)
    assert (letter["reason"], letter["offset"], letter["timestamp_ms"]) == ("unknown_account", 0, NOON_MS)
    assert [event["event_id"] for event in events] == ["t2:C1"]


def test_a_quiet_partition_asks_for_the_time_once_and_gives_up_when_it_is_told() -> None:
    played = Played(wait_ms=1_000)
    played.send(transaction("t1", 5), at=0)
    assert played.wake(1_500) == []
    assert [(name, message.value) for name, message in played.wake(2_000)] == [(BY_ACCOUNT, TIME)]
    assert played.wake(2_001) == []
    [letter] = played.send(TIME, at=2_001)
    assert letter["reason"] == "unknown_account"
    assert played.partition.next_due_ms() is None


def test_no_more_wait_than_a_setting_says_and_the_oldest_is_given_up_first() -> None:
    played = Played(wait_records=2)
    played.send(transaction("t1", 5, "A1"), at=0)
    played.send(transaction("t2", 5, "A2"), transaction("t3", 5, "A1"), at=1)
    [letter] = [message for name, message in played.messages if name == SOURCE_DEAD_LETTERS]
    assert msgspec.json.decode(letter.value or b"")["offset"] == 0
    assert played.partition.shown() == {("accounts_waiting",): 2}
    assert Played(wait_records=0).send(transaction("t1", 5))[0]["reason"] == "unknown_account"
    assert Played(wait_ms=0).send(transaction("t1", 5))[0]["reason"] == "unknown_account"


def test_one_account_has_so_many_bookings_and_bytes_wait_and_no_more() -> None:
    played = Played(wait_records=10_000)
    played.at_once(played.record(transaction(f"t{number}", 5)) for number in range(OF_AN_ACCOUNT + 3))
    assert played.partition.shown() == {("accounts_waiting",): OF_AN_ACCOUNT}
    large = [played.record(transaction("t", 5, "A2", channel="x" * (BYTES_OF_AN_ACCOUNT // 3))) for _ in range(4)]
    played.at_once(large)
    assert played.partition.shown() == {("accounts_waiting",): OF_AN_ACCOUNT + 2}
    assert all(len(record) < 2 * BYTES_OF_AN_ACCOUNT for record in played.partition.packed.values())


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ({"event_id": "x", "account_id": "A1"}, "invalid_field", "there is no owners"),
        (account([{"customer_id": "C1", "role": "boss"}], 0), "invalid_field", "'boss' is no role"),
        (account([{"customer_id": "C1", "share": "half"}], 0), "invalid_field", "decimal"),
        (account([{"customer_id": "C\n1"}], 0), "invalid_field", "control character"),
        (account("C1", 0) | {"as_of": "yesterday"}, "invalid_field", "at `$.as_of`"),
        (balance("1.00000001", 0), "invalid_field", "at `$.balance`"),
        (balance("1.00", 0, currency="dollars"), "invalid_field", "at `$.currency`"),
        (transaction("r", 0, reverses="t"), "invalid_field", "needs reversed_at"),
        (b"[1]", "malformed", "not a JSON object"),
        (b"[" * 1_000, "malformed", "nested"),
    ],
)
def test_what_cannot_be_used_is_a_dead_letter(value: dict[str, Any] | bytes, reason: str, detail: str) -> None:
    [letter] = Played().send(value)
    assert letter["reason"] == reason
    assert detail in letter["detail"]
    assert letter["source"] == "accounts.owners"


def test_an_account_without_an_end_is_open() -> None:
    played = Played()
    played.send(account("C1", 0, closed="9999-12-31T00:00:00Z"), balance("1.00", 1))
    assert played.partition.next_due_ms() is None


def test_ids_that_would_be_too_long_are_hashed() -> None:
    played = Played()
    played.send(account("C" * 200, 0))
    [event] = played.send(transaction("t" * 200, 5))
    assert len(event["event_id"]) == 64
