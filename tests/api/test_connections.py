"""Who has to go where there is no room, and when: by the rules alone, without a network."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.api.connections import Connections
from streams.security.http_limits import HttpLimits
from tests.support.laws import laws

LIMITS = HttpLimits(connections=4, connections_per_address=3, head_ms=5_000, idle_ms=60_000, answer_ms=10_000)


@dataclass(eq=False)
class One:
    address: str = "10.0.0.1"
    is_unread: bool = False
    head_begun: bool = False


def test_whoever_has_waited_longest_goes_for_a_newer_one() -> None:
    among: Connections[One] = Connections(LIMITS)
    first, second, third, fourth, fifth = (One(str(n)) for n in range(5))
    assert [among.enter(one, 0) for one in (first, second, third, fourth)] == [None] * 4
    among.answering(first, 1)
    assert among.enter(fifth, 1) is second
    among.answered(first, 2)
    assert among.enter(second, 3) is third
    assert len(among) == 4


def test_an_address_with_too_many_makes_room_itself() -> None:
    among: Connections[One] = Connections(LIMITS)
    other, first, second, third, fourth = One("10.0.0.9"), One(), One(), One(), One()
    assert [among.enter(one, 0) for one in (other, first, second, third)] == [None] * 4
    assert among.enter(fourth, 0) is first


def test_where_all_are_at_work_who_does_not_read_goes_or_else_who_comes() -> None:
    among: Connections[One] = Connections(LIMITS)
    four = [One(str(n)) for n in range(4)]
    for one in four:
        among.enter(one, 0)
        among.answering(one, 0)
    comes = One("10.0.0.9")
    assert among.enter(comes, 0) is comes
    four[2].is_unread = True
    assert among.enter(comes, 0) is four[2]


def test_what_is_ended_is_counted_by_why() -> None:
    counted: list[str] = []
    among: Connections[One] = Connections(LIMITS, counted.append)
    for number in range(4):
        among.enter(One(str(number)), 0)
    among.enter(One("10.0.0.9"), 0)
    among.note("malformed")
    assert counted == ["made_room", "malformed"]
    assert among.ended == {"made_room": 1, "malformed": 1}


def test_each_state_has_its_time() -> None:
    among: Connections[One] = Connections(LIMITS)
    one = One()
    among.enter(one, 0)
    assert (among.due(4.9), among.due(5)) == ([], [one])
    among.answering(one, 1)
    assert (among.due(10.9), among.due(11)) == ([], [one])
    among.answered(one, 2)
    assert (among.due(61.9), among.due(62)) == ([], [one])
    among.head_began(one, 50)
    assert (among.due(54.9), among.due(55)) == ([], [one])
    among.answering(one, 51)
    one.head_begun = True  # a part of the next request came meanwhile
    among.answered(one, 52)
    assert (among.due(56.9), among.due(57)) == ([], [one])


@laws(200)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["enter", "leave", "answering", "answered"]))))
def test_there_are_never_more_than_the_limits_say(steps: list[tuple[int, str]]) -> None:
    among: Connections[One] = Connections(LIMITS)
    ones = [One(str(n % 2)) for n in range(10)]
    held: set[One] = set()
    for number, step in steps:
        one = ones[number]
        if step == "enter" and one not in held:
            held |= {one}
            held -= {among.enter(one, 0)}
        elif step == "leave":
            among.leave(one)
            held -= {one}
        elif step == "answering":
            among.answering(one, 0)
        else:
            among.answered(one, 0)
        assert len(among) == len(held) <= LIMITS.connections
        assert all(sum(each.address == address for each in held) <= LIMITS.connections_per_address for address in "01")
        assert set(among.due(1e9)) == held
