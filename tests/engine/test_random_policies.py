"""Policies nobody thought of: whatever the language can say runs, goes on in time, and comes to rest."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from streams.contracts.packing import pack_state, unpack_state
from streams.engine.measures.closing_totals import daily_changes
from streams.engine.measures.figures import measure
from streams.engine.tiers.conditions import entered_rank, kept_rank
from streams.policy.compile.load import load_policy
from streams.policy.language.problems import PolicyError
from streams.policy.policy import Policy
from streams.values.calendar import DAY_MS
from tests.support.event_plans import Plan, decoded, events, history_of, own_currency, strides, years
from tests.support.histories import Bench
from tests.support.laws import laws
from tests.support.one_customer import Customer

NAMES = ["one", "two", "three"]
TYPES = ["purchase", "transfer_in", "transfer_out", "deposit", "fee", "other"]
ZONES = ["Asia/Taipei", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]

spans = st.one_of(
    st.sampled_from([1, 2, 7, 30, 90, 400]).map(lambda days: f"days = {days}"),
    st.sampled_from([1, 2, 6, 13]).map(lambda months: f"months = {months}"),
)
holdings = st.sampled_from(["assets", "assets", "loans"])
types = st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True).map(
    lambda kinds: str(kinds).replace("'", '"')
)
measures = st.one_of(
    holdings.map(lambda of: f'total = "{of}"'),
    st.tuples(holdings, spans).map(lambda parts: f'average = "{parts[0]}"\n{parts[1]}'),
    holdings.map(lambda of: f'month_end = "{of}"'),
    st.tuples(types, spans).map(lambda parts: f"sum = {parts[0]}\n{parts[1]}"),
    st.tuples(types, spans).map(lambda parts: f"count = {parts[0]}\n{parts[1]}"),
)
floors = st.sampled_from([1, 2, 3, 1_000, 30_000, 100_000, 300_000, 500_000, 1_000_000, 5_000_000])
named = st.sampled_from([*NAMES, "assets", "loans", "score", "value"])
single = st.tuples(named, floors).map(lambda parts: f'{{ measure = "{parts[0]}", at_least = "{parts[1]}" }}')
several = st.tuples(st.sampled_from(["all", "any"]), st.lists(single, min_size=1, max_size=3)).map(
    lambda parts: f"{{ {parts[0]} = [{', '.join(parts[1])}] }}"
)
conditions = st.one_of(single, single, several)
dates = st.lists(st.sampled_from(["06-30", "12-31", "02-29", "01-01", "03-15"]), min_size=1, max_size=3, unique=True)
whens = st.one_of(
    st.sampled_from(['"at_once"', '"at_once"', '"daily"', '"month_end"', '"month_end"']),
    dates.map(lambda days: str(days).replace("'", '"')),
)
ways = st.one_of(
    st.just(""),
    st.sampled_from([1, 7, 30, 100]).map(lambda days: f"after_days = {days}"),
    st.sampled_from([1, 3, 13]).map(lambda months: f"after_months = {months}"),
    st.tuples(st.sampled_from([1, 12]), st.sampled_from([0, 3])).map(
        lambda months: f"term_months = {months[0]}\ngrace_months = {months[1]}"
    ),
    st.just('to = "higher_of_last_two"'),
)
fallings = st.tuples(
    ways, st.sampled_from(["", "", "protection_days = 40"]), st.booleans(), st.one_of(st.none(), whens)
)  # fmt: skip
weights = st.sampled_from(["1", "0.5", "0.0001", "2"])
terms = st.tuples(st.sampled_from([*NAMES, "assets"]), weights, st.sampled_from(["", ', at_most = "300000"']))


@st.composite
def documents(draw: Any) -> str:
    """The text of a policy."""
    parts = [f'name = "random"\nversion = 1\ncurrency = "TWD"\ntime_zone = "{draw(st.sampled_from(ZONES))}"']
    parts += [f"[measures.{name}]\n{draw(measures)}" for name in NAMES]
    value = [
        f'{{ measure = "{name}", weight = "{weight}"{most} }}'
        for name, weight, most in draw(st.lists(terms, max_size=2))
    ]
    if value:
        parts.append(f'[value]\nterms = [{", ".join(value)}]\ncredit = {{ poor = "-0.1" }}')
    parts.append(draw(st.sampled_from(["", '[caps]\ndefault = "t0"', '[caps]\ndefault = "t0"\nfair = "t1"'])))
    parts.append(
        f'[rating]\nwhen = {draw(whens)}\neffect = "{draw(st.sampled_from(["at_once", "at_once", "next_month"]))}"'
    )
    way, protection, one_step, when = draw(fallings)
    lines = [
        way,
        protection,
        'to = "one_step"' if one_step and "to" not in way else "",
        f"when = {when}" if when else "",
    ]
    parts.append("\n".join(["[falling]", *lines]))
    parts.append('[[tiers]]\nid = "t0"')
    for number in range(1, draw(st.integers(2, 4))):
        keep = f"\nkeep = {draw(conditions)}" if draw(st.integers(0, 2)) == 0 else ""
        parts.append(f'[[tiers]]\nid = "t{number}"\nenter = {draw(conditions)}{keep}')
    return "\n\n".join(parts) + "\n"


def loaded(document: str) -> Policy:
    try:
        return load_policy(document)
    except PolicyError:  # floors that do not rise, and the like
        assume(condition=False)
        raise


def worked(plan: Plan, policy: Policy) -> Customer:
    """One customer's history, packed and unpacked after every event; what falls due always moves on."""
    customer = Customer(policy)
    for event in decoded(history_of(plan, policy), policy):
        customer.apply(event)
        packed = pack_state(customer.state)
        customer.state = unpack_state(packed)
        assert pack_state(customer.state) == packed
        assert customer.state.due_ms is None or customer.state.due_ms > customer.now_ms
    return customer


@laws(150)
@given(documents(), years)
def test_whatever_can_be_written_runs(document: str, plan: Plan) -> None:
    policy = loaded(document)
    customer = worked([step for step in plan if step[-1] != "erase"], policy)
    tier, decided_ms, instants = None, 0, set()
    for number, change in enumerate(customer.changes, start=1):
        assert (change.sequence, change.previous_tier) == (number, tier)
        assert change.tier != tier
        assert change.decided_at_ms >= decided_ms
        if change.cause is None:
            assert change.decided_at_ms not in instants
            instants.add(change.decided_at_ms)
        tier, decided_ms = change.tier, change.decided_at_ms
    assert customer.state.tier == tier


@laws(150)
@given(documents(), years)
def test_served_is_earned_once_every_timer_has_run_out(document: str, plan: Plan) -> None:
    policy = loaded(document)
    customer = worked([step for step in plan if step[-1] != "erase"], policy)
    customer.wait(customer.now_ms + 9 * 366 * DAY_MS)
    state = customer.state
    assert state.tier == state.earned_tier
    if state.tier is not None:
        figures = measure(state, policy, policy.calendar.day_of(customer.now_ms))
        rank, entered = policy.rank[state.tier], entered_rank(figures, policy)
        kept = kept_rank(rank, entered, figures, policy)
        assert rank == min(max(entered, kept), policy.caps.get(state.standing or "good", 99))


@laws(60)
@given(documents(), years, st.lists(st.integers(1, 4), min_size=1, max_size=10))
def test_what_is_packed_is_all_that_there_is(document: str, plan: Plan, sizes: list[int]) -> None:
    policy = loaded(document)
    history = history_of(plan, policy)
    whole = Bench(policy).work(history)
    cut = Bench(policy, take_over=True).work(history, sizes)
    assert whole.dead_letters == []
    assert (cut.changes, cut.packed) == (whole.changes, whole.packed)


@laws(60)
@given(documents(), documents(), st.lists(events(strides, own_currency), min_size=2, max_size=12), st.integers(1, 11))
def test_another_policy_takes_over_from_any(one: str, other: str, plan: Plan, cut: int) -> None:
    before, after = loaded(one), loaded(other)
    customer = worked(plan[:cut], before)
    customer.policy = after
    for event in decoded(history_of(plan, after), after)[cut:]:
        customer.apply(event)
    customer.wait(customer.now_ms + 9 * 366 * DAY_MS)
    assert customer.state.policy_mark in {before.mark, after.mark, 0}
    if customer.state.policy_mark == after.mark:
        assert customer.state.tier == customer.state.earned_tier
    days = daily_changes(customer.state).values()
    assert after.daily_totals or not any(days)
