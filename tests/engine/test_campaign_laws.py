"""Laws of campaigns and risk control that hold for every history, under standard.toml and a policy that is denser."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.partition.outputs import sent_to
from streams.partition.work import CAMPAIGNS, RISK
from streams.policy.campaigns import WokenCampaigns
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import CUSTOMERS
from tests.support.event_plans import Plan, actions, decoded, events, history_of, in_order, own_currency, strides
from tests.support.histories import Bench, History
from tests.support.laws import laws
from tests.support.one_customer import DAY_MS, WHOLE_STANDARD, Customer

TIERS_ALONE, _, CAMPAIGNS_AND_RISK = WHOLE_STANDARD.document.partition("# --- campaigns")
# All kinds, with short spans, tight limits, and a hold-out.
DENSE = load_policy(
    f"""{TIERS_ALONE.replace("protection_days = 90", "protection_days = 20")}
[measures.month]
average = "assets"
months = 1

[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1"
within_days = 100
amount = "5"
hold_out = "0.5"

[[campaigns]]
id = "month"
kind = "cash_back"
types = ["purchase", "transfer_in", "fee"]
rate = "0.01"

[[campaigns]]
id = "each"
kind = "cash_back"
per = "transaction"
types = ["deposit", "other"]
rate = "0.5"
at_most = "7"

[[campaigns]]
id = "near"
kind = "near_tier"
to = "high"
within_share = "0.9"
for_days = 1
every_days = 5
offer_days = 3

[[campaigns]]
id = "silent"
kind = "dormant"
without_transaction_days = 3

[[campaigns]]
id = "hello"
kind = "welcome"
tiers = ["mid", "high"]

[[campaigns]]
id = "stay"
kind = "at_risk"
days_before = 29

[[campaigns]]
id = "fee"
kind = "fee_alert"
tiers = ["low", "mid"]
measure = "month"
below = "600000"

[contact]
campaigns = ["each", "near", "silent", "hello", "stay", "fee"]
at_most = 3
in_days = 10
quiet_days = 1
{CAMPAIGNS_AND_RISK[CAMPAIGNS_AND_RISK.index("# --- risk") :]}"""
)
POLICIES = {"standard": WHOLE_STANDARD, "dense": DENSE}

every_policy = pytest.mark.parametrize("name", POLICIES)
some = laws(60)
consents = st.tuples(st.just("action"), st.sampled_from(["C1", "C2"]), strides, st.sampled_from(["opt_out", "opt_in"]))
lives = st.lists(st.one_of(*[events(strides, own_currency)] * 6, actions(strides), consents), min_size=1, max_size=40)


def worked(plan: Plan, policy: Policy, sizes: Sequence[int] = (1_000_000,), **more: Any) -> Bench:
    bench = Bench(policy, **more)
    bench.work(history_of(plan, policy), [*sizes, 1_000_000])
    return bench


def triggers(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(value) for work in bench.outcome.works for _, value, _ in sent_to(work, CAMPAIGNS)]


def risks(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(value) for work in bench.outcome.works for _, value, _ in sent_to(work, RISK)]


def at_ms(trigger: dict[str, Any]) -> int:
    return round(datetime.fromisoformat(trigger["triggered_at"]).timestamp() * 1000)


@every_policy
@some
@given(lives)
def test_ids_are_unique_and_numbers_have_no_gaps(name: str, plan: Plan) -> None:
    found = triggers(worked(plan, POLICIES[name]))
    ids = [trigger["id"] for trigger in found]
    assert len(set(ids)) == len(ids)
    numbers = defaultdict(list)
    for trigger in found:
        numbers[trigger["customer_id"], trigger["campaign"]].append(trigger["sequence"])
    assert all(counted == list(range(1, len(counted) + 1)) for counted in numbers.values())


@every_policy
@some
@given(lives)
def test_never_more_contacts_than_may_be_in_any_row_of_days(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    limited = {campaign.id: campaign.contact for campaign in policy.campaigns if campaign.contact is not None}
    at_most, in_days, quiet_days = msgspec.structs.astuple(next(iter(limited.values())))
    erased = erasures(history_of(plan, policy))
    contacts = defaultdict(list)
    for trigger in triggers(worked(plan, policy)):
        if trigger["campaign"] in limited:
            contacts[trigger["customer_id"]].append(at_ms(trigger))
    for customer, moments in contacts.items():
        for number, moment in enumerate(moments):
            if moment in erased[customer]:
                continue  # what came before it at this very instant may be forgotten
            known_since = max([since for since in erased[customer] if since < moment], default=0)
            recent = [since for since in moments[: number + 1] if since > max(moment - in_days * DAY_MS, known_since)]
            assert len(recent) <= at_most
            assert len(recent) < 2 or recent[-1] - recent[-2] >= quiet_days * DAY_MS


@every_policy
@some
@given(lives)
def test_nothing_comes_between_opt_out_and_opt_in(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    found = triggers(worked(plan, policy))
    for customer, out_ms, in_ms in silences(history_of(plan, policy)):
        for trigger in found:
            if trigger["customer_id"] == customer:
                assert not out_ms < at_ms(trigger) < in_ms


@every_policy
@some
@given(lives)
def test_history_gives_no_trigger_and_decides_loans_all_the_same(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    live, backfill = worked(plan, policy), Bench(policy)
    backfill.partition.backfill = True
    backfill.work(history_of(plan, policy))
    assert triggers(backfill) == []
    assert [{**risk, "backfill": False} for risk in risks(backfill)] == risks(live)
    assert all(risk["backfill"] for risk in risks(backfill))
    assert [(change["id"], change["tier"]) for change in backfill.outcome.changes] == [
        (change["id"], change["tier"]) for change in live.outcome.changes
    ]


@every_policy
@some
@given(lives, st.lists(st.integers(1, 9), max_size=12))
def test_a_snapshot_and_the_rest_of_the_log_give_what_the_whole_log_gives(
    name: str, plan: Plan, sizes: list[int]
) -> None:
    policy = POLICIES[name]
    whole, cut = worked(plan, policy), worked(plan, policy, sizes, take_over=True)
    assert (triggers(cut), risks(cut)) == (triggers(whole), risks(whole))
    assert cut.outcome.packed == whole.outcome.packed


@every_policy
@some
@given(lives)
def test_a_loan_is_decided_once_and_its_alerts_are_counted(name: str, plan: Plan) -> None:
    found = risks(worked(plan, POLICIES[name]))
    ids = [risk["id"] for risk in found]
    assert len(set(ids)) == len(ids)
    by_loan = defaultdict(list)
    for risk in found:
        by_loan[risk["customer_id"], risk["loan_id"]].append(risk)
    for first, *alerts in by_loan.values():
        assert first["kind"] == "decision"
        name = f"{first['customer_id']}:{first['loan_id']}"
        assert [alert["id"] for alert in alerts] == [f"{name}:alert:{n}" for n in range(1, len(alerts) + 1)]
        assert all(alert["decided_at"] < first["monitored_until"] for alert in alerts)
        assert not alerts or first["outcome"] != "standard"


@every_policy
@some
@given(st.lists(events(strides, own_currency), min_size=1, max_size=30))
def test_what_is_due_is_done_and_the_next_is_later(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    customers = {name: Customer(policy) for name in ("C1", "C2")}
    for event in decoded(history_of(plan, policy), policy):
        customers[event.customer_id].apply(event)  # asserts that no due time stays
    for customer in customers.values():
        known = customer.now_ms
        customer.wait(known + 2000 * DAY_MS)
        assert all(trigger.triggered_at_ms <= known + 2000 * DAY_MS for trigger in customer.triggers)
        moments = [trigger.triggered_at_ms for trigger in customer.triggers]
        assert moments == sorted(moments)


@every_policy
@some
@given(lives)
def test_a_campaign_that_is_not_asked_would_have_offered_nothing(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    everybody = dict.fromkeys(policy.woken, WokenCampaigns(*(policy.campaigns,) * 3))
    spared, thorough = worked(plan, policy), worked(plan, msgspec.structs.replace(policy, woken=everybody))
    assert triggers(spared) == triggers(thorough)
    assert [change["id"] for change in spared.outcome.changes] == [change["id"] for change in thorough.outcome.changes]


@some
@given(lives)
def test_campaigns_and_risk_leave_the_tiers_as_they_are(plan: Plan) -> None:
    alone = load_policy(DENSE.document.partition("\n[[campaigns]]")[0])
    told = [
        [(change["id"], change["tier"], change["reason"], change["decided_at"]) for change in bench.outcome.changes]
        for bench in (worked(plan, alone), worked(plan, DENSE))
    ]
    assert told[0] == told[1]


def erasures(history: History) -> dict[str, list[int]]:
    """By customer: the clock when an erasure was worked."""
    found = defaultdict(list)
    for clock_ms, customer, action in told_actions(history):
        if action == "erase":
            found[customer].append(clock_ms)
    return found


def silences(history: History) -> list[tuple[str, int, int]]:
    """Each time of opt-out: the customer, since when and until when."""
    found, out = [], dict[str, int]()
    for clock_ms, customer, action in told_actions(history):
        if action == "opt_out":
            out.setdefault(customer, clock_ms)
        elif action in {"opt_in", "erase"} and customer in out:
            found.append((customer, out.pop(customer), clock_ms))
    return found + [(customer, since, 10**18) for customer, since in out.items()]


def told_actions(history: History) -> list[tuple[int, str, str]]:
    """The clock, customer and action of every record of bank.customers, in the order in which they are worked."""
    found, clock_ms = [], 0
    for when, topic, value in in_order(history):
        clock_ms = max(clock_ms, when)
        if topic == CUSTOMERS:
            found.append((clock_ms, value["customer_id"], value["action"]))
    return found
