"""What a policy can do and is hardly meant: the line, the field, the words; and what is no matter for a warning."""
# ruff: noqa: E501 - a table: a row a line

import pytest

from streams.policy_check.check import check
from streams.settings import policy_folder

HEAD = 'name = "odd"\nversion = 1\ncurrency = "TWD"\n'
LOW, MID = '[[tiers]]\nid = "low"\n', '[[tiers]]\nid = "mid"\nat_least = "500"\n'
HIGH = '[[tiers]]\nid = "high"\nat_least = "5000"\n'
SPENT = '[measures.spent]\nsum = ["purchase"]\ndays = 90\n'


def by(tier: str, measure: str, floor: str, more: str = "") -> str:
    return f'[[tiers]]\nid = "{tier}"\nenter = {{ measure = "{measure}", at_least = "{floor}" }}\n{more}'


def keep(floor: str, measure: str = "value") -> str:
    return f'keep = {{ measure = "{measure}", at_least = "{floor}" }}\n'


ROWS = [
    # floors out of order, tiers out of reach
    (LOW + MID + HIGH.replace("5000", "500"), 8, "tiers.mid.at_least", "nobody earns mid, since who meets it meets high as well"),
    (LOW + MID + HIGH.replace("5000", "400"), 8, "tiers.mid.at_least", "the floors are out of order or the same"),
    (LOW + by("mid", "loans", "500") + by("high", "loans", "400"), 8, "tiers.mid.enter", "the floors are out of order"),
    (LOW + HIGH + MID.replace("mid", "x") + HIGH.replace("high", "y"), 8, "tiers.high.at_least", "since who meets it meets x as well"),
    (LOW + HIGH + by("mid", "score", "1") + MID.replace("mid", "top"), 8, "tiers.high.at_least", "nobody earns high, since who meets it meets top"),
    (LOW + MID + '[[tiers]]\nid = "high"\nenter = { any = [{ measure = "value", at_least = "400" }, { measure = "score", at_least = "9" }] }\n', 8, "tiers.mid.at_least", "who meets it meets high"),
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
    (LOW + by("mid", "assets", "500") + HIGH.replace("5000", "400"), 8, "tiers.mid.enter", "the floors are out of order or the same"),
    (LOW + '[[tiers]]\nid = "mid"\nenter = { all = [\n{ measure = "assets", at_least = "1" },\n{ measure = "assets", at_least = "2" }] }\n', 9, "tiers.mid.enter.all[0]", "this part never decides"),
    (LOW + '[[tiers]]\nid = "mid"\nenter = { any = [\n{ measure = "assets", at_least = "1" },\n{ measure = "assets", at_least = "2" }] }\n', 10, "tiers.mid.enter.any[1]", "this part never decides"),
    (SPENT + LOW + MID, 4, "measures.spent", 'no tier looks at "spent"; use it, or take it out'),
    (SPENT + '[value]\nterms = [{ measure = "spent" }]\n' + LOW + by("mid", "assets", "1"), 4, "measures.spent", "the value is made of it, but no tier has a floor on the value"),
    (SPENT + '[value]\nterms = [{ measure = "spent" }]\n' + LOW + by("mid", "assets", "1"), 7, "value", "no tier has a floor on the value, so this decides nothing"),
    ('[value.credit]\npoor = "-0.1"\n' + LOW + by("mid", "assets", "1"), 4, "value.credit", "no tier has a floor on the value, so this decides nothing"),
    # caps
    ('[caps]\ndefault = "high"\n' + LOW + MID + HIGH, 5, "caps.default", "high is the highest tier, so this caps nobody"),
    ('[caps]\ngood = "low"\nfair = "low"\npoor = "low"\ndefault = "low"\n' + LOW + MID, 5, "caps.good", "customers of whom no standing is known count as good"),
    ('[caps]\nfair = "low"\n' + LOW + MID, 5, "caps.fair", "fair is capped lower than poor, which is the worse standing"),
    ('[caps]\nexcellent = "low"\ngood = "low"\nfair = "low"\npoor = "low"\ndefault = "low"\n' + LOW + MID, 4, "caps", "nobody can be mid: every standing is capped below it"),
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
