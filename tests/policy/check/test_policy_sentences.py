"""What campaigns, limits on contact and risk rules do, in the words of `tierflow policy check`."""
# ruff: noqa: E501 - a table: a row a line

import pytest

from streams.policy.check.check import check
from streams.policy.check.sentences import in_words

TIERS = 'name = "x"\nversion = 1\ncurrency = "TWD"\n[[tiers]]\nid = "low"\n[[tiers]]\nid = "mid"\nat_least = "500000"\n'
NEAR = 'kind = "near_tier"\nto = "mid"\n'
GIFT = 'kind = "gift"\nat_least = "1000"\nwithin_days = 1\n'


def sentences(text: str) -> list[str]:
    report = check(TIERS + text)
    assert report.policy is not None, report.errors
    assert report.file is not None
    return list(in_words(report.policy, report.file)[1:])


CAMPAIGNS = [
    (GIFT, "for everybody: the first balance or deposit of at least 1,000, within 1 day of the first event, once."),
    (GIFT + 'amount = "200.50"', "for everybody: 200.50 for the first balance or deposit of at least 1,000, within 1 day of the first event, once."),
    (GIFT + 'tiers = ["low", "mid"]\nhold_out = "0.125"', "for low and mid: the first balance or deposit of at least 1,000, within 1 day of the first event, once; 12.5% of the customers are held out."),
    (GIFT + 'hold_out = "1"\nsalt = "spring"', "for everybody: the first balance or deposit of at least 1,000, within 1 day of the first event, once; 100% of the customers are held out by the salt spring."),
    (GIFT + 'amount = "1"\nbudget = { triggers = 1000, amount = "5000", per = "month" }', "for everybody: 1 for the first balance or deposit of at least 1,000, within 1 day of the first event, once; no more than 1,000 triggers and 5,000 paid each month."),
    (GIFT + "budget = { triggers = 1 }", "for everybody: the first balance or deposit of at least 1,000, within 1 day of the first event, once; no more than 1 trigger in all."),
    ('kind = "welcome"\ntiers = ["mid"]', "for mid: an upgrade to it, not within 60 seconds of a customer's first event."),
    ('kind = "welcome"\ntiers = ["mid"]\nsettles_seconds = 0', "for mid: an upgrade to it."),
    ('kind = "cash_back"\nrate = "0.01"', "for everybody: at each month's end 1% of the month's purchase transactions."),
    ('kind = "cash_back"\nrate = "0.0025"\nat_least = "3000"\nat_most = "300"\ntypes = ["purchase", "fee"]', "for everybody: at each month's end 0.25% of the month's purchase and fee transactions, from a sum of 3,000 on, at most 300."),
    ('kind = "cash_back"\nrate = "0.01"\nsettles_after_days = 3', "for everybody: 3 days after each month's end 1% of the month's purchase transactions."),
    ('kind = "cash_back"\nrate = "1"\nat_least = "3000"\nat_most = "300"\nper = "transaction"', "for everybody: 100% of each purchase transaction of at least 3,000, at most 300."),
    (NEAR + 'at_least = "450000"\nfor_days = 3', "for everybody below mid: the value is at least 450,000 and below the 500,000 of mid for 3 days in a row."),
    (NEAR + 'tiers = ["low"]\nwithin = "1"\nfor_days = 0\nevery_days = 90\noffer_days = 1', "for low: the value is at most 1 below the 500,000 of mid, at most once in 90 days, an offer of 1 day."),
    (NEAR + 'within_share = "0.10"\nfor_days = 0', "for everybody below mid: the value is at most 10% below the 500,000 of mid."),
    ('kind = "dormant"\nwithout_transaction_days = 60', "for everybody: no transaction for 60 days."),
    ('kind = "at_risk"\ndays_before = 7', "for everybody: 7 days before the tier is lost if nothing changes."),
    ('kind = "fee_alert"\ntiers = ["mid"]\nmeasure = "assets"\nbelow = "200000"', "for mid: at each month's end, assets below 200,000."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "says"), CAMPAIGNS)
def test_a_campaign_is_told_in_a_line(words: str, says: str) -> None:
    assert sentences(f'[[campaigns]]\nid = "c"\n{words}\n') == [f"Campaign c, {says}"]


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ("at_most = 2\nin_days = 30", "at most 2 in 30 days."),
        ("quiet_days = 7", "none within 7 days of the last."),
        ("at_most = 2\nin_days = 30\nquiet_days = 1", "at most 2 in 30 days and none within 1 day of the last."),
    ],
)
def test_limits_on_contact_are_told_with_their_campaigns(limits: str, says: str) -> None:
    campaigns = f'[[campaigns]]\nid = "a"\n{GIFT}[[campaigns]]\nid = "b"\n{GIFT}'
    told = sentences(f'{campaigns}[contact]\ncampaigns = ["a", "b"]\n{limits}\n')
    assert told[2:] == [f"Of a and b a customer gets {says}"]


RISKS = [
    ('[risk.large_loan]\nlow = "300000"\nmid = "3000000"', "A loan application is enhanced if it is large, which is from 300,000 for low and 3,000,000 for mid; else standard."),
    ('[risk.large_loan]\nlow = "1"\n[risk.against_assets]\nmore_than_times = "2.5"', "A loan application is enhanced if it is large, which is from 1 for low; referred if it is large and more than 2.5 times the assets; else standard."),
    ('[risk.standing]\npoor = "enhanced"\ndefault = "refer"', "A loan application is enhanced in poor standing; referred in default standing; else standard."),
    ('[risk.fresh_assets]\ndays = 30\nmore_than = "0.5"', "A loan application is enhanced if more than 50% of the assets came in during the last 30 days; else standard."),
    ('[risk.volatile_assets]\ndays = 90\nmore_than = "0.8"\noutcome = "refer"', "A loan application is referred if more than 80% of the highest total lies between it and the lowest one of the last 90 days; else standard."),
    ('[risk.standing]\npoor = "refer"\n[risk.monitoring]\ndays = 180', "A loan application is referred in poor standing; else standard. A loan that is not standard is watched for 180 days: an alert at each worse standing."),
    ("[risk]", "Every loan application is standard."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "says"), RISKS)
def test_how_loans_are_decided_is_told_in_a_line(words: str, says: str) -> None:
    assert sentences(words + "\n") == [says]


def test_a_policy_without_campaigns_and_risk_is_told_in_one_line() -> None:
    assert sentences("") == []
