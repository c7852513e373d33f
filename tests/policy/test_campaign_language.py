"""What the tables of campaigns and risk become: amounts, floors, shares, and what has to be kept for them."""

import pytest

from streams.engine.measures.spans import oldest_closing_looked_at, oldest_day_looked_at
from streams.policy.campaigns import (
    AtRisk,
    Budget,
    Campaign,
    CashBack,
    Contact,
    Dormant,
    FeeAlert,
    Gift,
    NearTier,
    Welcome,
)
from streams.policy.compile.load import load_policy
from streams.policy.loans import LoanRules, ShareLimit
from streams.policy.measures import Measure
from streams.policy.policy import Policy
from tests.support.one_customer import WHOLE_STANDARD, e16

TIERS = """
name = "test"
version = 1
currency = "TWD"

[measures.month]
average = "assets"
months = 1

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"

[[tiers]]
id = "high"
enter = { measure = "loans", at_least = "1000" }
"""


def policy_of(text: str) -> Policy:
    return load_policy(TIERS + text)


def campaign(kind: str, words: str, more: str = "") -> Campaign:
    (found,) = policy_of(f'[[campaigns]]\nid = "c"\nkind = "{kind}"\n{words}\n{more}').campaigns
    return found


def near(words: str) -> NearTier:
    rule = campaign("near_tier", f"for_days = 3\n{words}").terms
    assert isinstance(rule, NearTier)
    return rule


def basis_of(policy: Policy) -> int:
    (terms,) = [campaign.terms for campaign in policy.campaigns if isinstance(campaign.terms, CashBack)]
    return terms.basis


def test_sums_by_other_rates_or_types_have_another_basis() -> None:
    document = WHOLE_STANDARD.document
    others = [
        document.replace('"31.5"', '"31.6"'),
        document.replace('types = ["purchase"]', 'types = ["cash"]'),
    ]
    found = [basis_of(load_policy(text)) for text in (document, document.replace("3000", "4000"), *others)]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_the_standard_policy_has_the_banks_campaigns() -> None:
    purchases = Measure("cash-back", "sum", types=frozenset({"purchase"}), months=1)
    low, mid, high = frozenset({"low"}), frozenset({"mid"}), frozenset({"high"})
    assert {found.id: found.terms for found in WHOLE_STANDARD.campaigns} == {
        "account-opening-gift": Gift(frozenset(), e16("1000"), 30, None),
        "cash-back": CashBack(
            low,
            purchases,
            e16("3000"),
            100,
            e16("300"),
            per_transaction=False,
            settles_after_days=0,
            basis=basis_of(WHOLE_STANDARD),
        ),
        "near-mid": NearTier(low, None, e16("450000"), e16("500000"), 3, 90, None),
        "dormant": Dormant(low, 60),
        "welcome-mid": Welcome(mid, 60_000),
        "welcome-high": Welcome(high, 60_000),
        "stay": AtRisk(frozenset(), 7),
    }
    limited = [found.id for found in WHOLE_STANDARD.campaigns if found.contact is not None]
    assert limited == ["near-mid", "dormant", "stay"]
    assert {found.contact for found in WHOLE_STANDARD.campaigns} == {None, Contact(2, 30, 0)}
    assert {(found.hold_out_e4, found.budget) for found in WHOLE_STANDARD.campaigns} == {(0, None)}


def test_the_standard_policy_has_the_banks_risk_rules() -> None:
    assert WHOLE_STANDARD.loan_rules == LoanRules(
        large_loan_e16={"low": e16("300000"), "mid": e16("3000000"), "high": e16("10000000")},
        standing={"poor": "enhanced", "default": "refer"},
        times_assets_e16=e16("5"),
        against_assets="refer",
        fresh=ShareLimit(30, 5_000, "enhanced"),
        volatile=None,
        monitor_days=180,
        alert_shares_e4=(7_000, 4_000, 1_000),
    )


@pytest.mark.parametrize(
    ("words", "at_least"),
    [
        ('to = "mid"\nat_least = "450000.5"', "450000.5"),
        ('to = "mid"\nwithin = "50000"', "450000"),
        ('to = "mid"\nwithin_share = "0.0001"', "499950"),
        ('to = "mid"\nwithin_share = "1"', "0"),
        ('to = "high"\nwithin = "1"', "999"),
    ],
)
def test_near_is_an_amount_whichever_way_it_is_written(words: str, at_least: str) -> None:
    assert near(words).at_least_e16 == e16(at_least)


def test_near_goes_by_the_figure_of_the_floor_and_is_for_all_below() -> None:
    policy = policy_of('[[campaigns]]\nid = "c"\nkind = "near_tier"\nto = "high"\nwithin = "1"\nfor_days = 0\n')
    (found,) = policy.campaigns
    assert isinstance(found.terms, NearTier)
    assert found.terms.measure is not None
    assert policy.measures[found.terms.measure].of == "loans"
    assert (found.terms.tiers, found.terms.floor_e16) == ({"low", "mid"}, e16("1000"))
    assert near('to = "mid"\nwithin = "1"').measure is None
    assert near('to = "high"\nwithin = "1"\ntiers = ["mid"]').tiers == {"mid"}


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        ("", None),
        ("budget = { triggers = 1000 }", Budget(1000, None, "ever")),
        ('budget = { amount = "100.019", per = "day" }', Budget(None, 1_000_100, "day")),
        ('budget = { triggers = 1, amount = "0.01", per = "year" }', Budget(1, 100, "year")),
    ],
)
def test_a_budget_is_in_triggers_and_whole_cents(words: str, budget: Budget | None) -> None:
    assert campaign("gift", f'at_least = "1"\nwithin_days = 1\namount = "0.01"\n{words}').budget == budget


def test_a_campaign_without_a_salt_has_its_id() -> None:
    assert campaign("dormant", 'without_transaction_days = 1\nhold_out = "0.25"').salt == "c"
    held = campaign("dormant", 'without_transaction_days = 1\nhold_out = "0.25"\nsalt = "spring"')
    assert (held.salt, held.hold_out_e4) == ("spring", 2_500)


def test_transactions_that_only_a_campaign_looks_at_are_kept_for_its_month() -> None:
    policy = policy_of('[[campaigns]]\nid = "c"\nkind = "cash_back"\nrate = "0.01"\ntypes = ["fee"]\n')
    assert policy.kept_types == {"fee"}
    assert policy.looked_at_types == frozenset()
    assert (
        oldest_day_looked_at(policy, 20_103) == 20_058
    )  # on 15 January 2025: the last whole month, from 1 December on


def test_totals_that_only_a_campaign_or_a_loan_looks_at_are_kept() -> None:
    assert policy_of("").daily_totals == frozenset()
    fee = '[[campaigns]]\nid = "c"\nkind = "fee_alert"\ntiers = ["mid"]\nmeasure = "month"\nbelow = "1"\n'
    assert policy_of(fee).daily_totals == {"assets"}
    (found,) = policy_of(fee).campaigns
    assert isinstance(found.terms, FeeAlert)
    assert (found.terms.measure.kind, found.terms.measure.months) == ("average", 1)
    fresh = policy_of('[risk.fresh_assets]\ndays = 30\nmore_than = "0.5"\n')
    assert fresh.daily_totals == {"assets"}
    assert oldest_closing_looked_at(fresh, 20_000) == 20_000 - 30  # the closing total 30 days ago
    volatile = policy_of('[risk.volatile_assets]\ndays = 30\nmore_than = "0.5"\n')
    assert oldest_closing_looked_at(volatile, 20_000) == 20_000 - 29  # 30 days, today among them


def test_shares_of_alerts_go_from_the_highest_down_each_once() -> None:
    risk = policy_of('[risk.monitoring]\ndays = 1\nassets_at_most = ["0.4", "0.70", "0.7"]\n').loan_rules
    assert risk is not None
    assert risk.alert_shares_e4 == (7_000, 4_000)


def test_without_the_tables_there_are_no_campaigns_and_no_risk() -> None:
    assert (policy_of("").campaigns, policy_of("").loan_rules) == ((), None)
