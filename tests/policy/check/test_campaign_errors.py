"""Campaigns, contact, budgets, services and risk as their authors break them: the line, the field, the sentence."""
# ruff: noqa: E501 - a table: a row a line

import pytest

from streams.policy.check.check import check

GOOD = """\
name = "gold"
version = 1
currency = "TWD"

[measures.month_average]
average = "assets"
months = 1

[[tiers]]
id = "low"

[tiers.strategy]
services = [
    { id = "card", kind = "product", name = { en = "Card" } },
    { id = "desk", kind = "channel", name = { en = "Desk" }, valid_from = "2026-01-01", valid_until = "2026-12-31" },
]

[[tiers]]
id = "mid"
at_least = "500000"

[[tiers]]
id = "top"
enter = { all = [{ measure = "value", at_least = "600000" }, { measure = "score", at_least = "700" }, { standing_at_least = "good" }] }

[[campaigns]]
id = "welcome-gift"
kind = "gift"
at_least = "1000"
within_days = 30
amount = "200"
budget = { triggers = 1000, amount = "100000", per = "month" }

[[campaigns]]
id = "back"
kind = "cash_back"
tiers = ["low"]
types = ["purchase"]
rate = "0.01"
at_most = "300"
hold_out = "0.10"

[[campaigns]]
id = "near-mid"
kind = "near_tier"
to = "mid"
within = "50000"
for_days = 3

[[campaigns]]
id = "fee"
kind = "fee_alert"
tiers = ["mid"]
measure = "month_average"
below = "200000"

[contact]
campaigns = ["near-mid", "back"]
at_most = 2
in_days = 30

[risk.large_loan]
low = "300000"
mid = "3000000"
top = "5000000"

[risk.standing]
poor = "enhanced"

[risk.against_assets]
more_than_times = "5"

[risk.fresh_assets]
days = 30
more_than = "0.5"

[risk.monitoring]
days = 180
assets_at_most = ["0.70", "0.40"]
"""
BUDGET = 'budget = { triggers = 1000, amount = "100000", per = "month" }'
CONTACT = 'campaigns = ["near-mid", "back"]\nat_most = 2\nin_days = 30\n'
LARGE = '[risk.large_loan]\nlow = "300000"\nmid = "3000000"\ntop = "5000000"\n'

# What is changed; the line; the field; the sentence.
ROWS = [
    # kinds, and what each wants
    ('kind = "gift"', 'kind = "present"', 28, "campaigns.welcome-gift.kind", '"present" is not known here; write "at_risk" or "cash_back" or "dormant" or "fee_alert" or "gift"'),
    ('kind = "near_tier"', 'kind = "near-tier"', 45, "campaigns.near-mid.kind", '"near-tier" is not known here; did you mean "near_tier"?'),
    ('kind = "gift"\n', "", 26, "campaigns.welcome-gift.kind", 'this is missing; write kind = "at_risk" or "cash_back"'),
    ("within_days = 30\n", "", 26, "campaigns.welcome-gift.within_days", "this is missing; a campaign of kind gift wants it: write within_days = 30"),
    ('to = "mid"\n', "", 43, "campaigns.near-mid.to", 'this is missing; a campaign of kind near_tier wants it: write to = "mid"'),
    ("for_days = 3", 'for_days = 3\nrate = "0.01"', 49, "campaigns.near-mid.rate", "a campaign of kind near_tier takes no rate; it takes to, for_days, at_least, within"),
    ("for_days = 3", "for_days = 3\nmonths = 2", 49, "campaigns.near-mid.months", '"months" is no word of [[campaigns]]; it belongs in [measures.NAME]'),
    ("within_days = 30", 'within_days = "30"', 30, "campaigns.welcome-gift.within_days", '"30" is in quotes; write the number without them: 30'),
    ("within_days = 30", "within_days = 0", 30, "campaigns.welcome-gift.within_days", "0 is not allowed; write a whole number from 1 to 3660"),
    # amounts and shares
    ('amount = "200"', "amount = 200", 31, "campaigns.welcome-gift.amount", '200 is a number; write it in quotes: "200"'),
    ('amount = "200"', 'amount = "0"', 31, "campaigns.welcome-gift.amount", '"0" is less than TWD 0.01, the least that can be paid, so nothing is paid; write an amount such as "100"'),
    ('at_most = "300"', 'at_most = "0.001"', 40, "campaigns.back.at_most", '"0.001" is less than TWD 0.01, the least that can be paid, so nothing is paid'),
    ('rate = "0.01"', 'rate = "1%"', 39, "campaigns.back.rate", '"1%" is a percentage; write it as a share of 1: "0.01"'),
    ('rate = "0.01"', 'rate = "1"\nper = "year"', 40, "campaigns.back.per", '"year" is not known here; write "month" or "transaction"'),
    ('rate = "0.01"', 'rate = "1"\nsettles_after_days = 61', 40, "campaigns.back.settles_after_days", "61 is not allowed; write a whole number from 0 to 60"),
    ('rate = "0.01"', 'rate = "1"\nper = "transaction"\nsettles_after_days = 2', 41, "campaigns.back.settles_after_days", 'each transaction is paid at once, so no month is settled; take it out, or write per = "month"'),
    ('rate = "0.01"', 'rate = "1.5"', 39, "campaigns.back.rate", '"1.5" is no part of the whole; write one from "0" to "1": a tenth is "0.10"'),
    ('rate = "0.01"', 'rate = "0"', 39, "campaigns.back.rate", 'a rate of 0 pays nothing; write one such as "0.01"'),
    ('types = ["purchase"]', 'types = ["purchases"]', 38, "campaigns.back.types[0]", 'there is no type of transaction "purchases"; did you mean "purchase"?'),
    ('types = ["purchase"]', "types = []", 38, "campaigns.back.types", "the list is empty; write types of transactions: cash, deposit,"),
    ('hold_out = "0.10"', 'hold_out = "10"', 41, "campaigns.back.hold_out", '"10" is no part of the whole; write one from "0" to "1": a tenth is "0.10"'),
    ('hold_out = "0.10"', 'hold_out = "-0.1"', 41, "campaigns.back.hold_out", '"-0.1" is no part of the whole'),
    ('hold_out = "0.10"', 'holdout = "0.10"', 41, "campaigns.back.holdout", '"holdout" is no word of [[campaigns]]; did you mean hold_out?'),
    # which tiers
    ('tiers = ["low"]', 'tiers = ["bronze"]', 37, "campaigns.back.tiers[0]", 'there is no tier "bronze"; there are low, mid, top'),
    ('tiers = ["low"]', 'tiers = "low"', 37, "campaigns.back.tiers", '"low" stands alone, and a list is wanted; write it in brackets: ["low"]'),
    ('to = "mid"', 'to = "low"', 46, "campaigns.near-mid.to", "low is the first tier, and everybody's; write another tier"),
    ('to = "mid"', 'to = "top"', 46, "campaigns.near-mid.to", "top is not had by one amount, so none is missing; write another tier"),
    ('within = "50000"', 'within = "50000"\nwithin_share = "0.1"', 43, "campaigns.near-mid", "within and within_share are both there; write one of at_least, within, within_share"),
    ('within = "50000"\n', "", 43, "campaigns.near-mid", "it does not say how near; write one of at_least, within, within_share"),
    ('within = "50000"', 'within = "10%"', 47, "campaigns.near-mid.within", '"10%" is a percentage; here is a number wanted'),
    ('measure = "month_average"', 'measure = "month_avrage"', 54, "campaigns.fee.measure", 'there is no measure "month_avrage"; did you mean "month_average"?'),
    ('measure = "month_average"', 'measure = "value"', 54, "campaigns.fee.measure", "a fee goes by an amount that is measured, and value is none; write one of month_average, assets, loans"),
    ('measure = "month_average"', 'measure = "standing"', 54, "campaigns.fee.measure", "a fee goes by an amount that is measured, and standing is none; write one of month_average, assets, loans"),
    ('[measures.month_average]\naverage = "assets"\nmonths = 1\n', "measures = 1\n\n\n", 5, "measures", "1 is a number; write a table such as { mid = { … } }"),
    # ids, and the tables themselves
    ('id = "back"', 'id = "welcome-gift"', 35, "campaigns[1].id", 'another campaign has the id "welcome-gift"; write another id'),
    ('id = "back"', 'id = "cash back"', 35, "campaigns[1].id", '"cash back" is no word: letters, digits, hyphens and underscores, no spaces, at most 64; write "cash-back"'),
    ("[[campaigns]]\n", "[campaigns]\n", 26, "campaigns", "[campaigns] is one of several; write it in two brackets: [[campaigns]]"),
    ('[[campaigns]]\nid = "fee"', '[campaigns.spring]\nid = "fee"', 50, "campaigns.near-mid.spring", '"spring" is no word of [[campaigns]]; write [[campaigns]], in two brackets, above a new one, and below it id = "spring"'),
    # budgets
    (BUDGET, 'budget = { per = "month" }', 32, "campaigns.welcome-gift.budget", "it has no end; write triggers = 1000, or amount, or both"),
    (BUDGET, "budget = 1000", 32, "campaigns.welcome-gift.budget", "1000 is a number; write a table { … } with these words: triggers, amount, per"),
    (BUDGET, 'budget = { triggers = 9, per = "week" }', 32, "campaigns.welcome-gift.budget.per", '"week" is not known here; write "day" or "ever" or "month" or "year"'),
    (BUDGET, '[campaigns.budget]\ntriggers = "9"', 33, "campaigns.welcome-gift.budget.triggers", '"9" is in quotes; write the number without them: 9'),
    (BUDGET, "[budget]\ntriggers = 9", 32, "budget", '"budget" is no word at the top of a policy; it belongs in [[campaigns]]'),
    ("for_days = 3", 'for_days = 3\nbudget = { amount = "9" }', 49, "campaigns.near-mid.budget.amount", "this campaign pays nothing, so no amount is ever spent; write triggers instead"),
    # contact
    ('["near-mid", "back"]', '["near-md", "back"]', 58, "contact.campaigns[0]", 'there is no campaign "near-md"; did you mean "near-mid"?'),
    ("at_most = 2\n", "", 57, "contact", "at_most and in_days belong together: at_most = 2 and in_days = 30; write both"),
    (CONTACT, 'campaigns = ["back"]\n', 57, "contact", "it says for which campaigns and not how often; write at_most = 2 and in_days = 30, or quiet_days = 7"),
    (CONTACT, "quiet_days = 7\n", 57, "contact.campaigns", "this is missing: it says how often and not for which campaigns"),
    # services
    ('kind = "product", ', "", 14, "tiers.low.strategy.services[0].kind", 'this is missing; write kind = "adviser" or "channel" or "plan" or "product" or "value-added"'),
    ('kind = "product"', 'kind = "value added"', 14, "tiers.low.strategy.services[0].kind", '"value added" is not known here; did you mean "value-added"?'),
    ('"2026-12-31"', '"2025-12-31"', 15, "tiers.low.strategy.services[1].valid_until", "2025-12-31 is before valid_from; write a later day"),
    ('"2026-12-31"', '"31.12.2026"', 15, "tiers.low.strategy.services[1].valid_until", '"31.12.2026" is no date; write year, month and day such as "2026-12-31"'),
    ('"2026-12-31"', '"20261231"', 15, "tiers.low.strategy.services[1].valid_until", '"20261231" is no date'),
    ('id = "desk"', 'id = "card"', 15, "tiers.low.strategy.services[1].id", 'this tier has "card" already; write another id'),
    # risk
    ('low = "300000"', 'bronze = "300000"', 63, "risk.large_loan.bronze", 'there is no tier "bronze"; there are low, mid, top'),
    ('low = "300000"', "low = 300000", 63, "risk.large_loan.low", '300000 is a number; write it in quotes: "300000"'),
    (LARGE, '[risk]\nlarge_loan = "300000"\n', 63, "risk.large_loan", '"300000" is a text; write a table such as { mid = "500000" }'),
    (LARGE, "", 66, "risk.against_assets", "it looks at large loans, and nothing says which are large; write [risk.large_loan]"),
    ('poor = "enhanced"', 'poor = "reject"', 68, "risk.standing.poor", '"reject" is not known here; write "enhanced" or "refer"'),
    ('poor = "enhanced"', 'bad = "refer"', 68, "risk.standing.bad", 'there is no standing "bad"; there are default, excellent, fair, good, poor'),
    ('more_than_times = "5"', "more_than_times = 5", 71, "risk.against_assets.more_than_times", '5 is a number; write it in quotes: "5"'),
    ('more_than_times = "5"', 'outcome = "refer"', 70, "risk.against_assets.more_than_times", 'this is missing; write more_than_times = "5"'),
    ('more_than = "0.5"', 'more_than = "50%"', 75, "risk.fresh_assets.more_than", '"50%" is a percentage; write it as a share of 1: "0.50"'),
    ("[risk.fresh_assets]", "[risk.new_assets]", 73, "risk.new_assets", '"new_assets" is no word of [risk]; did you mean fresh_assets?'),
    ('["0.70", "0.40"]', '["70%", "0.40"]', 79, "risk.monitoring.assets_at_most[0]", '"70%" is a percentage; write it as a share of 1: "0.70"'),
    ('["0.70", "0.40"]', '["0.70", "1"]', 79, "risk.monitoring.assets_at_most[1]", '"1" is no part of the assets; write a share between "0" and "1", such as "0.70"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "field", "says"), ROWS)
def test_a_fault_is_told_once_with_line_field_and_what_is_allowed(
    old: str, new: str, line: int, field: str, says: str
) -> None:
    assert old in GOOD
    report = check(GOOD.replace(old, new, 1))
    assert report.policy is None
    assert [(error.line, error.field) for error in report.errors] == [(line, field)], report.errors
    assert says in report.errors[0].message


def test_the_good_file_is_good() -> None:
    report = check(GOOD)
    assert report.policy is not None
    assert report.errors == []


def test_all_that_is_wrong_with_campaigns_and_risk_is_told_at_once() -> None:
    broken = GOOD
    for old, new in [
        ('kind = "product"', 'kind = "card"'),
        ("within_days = 30", "days = 30"),
        ('rate = "0.01"', "rate = 1%"),
        ("at_most = 2\n", ""),
        ("days = 180", 'days = "180"'),
    ]:
        broken = broken.replace(old, new, 1)
    assert [(error.line, error.field) for error in check(broken).errors] == [
        (14, "tiers.low.strategy.services[0].kind"),
        (26, "campaigns.welcome-gift.within_days"),
        (30, "campaigns.welcome-gift.days"),
        (39, "campaigns.back.rate"),
        (39, "campaigns.back.rate"),
        (57, "contact"),
        (77, "risk.monitoring.days"),
    ]
