"""What a policy can do and is hardly meant: the line, the field, the words; and what is no matter for a warning."""
# ruff: noqa: E501 - a table: a row a line

import pytest

from streams.policy.check.check import check
from streams.policy.compile.load import load_published
from streams.settings import policy_folder

HEAD = 'name = "odd"\nversion = 1\ncurrency = "TWD"\n'
LOW, MID = '[[tiers]]\nid = "low"\n', '[[tiers]]\nid = "mid"\nat_least = "500"\n'
HIGH = '[[tiers]]\nid = "high"\nat_least = "5000"\n'
SPENT = '[measures.spent]\nsum = ["purchase"]\ndays = 90\n'


def by(tier: str, measure: str, floor: str, more: str = "") -> str:
    return f'[[tiers]]\nid = "{tier}"\nenter = {{ measure = "{measure}", at_least = "{floor}" }}\n{more}'


def keep(floor: str, measure: str = "value") -> str:
    return f'keep = {{ measure = "{measure}", at_least = "{floor}" }}\n'


def campaign(kind: str, more: str, name: str = "x") -> str:
    return f'[[campaigns]]\nid = "{name}"\nkind = "{kind}"\n{more}\n'


NEAR = 'to = "mid"\nat_least = "450"\nfor_days = 0'
GIFT = 'at_least = "1"\nwithin_days = 9'
TWO = LOW + MID
BY_MONTH = '[rating]\nwhen = "month_end"\n'
WAITS = "[falling]\nafter_days = 30\n"
LIMITS = '[risk.large_loan]\nlow = "1"\nmid = "2"\n'
MONTH = '[measures.month]\naverage = "assets"\nmonths = 1\n'


ROWS = [
    # floors out of order, tiers out of reach
    (LOW + HIGH + by("mid", "score", "1") + MID.replace("mid", "top"), 8, "tiers.high.at_least", "nobody earns high, since who meets it meets top"),
    (SPENT + '[value]\nterms = [{ measure = "spent", at_most = "499.99" }]\n' + LOW + MID, 13, "tiers.mid.at_least", "nobody can earn mid: by its terms the value is never above 499.99"),
    (LOW + by("mid", "loans", "0"), 8, "tiers.mid.enter", "everybody meets this, so nobody is below mid"),
    (LOW, 4, "tiers", "there is one tier; nobody ever goes up or down"),
    ("[falling]\nprotection_days = 9\n" + LOW, 5, "falling.protection_days", "there is no upgrade to protect"),
    # overlaps
    (LOW + MID + by("high", "loans", "1"), 11, "tiers.high.enter", "who meets this need not meet mid, the tier below: the two overlap, and the higher one counts"),
    (LOW + MID + HIGH + keep("400"), 12, "tiers.high.keep", "who keeps high may have less than mid, the tier below, asks to enter: the two overlap"),
    # rules that never decide
    (LOW + MID + keep("500"), 9, "tiers.mid.keep", "to keep mid asks as much as to enter it, or more, so it never decides"),
    (LOW + MID + keep("501"), 9, "tiers.mid.keep", "to keep mid asks as much as to enter it, or more"),
    ('[measures.end]\nmonth_end = "assets"\n[falling]\nwhen = "month_end"\n' + LOW + MID + keep("500", "end"), 13, "tiers.mid.keep", "to keep mid asks as much as to enter it, or more"),
    (LOW + MID + keep("500", "assets"), 9, "tiers.mid.keep", "to keep mid asks as much as to enter it, or more"),
    (LOW + '[[tiers]]\nid = "mid"\nenter = { all = [\n{ measure = "assets", at_least = "1" },\n{ measure = "assets", at_least = "2" }] }\n', 9, "tiers.mid.enter.all[0]", "this part never decides"),
    (LOW + '[[tiers]]\nid = "mid"\nenter = { any = [\n{ measure = "assets", at_least = "1" },\n{ measure = "assets", at_least = "2" }] }\n', 10, "tiers.mid.enter.any[1]", "this part never decides"),
    (SPENT + LOW + MID, 4, "measures.spent", 'no tier or campaign looks at "spent"; use it, or take it out'),
    (SPENT + '[value]\nterms = [{ measure = "spent" }]\n' + LOW + by("mid", "assets", "1"), 4, "measures.spent", "the value is made of it, but no tier has a floor on the value"),
    (SPENT + '[value]\nterms = [{ measure = "spent" }]\n' + LOW + by("mid", "assets", "1"), 7, "value", "no tier has a floor on the value, so this decides nothing"),
    ('[value.credit]\npoor = "-0.1"\n' + LOW + by("mid", "assets", "1"), 4, "value.credit", "no tier has a floor on the value, so this decides nothing"),
    # caps
    ('[caps]\ndefault = "high"\n' + LOW + MID + HIGH, 5, "caps.default", "high is the highest tier, so this caps nobody"),
    ('[caps]\ngood = "low"\nfair = "low"\npoor = "low"\ndefault = "low"\n' + LOW + MID, 5, "caps.good", "customers of whom no standing is known count as good"),
    ('[caps]\nfair = "low"\n' + LOW + MID, 5, "caps.fair", "fair is capped lower than poor, which is the worse standing"),
    ('[caps]\nexcellent = "low"\ngood = "low"\nfair = "low"\npoor = "low"\ndefault = "low"\n' + LOW + MID, 4, "caps", "nobody can be mid: every standing is capped below it"),
    # campaigns
    (LOW + '[tiers.strategy]\ncampaigns = ["y"]\n' + MID + campaign("gift", GIFT), 7, "tiers.low.strategy.campaigns[0]", 'there is no campaign "y"'),
    (LOW + '[tiers.strategy]\ncampaigns = ["x"]\n' + MID + campaign("welcome", 'tiers = ["mid"]'), 7, "tiers.low.strategy.campaigns[0]", "x is for mid, so nobody in low gets it"),
    (TWO + '[tiers.strategy]\ncampaigns = ["x"]\n' + campaign("near_tier", NEAR), 10, "tiers.mid.strategy.campaigns[0]", "x is for tiers below mid, so nobody in mid gets it"),
    (TWO + campaign("near_tier", NEAR.replace("450", "500")), 13, "campaigns.x.at_least", "nobody is near: who has this much meets the floor of mid already"),
    (TWO + campaign("near_tier", NEAR.replace("at_least", "within").replace("450", "0")), 13, "campaigns.x.within", "nobody is near"),
    (TWO + campaign("near_tier", NEAR.replace("at_least", "within").replace("450", "500")), 13, "campaigns.x.within", "everybody below the floor of mid is near, with nothing at all, too"),
    (TWO + campaign("near_tier", NEAR + '\ntiers = ["low", "mid"]'), 15, "campaigns.x.tiers[1]", "who is in mid need not be told how near mid is"),
    (BY_MONTH + TWO + campaign("near_tier", NEAR.replace("days = 0", "days = 3")), 16, "campaigns.x.for_days", "these are days after a rating"),
    (TWO + campaign("welcome", 'tiers = ["mid", "low"]'), 12, "campaigns.x.tiers[1]", "low is the first tier, and nobody is upgraded to it"),
    (TWO + campaign("at_risk", "days_before = 7"), 9, "campaigns.x", "a tier is lost at once, so no fall can be seen coming"),
    (WAITS + TWO + campaign("at_risk", "days_before = 30"), 14, "campaigns.x.days_before", "the whole grace is 30 days, so this comes as soon as it begins"),
    (WAITS + TWO + campaign("at_risk", 'days_before = 7\ntiers = ["low"]'), 15, "campaigns.x.tiers[0]", "low is the first tier, and nobody falls from it"),
    (TWO + campaign("gift", GIFT + '\nhold_out = "1"'), 14, "campaigns.x.hold_out", "everybody is held out, so nobody is treated"),
    (TWO + campaign("gift", GIFT + '\nsalt = "s"'), 14, "campaigns.x.salt", "nobody is held out, so this decides nothing"),
    (TWO + campaign("gift", GIFT + '\namount = "9"\nbudget = { amount = "8" }'), 15, "campaigns.x.budget.amount", "one gift costs more than the whole budget"),
    (TWO + campaign("fee_alert", 'tiers = ["mid"]\nbelow = "1"\nmeasure = "assets"'), 14, "campaigns.x.measure", 'it looks at a whole month, and "assets" is no figure of one whole month'),
    (TWO + campaign("gift", GIFT + '\nname = { en = "X" }') + campaign("gift", GIFT + '\nname = { zh = "Y" }', "y"), 14, "campaigns.x.name", "x has no name in zh, and other campaigns have one"),
    (TWO + campaign("gift", GIFT) + '[contact]\ncampaigns = ["x"]\nquiet_days = 1\n', 15, "contact.campaigns[0]", "where a customer has been approached enough, the gift of x is lost for good"),
    (TWO + campaign("near_tier", NEAR) + '[contact]\ncampaigns = ["x"]\nquiet_days = 7\nat_most = 5\nin_days = 30\n', 18, "contact.at_most", "7 quiet days leave no more than 5 in 30 days, so this never decides"),
    # risk
    (TWO + "[risk.monitoring]\ndays = 9\n", 9, "risk", "no rule makes a loan enhanced or refers it, so every loan is standard"),
    (TWO + LIMITS.replace('mid = "2"\n', ""), 9, "risk.large_loan", "there is no limit for mid, so no loan is large there"),
    (TWO + LIMITS.replace('"2"', '"0.5"'), 11, "risk.large_loan.mid", "the limit is lower than that of low, which is the lower tier"),
    (TWO + LIMITS + '[risk.against_assets]\nmore_than_times = "5"\noutcome = "enhanced"\n', 14, "risk.against_assets.outcome", "a large loan is enhanced already, so this decides nothing"),
    (TWO + '[risk.standing]\npoor = "refer"\n', 10, "risk.standing.poor", "default is the worse standing, and less strictly looked at than poor"),
    (TWO + '[risk.standing]\ngood = "enhanced"\nfair = "enhanced"\npoor = "enhanced"\ndefault = "refer"\n', 10, "risk.standing.good", "customers of whom no standing is known count as good: this is for them, too"),
    (TWO + '[risk.fresh_assets]\ndays = 30\nmore_than = "1"\n', 11, "risk.fresh_assets.more_than", "this asks more than the whole"),
    # names
    (LOW + 'name = { en = "Low", zh = "低" }\n' + MID + 'name = { en = "Mid" }\n', 10, "tiers.mid.name", "mid has no name in zh, and other tiers have one"),
    (LOW + 'name = { en = "Low" }\n' + MID, 7, "tiers.mid", "mid has no name in en, and other tiers have one"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "line", "field", "says"), ROWS)
def test_what_is_odd_is_told_and_the_policy_can_be_used(rest: str, line: int, field: str, says: str) -> None:
    report = check(HEAD + rest)
    assert report.errors == []
    assert report.policy is not None
    assert any((found.line, found.field) == (line, field) and says in found.message for found in report.warnings), (
        report.warnings
    )


SWAPPED = [
    (LOW + MID + HIGH.replace("5000", "500"), "tiers.mid.at_least", "nobody earns mid, since who meets it meets high as well"),
    (LOW + MID + HIGH.replace("5000", "400"), "tiers.mid.at_least", "the floors are out of order or the same"),
    (LOW + by("mid", "loans", "500") + by("high", "loans", "400"), "tiers.mid.enter", "the floors are out of order"),
    (LOW + HIGH + MID.replace("mid", "x") + HIGH.replace("high", "y"), "tiers.high.at_least", "since who meets it meets x as well"),
    (LOW + MID + '[[tiers]]\nid = "high"\nenter = { any = [{ measure = "value", at_least = "400" }, { measure = "score", at_least = "9" }] }\n', "tiers.mid.at_least", "who meets it meets high"),
    (LOW + by("mid", "assets", "500") + HIGH.replace("5000", "400"), "tiers.mid.enter", "the floors are out of order or the same"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "field", "says"), SWAPPED)
def test_floors_that_are_swapped_are_an_error_and_what_was_published_with_them_still_works(
    rest: str, field: str, says: str
) -> None:
    report = check(HEAD + rest)
    assert report.policy is None
    assert [(found.line, found.field) for found in report.errors] == [(8, field)]
    assert says in report.errors[0].message
    assert load_published(HEAD + rest).name == "odd"


@pytest.mark.parametrize(
    "rest",
    [
        LOW + MID + HIGH,
        LOW + MID + keep("300") + HIGH + keep("500"),
        LOW + MID + by("high", "value", "5000"),
        LOW + by("mid", "loans", "1", keep("1", "score")),
        SPENT + '[value]\nterms = [{ measure = "assets" }, { measure = "spent", at_most = "5" }]\n' + LOW + MID,
        SPENT + LOW + by("mid", "spent", "5"),
        SPENT + LOW + MID + keep("5", "spent"),
        '[caps]\ndefault = "low"\npoor = "mid"\n' + LOW + MID + HIGH,
        LOW + by("mid", "assets", "0"),  # an overdraft is below
        TWO + '[tiers.strategy]\ncampaigns = ["x"]\n',  # campaigns that another system has
        TWO + campaign("near_tier", NEAR) + '[contact]\ncampaigns = ["x"]\nquiet_days = 7\nat_most = 4\nin_days = 30\n',
        "[falling]\nprotection_days = 90\n" + TWO + campaign("at_risk", "days_before = 30"),
        MONTH + TWO + campaign("fee_alert", 'tiers = ["mid"]\nbelow = "1"\nmeasure = "month"'),
        BY_MONTH + TWO + campaign("near_tier", NEAR),
        TWO + campaign("gift", GIFT) + campaign("gift", GIFT + '\nname = { zh = "Y" }', "y"),  # names nobody need have
        TWO + LIMITS + '[risk.against_assets]\nmore_than_times = "5"\n',
        TWO + '[risk.standing]\ndefault = "refer"\n[risk.monitoring]\ndays = 9\n',
    ],
)
def test_what_is_not_odd_gives_no_warning(rest: str) -> None:
    report = check(HEAD + rest)
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize("path", sorted(policy_folder().glob("*.toml")), ids=lambda path: path.stem)
def test_the_policies_that_come_with_the_product_give_no_warning(path: object) -> None:
    assert hasattr(path, "read_text")
    report = check(path.read_text(encoding="utf-8"))
    assert (report.errors, report.warnings) == ([], [])
