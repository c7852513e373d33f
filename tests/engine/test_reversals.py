"""Reversals undo once, put back what they took, and come to the same in any order of arrival."""

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.contracts.packing import unpack_state
from streams.engine.measures.days import all_buckets
from streams.engine.measures.reversals import reversals_of
from streams.engine.state import Bucket, CustomerState
from streams.policy.policy import Policy
from streams.simulate import Simulation
from streams.values.events import TRANSACTIONS, Transaction
from tests.simulate.test_simulate import File
from tests.support.daily_recount import in_force
from tests.support.laws import laws
from tests.support.one_customer import DAY_MS, PLAIN, Customer, a_policy, at, e4

NOON = at("2026-11-24T12:00")
LETTERS = "tier.dead-letters"
COUNTED = a_policy(
    """
    [measures.volume]
    sum = ["purchase", "transfer_in"]
    days = 60
    [measures.often]
    count = ["purchase"]
    days = 30
    [[tiers]]
    id = "low"
    [[tiers]]
    id = "mid"
    enter = { any = [{ measure = "volume", at_least = "500" }, { measure = "often", at_least = "4" }] }
    """
)


def bought(name: str, hour: int, amount: str = "100", kind: str = "purchase") -> Transaction:
    return Transaction(name, "C", NOON + hour * 3_600_000, kind, e4(amount), "TWD", NOON + hour * 3_600_000)


def undoes(of: Transaction, name: str, hour: int) -> Transaction:
    at_ms = NOON + hour * 3_600_000
    return structs.replace(of, event_id=name, at_ms=at_ms, belongs_at_ms=of.at_ms, reverses=of.event_id)


def heard(
    events: Sequence[Transaction], policy: Policy = PLAIN, remembered_ids: int = 64, refused: int = 0
) -> CustomerState:
    """The state after these events, in the order in which they are given, as a worker works them.

    refused: so many at most may be reversals that say something else of what they name.
    """
    file = File()
    for event in events:
        more = {} if event.reverses is None else {"reverses": event.reverses, "reversed_at": event.belongs_at_ms}
        amount = f"{event.amount_e4 // 10_000}.{event.amount_e4 % 10_000:04}"
        file.event(
            TRANSACTIONS, "C", event_id=event.event_id, account_id="a", type=event.type, amount=amount,
            currency=event.currency, occurred_at=event.at_ms, **more,
        )  # fmt: skip
    simulation = Simulation(policy, remembered_ids=remembered_ids)
    letters = [json.loads(output.value) for output in simulation.work(file.lines).outputs if output.topic == LETTERS]
    assert all(letter["reason"] == "reversal_mismatch" for letter in letters)
    assert len(letters) <= refused
    return unpack_state(simulation.partition.packed[b"C"])


def sums(state: CustomerState) -> dict[tuple[int, str], tuple[int, int]]:
    """What is kept by day and kind, as numbers and sums; without what comes to nothing."""
    found = {(day, kind): bucket for day, kind, bucket in all_buckets(state)}
    return {name: (bucket.count, bucket.amount_e4) for name, bucket in found.items() if bucket != Bucket()}


def recounted(events: Sequence[Transaction], policy: Policy = PLAIN) -> dict[tuple[int, str], tuple[int, int]]:
    found = defaultdict[tuple[int, str], tuple[int, int]](lambda: (0, 0))
    for event in in_force({event.event_id: event for event in reversed(events)}.values()):  # type: ignore[arg-type]
        name = policy.calendar.day_of(event.at_ms), f"{event.type}.{event.currency}"
        found[name] = found[name][0] + 1, found[name][1] + event.amount_e4
    return dict(found)


P = bought("p", 0)
R = undoes(P, "r", 24)
AGAIN = undoes(P, "r-again", 25)
BACK = undoes(R, "back", 26)
BACK_AGAIN = undoes(R, "back-again", 27)
UNDONE = undoes(BACK, "undone", 28)
LATER = undoes(P, "later", 30)


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([P, R], False),
        ([P, R, AGAIN], False),
        ([P, R, BACK], True),
        ([P, R, BACK, BACK_AGAIN], True),
        ([P, R, AGAIN, BACK], True),  # what the second one did not take, it does not hold
        ([P, R, BACK, UNDONE], False),
        ([P, R, BACK, LATER], False),  # what was put back can be undone
        ([P, R, BACK, LATER, UNDONE], False),
        ([P, undoes(AGAIN, "of nothing", 26), R, AGAIN], False),
        ([P, undoes(P, "p2", 1), undoes(bought("never", 0), "x", 2)], False),
    ],
)
def test_reversals_come_to_the_same_in_any_order_of_arrival(events: list[Transaction], *, counts: bool) -> None:
    other = bought("q", 1, "7")
    day = PLAIN.calendar.day_of(NOON), "purchase.TWD"
    expected = {day: (1 + counts, e4("7") + counts * P.amount_e4)}
    dice = Random(7)  # noqa: S311 - repeatable, not secret
    for _ in range(12):
        order = [*events, other]
        dice.shuffle(order)
        assert sums(heard(order)) == expected, [event.event_id for event in order]
    assert recounted([*events, other]) == expected


OF_LESS = structs.replace(R, event_id="of-less", amount_e4=e4("40"))
OF_MORE = structs.replace(R, event_id="of-more", amount_e4=e4("100.01"))
OF_DOLLARS = structs.replace(R, event_id="of-dollars", currency="USD")
OF_ANOTHER_TYPE = structs.replace(R, event_id="of-another-type", type="transfer_in")
OF_ANOTHER_DAY = structs.replace(R, event_id="of-another-day", belongs_at_ms=P.at_ms - DAY_MS)
BACK_OF_LESS = structs.replace(BACK, event_id="back-of-less", amount_e4=e4("40"))
OF_THE_SAME_DAY = structs.replace(R, event_id="of-the-same-day", belongs_at_ms=P.at_ms + 1_000)


@pytest.mark.parametrize(
    ("events", "wrong", "counts"),
    [
        *(([P, other, AGAIN], 1, False) for other in (OF_MORE, OF_DOLLARS, OF_ANOTHER_TYPE, OF_ANOTHER_DAY)),
        ([P, OF_MORE, OF_DOLLARS, AGAIN], 2, False),
        ([P, OF_MORE], 1, True),
        ([P, OF_MORE, undoes(OF_MORE, "back", 26)], 2, True),  # nothing was taken that could be put back
        ([P, OF_MORE, undoes(OF_MORE, "back", 26), AGAIN], 2, False),
        ([P, AGAIN, structs.replace(OF_LESS, at_ms=NOON + 30 * 3_600_000)], 0, False),
        ([P, R, BACK_OF_LESS], 1, False),
        ([P, R, BACK_OF_LESS, BACK], 1, True),
        ([P, OF_THE_SAME_DAY], 0, False),
    ],
)  # fmt: skip
def test_a_reversal_of_something_else_does_nothing_and_leaves_room_for_the_right_one(
    events: list[Transaction], wrong: int, *, counts: bool
) -> None:
    other = bought("q", 1, "70")
    day = PLAIN.calendar.day_of(NOON), "purchase.TWD"
    for order in permutations([*events, other]):
        found = sums(heard(order, refused=wrong))
        assert found == {day: (1 + counts, e4("70") + counts * P.amount_e4)}, [event.event_id for event in order]


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([P, OF_LESS], "60"),
        ([P, OF_LESS, AGAIN], "60"),  # each event is undone once
        ([P, OF_LESS, undoes(OF_LESS, "back", 26)], "100"),
        ([P, OF_LESS, undoes(OF_LESS, "back", 26), LATER], "0"),
    ],
)
def test_a_part_is_taken_off_and_the_rest_counts_as_one(events: list[Transaction], left: str) -> None:
    other = bought("q", 1, "70")
    day = PLAIN.calendar.day_of(NOON), "purchase.TWD"
    for order in permutations([*events, other]):
        found = sums(heard(order))
        assert found == {day: (1 + (left != "0"), e4("70") + e4(left))}, [event.event_id for event in order]


def test_a_reversal_of_something_else_is_a_dead_letter_and_may_be_sent_again_corrected() -> None:
    corrected = structs.replace(OF_MORE, amount_e4=P.amount_e4)
    assert sums(heard([P, OF_MORE, corrected], refused=1)) == {}
    with pytest.raises(AssertionError):  # one was refused
        heard([P, OF_MORE])


def test_what_is_said_of_a_forgotten_event_is_held_against_the_reversal_that_was_right() -> None:
    later = [bought(f"e{number}", 48 + number) for number in range(80)]
    late = structs.replace(OF_MORE, at_ms=NOON + 200 * 3_600_000)
    assert sums(heard([P, R, *later, late], refused=1)) == sums(heard(later))
    assert sums(heard([P, R, *later, late, P], refused=1)) == sums(heard(later))


def test_of_a_forgotten_event_the_reversal_counts_that_its_day_holds() -> None:
    later = [bought(f"e{number}", 48 + number) for number in range(80)]
    assert sums(heard([P, *later, OF_MORE, AGAIN])) == sums(heard(later))
    assert sums(heard([P, *later, AGAIN, OF_MORE])) == sums(heard(later))


def test_nothing_is_taken_off_that_never_came() -> None:
    q = bought("q", 1)
    assert sums(heard([q, undoes(P, "r", 2)])) == recounted([q])
    assert sums(heard([undoes(P, "r", 2)])) == {}


def test_what_may_have_been_forgotten_is_taken_off_if_its_day_holds_that_much() -> None:
    later = [bought(f"e{number}", 48 + number) for number in range(80)]
    day = (PLAIN.calendar.day_of(NOON), "purchase.TWD")
    assert sums(heard([P, *later]))[day] == (1, P.amount_e4)
    assert day not in sums(heard([P, *later, R]))
    assert sums(heard([P, *later, undoes(bought("p", 0, "100.01"), "r", 24)]))[day] == (1, P.amount_e4)
    assert sums(heard([P, *later, R, BACK]))[day] == (1, P.amount_e4)


def test_what_is_newer_than_all_that_is_forgotten_has_not_come_yet() -> None:
    earlier = [bought(f"e{number}", number - 100) for number in range(80)]
    q = bought("q", 1)
    assert sums(heard([*earlier, q, R])) == sums(heard([*earlier, q]))
    assert sums(heard([*earlier, q, R, P])) == sums(heard([*earlier, q]))


def test_what_comes_again_after_it_was_forgotten_and_undone_stays_undone() -> None:
    later = [bought(f"e{number}", 48 + number) for number in range(80)]
    assert sums(heard([P, R, *later, P, R])) == sums(heard(later))


def test_reversals_that_name_each_other_or_themselves_do_nothing() -> None:
    own = undoes(bought("x", 0), "x", 0)
    one, other = undoes(bought("b", 1), "a", 2), undoes(bought("a", 2), "b", 3)
    assert sums(heard([P, own, one, other])) == recounted([P])
    later = [bought(f"e{number}", 48 + number) for number in range(80)]
    assert sums(heard([one, other, *later, bought("a", 2)])) == sums(heard([*later, bought("a", 2)]))


def test_a_reversal_is_kept_as_long_as_its_days_are() -> None:
    customer = Customer(PLAIN)
    customer.apply(P, R, bought("late", 24 * 100))
    assert len(reversals_of(customer.state)) == 1
    q = bought("q", 24 * 101)
    customer.apply(q, undoes(q, "s", 24 * 102))
    assert [reversal.day for reversal in reversals_of(customer.state)] == [PLAIN.calendar.day_of(q.at_ms)]


@st.composite
def histories(draw: st.DrawFn) -> list[Transaction]:
    """Transactions, reversals of any of them, reversals of reversals, resent ones; in any order of arrival."""
    number = draw(st.integers(1, 4))
    made = [
        bought(f"p{index}", 24 * index, draw(st.sampled_from(["100", "200.0001"])), kind)
        for index in range(number)
        for kind in [draw(st.sampled_from(["purchase", "purchase", "transfer_in", "fee"]))]
    ]
    for index in range(draw(st.integers(0, 7))):
        of = draw(st.sampled_from(made))
        wrong = draw(st.sampled_from([{}, {}, {}, {"amount_e4": 1}, {"amount_e4": e4("150")}, {"type": "cash"}]))
        made.append(structs.replace(undoes(of, f"r{index}", 24 * 8 + index), **wrong))
    never = draw(st.sampled_from(made))
    order = draw(st.permutations([*made, *draw(st.lists(st.sampled_from(made), max_size=4))]))
    return [event for event in order if event is not never] if len(made) > 2 else list(order)


@laws(400)
@given(histories(), st.booleans())
def test_sums_and_counts_equal_a_recount_in_the_order_of_own_times(
    events: list[Transaction],
    often: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    policy = COUNTED if often else PLAIN
    state = heard([*events, bought("last", 24 * 20, "0.0001")], policy, refused=len(events))
    expected = recounted([*events, bought("last", 24 * 20, "0.0001")], policy)
    kept = {name: bucket for name, bucket in expected.items() if name[1].partition(".")[0] in policy.kept_types}
    assert sums(state) == kept
    assert all(count >= 0 and amount_e4 >= 0 for count, amount_e4 in sums(state).values())
    for window, rule in zip(state.windows, policy.windows, strict=True):
        first = window.through_day - rule.days
        mine = [kept[day, kind] for day, kind in kept if kind.partition(".")[0] in rule.types and day > first]
        total = sum(bucket[rule.kind != "count"] for bucket in mine)
        assert window.sum_e4_by_currency.get("TWD", 0) == total


def test_a_reversal_of_a_reversal_corrects_the_rating_that_the_first_one_corrected() -> None:
    monthly = a_policy(
        """
        [measures.bought]
        sum = ["purchase"]
        months = 1
        [rating]
        when = "month_end"
        [[tiers]]
        id = "basic"
        [[tiers]]
        id = "up"
        enter = { measure = "bought", at_least = "100" }
        """
    )
    customer = Customer(monthly)
    first = bought("p", 0)
    back = undoes(first, "r", 24 * 10)
    customer.apply(first, back, undoes(back, "rr", 24 * 11))
    told = [("initial", "basic", "first_event"), ("upgrade", "up", "window_moved")]
    assert customer.told == [*told, ("downgrade", "basic", "correction"), ("upgrade", "up", "correction")]
    assert customer.now_ms == NOON + 11 * DAY_MS
