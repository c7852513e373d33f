"""Laws: whatever the order in which account records and bookings come, everybody holds what is right."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.accounts.state import BALANCES_KEPT, OWNERSHIPS_KEPT
from streams.partition.accounts import TIME
from tests.support.account_records import NOON_MS, Played, account, balance
from tests.support.laws import laws
from tests.support.naive_owners import held_at, told_at

LATEST = 60
MORE_THAN_KEPT = 2 * max(BALANCES_KEPT, OWNERSHIPS_KEPT)
TIMES = st.integers(0, LATEST)
CUSTOMERS = ("C1", "C2", "C3", "C4")


@st.composite
def owners(draw: st.DrawFn) -> list[dict[str, Any]]:
    listed = draw(st.lists(st.sampled_from(CUSTOMERS), max_size=3))
    return [{"customer_id": who, "role": draw(st.sampled_from(("owner", "joint", "authorised")))} for who in listed]


@st.composite
def records(draw: st.DrawFn, most: int, least: int = 1, *, distinct: bool) -> list[dict[str, Any]]:
    """Account records and balances of one account in any order, each of a time of its own among its kind."""
    found: list[dict[str, Any]] = []
    for number, as_of in enumerate(draw(st.lists(TIMES, min_size=least, max_size=most, unique=True))):
        closed = draw(st.none() | TIMES)
        more = {} if closed is None else {"closed": NOON_MS + closed}
        # Of records that say the same, only the first and the last of a row are kept: what they say differs here.
        more |= {"product": f"p{number}"} if distinct else {}
        found.append(account(draw(owners()), as_of, **more))
    booked = draw(st.lists(TIMES, min_size=least - 1, max_size=most, unique=True))
    found += [balance(f"{draw(st.integers(-9, 9))}.00", as_of) for as_of in booked]
    return draw(st.permutations(found))


@laws(200)
@given(records(6, distinct=True))
def test_what_everybody_was_told_is_right_at_every_time(sent: list[dict[str, Any]]) -> None:
    played = Played(wait_ms=10**9)
    played.send(*sent)
    told = played.balances()
    for at in range(-1, LATEST + 2):
        assert told_at(told, NOON_MS + at) == held_at(sent, NOON_MS + at)


@laws(40)
@given(sent=records(MORE_THAN_KEPT, MORE_THAN_KEPT // 2, distinct=False), restarts=st.booleans())
def test_however_much_there_is_the_newest_balance_is_right(sent: list[dict[str, Any]], *, restarts: bool) -> None:
    played = Played(wait_ms=10**9)
    newest = max(record["as_of"] for record in sent)
    for record in sent:
        played.send(record)
        if restarts:
            played.restart()
    assert told_at(played.balances(), NOON_MS + newest + LATEST) == held_at(sent, NOON_MS + newest + LATEST)


@laws(100)
@given(records(5, distinct=True), st.lists(st.integers(0, LATEST), min_size=1, max_size=12))
def test_what_is_said_beforehand_counts_when_its_time_has_come(sent: list[dict[str, Any]], clock: list[int]) -> None:
    played = Played(wait_ms=10**9)
    for number, record in enumerate(sent):
        played.send(record, at=clock[number % len(clock)])
    played.restart()
    played.send(TIME, at=LATEST + 1)
    told = played.balances()
    for at in range(-1, LATEST + 2):
        assert told_at(told, NOON_MS + at) == held_at(sent, NOON_MS + at)


@laws(50)
@given(records(6, distinct=True), st.data())
def test_what_comes_again_changes_nothing(sent: list[dict[str, Any]], data: st.DataObject) -> None:
    played = Played(wait_ms=10**9)
    played.send(*sent)
    again = data.draw(st.lists(st.sampled_from(sent)))
    before = played.balances()
    for record in again:
        played.send(record)
    assert played.balances() == before


@laws(50)
@given(records(8, distinct=False), st.integers(1, 20))
def test_batches_and_restarts_change_nothing(sent: list[dict[str, Any]], size: int) -> None:
    singly, together = Played(), Played()
    singly.send(*sent)
    for at in range(0, len(sent), size):
        together.at_once([together.record(one) for one in sent[at : at + size]])
        together.restart()
    assert [message for _, message in together.messages] == [message for _, message in singly.messages]
    assert together.partition.packed == singly.partition.packed
