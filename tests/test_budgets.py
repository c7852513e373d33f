"""A budget is never exceeded, whatever comes in whatever order; what is spent survives."""

from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets import BudgetName, Budgets, NoCandidateError, Spent
from streams.contracts.triggers import BudgetMessage, CandidateMessage

GIFT, MONTH = "gift", "2026-11"
HEADERS = [("ce_id", b"1")]


class Record(NamedTuple):
    offset: int
    value: bytes | None
    headers: Any = HEADERS


def candidate(  # noqa: PLR0913 - what a candidate bears
    number: int = 1,
    *,
    amount: int = 0,
    triggers: int | None = None,
    amounts: int | None = None,
    spends: bool = True,
    campaign: str = GIFT,
    period: str = MONTH,
) -> bytes:
    """The trigger of customer C{number}; triggers, amounts: what the budget holds in all. Cents."""
    return msgspec.json.encode(
        CandidateMessage(
            customer_id=f"C{number}",
            id=f"C{number}:{campaign}:1",
            spends=spends,
            amount_cents=amount,
            budget=BudgetMessage(campaign=campaign, period=period, triggers=triggers, amount_cents=amounts),
            at="2026-11-24T09:30:00+08:00",
            trigger=msgspec.Raw(b'{"id":"C%d"}' % number),
        )
    )


def granted(budgets: Budgets, *values: bytes) -> str:
    """A letter each: granted or refused."""
    return "".join("g" if budgets.granted(value) else "r" for value in values)


@pytest.mark.parametrize(
    ("triggers", "amounts", "amount", "expected"),
    [
        (3, None, 500, "gggrr"),
        (0, None, 500, "rrrrr"),
        (None, 1_500, 500, "gggrr"),
        (None, 1_499, 500, "ggrrr"),
        (None, 0, 500, "rrrrr"),
        (None, 0, 0, "ggggg"),  # what costs nothing never ends an amount
        (2, 1_500, 500, "ggrrr"),
        (4, 1_500, 500, "gggrr"),
        (None, None, 500, "ggggg"),
    ],
)
def test_a_budget_ends_at_whichever_limit_comes_first(
    triggers: int | None, amounts: int | None, amount: int, expected: str
) -> None:
    values = [candidate(number, amount=amount, triggers=triggers, amounts=amounts) for number in range(5)]
    assert granted(Budgets(), *values) == expected


def test_what_does_not_fit_leaves_the_rest_to_a_smaller_one() -> None:
    values = [candidate(amount=amount, amounts=1_000) for amount in (700, 400, 300, 1)]
    assert granted(Budgets(), *values) == "grgr"


def test_held_out_ones_spend_nothing_and_end_with_the_treated() -> None:
    budgets = Budgets()
    out, treated = candidate(1, triggers=2, amount=5, spends=False), candidate(2, triggers=2, amount=5)
    assert granted(budgets, out, out, out, treated, out, treated, out, treated) == "ggggggrr"
    assert budgets.spent(GIFT, MONTH) == Spent(triggers=2, amount_cents=10, refused=2)


def test_campaigns_and_periods_have_budgets_of_their_own() -> None:
    budgets = Budgets()
    others = candidate(triggers=1, period="2026-12"), candidate(triggers=1, campaign="other"), candidate(triggers=1)
    assert granted(budgets, *others, *others) == "gggrrr"


def test_the_limits_are_those_that_the_candidate_bears() -> None:
    """Another policy may give a budget more, or less."""
    budgets = Budgets()
    assert granted(budgets, *[candidate(triggers=limit) for limit in (1, 1, 2, 1, 3, 3)]) == "grgrgr"


def test_a_period_long_past_is_still_counted() -> None:
    budgets = Budgets()
    days = [f"20{year}-01-01" for year in range(10, 60)]
    assert granted(budgets, *[candidate(triggers=1, period=day) for day in days]) == "g" * 50
    assert granted(budgets, candidate(triggers=1, period=days[0])) == "r"


def test_a_batch_is_all_that_its_transaction_writes() -> None:
    budgets = Budgets(counter=7)
    values = [
        candidate(1, triggers=2, amount=100),
        candidate(2, triggers=2, spends=False),
        candidate(3, triggers=2, amount=100),
        candidate(4, triggers=2),
        candidate(5, triggers=2),
    ]
    grants = budgets.work([Record(10 + number, value) for number, value in enumerate(values)])
    assert [tuple(trigger) for trigger in grants.triggers] == [
        (b"C%d" % number, b'{"id":"C%d"}' % number, HEADERS) for number in (1, 2, 3)
    ]
    assert grants.states == {b'["gift","2026-11"]': b'{"triggers":2,"amount_cents":200,"refused":2}'}
    assert (grants.lane.next_offsets, grants.lane.counter) == ((15,), 8)
    assert grants.granted == {(GIFT, "treated"): 2, (GIFT, "held_out"): 1}
    assert grants.refused == {GIFT: 2}
    assert grants.spent == [BudgetName(GIFT, MONTH)]


def test_that_a_budget_is_spent_is_told_once_whoever_works_on() -> None:
    budgets, packed = Budgets(), {}
    told = []
    for offset in range(6):
        grants = budgets.work([Record(offset, candidate(offset, triggers=2))])
        packed.update(grants.states)
        told.append(len(grants.spent))
        budgets = Budgets(packed, grants.lane.counter)
    assert told == [0, 0, 1, 0, 0, 0]


def test_only_what_has_changed_is_written_again() -> None:
    budgets = Budgets()
    budgets.work([Record(0, candidate(1, triggers=9)), Record(1, candidate(1, campaign="other"))])
    assert list(budgets.work([Record(2, candidate(2, triggers=9))]).states) == [b'["gift","2026-11"]']
    assert budgets.work([Record(3, candidate(3, triggers=9, spends=False))]).states == {}


@pytest.mark.parametrize("value", [None, b"", b"{", b"{}", b"[]"])
def test_what_is_no_candidate_is_said(value: bytes | None) -> None:
    with pytest.raises(NoCandidateError):
        Budgets().granted(value)


ANY_CANDIDATE = st.builds(
    candidate,
    st.integers(0, 9),
    amount=st.integers(0, 50),
    spends=st.booleans(),
    campaign=st.sampled_from([GIFT, "other"]),
    period=st.sampled_from(["", MONTH]),
    triggers=st.just(5),
    amounts=st.just(100),
)
SOME = st.lists(ANY_CANDIDATE, max_size=60)


@given(SOME)
def test_no_budget_is_ever_exceeded_and_what_is_refused_would_exceed_it(values: list[bytes]) -> None:
    budgets, treated, amounts = Budgets(), dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    for value in values:
        told = budgets.grant(value)
        name = told.candidate.budget.campaign, told.candidate.budget.period
        fits = treated[name] < 5 and amounts[name] + told.candidate.amount_cents <= 100
        assert told.granted == fits
        if told.granted and told.candidate.spends:
            treated[name] += 1
            amounts[name] += told.candidate.amount_cents
        spent = budgets.spent(*name)
        assert (spent.triggers, spent.amount_cents) == (treated[name], amounts[name])


NAMES = [(campaign, period) for campaign in (GIFT, "other") for period in ("", MONTH)]


@given(SOME.filter(len), st.data())
def test_however_batches_and_owners_change_the_same_is_granted(values: list[bytes], data: st.DataObject) -> None:
    at_once = Budgets().work([Record(offset, value) for offset, value in enumerate(values)])
    packed: dict[bytes, bytes] = {}
    triggers, offset, counter = [], 0, 0
    while offset < len(values):
        size = data.draw(st.integers(1, len(values) - offset))
        batch = [Record(offset + number, value) for number, value in enumerate(values[offset : offset + size])]
        grants = Budgets(packed, counter).work(batch)
        packed.update(grants.states)
        triggers += grants.triggers
        [offset], counter = grants.lane.next_offsets, grants.lane.counter
    assert triggers == at_once.triggers
    assert packed == at_once.states
