import gzip
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.decode import decode
from streams.contracts.event_line import EventLine
from streams.contracts.rejection import Rejection
from streams.errors import UsageError
from streams.load.berka import berka_by_account, berka_waves, transaction_type
from streams.load.berka_files import read_berka
from streams.partition.customers import Customers
from streams.partition.entries import LargeRecord, Record
from streams.partition.outputs import sent_to
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES, DEAD_LETTERS
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder
from streams.values.events import BALANCES, BY_ACCOUNT, CREDIT, LOANS, TOPICS, TRANSACTIONS
from tests.support.account_records import Played
from tests.support.histories import DOOMSDAY_MS

COMPLETE = Path(__file__).parents[3] / "shared" / "data" / "berka-complete"
POLICY = load_policy((policy_folder() / "berka.toml").read_text(encoding="utf-8"))
TIME_FIELDS = ("as_of", "occurred_at", "as_of", "applied_at")

DISP = ['"disp_id";"client_id";"account_id";"type"', '1;11;7;"OWNER"', '2;12;7;"DISPONENT"', '3;13;8;"OWNER"']
LOAN = [
    '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"',
    '31;8;930102;96396;12;8033.00;"B"',
    '32;7;931231;100;24;5.00;"A"',
]
TRANS_HEADER = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'
# Not in order of date; the second and third row are of one account and day.
TRANS = [
    TRANS_HEADER,
    '4;7;930131;"VYDAJ";"VYBER";14.60;-20.10;"SANKC. UROK";;',
    '1;7;930101;"PRIJEM";"VKLAD";900.00;900.00;;;',
    '9;7;930101;"VYDAJ";"VYBER";0.10;899.90;;;',
    '2;8;930101;"PRIJEM";"PREVOD Z UCTU";1000.00;1000.00;"DUCHOD";"YZ";30300313',
]


def write_berka(folder: Path, trans: Sequence[str] = TRANS, disp: Sequence[str] = DISP) -> Path:
    (folder / "disp.asc").write_text("\r\n".join(disp) + "\r\n", newline="")
    (folder / "loan.asc").write_text("\r\n".join(LOAN) + "\r\n", newline="")
    (folder / "trans.asc").write_text("\n".join(trans) + "\n")
    return folder


def events_of(folder: Path) -> list[EventLine]:
    return [event for wave in berka_waves(read_berka(folder)) for event in wave.events]


def at_ms(event: EventLine) -> int:
    return int(json.loads(event.value)[TIME_FIELDS[event.topic]])


@pytest.mark.parametrize(
    ("kind", "operation", "k_symbol", "event_type"),
    [
        # Every combination of the data, and how often it is there.
        ("VYDAJ", "VYBER", "", "cash"),  # 189,846
        ("PRIJEM", "", "UROK", "interest"),  # 133,901
        ("PRIJEM", "VKLAD", "", "deposit"),  # 115,662
        ("VYDAJ", "VYBER", "SLUZBY", "fee"),  # 113,018
        ("VYDAJ", "PREVOD NA UCET", "SIPO", "transfer_out"),  # 83,400
        ("VYDAJ", "PREVOD NA UCET", "", "transfer_out"),  # 44,181
        ("PRIJEM", "PREVOD Z UCTU", "", "transfer_in"),  # 25,806
        ("PRIJEM", "PREVOD Z UCTU", "DUCHOD", "transfer_in"),  # 21,984
        ("VYDAJ", "PREVOD NA UCET", "POJISTNE", "transfer_out"),  # 13,388
        ("VYBER", "VYBER", "", "cash"),  # 12,126
        ("VYDAJ", "PREVOD NA UCET", "UVER", "loan_payment"),  # 9,701
        ("VYDAJ", "VYBER KARTOU", "", "cash"),  # 5,743
        ("VYDAJ", "VYBER", "SIPO", "cash"),  # 2,007
        ("VYDAJ", "VYBER", "SANKC. UROK", "fee"),  # 1,148
        ("VYDAJ", "VYBER", "POJISTNE", "cash"),  # 16
        # And what is not.
        ("VYDAJ", "", "", "other"),
        ("VKLAD", "", "UROK", "other"),
    ],
)
def test_a_row_says_the_type(kind: str, operation: str, k_symbol: str, event_type: str) -> None:
    assert transaction_type(kind, operation, k_symbol) == event_type


def test_rows_become_events_in_time_order(tmp_path: Path) -> None:
    told = [
        (event.topic, at_ms(event), json.loads(event.value)["event_id"]) for event in events_of(write_berka(tmp_path))
    ]

    def prague(day: str, clock: str) -> int:
        return round(datetime.fromisoformat(f"1993-{day}T{clock}+01:00").timestamp() * 1000)

    assert told == [
        (TRANSACTIONS, prague("01-01", "09:00:00"), "t1"),
        (TRANSACTIONS, prague("01-01", "09:00:00"), "t2"),
        (BALANCES, prague("01-01", "09:00:01"), "b1"),
        (BALANCES, prague("01-01", "09:00:01"), "b2"),
        (TRANSACTIONS, prague("01-01", "09:00:10"), "t9"),
        (BALANCES, prague("01-01", "09:00:11"), "b9"),
        (LOANS, prague("01-02", "08:00:00"), "l31"),
        (TRANSACTIONS, prague("01-31", "09:00:00"), "t4"),
        (BALANCES, prague("01-31", "09:00:01"), "b4"),
        (CREDIT, prague("01-31", "09:00:02"), "c7-1993-01-31"),
        (LOANS, prague("12-31", "08:00:00"), "l32"),
    ]


def test_events_say_exactly_what_the_rows_say(tmp_path: Path) -> None:
    events = {json.loads(event.value)["event_id"]: event for event in events_of(write_berka(tmp_path))}
    expected: dict[str, dict[str, Any]] = {
        "t4": {"account_id": "7", "type": "fee", "amount": "14.60", "currency": "CZK"},
        "b4": {"account_id": "7", "balance": "-20.10", "currency": "CZK", "product": "deposit"},
        "c7-1993-01-31": {"standing": "poor"},
        "l32": {"loan_id": "L32", "amount": "100", "currency": "CZK", "term_months": 24},
    }
    for event_id, says in expected.items():
        event = events[event_id]
        told = json.loads(event.value)
        del told[TIME_FIELDS[event.topic]]
        assert told == {"event_id": event_id, "customer_id": "B11", **says}
        assert event.key == b"B11"


def test_summer_time_is_the_zones(tmp_path: Path) -> None:
    row = '1;7;930701;"PRIJEM";"VKLAD";900.00;900.00;;;'
    loan, first = events_of(write_berka(tmp_path, [TRANS_HEADER, row]))[:2]
    assert loan.topic == LOANS
    assert datetime.fromtimestamp(at_ms(first) / 1000, UTC).isoformat() == "1993-07-01T07:00:00+00:00"


def test_a_packed_file_is_the_same(tmp_path: Path) -> None:
    plain = events_of(write_berka(tmp_path))
    for path in list(tmp_path.iterdir()):
        path.with_suffix(".asc.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert events_of(tmp_path) == plain


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('1;7;930101;"PRIJEM";"VKLAD";900.00;900.00', "trans.asc, line 6: .* is no row of trans_id;account_id;date"),
        ('1;7;931301;"PRIJEM";"VKLAD";900.00;900.00;;;', "trans.asc, line 6"),
        ('1;7;930101;"PRIJEM";"VKLAD";9e2;900.00;;;', "trans.asc, line 6"),
        ('1;7;930101;"PRIJEM;"VKLAD";900.00;900.00;;;', "trans.asc, line 6"),
        ('1;7;930231;"PRIJEM";"VKLAD";900.00;900.00;;;', "930231 .* is no day"),
        ('1;99;930101;"PRIJEM";"VKLAD";900.00;900.00;;;', "row 1 is of account 99, which has no OWNER in disp.asc"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        events_of(write_berka(tmp_path, [*TRANS, row]))


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    write_berka(tmp_path)
    (tmp_path / "loan.asc").write_text("loan_id,account_id\n")
    with pytest.raises(UsageError, match=r"loan.asc: the first line is 'loan_id,account_id'; it must be 'loan_id;acc"):
        read_berka(tmp_path)
    (tmp_path / "loan.asc").unlink()
    (tmp_path / "loan.asc.gz").write_bytes(b"no gzip")
    with pytest.raises(UsageError, match=r"loan.asc.gz cannot be read"):
        read_berka(tmp_path)
    (tmp_path / "loan.asc.gz").unlink()
    with pytest.raises(UsageError, match=r"there is no .*loan.asc, nor a loan.asc.gz"):
        read_berka(tmp_path)


# --- The real data, where it is at hand -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def complete() -> list[EventLine]:
    if not COMPLETE.is_dir():
        pytest.skip("the PKDD'99 data is not at hand")
    return events_of(COMPLETE)


def test_the_real_data_arrives_whole_and_valid(complete: list[EventLine]) -> None:
    rejected = [
        answer
        for event in complete
        if isinstance(answer := decode(event.topic, event.key, event.value, POLICY), Rejection)
    ]
    assert rejected == []
    counts = Counter(event.topic for event in complete)
    assert (counts[TRANSACTIONS], counts[BALANCES], counts[LOANS]) == (79_302, 79_302, 682)
    assert counts[CREDIT] > 0


def test_the_real_data_is_in_time_order_with_a_time_of_its_own_for_every_event_of_an_account(
    complete: list[EventLine],
) -> None:
    times = [(at_ms(event), event.key) for event in complete]
    assert all(earlier <= later for (earlier, _), (later, _) in pairwise(times))
    assert len(set(times)) == len(times)
    ids = {(event.topic, json.loads(event.value)["event_id"]) for event in complete}
    assert len(ids) == len(complete)


class _Stored(Record):
    def __init__(self, offset: int, event: EventLine) -> None:
        self._offset, self._event = offset, event

    offset = property(lambda self: self._offset)
    key = property(lambda self: self._event.key)
    value = property(lambda self: self._event.value)


def test_loading_twice_changes_nothing(complete: list[EventLine]) -> None:
    keys = set(sorted({event.key or b"" for event in complete})[:150])
    events = [event for event in complete if event.key in keys]
    rules = PartitionSetup(0, POLICY, "event", [f"bank.{name}" for name in TOPICS], "test", lambda _: True)
    partition = Customers(rules)

    def work() -> tuple[int, int]:
        entries = []
        for event in events:
            offset = partition.next_offsets[event.topic]
            entries += partition.decode(event.topic, [_Stored(offset, event)])
            partition.next_offsets[event.topic] += 1
        done = partition.work(entries, list(partition.next_offsets), DOOMSDAY_MS)
        partition.keep(done)
        return len(sent_to(done, CHANGES)), len(sent_to(done, DEAD_LETTERS))

    changes, dead_letters = work()
    assert changes > len(keys)
    assert dead_letters == 0
    assert work() == (0, 0)


def test_by_account_bookings_name_no_customer_and_disponents_are_authorised(tmp_path: Path) -> None:
    first, *waves = berka_by_account(read_berka(write_berka(tmp_path)))
    assert [json.loads(event.value)["owners"] for event in first.events] == [
        [{"customer_id": "B11", "role": "owner"}, {"customer_id": "B12", "role": "authorised"}],
        [{"customer_id": "B13", "role": "owner"}],
    ]
    events = [event for wave in waves for event in wave.events]
    booked = [event for event in events if event.topic == BY_ACCOUNT]
    assert {event.topic for event in events} == {BY_ACCOUNT, LOANS, CREDIT}
    assert len(booked) == 8
    assert all("customer_id" not in json.loads(event.value) for event in booked)
    assert {event.key for event in booked} == {b"7", b"8"}


@pytest.mark.skipif(not COMPLETE.is_dir(), reason="needs the PKDD'99 data")
def test_joined_with_its_owners_the_data_is_what_it_is_without() -> None:
    files = read_berka(COMPLETE)
    accounts, *waves = islice(berka_by_account(files), 2)
    played, booked = Played(), [event for wave in waves for event in wave.events if event.topic == BY_ACCOUNT]
    played.at_once(
        LargeRecord(number, DOOMSDAY_MS, event.key, event.value)
        for number, event in enumerate([*accounts.events, *booked])
    )
    found = [(name, message.key, message.value) for name, message in played.messages]
    plain = [event for wave in islice(berka_waves(files), 1) for event in wave.events]
    meant = [
        (TOPICS[event.topic], event.key, event.value) for event in plain if event.topic in (BALANCES, TRANSACTIONS)
    ]
    assert len(accounts.events) == 4_500
    assert [as_joined(*one) for one in meant] == [(name, key, json.loads(value or b"")) for name, key, value in found]


def as_joined(name: str, key: bytes | None, value: bytes) -> tuple[str, bytes | None, dict[str, Any]]:
    event = json.loads(value)
    return name, key, {**event, "event_id": f"{event['event_id']}:{event['customer_id']}"}
