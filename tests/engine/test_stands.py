"""A decision is left out where figures pass no floor and nothing falls due: it would have changed nothing."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.campaigns.near_tier import is_near_as_noted
from streams.engine.measures.figures import measure
from streams.engine.measures.fold import fold
from streams.engine.measures.windows import roll
from streams.engine.tiers.stands import stands
from streams.policy.policy import Policy
from streams.values.events import Balance, Event, Transaction
from tests.engine.test_campaign_laws import DENSE, lives
from tests.engine.test_random_policies import documents, loaded
from tests.support.event_plans import POLICIES, Plan, history_of, years
from tests.support.histories import Bench
from tests.support.laws import laws
from tests.support.one_customer import (
    DAY_MS,
    LOW_AND_MID,
    STANDARD,
    WHOLE_STANDARD,
    Customer,
    a_policy,
    action,
    at,
    balance,
    credit,
    pin,
    transaction,
)

HOUR_MS = 3_600_000
DAY, NEXT, LATER = at("2026-01-05T10:00"), at("2026-01-05T11:00"), at("2026-01-25T10:00")

RANDOM_CAMPAIGNS = """
[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1"
within_days = 100

[[campaigns]]
id = "month"
kind = "cash_back"
types = ["purchase", "fee"]
rate = "0.01"

[[campaigns]]
id = "each"
kind = "cash_back"
per = "transaction"
types = ["deposit", "other"]
rate = "0.5"

[[campaigns]]
id = "silent"
kind = "dormant"
tiers = ["t0"]
without_transaction_days = 3

[[campaigns]]
id = "hello"
kind = "welcome"
tiers = ["t1"]

[[campaigns]]
id = "stay"
kind = "at_risk"
days_before = 20
"""
NEAR = """
[[campaigns]]
id = "near"
kind = "near_tier"
to = "t1"
within_share = "0.9"
for_days = 1
every_days = 5
"""
campaigns = st.sampled_from(["", RANDOM_CAMPAIGNS, RANDOM_CAMPAIGNS + NEAR, RANDOM_CAMPAIGNS + NEAR])
documents_at_once = st.tuples(documents(), campaigns).map(
    lambda drawn: re.sub('(when|effect) = ("|\\[).*', '\\1 = "at_once"', drawn[0]) + drawn[1]
)


# --- when the tier stands ---


@pytest.fixture
def customer() -> Customer:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(transaction("100", DAY), balance("600000", DAY))
    assert customer.state.tier == "mid"
    return customer


def stays(customer: Customer, event: Balance | Transaction) -> bool:
    """Whether nothing would come of a decision after the event."""
    customer.wait(event.at_ms)
    state, policy, moment = customer.state, customer.policy, customer.moment(event.at_ms)
    roll(state, moment.today, policy)
    fold(state, event, policy, moment.today)
    figures = measure(state, policy, moment.today)
    return stands(state, figures, policy) and is_near_as_noted(state, figures, policy)


@pytest.mark.parametrize(
    ("amount", "as_it_is"),
    [("600001", True), ("500000", True), ("499998.99", False), ("4999998.99", True), ("4999999", False), ("0", False)],
)
def test_a_tier_stands_until_the_value_passes_a_floor(customer: Customer, amount: str, *, as_it_is: bool) -> None:
    assert stays(customer, balance(amount, NEXT)) == as_it_is  # beside it there is 1 of the purchase


def test_a_purchase_that_moves_the_value_a_little_is_no_reason_to_decide(customer: Customer) -> None:
    assert stays(customer, transaction("50", NEXT))


def test_while_a_fall_is_put_off_it_is_always_decided(customer: Customer) -> None:
    customer.apply(balance("400000", NEXT))
    assert customer.state.tier == "mid"
    assert not stays(customer, balance("300000", LATER))


def test_under_a_pin_it_is_always_decided(customer: Customer) -> None:
    customer.apply(pin("high", NEXT, at("2026-12-31")))
    assert not stays(customer, balance("600001", LATER))


def test_under_a_cap_that_takes_a_tier_it_is_always_decided(customer: Customer) -> None:
    customer.apply(credit("default", NEXT))
    assert customer.state.tier == "low"
    assert not stays(customer, balance("900000", LATER))
    assert stays(customer, balance("1000", LATER))


def test_another_policy_is_always_asked(customer: Customer) -> None:
    customer.policy = STANDARD
    customer.apply(balance("600001", NEXT))
    assert customer.state.policy_mark == STANDARD.mark


@pytest.mark.parametrize(("amount", "as_it_is"), [("449998", True), ("449999", False), ("460000", False)])
def test_it_is_decided_where_the_next_tier_comes_near(amount: str, *, as_it_is: bool) -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(transaction("100", DAY), balance("1000", DAY))
    assert stays(customer, balance(amount, NEXT)) == as_it_is


def test_once_near_it_is_decided_where_the_next_tier_is_near_no_more() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(transaction("100", DAY), balance("460000", DAY))
    assert stays(customer, balance("470000", NEXT))
    assert not stays(customer, balance("449998", NEXT))


def test_a_tier_that_is_kept_below_its_floor_is_always_decided() -> None:
    customer = Customer(a_policy(LOW_AND_MID + 'keep = { measure = "assets", at_least = "300" }'))
    customer.apply(balance("500000", DAY))
    assert not stays(customer, balance("300", NEXT))


# --- a decision that is left out would have changed nothing ---


def everything(policy: Policy, plan: Plan, **more: Any) -> list[Any]:
    """All that comes of a history: states, messages in their order, what is counted."""
    outcome = Bench(policy, **more).work(history_of(plan, policy), [3, 2, 7])
    return [(work.states, work.messages, work.lane, work.tally) for work in outcome.works]


def test_only_where_all_is_rated_at_once_decisions_are_left_out() -> None:
    found = {name for name, policy in POLICIES.items() if policy.stands_between_floors}
    assert found == {"assets-only", "berka", "standard"}


@pytest.mark.parametrize("policy", [*POLICIES.values(), DENSE, STANDARD], ids=[*POLICIES, "dense", "no-campaigns"])
@laws(60)
@given(lives)
def test_a_decision_that_is_left_out_would_have_changed_nothing(policy: Policy, plan: Plan) -> None:
    thorough = msgspec.structs.replace(policy, stands_between_floors=False)
    assert everything(policy, plan) == everything(thorough, plan)


@laws(300)
@given(documents_at_once, years)
def test_nor_under_a_policy_that_nobody_thought_of(document: str, plan: Plan) -> None:
    policy = loaded(document)
    thorough = msgspec.structs.replace(policy, stands_between_floors=False)
    assert everything(policy, plan) == everything(thorough, plan)


HELD = a_policy(
    """
[falling]
after_days = 2
[caps]
default = "low"
[[tiers]]
id = "low"
[[tiers]]
id = "mid"
at_least = "500"
[[tiers]]
id = "high"
at_least = "1000"
keep = { measure = "assets", at_least = "900" }
"""
    + NEAR.replace("t1", "mid").replace("0.9", "0.5")
    + NEAR.replace("t1", "high").replace('"near"', '"nearer"').replace("0.9", "0.3")
    + RANDOM_CAMPAIGNS.partition('[[campaigns]]\nid = "silent"')[0]
    + RANDOM_CAMPAIGNS[RANDOM_CAMPAIGNS.index('[[campaigns]]\nid = "stay"') :]
)
AMOUNTS = ["0", "240", "250", "499", "500", "699", "700", "899", "900", "999", "1000"]
steps = st.tuples(
    st.integers(0, 30),  # hours later
    st.sampled_from([*AMOUNTS, *AMOUNTS, "default", "good", "pin", "unpin"]),
)


def event_of(what: str, at_ms: int) -> Event:
    match what:
        case "default" | "good":
            return credit(what, at_ms)
        case "pin":
            return pin("high", at_ms, at_ms + 20 * HOUR_MS)
        case "unpin":
            return action("unpin", at_ms)
    return balance(what, at_ms)


@laws(300)
@given(st.lists(steps, max_size=30))
def test_nor_near_a_floor(plan: list[tuple[int, str]]) -> None:
    at_ms, events = DAY, list[Event]()
    for hours, what in plan:
        at_ms += hours * HOUR_MS
        events.append(event_of(what, at_ms))
    found = Customer(HELD), Customer(msgspec.structs.replace(HELD, stands_between_floors=False))
    for customer in found:
        customer.apply(*events)
        customer.wait(at_ms + 10 * DAY_MS)
    one, other = [(customer.state, customer.changes, customer.triggers, customer.risks) for customer in found]
    assert one == other
