"""Cash back comes to the same in the end, however late purchases and their reversals are posted."""

import json
from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.packing import unpack_state
from streams.engine.sections import courses_of
from streams.policy.compile.load import load_policy
from streams.simulate import Simulation
from streams.values.money import ONE_E16
from tests.simulate.test_simulate import File
from tests.support.laws import laws
from tests.support.one_customer import TAIPEI

BEGINS = datetime(2026, 1, 1, 10, tzinfo=TAIPEI)
# Day of the purchase, days until it is posted, amount in hundreds, days until it is reversed (None: it is not).
purchases = st.lists(
    st.tuples(
        st.integers(0, 180), st.sampled_from([0, 0, 1, 2, 30, 60]), st.integers(1, 90),
        st.none() | st.sampled_from([1, 20, 40, 70]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip
terms = st.sampled_from(["", 'at_least = "3000"', 'at_most = "25"', 'at_least = "2000"\nat_most = "40"'])


def owed(spent: int, words: str) -> int:
    """By the terms, in whole units: the amounts are hundreds, and the rate a hundredth."""
    least = 3000 if "3000" in words else 2000 if "2000" in words else 0
    most = 25 if '"25"' in words else 40 if '"40"' in words else 10**9
    return 0 if spent < least else min(spent // 100, most)


@laws(150)
@given(purchases, terms, st.sampled_from([0, 3, 45]))
def test_all_payments_together_are_what_all_months_come_to(
    plan: list[tuple[int, int, int, int | None]], words: str, days: int
) -> None:
    policy = load_policy(
        f"""
        name = "pays"
        version = 1
        currency = "TWD"
        tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "500000" }}]
        [[campaigns]]
        id = "back"
        kind = "cash_back"
        rate = "0.01"
        settles_after_days = {days}
        {words}
        """
    )
    posted, spent = [], defaultdict[str, int](int)
    for number, (day, later, hundreds, undone) in enumerate(plan):
        made = BEGINS + timedelta(days=day, seconds=number)
        fields = {"amount": f"{hundreds * 100}", "event_id": f"p{number}"}
        posted.append((made + timedelta(days=later), made, fields))
        if undone is None:
            spent[f"{made:%Y-%m}"] += hundreds * 100
        else:
            at = made + timedelta(days=undone)  # before it is posted, perhaps
            named = {"event_id": f"r{number}", "reverses": f"p{number}", "reversed_at": made.isoformat()}
            posted.append((at, at, fields | named))
    file = File()
    file.balance("C", "1", BEGINS.isoformat())
    for heard, at, fields in sorted(posted, key=lambda one: one[0]):
        file.balance("somebody else", "1", heard.isoformat())
        file.transaction("C", fields.pop("amount"), at.isoformat(), **fields)
    for month in (1, 5, 9):
        file.balance("somebody else", "1", datetime(2027, month, 1, 10, tzinfo=TAIPEI).isoformat())
    simulation = Simulation(policy)
    outputs = simulation.work(file.lines).outputs
    told = [json.loads(output.value) for output in outputs if output.topic == "tier.campaigns"]
    assert len({one["id"] for one in told}) == len(told)
    progress = courses_of(unpack_state(simulation.partition.packed[b"C"])).progress["back"]
    carried = int(progress.carried_e16 or "0") / ONE_E16
    assert sum(float(one["amount"]) for one in told) + carried == sum(owed(month, words) for month in spent.values())
    assert progress.due_ms is None
