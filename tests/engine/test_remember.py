from streams.engine.remember import is_remembered, remember
from streams.engine.state import REMEMBERED_PER_TOPIC, CustomerState
from streams.values.events import BALANCES, CREDIT


def marks(number: int) -> list[bytes]:
    return [index.to_bytes(8, "big") for index in range(number)]


def test_the_last_64_of_a_topic_are_remembered() -> None:
    state = CustomerState()
    seen = marks(REMEMBERED_PER_TOPIC)
    for mark in seen:
        remember(state, BALANCES, mark)
    assert REMEMBERED_PER_TOPIC == 64
    assert all(is_remembered(state, BALANCES, mark) for mark in seen)


def test_the_65th_puts_out_the_first() -> None:
    state = CustomerState()
    seen = marks(65)
    for mark in seen:
        remember(state, BALANCES, mark)
    assert [is_remembered(state, BALANCES, mark) for mark in seen] == [False] + [True] * 64


def test_an_id_of_another_topic_is_another_event() -> None:
    state = CustomerState()
    (mark,) = marks(1)
    remember(state, BALANCES, mark)
    assert not is_remembered(state, CREDIT, mark)


def test_nothing_is_remembered_of_nothing() -> None:
    assert not is_remembered(CustomerState(), BALANCES, b"12345678")


def test_bytes_across_two_neighbours_are_no_event() -> None:
    state = CustomerState()
    remember(state, BALANCES, b"abcdefgh")
    remember(state, BALANCES, b"ijklmnop")
    assert not is_remembered(state, BALANCES, b"efghijkl")
    remember(state, BALANCES, b"efghijkl")
    assert is_remembered(state, BALANCES, b"efghijkl")


def test_what_looks_like_an_event_across_neighbours_does_not_hide_it() -> None:
    state = CustomerState()
    for mark in (b"aaaabbbb", b"ccccaaaa", b"bbbbcccc"):
        remember(state, BALANCES, mark)
    assert is_remembered(state, BALANCES, b"bbbbcccc")
