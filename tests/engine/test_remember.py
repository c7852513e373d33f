import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.packing import pack_state, unpack_state
from streams.engine.remember import content_of, newest_dropped_ms, remember
from streams.engine.state import CustomerState
from streams.values.events import BALANCES, CREDIT, TRANSACTIONS
from tests.support.laws import laws

SAME = b"\1\2"
SAID = b"\1\3\4\5\6\7\10"  # the content of a transaction, and what a reversal must say


def is_remembered(state: CustomerState, topic: int, mark: bytes) -> bool:
    return content_of(state, topic, mark) is not None


def marks(number: int) -> list[bytes]:
    return [index.to_bytes(7, "big") for index in range(number)]


def seen(number: int, limit: int = 64) -> CustomerState:
    """A state after so many transactions, one each millisecond."""
    state = CustomerState()
    for at_ms, mark in enumerate(marks(number)):
        hear(state, mark, at_ms, limit)
    return state


def hear(state: CustomerState, mark: bytes, at_ms: int, limit: int) -> None:
    """Notes the time of a transaction, and remembers it, as when one is applied."""
    state.last_transaction_ms = at_ms if state.last_transaction_ms is None else max(state.last_transaction_ms, at_ms)
    remember(state, TRANSACTIONS, mark + SAID, limit)


@pytest.mark.parametrize("limit", [64, 65, 100, 1_000])
@pytest.mark.parametrize("number", [1, 63, 64, 65, 1_000, 3_333])
def test_at_least_as_many_as_asked_for_are_remembered_and_not_many_more(number: int, limit: int) -> None:
    state = seen(number, limit)
    known = [is_remembered(state, TRANSACTIONS, mark) for mark in marks(number)]
    assert all(known[-limit:])
    assert sum(known) <= limit + limit // 4
    assert sorted(known) == known  # the oldest are dropped
    dropped_ms = newest_dropped_ms(state)
    assert dropped_ms == (None if all(known) else known.index(True) - 1)
    assert unpack_state(pack_state(state)) == state


@laws(100)
@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from([64, 64, 80, 200])), max_size=300))
def test_another_number_asked_for_holds_from_the_next_event_on(heard: list[tuple[int, int]]) -> None:
    state = CustomerState()
    for number, (at_ms, limit) in enumerate(heard):
        hear(state, number.to_bytes(7, "big"), at_ms, limit)
    known = [is_remembered(state, TRANSACTIONS, mark) for mark in marks(len(heard))]
    assert all(known[-64:])
    forgotten = [at_ms for (at_ms, _), is_known in zip(heard, known, strict=True) if not is_known]
    dropped_ms = newest_dropped_ms(state)
    assert (dropped_ms is None) == (not forgotten)
    assert dropped_ms is None or dropped_ms >= max(forgotten)


def test_an_id_of_another_topic_is_another_event() -> None:
    state = CustomerState()
    (mark,) = marks(1)
    remember(state, BALANCES, mark + SAME, 64)
    assert content_of(state, BALANCES, mark) == SAME
    assert content_of(state, CREDIT, mark) is None


def test_nothing_is_remembered_of_nothing() -> None:
    assert not is_remembered(CustomerState(), BALANCES, b"1234567")


def test_bytes_across_two_neighbours_are_no_event() -> None:
    state = CustomerState()
    remember(state, BALANCES, b"abcdefg" + SAME, 64)
    remember(state, BALANCES, b"hijklmn" + SAME, 64)
    assert not is_remembered(state, BALANCES, b"fg" + SAME + b"hij")
    remember(state, BALANCES, b"fg" + SAME + b"hij" + b"\7\7", 64)
    assert content_of(state, BALANCES, b"fg" + SAME + b"hij") == b"\7\7"
