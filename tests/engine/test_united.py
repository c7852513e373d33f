"""Two ids that are one customer: what is known of both comes out as if all had come to one id."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.engine.apply import apply_union
from streams.engine.campaigns.triggers import next_due_ms
from streams.engine.case import Case
from streams.engine.codec import copy_of, encode_state
from streams.engine.measures.account_rows import all_accounts
from streams.engine.measures.closing_totals import closing_e16
from streams.engine.measures.days import all_buckets
from streams.engine.measures.figures import measure
from streams.engine.measures.limits import LimitExceededError
from streams.engine.measures.united import left_by_union, united
from streams.engine.measures.windows import sum_anew
from streams.engine.outcomes import Outcome
from streams.engine.remember import content_of, is_decided, undoing_of
from streams.engine.sections import courses_of, special_of
from streams.engine.state import CustomerState
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import BALANCES, CUSTOMERS, TRANSACTIONS, Event, TakeIn
from streams.values.fingerprint import fingerprint
from tests.support.laws import laws
from tests.support.one_customer import (
    DAY_MS,
    LOW_AND_MID,
    MONTHLY,
    PLAIN,
    STANDARD,
    WHOLE_STANDARD,
    Customer,
    a_policy,
    action,
    at,
    balance,
    credit,
    e4,
    loan,
    pin,
    reversal,
    topic_of,
    transaction,
)

START = at("2026-03-01T12:00")
HOUR_MS = 3_600_000
END = START + 40 * DAY_MS
POLICIES = {"plain": PLAIN, "standard": STANDARD, "campaigns": WHOLE_STANDARD, "monthly": MONTHLY}
every_policy = pytest.mark.parametrize("name", POLICIES)
WITH_A_FEE = load_policy(
    WHOLE_STANDARD.document
    + """
    [[campaigns]]
    id = "fee"
    kind = "fee_alert"
    tiers = ["low"]
    measure = "assets"
    below = "1000"
    """
)
KINDS = ("balance", "purchase", "credit", "opt_out", "opt_in", "reversal")

# By hour: which id hears what, of which account, how much.
plans = st.dictionaries(
    st.integers(0, 30 * 24),
    st.tuples(st.booleans(), st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 900_000)),
    max_size=16,
)


def event_of(hour: int, heard: tuple[bool, str, int, int], spent: dict[bool, int]) -> Event:
    when, (is_former, kind, account, amount) = START + hour * HOUR_MS, heard
    match kind:
        case "balance":
            return balance(str(amount), when, f"{'former' if is_former else 'own'}-{account}", "TWD")
        case "credit":
            return credit(("good", "fair", "poor")[account], when)
        case "opt_out" | "opt_in":
            return action(kind, when)
        case "reversal" if is_former in spent:
            return reversal("100", when, spent[is_former])
        case _:
            spent[is_former] = when
            return transaction("100", when)


def heard(plan: dict[int, tuple[bool, str, int, int]], policy: Policy) -> tuple[Customer, Customer, Customer]:
    """The customer under the id, under the former id, and as if all had come to one id."""
    own, former, whole = Customer(policy), Customer(policy), Customer(policy)
    spent: dict[bool, int] = {}
    for hour, step in sorted(plan.items()):
        event = event_of(hour, step, spent)
        (former if step[0] else own).apply(event)
        whole.apply(event)
    for customer in (own, former, whole):
        customer.wait(END)
    return own, former, whole


def unite(own: Customer, former: Customer, at_ms: int = END) -> Outcome:
    """Put what is known under the former id into the customer's state."""
    event = TakeIn("merge:customers:0:0", "C", at_ms, "/tierflow/test", "F", (), b"")
    case = Case(own.state, "C", own.policy, at_ms, event, CUSTOMERS, 0)
    outcome = apply_union(case, former.state)
    own.state = case.state
    return outcome


def what_counts(customer: Customer) -> dict[str, Any]:
    state, policy = customer.state, customer.policy
    sum_anew(state, policy.calendar.day_of(END), policy)
    last = policy.calendar.day_of(END)
    special = special_of(state)
    return {
        "figures": measure(state, policy, last),
        "accounts": sorted(all_accounts(state)),
        "totals": {currency: amount for currency, amount in state.assets_e4_by_currency.items() if amount},
        "days": {(day, name): bucket for day, name, bucket in all_buckets(state) if bucket.count or bucket.amount_e4},
        "standing": (state.standing, state.standing_as_of_ms),
        "consent": (special.opted_out, special.consent_ms),
        "times": (state.first_event_ms, special.earliest_ms, state.last_transaction_ms),
        "closings": [closing_e16(state, "assets", day, policy) for day in range(last - 45, last + 1)]
        if policy.daily_totals
        else [],
    }


@every_policy
@laws(100)
@given(plan=plans)
def test_all_counts_as_if_it_had_come_to_one_id(name: str, plan: dict[int, tuple[bool, str, int, int]]) -> None:
    own, former, whole = heard(plan, POLICIES[name])
    unite(own, former)
    assert what_counts(own) == what_counts(whole)
    if POLICIES[name].serves_earned:
        assert own.state.tier == whole.state.tier


@every_policy
@laws(50)
@given(plan=plans)
def test_which_of_two_ids_stays_changes_no_figure(name: str, plan: dict[int, tuple[bool, str, int, int]]) -> None:
    own, former, _ = heard(plan, POLICIES[name])
    other, theirs, _ = heard(plan, POLICIES[name])
    unite(own, former)
    unite(theirs, other)
    found, same = what_counts(own), what_counts(theirs)
    assert found == same


@every_policy
@laws(50)
@given(plan=plans)
def test_a_union_triggers_nothing_and_numbers_go_on(name: str, plan: dict[int, tuple[bool, str, int, int]]) -> None:
    own, former, _ = heard(plan, POLICIES[name])
    before, tier, theirs = own.state.sequence, own.state.tier, encode_state(former.state)
    counts = dict(courses_of(copy_of(own.state)).trigger_counts), dict(courses_of(copy_of(former.state)).trigger_counts)
    outcome = unite(own, former)
    assert (list(outcome.triggers), list(outcome.risks)) == ([], [])
    assert [change.sequence for change in outcome.changes] == list(range(before + 1, own.state.sequence + 1))
    assert own.state.tier is not None or own.state.first_event_ms is None
    if outcome.changes and tier is not None:
        assert [change.reason for change in outcome.changes] == ["merged"]
    assert encode_state(former.state) == theirs
    both = {key: counts[0].get(key, 0) + counts[1].get(key, 0) for key in counts[0] | counts[1]}
    assert courses_of(own.state).trigger_counts == both


@every_policy
@laws(50)
@given(plan=plans)
def test_what_is_due_comes_to_an_end(name: str, plan: dict[int, tuple[bool, str, int, int]]) -> None:
    own, former, _ = heard(plan, POLICIES[name])
    unite(own, former)
    own.wait(END + 400 * DAY_MS)
    state = own.state
    assert state.due_ms is None or state.due_ms > END + 400 * DAY_MS
    assert state.courses is None or (next_due_ms(state.courses) or END) >= END


def test_every_event_of_either_id_is_remembered() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    events = [transaction("1", START + number) for number in range(90)]
    for number, event in enumerate(events):
        (former if number % 3 else own).apply(event)
    one = united(own.state, former.state, PLAIN)
    assert all(content_of(one, TRANSACTIONS, fingerprint(event.event_id)) for event in events)


def test_remembered_events_stay_bounded_and_the_newest_stay() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    events = [balance("1", START + number, "a") for number in range(300)]
    for number, event in enumerate(events):
        (own, former)[number % 2].apply(event)
    unite(own, former)
    later = [balance("1", END + number, "a") for number in range(100)]
    own.apply(*later)
    kept = [e for e in (*events, *later) if content_of(own.state, topic_of(e), fingerprint(e.event_id)) is not None]
    assert set(later[-64:]) <= set(kept)
    assert len(kept) < 200


def test_a_reversal_that_came_to_the_one_id_undoes_what_was_known_under_the_other() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    former.apply(transaction("100", START))
    own.apply(balance("1", START), reversal("100", START + 1, START))
    unite(own, former)
    assert [bucket.count for _, _, bucket in all_buckets(own.state)] == [0]
    assert undoing_of(own.state, fingerprint(f"purchase@{START}")) is not None


def test_the_newest_balance_of_an_account_of_both_counts_once() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    own.apply(balance("100", START, "joint"))
    former.apply(balance("300", START + 1, "joint"), balance("7", START, "alone"))
    unite(own, former)
    assert own.state.assets_e4_by_currency == {"TWD": e4("307")}


def test_what_both_ids_have_together_lifts_the_tier_and_says_why() -> None:
    own, former = Customer(a_policy(LOW_AND_MID)), Customer(a_policy(LOW_AND_MID))
    own.apply(balance("300000", START, "a"))
    former.apply(balance("200000", START, "b"))
    [change] = unite(own, former).changes
    assert (change.sequence, change.direction, change.tier, change.reason) == (2, "upgrade", "mid", "merged")
    assert change.cause is not None
    assert (change.cause.topic, change.cause.event_id) == (CUSTOMERS, "merge:customers:0:0")


def test_a_customer_who_was_not_known_under_the_id_begins_with_an_initial_change() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    former.apply(balance("600000", START))
    [change] = unite(own, former).changes
    assert (change.sequence, change.direction, change.tier, change.reason) == (1, "initial", "mid", "first_event")


def test_the_newest_pin_holds_and_one_that_is_over_does_not_stay() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    own.apply(balance("1", START), pin("high", START, END + DAY_MS))
    former.apply(balance("1", START), action("unpin", START + 1))
    [change] = unite(own, former).changes
    assert (change.tier, change.reason) == ("low", "pin_ended")
    former.apply(pin("mid", START + 2, END))
    assert list(unite(own, former).changes) == []
    assert special_of(own.state).pin is None


def test_loans_that_were_decided_under_either_id_are_known() -> None:
    own, former = Customer(WHOLE_STANDARD), Customer(WHOLE_STANDARD)
    own.apply(balance("1", START))
    former.apply(balance("6000000", START), loan("20000000", START + 1))
    unite(own, former)
    assert is_decided(own.state, "L1")
    assert special_of(own.state).loans == special_of(former.state).loans != b""


def test_a_campaign_that_came_once_under_the_former_id_does_not_come_again() -> None:
    own, former = Customer(WHOLE_STANDARD), Customer(WHOLE_STANDARD)
    former.apply(balance("300000", START))
    assert [trigger.campaign.kind for trigger in former.triggers] == ["gift"]
    unite(own, former, START + 1)
    own.now_ms = START + 1
    own.apply(balance("300000", START + 2, "another"))
    assert [trigger for trigger in own.triggers if trigger.campaign.kind == "gift"] == []


@pytest.mark.parametrize("campaign", ["cash-back", "fee"])
def test_of_a_month_that_is_over_nothing_is_told_twice(campaign: str) -> None:
    """The former id's partition had not come to the month's end yet."""
    own, former = Customer(WITH_A_FEE), Customer(WITH_A_FEE)
    own.apply(transaction("4000", START))
    former.apply(transaction("5000", START))
    own.wait(at("2026-04-02T12:00"))
    unite(own, former, own.now_ms)
    own.wait(at("2026-05-02T12:00"))
    told = [trigger.offer for trigger in own.triggers if trigger.campaign.id == campaign]
    assert [offer.period for offer in told] == ["2026-03", "2026-04"]
    if campaign == "cash-back":
        assert [offer.amount_e4 for offer in told] == [e4("40"), e4("50")]


def test_what_an_erase_made_forgotten_does_not_come_back() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    own.apply(balance("1", START))
    own.apply(action("erase", START + DAY_MS))
    former.apply(balance("600000", START, "old"), balance("7", START + 2 * DAY_MS, "new"))
    unite(own, former)
    assert [key for key, _ in all_accounts(own.state)] == ["TWDnew"]


def test_a_former_id_keeps_numbers_and_what_is_remembered() -> None:
    former = Customer(WHOLE_STANDARD)
    former.apply(balance("300000", START), transaction("1", START + 1))
    left = left_by_union(former.state)
    assert (left.sequence, left.tier, left.due_ms) == (former.state.sequence, None, None)
    assert left.remembered == former.state.remembered
    assert left.remembered.keys() == {BALANCES, TRANSACTIONS}
    assert courses_of(left).trigger_counts == courses_of(former.state).trigger_counts


def test_more_than_is_kept_of_one_customer_is_refused_and_changes_nothing() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    for number in range(1_001):
        own.apply(balance("1", START, f"a{number}"))
        former.apply(balance("1", START, f"b{number}"))
    before = encode_state(own.state)
    with pytest.raises(LimitExceededError, match="2000 accounts"):
        unite(own, former)
    assert encode_state(own.state) == before


def test_nobody_and_nobody_is_nobody() -> None:
    own, former = Customer(PLAIN), Customer(PLAIN)
    assert list(unite(own, former).changes) == []
    assert structs.replace(own.state) == CustomerState()
