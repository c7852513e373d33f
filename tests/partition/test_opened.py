"""A customer's record has a limit in bytes, which the documented limits stay below; what would pass it is refused."""

import pytest

from streams.contracts.packing import changelog_bytes, unpack_state
from streams.engine.codec import kept_bytes
from streams.engine.remember import remember, remembered_bytes
from streams.engine.state import CustomerState
from streams.partition import opened
from streams.values.events import BALANCES, CUSTOMERS, LOANS, TOPICS, TRANSACTIONS
from streams.values.fingerprint import REMEMBERED_AT_LEAST
from tests.support.histories import Bench, History, Outcome

BEGIN_MS = 1_795_480_000_000
LONG = "x" * 240
CUSTOMER = b"C1"
SMALL_LIMIT = 20_000


def account(history: History, number: int) -> None:
    history.balance("C1", "1000", BEGIN_MS + number, account=f"{LONG}{number}")


def loan(history: History, number: int) -> None:
    at_ms = BEGIN_MS + 10_000 + number
    history.event(LOANS, "C1", loan_id=f"{LONG}{number}", amount="99999999", currency="TWD", applied_at=at_ms)


def size(outcome: Outcome) -> int:
    return kept_bytes(unpack_state(outcome.packed[CUSTOMER]))


def refused(outcome: Outcome) -> list[tuple[str, int]]:
    return [(letter["topic"], letter["offset"]) for letter in outcome.dead_letters]


def test_a_customer_within_all_limits_has_room_and_fits_the_changelog() -> None:
    """2,000 accounts and 2,000 watched loans, ids of 244 bytes: more than the 1 MiB that Kafka takes by default."""
    history = History()
    for number in range(2_000):
        account(history, number)
        loan(history, number)
    outcome = Bench().work(history)
    assert refused(outcome) == []
    assert 1 << 20 < size(outcome) < opened.STATE_BYTES_LIMIT - opened.EVENT_BYTES
    assert len(outcome.packed[CUSTOMER]) < changelog_bytes(REMEMBERED_AT_LEAST)


@pytest.mark.parametrize("remembered_ids", [REMEMBERED_AT_LEAST, 2_000])
def test_all_that_is_remembered_has_room_in_the_changelog_beside_the_largest_state(remembered_ids: int) -> None:
    state, most = CustomerState(), 0
    for number in range(remembered_ids * 5 // 4):
        for topic in range(len(TOPICS)):
            remember(state, topic, number.to_bytes(14 if topic == TRANSACTIONS else 9), remembered_ids)
        most = max(most, remembered_bytes(state))
    assert changelog_bytes(0) + most <= changelog_bytes(remembered_ids)


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> History:
    """Far more accounts and loans than a limit of 20 kB has room for, and events that need none."""
    monkeypatch.setattr(opened, "STATE_BYTES_LIMIT", SMALL_LIMIT)
    monkeypatch.setattr(opened, "EVENT_BYTES", 4_000)
    history = History()
    for number in range(100):
        account(history, number)
        loan(history, number)
    history.balance("C1", "6000000", BEGIN_MS + 20_000, account=f"{LONG}0")
    history.event(TRANSACTIONS, "C2", account_id="a", type="purchase", amount="1", currency="TWD", occurred_at=BEGIN_MS)
    return history


def test_what_would_pass_the_limit_is_refused_and_the_customer_goes_on(crowded: History) -> None:
    outcome = Bench().work(crowded)
    letters = outcome.dead_letters
    assert {letter["reason"] for letter in letters} == {"limit_exceeded"}
    assert letters[0]["detail"] == "all that is kept of the customer would pass 20,000 bytes, the most that is kept"
    assert SMALL_LIMIT - 500 < size(outcome) <= SMALL_LIMIT
    # The known account's new balance adds nothing, and counts.
    assert ("bank.balances", 100) not in refused(outcome)
    assert outcome.changes[-1]["tier"] == "high"


@pytest.mark.parametrize("sizes", [(1,), (7,), (64, 3)])
@pytest.mark.parametrize("take_over", [False, True])
def test_how_events_fall_into_batches_does_not_matter(
    crowded: History,
    sizes: tuple[int, ...],
    take_over: bool,  # noqa: FBT001 - a row of the table
) -> None:
    whole = Bench().work(crowded)
    cut = Bench(take_over=take_over).work(crowded, sizes)
    assert refused(cut) == refused(whole) != []
    assert cut.packed[CUSTOMER] == whole.packed[CUSTOMER]


def test_an_erase_makes_room(crowded: History) -> None:
    crowded.event(CUSTOMERS, "C1", action="erase", at=BEGIN_MS + 30_000)
    crowded.balance("C1", "1", BEGIN_MS + 40_000, account="new")
    outcome = Bench().work(crowded)
    assert ("bank.balances", len(crowded.topics[BALANCES]) - 1) not in refused(outcome)
    assert size(outcome) < SMALL_LIMIT
