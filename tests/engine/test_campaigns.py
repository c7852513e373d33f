"""What becomes of an occasion: contact limits, opt-out, history, another policy, groups, numbers; budgets go along."""

import json
from collections import Counter

import msgspec
import pytest

from streams.contracts.envelope import Envelope
from streams.contracts.triggers import TriggerWriter, trigger_id
from streams.engine.apply import apply_due, apply_event
from streams.engine.campaigns.triggers import group_of
from streams.engine.case import Case
from streams.engine.outcomes import Trigger
from streams.engine.sections import courses_of
from streams.engine.state import Progress
from streams.policy.campaigns import Campaign
from streams.policy.compile.load import load_policy
from streams.policy.compile.wakes import campaigns_by_event
from streams.policy.policy import Policy
from streams.values.events import TOPICS, TRANSACTION_TYPES
from tests.support.one_customer import (
    DAY_MS,
    LOW_AND_MID,
    WHOLE_STANDARD,
    Customer,
    a_policy,
    action,
    at,
    balance,
    topic_of,
    transaction,
)

# Each purchase is an occasion of its own: what becomes of occasions shows best with many.
PER_PURCHASE = 'kind = "cash_back"\nrate = "0.01"\nper = "transaction"'
PER_CASH = f'{PER_PURCHASE}\ntypes = ["cash"]'
START = at("2026-01-01T10:00")


def policy_of(*campaigns: str, more: str = "", version: int = 1) -> Policy:
    tables = "".join(f'\n[[campaigns]]\nid = "c{n}"\n{words}\n' for n, words in enumerate(campaigns, 1))
    return a_policy(LOW_AND_MID + tables + more + f"\n# {version}\n")


def purchases(customer: Customer, *days: float, kind: str = "purchase") -> list[float]:
    """The days, of these, on which a purchase gave a trigger."""
    found = []
    for day in days:
        known = len(customer.triggers)
        customer.apply(transaction("100", START + round(day * DAY_MS), kind))
        if len(customer.triggers) > known:
            found.append(day)
    return found


A_MS = 1 / DAY_MS


# --- contact ---


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("at_most = 1\nin_days = 10", [0, 10, 20]),
        ("at_most = 2\nin_days = 10", [0, 5, 10, 15, 20]),
        ("quiet_days = 7", [0, 7, 15 - A_MS]),
        ("at_most = 2\nin_days = 10\nquiet_days = 6", [0, 7, 15 - A_MS]),
        ("at_most = 2\nin_days = 30\nquiet_days = 5", [0, 5]),
        ("quiet_days = 30", [0]),
        ("at_most = 9\nin_days = 3660", [0, 5, 7, 10 - A_MS, 10, 15 - A_MS, 15, 20]),
    ],
)
def test_contact_limits(words: str, given: list[float]) -> None:
    customer = Customer(policy_of(PER_PURCHASE, more=f'\n[contact]\ncampaigns = ["c1"]\n{words}\n'))
    assert purchases(customer, 0, 5, 7, 10 - A_MS, 10, 15 - A_MS, 15, 20) == given


def test_campaigns_of_the_contact_count_together_and_no_others() -> None:
    contact = '\n[contact]\ncampaigns = ["c1", "c2"]\nat_most = 1\nin_days = 10\n'
    other = f'{PER_PURCHASE}\ntypes = ["fee"]'
    customer = Customer(policy_of(PER_PURCHASE, PER_CASH, other, more=contact))
    assert purchases(customer, 0, 1, 2, kind="fee") == [0, 1, 2]
    assert purchases(customer, 3) == [3]
    assert purchases(customer, 4, kind="cash") == []
    assert purchases(customer, 5, kind="fee") == [5]
    assert purchases(customer, 13, kind="cash") == [13]
    assert [trigger.number for trigger in customer.triggers] == [1, 2, 3, 1, 4, 1]


def test_at_one_instant_the_campaign_that_is_named_first_goes_first() -> None:
    contact = '\n[contact]\ncampaigns = ["c1", "c2"]\nat_most = 1\nin_days = 1\n'
    customer = Customer(policy_of(PER_PURCHASE, PER_PURCHASE, more=contact))
    assert purchases(customer, 0, 1) == [0, 1]
    assert [trigger.campaign.id for trigger in customer.triggers] == ["c1", "c1"]


def test_what_is_kept_of_contacts_does_not_grow_without_end() -> None:
    contact = '\n[contact]\ncampaigns = ["c1"]\nat_most = 100\nin_days = 3\n'
    customer = Customer(policy_of(PER_PURCHASE, more=contact))
    purchases(customer, *range(50))
    assert len(courses_of(customer.state).contacts_ms) == 3


# --- opt-out ---


def test_opt_out_holds_back_until_opt_in_and_numbers_have_no_gaps() -> None:
    customer = Customer(policy_of(PER_PURCHASE))
    assert purchases(customer, 0, 1) == [0, 1]
    customer.apply(action("opt_out", START + 2 * DAY_MS))
    assert purchases(customer, 2, 3) == []
    customer.apply(action("opt_in", START + 4 * DAY_MS))
    assert purchases(customer, 4) == [4]
    assert [trigger.number for trigger in customer.triggers] == [1, 2, 3]


def test_an_occasion_held_back_uses_up_no_contact() -> None:
    customer = Customer(policy_of(PER_PURCHASE, more='\n[contact]\ncampaigns = ["c1"]\nquiet_days = 5\n'))
    customer.apply(action("opt_out", START))
    assert purchases(customer, 0) == []
    customer.apply(action("opt_in", START + DAY_MS))
    assert purchases(customer, 1, 2, 5, 6) == [1, 6]


# --- a campaign beside others ---


def test_a_gift_that_is_given_leaves_the_others_their_own_courses() -> None:
    gift = 'kind = "gift"\nat_least = "1"\nwithin_days = 1'
    dormant = 'kind = "dormant"\nwithout_transaction_days = 10'
    customer = Customer(policy_of(gift, dormant))
    customer.apply(balance("5", START))
    assert courses_of(customer.state).progress == {"c2": Progress(due_ms=START + 10 * DAY_MS)}
    customer.wait(START + 20 * DAY_MS)
    assert [trigger.campaign.id for trigger in customer.triggers] == ["c1", "c2"]


def test_a_gift_that_is_given_keeps_nothing_but_its_number() -> None:
    customer = Customer(policy_of('kind = "gift"\nat_least = "1"\nwithin_days = 1'))
    customer.apply(balance("5", START))
    assert (courses_of(customer.state).progress, courses_of(customer.state).trigger_counts) == ({}, {"c1": 1})


# --- history, another policy, erase ---


def test_history_gives_nothing_and_is_not_made_up_for() -> None:
    gift = 'kind = "gift"\nat_least = "1"\nwithin_days = 30'
    customer = Customer(policy_of(gift, PER_PURCHASE))
    history = customer.moment(START, is_history=True)
    for event in (balance("5", START), transaction("100", START)):
        assert not apply_event(customer.state, event, history, topic_of(event), 0).triggers
    customer.apply(balance("6", START + DAY_MS))
    assert customer.triggers == []
    assert purchases(customer, 2) == [2]
    assert customer.triggers[0].number == 1


def test_what_falls_due_in_history_is_over_too() -> None:
    customer = Customer(policy_of('kind = "dormant"\nwithout_transaction_days = 5'))
    customer.apply(balance("5", START))
    due_ms = START + 5 * DAY_MS
    assert customer.state.due_ms == due_ms
    case = Case(customer.state, "C", customer.policy, due_ms)
    case.is_history = True
    assert list(apply_due(case).triggers) == []
    customer.wait(due_ms + 100 * DAY_MS)
    assert customer.triggers == []


def test_another_policy_gives_nothing_by_itself() -> None:
    welcome = 'kind = "welcome"\ntiers = ["mid"]'
    customer = Customer(policy_of(welcome))
    customer.apply(balance("400000", START))
    lower = load_policy(customer.policy.document.replace("500000", "400000"))
    outcome = customer.rerate(lower, START + 1)
    (change,) = outcome.changes
    assert (change.direction, change.reason) == ("upgrade", "policy_changed")
    assert outcome.triggers == ()


def test_under_another_policy_rows_of_days_begin_anew_and_what_was_said_stays_said() -> None:
    near = 'kind = "near_tier"\nto = "mid"\nwithin = "1000"\nfor_days = 3\nevery_days = 30'
    dormant = 'kind = "dormant"\nwithout_transaction_days = 2'
    customer = Customer(policy_of(near, dormant))
    customer.apply(balance("499500", START))
    customer.wait(START + 2 * DAY_MS)
    assert [trigger.campaign.id for trigger in customer.triggers] == ["c2"]
    customer.policy = policy_of(near, dormant, version=2)
    customer.rerate(customer.policy, START + 2 * DAY_MS)
    customer.wait(START + 40 * DAY_MS)
    assert [(trigger.campaign.id, trigger.number) for trigger in customer.triggers] == [("c2", 1), ("c1", 1), ("c1", 2)]
    assert [trigger.triggered_at_ms for trigger in customer.triggers[1:]] == [START + 5 * DAY_MS, START + 35 * DAY_MS]


def test_what_may_come_once_in_so_many_days_keeps_to_it_across_policies() -> None:
    near = 'kind = "near_tier"\nto = "mid"\nwithin = "1000"\nfor_days = 3\nevery_days = 30'
    customer = Customer(policy_of(near))
    customer.apply(balance("499500", START))
    customer.wait(START + 4 * DAY_MS)
    customer.policy = policy_of(near, version=2)
    customer.rerate(customer.policy, START + 4 * DAY_MS)
    customer.wait(START + 40 * DAY_MS)
    assert [trigger.triggered_at_ms - START for trigger in customer.triggers] == [3 * DAY_MS, 33 * DAY_MS]


def test_a_campaign_that_another_policy_does_not_have_is_forgotten_but_for_its_numbers() -> None:
    dormant = 'kind = "dormant"\nwithout_transaction_days = 2'
    customer = Customer(policy_of(PER_PURCHASE, dormant))
    purchases(customer, 0, 1)
    customer.policy = policy_of(PER_PURCHASE, version=2)
    customer.rerate(customer.policy, START + 2 * DAY_MS)
    assert (list(courses_of(customer.state).progress), customer.state.due_ms) == (["c1"], None)
    assert purchases(customer, 3) == [3]
    assert customer.triggers[-1].number == 3


def test_without_campaigns_nothing_of_them_is_kept() -> None:
    customer = Customer(policy_of('kind = "dormant"\nwithout_transaction_days = 2'))
    customer.apply(balance("5", START))
    customer.policy = policy_of(version=2)
    customer.rerate(customer.policy, START + DAY_MS)
    assert (courses_of(customer.state).progress, customer.state.due_ms) == ({}, None)


def test_erase_keeps_the_numbers() -> None:
    customer = Customer(policy_of(PER_PURCHASE))
    purchases(customer, 0, 1)
    customer.apply(action("erase", customer.now_ms))
    assert purchases(customer, 2) == [2]
    assert [trigger.number for trigger in customer.triggers] == [1, 2, 3]


# --- groups ---


def held(share: str, salt: str = "c1") -> Campaign:
    (campaign,) = policy_of(f'{PER_PURCHASE}\nhold_out = "{share}"\nsalt = "{salt}"').campaigns
    return campaign


def test_a_group_is_the_same_for_ever() -> None:
    # These are a promise: whoever measures lift counts on them from release to release.
    campaign = held("0.5")
    groups = "".join(group_of(f"C{n:03}", campaign)[0] for n in range(40))
    assert groups == "ttthhtthththhttttththhhhhhhththhhthtttht"


@pytest.mark.parametrize(("share", "least", "most"), [("0.1", 850, 1150), ("0.5", 4800, 5200), ("0.9", 8850, 9150)])
def test_as_many_are_held_out_as_the_share_says(share: str, least: int, most: int) -> None:
    campaign = held(share)
    groups = Counter(group_of(f"customer {n}", campaign) for n in range(10_000))
    assert least <= groups["held_out"] <= most


def test_a_larger_share_holds_out_the_same_and_more() -> None:
    small, large = held("0.2"), held("0.3")
    ids = [f"C{n}" for n in range(1000)]
    assert {id_ for id_ in ids if group_of(id_, small) == "held_out"} < {
        id_ for id_ in ids if group_of(id_, large) == "held_out"
    }


def test_another_salt_makes_other_groups() -> None:
    ids = [f"C{n}" for n in range(200)]
    one, other = held("0.5", "spring"), held("0.5", "autumn")
    assert [group_of(id_, one) for id_ in ids] != [group_of(id_, other) for id_ in ids]


def test_nobody_and_everybody() -> None:
    nobody, everybody = held("0"), held("1")
    groups = {(group_of(f"C{n}", nobody), group_of(f"C{n}", everybody)) for n in range(500)}
    assert groups == {("treated", "held_out")}


def test_who_is_held_out_is_told_too_and_counted_with_the_contacts() -> None:
    contact = '\n[contact]\ncampaigns = ["c1"]\nquiet_days = 5\n'
    customer = Customer(policy_of(f'{PER_PURCHASE}\nhold_out = "1"', more=contact))
    assert purchases(customer, 0, 4, 5) == [0, 5]
    assert {trigger.group for trigger in customer.triggers} == {"held_out"}


# --- what goes out ---


def written(policy: Policy, trigger: Trigger) -> dict[str, object]:
    writer = TriggerWriter(Envelope(policy, [f"bank.{topic}" for topic in TOPICS], 0, "/tierflow/test"))
    assert trigger.campaign.budget is not None
    found: dict[str, object] = json.loads(writer.candidate(trigger, trigger.campaign.budget))
    return found


@pytest.mark.parametrize(
    ("per", "period"), [("ever", ""), ("year", "2026"), ("month", "2026-01"), ("day", "2026-01-01")]
)
def test_a_budgets_period_is_the_local_one_of_the_trigger(per: str, period: str) -> None:
    policy = policy_of(f'{PER_PURCHASE}\nbudget = {{ triggers = 1000, amount = "500", per = "{per}" }}')
    customer = Customer(policy)
    customer.apply(transaction("250", at("2026-01-01T00:00")))  # it is 2025 still in UTC
    found = written(policy, customer.triggers[0])
    assert found["budget"] == {"campaign": "c1", "period": period, "triggers": 1000, "amount_e4": 5_000_000}
    assert (found["id"], found["spends"], found["amount_e4"]) == ("C:c1:1", True, 25_000)
    assert found["at"] == "2026-01-01T00:00:00+08:00"
    assert found["trigger"] == json.loads(
        TriggerWriter(Envelope(policy, [f"bank.{topic}" for topic in TOPICS], 0, "/tierflow/test")).value(
            customer.triggers[0]
        )
    )


def test_who_is_held_out_spends_nothing_of_a_budget() -> None:
    policy = policy_of(f'{PER_PURCHASE}\nhold_out = "1"\nbudget = {{ triggers = 1 }}')
    customer = Customer(policy)
    purchases(customer, 0)
    assert written(policy, customer.triggers[0])["spends"] is False


def test_an_id_has_the_period_where_there_is_one_and_else_the_number() -> None:
    customer = Customer(policy_of('kind = "cash_back"\nrate = "0.01"', PER_PURCHASE))
    purchases(customer, 0, 1)
    customer.wait(at("2026-02-01"))
    assert [trigger_id(trigger) for trigger in customer.triggers] == ["C:c2:1", "C:c2:2", "C:c1:2026-01"]


# --- which events wake which ---


def test_an_event_wakes_the_campaigns_that_it_concerns() -> None:
    """That nothing is missed so is a law: test_campaign_laws.py."""
    woken = campaigns_by_event(WHOLE_STANDARD.campaigns)
    assert {word for word in woken if word not in TRANSACTION_TYPES} == {"", "balance"}
    names = {
        word: [[c.id for c in campaigns] for campaigns in msgspec.structs.astuple(woken[word])]
        for word in ("", "purchase", "balance")
    }
    assert names == {
        "": [[], ["near-mid", "stay"], ["cash-back", "near-mid", "dormant", "welcome-mid", "welcome-high", "stay"]],
        "purchase": [
            ["cash-back", "dormant"],
            ["cash-back", "near-mid", "dormant", "stay"],
            ["cash-back", "near-mid", "dormant", "welcome-mid", "welcome-high", "stay"],
        ],
        "balance": [
            ["account-opening-gift"],
            ["account-opening-gift", "near-mid", "stay"],
            [c.id for c in WHOLE_STANDARD.campaigns],
        ],
    }
