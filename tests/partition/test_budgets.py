"""A budget is never exceeded, whatever comes in whatever order; what is spent survives."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.kept import LaneRecord
from streams.contracts.outputs import BudgetMessage, CandidateMessage
from streams.partition.budgets import Budgets
from streams.partition.partition import ForeignRecordError
from streams.partition.spent import Spent
from streams.partition.work import NO_LIMIT, Work

GIFT, MONTH = "gift", "2026-11"
HEADERS = [("ce_id", b"1")]


class Record(NamedTuple):
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Any = HEADERS


def worked(budgets: Budgets, records: Sequence[Record]) -> Work:
    """One batch, committed."""
    budgets.work_some(budgets.decode(0, records), 0, NO_LIMIT)
    work = budgets.pack([records[-1].offset + 1])
    budgets.keep(work)
    return work


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
    """The trigger of customer C{number}; triggers, amounts: what the budget holds in all. Ten-thousandths."""
    return msgspec.json.encode(
        CandidateMessage(
            customer_id=f"C{number}",
            id=f"C{number}:{campaign}:1",
            spends=spends,
            amount_e4=amount,
            budget=BudgetMessage(campaign=campaign, period=period, triggers=triggers, amount_e4=amounts),
            at="2026-11-24T09:30:00+08:00",
            trigger=msgspec.Raw(b'{"id":"C%d"}' % number),
        )
    )


def granted(budgets: Budgets, *values: bytes) -> str:
    """A letter each: granted or refused."""
    return "".join("g" if worked(budgets, [Record(0, value)]).messages else "r" for value in values)


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
    assert budgets.spent(GIFT, MONTH) == Spent(triggers=2, amount_e4=10, refused=2)


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
    budgets = Budgets({}, LaneRecord((10,), 7, 0))
    values = [
        candidate(1, triggers=2, amount=100),
        candidate(2, triggers=2, spends=False),
        candidate(3, triggers=2, amount=100),
        candidate(4, triggers=2),
        candidate(5, triggers=2),
    ]
    work = worked(budgets, [Record(10 + number, value) for number, value in enumerate(values)])
    assert [(output, *message) for output, message in work.messages] == [
        ("campaigns", b"C%d" % number, b'{"id":"C%d"}' % number, HEADERS) for number in (1, 2, 3)
    ]
    assert work.states == {b'["gift","2026-11"]': b'{"triggers":2,"amount_e4":200,"refused":2}'}
    assert (work.lane.next_offsets, work.lane.counter) == ((15,), 8)
    assert work.tally == {
        ("triggered", GIFT, "treated"): 2,
        ("triggered", GIFT, "held_out"): 1,
        ("granted", GIFT): 3,
        ("refused", GIFT): 2,
        ("spent", GIFT, MONTH): 1,
    }


def test_that_a_budget_is_spent_is_told_once_whoever_works_on() -> None:
    budgets = Budgets()
    told = []
    for offset in range(6):
        work = worked(budgets, [Record(offset, candidate(offset, triggers=2))])
        told.append(work.tally["spent", GIFT, MONTH])
        budgets = Budgets(budgets.packed, work.lane)
    assert told == [0, 0, 1, 0, 0, 0]


def test_only_what_has_changed_is_written_again() -> None:
    budgets = Budgets()
    worked(budgets, [Record(0, candidate(1, triggers=9)), Record(1, candidate(1, campaign="other"))])
    assert list(worked(budgets, [Record(2, candidate(2, triggers=9))]).states) == [b'["gift","2026-11"]']
    assert worked(budgets, [Record(3, candidate(3, triggers=9, spends=False))]).states == {}


@pytest.mark.parametrize("value", [None, b"", b"{", b"{}", b"[]"])
def test_what_is_no_candidate_is_said(value: bytes | None) -> None:
    with pytest.raises(ForeignRecordError):
        Budgets().decode(0, [Record(0, value)])


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
        asked = msgspec.json.decode(value, type=CandidateMessage)
        is_granted = granted(budgets, value) == "g"
        name = asked.budget.campaign, asked.budget.period
        assert is_granted == (treated[name] < 5 and amounts[name] + asked.amount_e4 <= 100)
        if is_granted and asked.spends:
            treated[name] += 1
            amounts[name] += asked.amount_e4
        spent = budgets.spent(*name)
        assert (spent.triggers, spent.amount_e4) == (treated[name], amounts[name])


@pytest.mark.parametrize(("cents", "given"), [(5, "gg"), (4, "gr")])
def test_what_an_older_release_wrote_in_cents_counts_on(cents: int, given: str) -> None:
    budgets = Budgets({b'["gift","2026-11"]': b'{"triggers":7,"amount_cents":5,"refused":2}'})
    older = msgspec.json.decode(candidate(amount=0))
    del older["amount_e4"], older["budget"]["amount_e4"]
    older |= {"amount_cents": 3, "budget": older["budget"] | {"amount_cents": 5 + 3 + cents - 1}}
    newer = candidate(amount=400, amounts=(5 + 3 + cents - 1) * 100)
    assert granted(budgets, msgspec.json.encode(older), newer) == given
    assert budgets.spent(GIFT, MONTH).amount_e4 == 500 + 300 + 400 * (given == "gg")


NAMES = [(campaign, period) for campaign in (GIFT, "other") for period in ("", MONTH)]


@given(SOME.filter(len), st.data())
def test_however_batches_and_owners_change_the_same_is_granted(values: list[bytes], data: st.DataObject) -> None:
    records = [Record(offset, value) for offset, value in enumerate(values)]
    at_once = Budgets()
    messages = worked(at_once, records).messages
    packed: dict[bytes, bytes] = {}
    came, rest, lane = [], records, LaneRecord((0,), 0, 0)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        work = worked(Budgets(packed, lane), batch)
        came += work.messages
        lane = work.lane
    assert came == messages
    assert packed == at_once.packed
