"""Broken files, a line changed in a good one: the line that is told, the field, and the sentence."""
# ruff: noqa: E501 - a table: a row a line; digits of other scripts are meant

import pytest

from streams.policy.check.check import check
from streams.policy.compile.load import load_policy
from streams.policy.language.problems import PolicyError

GOOD = """\
name = "gold"
version = 1
currency = "TWD"
time_zone = "Asia/Taipei"

[rates]
USD = "31.5"

[measures.volume]
sum = ["purchase", "transfer_in"]
days = 90

[value]
terms = [
    { measure = "assets" },
    { measure = "volume", weight = "0.01", at_most = "50000" },
]
credit = { poor = "-0.10" }

[caps]
default = "low"

[rating]
when = "month_end"

[falling]
after_months = 3

[[tiers]]
id = "low"
name = { en = "Low" }

[[tiers]]
id = "mid"
name = { en = "Mid" }
at_least = "500000"

[[tiers]]
id = "high"
name = { en = "High" }
enter = { all = [
    { measure = "value", at_least = "5000000" },
    { any = [{ measure = "score", at_least = "700" }, { measure = "volume", at_least = "1000" }] },
] }
keep = { measure = "value", at_least = "4000000" }
"""

# What is changed; the line; the field; the sentence.
ROWS = [
    # numbers that belong in quotes, and what they are written with
    ('at_least = "500000"', "at_least = 500000", 36, "tiers.mid.at_least", '500000 is a number; write it in quotes: "500000"'),
    ('at_least = "500000"', "at_least = 500_000.50", 36, "tiers.mid.at_least", '500000.50 is a number; write it in quotes: "500000.50"'),
    ('at_least = "500000"', 'at_least = "500,000"', 36, "tiers.mid.at_least", '"500,000" has commas between its digits; write it without commas: "500000"'),
    ('at_least = "500000"', "at_least = 500,000", 36, "tiers.mid.at_least", '500,000 is not in quotes; write "500000"'),
    ('at_least = "500000"', 'at_least = "10%"', 36, "tiers.mid.at_least", '"10%" is a percentage; here is a number wanted, such as "500000"'),
    ('at_least = "500000"', 'at_least = "-1"', 36, "tiers.mid.at_least", '"-1" is below 0; write "0" or more'),
    ('at_least = "500000"', 'at_least = "+500000"', 36, "tiers.mid.at_least", '"+500000" begins with +; write it without: "500000"'),
    ('at_least = "500000"', 'at_least = "500000 "', 36, "tiers.mid.at_least", '"500000 " has spaces; write it without: "500000"'),
    ('at_least = "500000"', 'at_least = "500k"', 36, "tiers.mid.at_least", '"500k" is short for a number; write all its digits: "500000"'),
    ('at_least = "500000"', 'at_least = "50萬"', 36, "tiers.mid.at_least", '"50萬" is short for a number; write all its digits: "500000"'),
    ('at_least = "500000"', 'at_least = "0.525億"', 36, "tiers.mid.at_least", '"0.525億" is short for a number; write all its digits: "52500000"'),
    ('at_least = "500000"', "at_least = “500000”", 36, "tiers.mid.at_least", '“ and ” cannot be read here; write it with the plain signs of the keyboard: at_least = "500000"'),
    ('at_least = "500000"', 'at_least = “500000"', 36, "tiers.mid.at_least", '“ cannot be read here; write it with the plain signs of the keyboard: at_least = "500000"'),
    ('at_least = "500000"', 'at_least ＝ "500000"', 36, "tiers.mid.at_least", '＝ cannot be read here; write it with the plain signs of the keyboard: at_least = "500000"'),
    ('name = "gold"', "name = ‘gold’", 1, "name", '‘ and ’ cannot be read here; write it with the plain signs of the keyboard: name = "gold"'),
    ("days = 90", "days\u00a0= 90", 11, "measures.volume.days", "spaces of another kind cannot be read here"),
    ('sum = ["purchase", ', 'sum = ["purchase"、', 10, "measures.volume.sum", '、 cannot be read here; write it with the plain signs of the keyboard: sum = ["purchase","transfer_in"]'),
    ('at_least = "500000"', 'at_least = "５００"', 36, "tiers.mid.at_least", '"５００" is written in full-width signs; write plain digits: "500"'),
    ('at_least = "500000"', 'at_least = ""', 36, "tiers.mid.at_least", '"" is no plain number; write digits, and perhaps a point: "500000"'),
    ('at_least = "500000"', "at_least = true", 36, "tiers.mid.at_least", 'true is not allowed here; write a text in quotes, such as "500000"'),
    ('at_least = "500000"', 'at_least = ["500000"]', 36, "tiers.mid.at_least", 'this is a list; write a text in quotes, such as "500000"'),
    ('weight = "0.01"', "weight = 0.01", 16, "value.terms[1].weight", '0.01 is a number; write it in quotes: "0.01"'),
    ('weight = "0.01"', "weight = 1%", 16, "value", '1% is not in quotes; write "1%"'),
    ('weight = "0.01"', 'weight = "0.00001"', 16, "value.terms[1].weight", '"0.00001" has 5 decimals; at most 4 are allowed'),
    ('weight = "0.01"', 'weight = "1%"', 16, "value.terms[1].weight", '"1%" is a percentage; write it as a share of 1: "0.01"'),
    ('weight = "0.01"', 'weight = "0"', 16, "value.terms[1].weight", "a weight of 0 counts nothing; take the term out, or write another weight"),
    ('"-0.10"', '"-10%"', 18, "value.credit.poor", '"-10%" is a percentage; write it as a share of 1: "-0.10"'),
    ('"-0.10"', '"-10"', 18, "value.credit.poor", '"-10" is more than the whole; a share is from "-1" to "1", and a tenth is "0.10"'),
    ('"31.5"', "31.5", 7, "rates.USD", '31.5 is a number; write it in quotes: "31.5"'),
    ('"31.5"', '"0"', 7, "rates.USD", '"0" is not above 0; write a rate such as "31.5"'),
    ('"31.5"', '"31,5"', 7, "rates.USD", '"31,5" has a comma; write a point before decimals and nothing between thousands: "31.5"'),
    ('"31.5"', '"1.123456789"', 7, "rates.USD", '"1.123456789" has 9 decimals; at most 8 are allowed'),
    ("days = 90", 'days = "90"', 11, "measures.volume.days", '"90" is in quotes; write the number without them: 90'),
    ("days = 90", "days = 0", 11, "measures.volume.days", "0 is not allowed; write a whole number from 1 to 3660"),
    ("days = 90", "days = 90.5", 11, "measures.volume.days", "90.5 is a number; write a whole number from 1 to 3660, without quotes"),
    ("version = 1", "version = true", 2, "version", "true is not allowed here; write a whole number from 1 to 1000000000, without quotes"),
    # words
    ("version = 1", "verson = 1", 2, "verson", '"verson" is no word at the top of a policy; did you mean version?'),
    ('at_least = "500000"', 'at_lest = "500000"', 36, "tiers.mid.at_lest", '"at_lest" is no word of [[tiers]]; did you mean at_least?'),
    ('at_least = "500000"', 'at_least = "500000"\nafter_days = 3', 37, "tiers.mid.after_days", '"after_days" is no word of [[tiers]]; it belongs in [falling]'),
    ('at_least = "500000"', 'at_least = "500000"\nversion = 3', 37, "tiers.mid.version", '"version" is no word of [[tiers]]; it belongs at the top, above the first [table]'),
    ('measure = "score", at_least', 'measure = "score", at_most = "1", at_least', 43, "tiers.high.enter.all[1].any[0].at_most", '"at_most" is no word of tiers.enter.all.any; it belongs in [value.terms]'),
    ("[measures.volume]", "[measure.volume]", 9, "measure", '"measure" is no word at the top of a policy; did you mean measures?'),
    ('"month_end"', '"monthly"', 24, "rating.when", '"monthly" is not known here; write "at_once" or "daily" or "month_end" or a list such as ["06-30"]'),
    ('"month_end"', '"month-end"', 24, "rating.when", '"month-end" is not known here; did you mean "month_end"?'),
    ('"month_end"', "[06-30, 12-31]", 24, "rating.when", '06-30 is not in quotes; write "06-30"; 12-31 is not in quotes; write "12-31"'),
    ('"month_end"', "[2026-06-30]", 24, "rating.when[0]", '2026-06-30 is one date; write the day of every year in quotes: "06-30"'),
    ('"month_end"', '["06-31"]', 24, "rating.when[0]", '"06-31" is no day of the year; write month and day such as "06-30"'),
    ('"month_end"', "[]", 24, "rating.when", 'the list of dates is empty; write days of the year: ["06-30", "12-31"]'),
    ('"month_end"', "{ day = 1 }", 24, "rating.when", 'this is a table; write "at_once" or "daily" or "month_end" or a list such as ["06-30"]'),
    ('sum = ["purchase", ', 'sum = ["purchases", ', 10, "measures.volume.sum[0]", 'there is no type of transaction "purchases"; did you mean "purchase"?'),
    ('sum = ["purchase", "transfer_in"]', 'sum = "purchase"', 10, "measures.volume.sum", '"purchase" stands alone, and a list is wanted; write it in brackets: ["purchase"]'),
    ('sum = ["purchase", "transfer_in"]', "sum = []", 10, "measures.volume.sum", "the list is empty; write types of transactions: cash, deposit,"),
    ('poor = "-0.10"', 'bad = "-0.10"', 18, "value.credit.bad", 'there is no standing "bad"; there are default, excellent, fair, good, poor'),
    ('default = "low"', 'defualt = "low"', 21, "caps.defualt", 'there is no standing "defualt"; did you mean "default"?'),
    ('default = "low"', 'default = "lw"', 21, "caps.default", 'there is no tier "lw"; did you mean "low"?'),
    ('"Asia/Taipei"', '"Asia/Taipeh"', 4, "time_zone", '"Asia/Taipeh" is no time zone (IANA: continent and city); did you mean "Asia/Taipei"?'),
    ('"Asia/Taipei"', '"GMT+8"', 4, "time_zone", '"GMT+8" is no time zone (IANA: continent and city); write one such as "Asia/Taipei"'),
    ('"Asia/Taipei"', '"../../etc/passwd"', 4, "time_zone", "is no time zone"),
    ('"Asia/Taipei"', '""', 4, "time_zone", '"" is no time zone (IANA: continent and city); write one such as "Asia/Taipei"'),
    ('"TWD"', '"NT$"', 3, "currency", '"NT$" is no currency code of three capital letters (ISO 4217); write one such as "TWD"'),
    ('"TWD"', '"USD"', 7, "rates.USD", "the policy's own currency has no rate; take the line out"),
    ('"TWD"', '"NTD"', 3, "currency", '"NTD" is no currency of ISO 4217; did you mean "TWD"?'),
    ("USD =", "RMB =", 7, "rates.RMB", '"RMB" is no currency of ISO 4217; did you mean "CNY"?'),
    ("USD =", "QQQ =", 7, "rates.QQQ", '"QQQ" is no currency of ISO 4217; write one such as "TWD"'),
    ("USD =", "usd =", 7, "rates.usd", '"usd" is no currency code of three capital letters (ISO 4217); write one such as "USD"'),
    ('id = "mid"', 'id = "mid value"', 34, "tiers[1].id", '"mid value" is no word: letters, digits, hyphens and underscores, no spaces, at most 64; write "mid-value"'),
    ('id = "mid"', 'id = ""', 34, "tiers[1].id", 'this is empty; write a word such as "mid"'),
    ('id = "mid"', 'id = "low"', 34, "tiers[1].id", 'another tier has the id "low" already; write another id'),
    ('id = "mid"', "", 33, "tiers[1].id", 'this is missing; write id = "mid"'),
    ('name = "gold"', 'name = " "', 1, "name", "a name is one line of 1 to 200 characters"),
    ('name = { en = "Mid" }', 'name = "Mid"', 35, "tiers.mid.name", '"Mid" is a text; write a table such as { en = "some words" }'),
    ('name = { en = "Mid" }', 'name = { "in English" = "Mid" }', 35, "tiers.mid.name.in English", '"in English" is no language; write a code such as "en", "zh" or "zh-Hant"'),
    # measures
    ('{ measure = "volume", weight', '{ measure = "volum", weight', 16, "value.terms[1].measure", 'there is no measure "volum"; did you mean "volume"?'),
    ('{ measure = "volume", weight', '{ measure = "value", weight', 16, "value.terms[1].measure", "the value cannot be a part of itself; write a measure such as assets"),
    ('{ measure = "score", at_least = "700" }', '{ measure = "standing", at_least = "1" }', 43, "tiers.high.enter.all[1].any[0].measure", 'a standing is no amount; write standing_at_least = "good" instead of measure and at_least'),
    ('{ measure = "score", at_least = "700" }', '{ standing_at_least = "good" }, { measure = "standing", at_least = "1" }', 43, "tiers.high.enter.all[1].any[1].measure", 'a standing is no amount; write standing_at_least = "good" instead of measure and at_least'),
    ("days = 90", "", 9, "measures.volume", "sum needs a span; write days = 90 (today included) or months = 3 (whole months)"),
    ("days = 90", "days = 90\nmonths = 3", 12, "measures.volume.months", "days and months are both there; write one of the two"),
    ("days = 90", 'days = 90\naverage = "assets"', 9, "measures.volume", "it has average and sum; a measure is one of total, average, month_end, sum, count: write one of them"),
    ('sum = ["purchase", "transfer_in"]', "", 9, "measures.volume", "it does not say of what; a measure is one of total, average, month_end, sum, count"),
    ('sum = ["purchase", "transfer_in"]', 'total = "assets"', 11, "measures.volume.days", "total looks at one moment; take this line out, or write average instead"),
    ('sum = ["purchase", "transfer_in"]', 'average = "asset"', 10, "measures.volume.average", '"asset" is not known here; did you mean "assets"? Allowed: "assets" or "loans"'),
    ("days = 90", 'days = 90\n[measures.score]\ntotal = "assets"', 12, "measures.score", '"score" is a measure by itself; write another name for this one'),
    ("days = 90", 'days = 90\n[measures.idle]\naverage = "loans"', 12, "measures.idle", "average needs a span"),
    # tiers and conditions
    ('at_least = "500000"', "", 33, "tiers.mid", 'this tier says nothing of who is in it; write at_least = "500000" or a condition to enter'),
    ('name = { en = "Low" }', 'at_least = "1"', 31, "tiers.low.at_least", "the first tier is everybody's and asks nothing; take the line out"),
    ('name = { en = "Low" }', 'keep = { measure = "assets", at_least = "1" }', 31, "tiers.low.keep", "the first tier cannot be lost; take the line out"),
    ('at_least = "500000"', 'at_least = "5"\nenter = { measure = "assets", at_least = "5" }', 36, "tiers.mid.at_least", "this tier has at_least and enter"),
    ('{ measure = "score", at_least = "700" }', '{ measure = "score" }', 43, "tiers.high.enter.all[1].any[0]", "a condition is a measure and at_least, or standing_at_least, or all = [ … ], or any = [ … ]"),
    ('{ measure = "score", at_least = "700" }', '{ at_least = "700" }', 43, "tiers.high.enter.all[1].any[0]", "there is a floor and no measure"),
    ('{ measure = "score", at_least = "700" }', "{ all = [] }", 43, "tiers.high.enter.all[1].any[0].all", "the list of conditions is empty; write at least one condition"),
    ('keep = { measure = "value", at_least = "4000000" }', 'keep = "4000000"', 45, "tiers.high.keep", '"4000000" is a text; write a table { … } with these words: measure, at_least, standing_at_least, all, any'),
    # ways to fall
    ("after_months = 3", "after_months = 3\nafter_days = 30", 27, "falling.after_months", "after_days and after_months are both there; a tier is lost in one way: write one of them"),
    ("after_months = 3", "after_months = 3\nterm_months = 12", 28, "falling.term_months", "after_months and term_months are both there"),
    ("after_months = 3", "grace_months = 3", 27, "falling.grace_months", "a grace follows a term; write term_months, too, or after_months instead"),
    ("after_months = 3", 'after_months = 3\nwhen = ["06-30"]', 27, "falling.after_months", "months are not counted by ratings on dates"),
    ("after_months = 3", 'to = "one_step"\nwhen = "at_once"', 27, "falling.to", "at once, one step would follow the other with every event; write after_days, or when"),
    ("after_months = 3", 'to = "higher_of_last_two"\nwhen = "at_once"', 27, "falling.to", "there are no last two ratings where everything is rated at once; write when"),
    ("after_months = 3", 'to = "lowest"', 27, "falling.to", '"lowest" is not known here; write "earned" or "higher_of_last_two" or "one_step"'),
    ("after_months = 3", "protection_days = -1", 27, "falling.protection_days", "-1 is not allowed; write a whole number from 0 to 3660"),
    # the form of the file
    ('name = { en = "Mid" }', 'name = {\n  en = "Mid", # so\n}', 35, "tiers.mid.name", "a { and its } stand on one line, and only a [ may be closed in a later one; write it on one line"),
    ("enter = { all = [", "enter = {\n  all = [", 41, "tiers.high.enter", "a { and its } stand on one line"),
    ('{ measure = "assets" },', '{ measure = "assets", },', 15, "value", "there is a comma before }; take it out"),
    ('["purchase", "transfer_in"]', '["purchase" "transfer_in"]', 10, "measures.volume.sum", "a [ is not closed, or a comma is missing; write a comma between its parts and ] at its end"),
    ("days = 90", "(days = 90)", 11, "measures.volume", "a line begins with a word, or with a table in brackets; write word = value, or [table]"),
    ('[[tiers]]\nid = "low"', '[tiers]\nid = "low"', 29, "tiers", "[tiers] is one of several; write it in two brackets: [[tiers]]"),
    ("[caps]", "[caps", 20, "value", "the brackets of this table are not closed; write [table], or [[tiers]] for a tier"),
    ("[caps]", "[rates]", 20, "rates", "the table [rates] is there twice, first in line 6; write it once"),
    ("version = 1", "version = 1\nversion = 2", 3, "version", '"version" is there twice, first in line 2; write it once'),
    ("version = 1", "version 1", 2, "version", "there is no = after the word; write it as word = value"),
    ("version = 1", "version =", 2, "version", "there is no value after =, or one that cannot be read"),
    ('name = "gold"', 'name = "gold', 1, "name", 'a text is not closed; write " at its end'),
    ('name = "gold"', "name = gold tier # so", 1, "name", 'gold tier is not in quotes; write "gold tier"'),
    ('"50000" },\n]', '"50000" },\n', 14, "value.terms", "what begins here is not closed, or a comma is missing"),
    ("[value]\n", "value = 3\n[other]\n", 13, "measures.volume.value", '"value" is no word of [measures.volume]; it belongs at the top'),
]  # fmt: skip


# What is wrong besides, and rightly told: a change has more than one side.
DATES = ("falling.after_months",)
FOLLOW = {"[06-30, 12-31]": DATES, "[2026-06-30]": DATES, '["06-31"]': DATES}
FOLLOW["value = 3\n[other]\n"] = ("other",)


@pytest.mark.parametrize(("old", "new", "line", "field", "says"), ROWS)
def test_a_fault_is_told_with_line_field_and_what_is_allowed(
    old: str, new: str, line: int, field: str, says: str
) -> None:
    assert old in GOOD
    report = check(GOOD.replace(old, new, 1))
    assert report.policy is None
    told = [(error.line, error.field) for error in report.errors]
    assert (line, field) in told, report.errors
    assert any(says in error.message for error in report.errors), report.errors
    for error in report.errors:
        assert not any(word in error.message for word in ("Expected", "`", "dict", "Traceback", "NoneType"))


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_one_fault_gives_one_error(number: int) -> None:
    old, new, *_ = ROWS[number]
    report = check(GOOD.replace(old, new, 1))
    others = {error.field: error.message for error in report.errors if error.line != report.errors[0].line}
    for follows in FOLLOW.get(new, ()):
        del others[follows]
    assert others == {}


def test_the_good_file_is_good() -> None:
    report = check(GOOD)
    assert report.policy is not None
    assert report.errors == []


def test_all_that_is_wrong_is_told_at_once_by_line() -> None:
    broken = GOOD
    for old, new in [
        ('name = "gold"', "name = gold"),
        ('"31.5"', "31.5"),
        ("days = 90", "days = 0"),
        ('default = "low"', 'default = "lw"'),
        ('at_least = "500000"', "at_least = 500,000"),
    ]:
        broken = broken.replace(old, new, 1)
    assert [(error.line, error.field) for error in check(broken).errors] == [
        (1, "name"),
        (7, "rates.USD"),
        (11, "measures.volume.days"),
        (21, "caps.default"),
        (36, "tiers.mid.at_least"),
    ]


def test_what_is_missing_is_told_where_it_belongs() -> None:
    assert [(error.line, error.field, error.message) for error in check("# nothing\n").errors] == [
        (1, "currency", 'this is missing; write currency = "TWD"'),
        (1, "name", 'this is missing; write name = "standard"'),
        (1, "tiers", 'this is missing; write at least one [[tiers]], and below it id = "low"'),
        (1, "version", "this is missing; write version = 1"),
    ]


def test_a_line_that_is_left_out_is_not_told_as_missing() -> None:
    report = check(GOOD.replace("version = 1", "version 1").replace('id = "low"', 'id = "low'))
    assert [error.line for error in report.errors] == [2, 30]


def test_a_misspelt_table_above_parts_of_the_right_one_is_told() -> None:
    parts = '[[tier]]\nid = "low"\n[tiers.strategy]\nneeds = []\n'
    broken = GOOD.replace('[[tiers]]\nid = "low"\nname = { en = "Low" }\n', parts)
    (error,) = check(broken).errors
    assert error == (29, "tier", "there is no table [[tier]] in a policy; did you mean [[tiers]]?")


def test_a_byte_order_mark_is_told() -> None:
    (error,) = check("\ufeff" + GOOD).errors
    assert error.message == "the file begins with a byte order mark; save it as UTF-8 without one"


def test_lists_without_end_are_no_traceback() -> None:
    assert check("x = " + "[" * 5_000).errors
    assert check("x = " + "9" * 5_000).errors


def test_the_worker_is_told_the_first_problem_and_how_many_there_are() -> None:
    with pytest.raises(PolicyError) as raised:
        load_policy(GOOD.replace('"31.5"', "31.5").replace("days = 90", "days = 0"))
    assert str(raised.value) == (
        'rates.USD: 31.5 is a number; write it in quotes: "31.5"'
        " (and 1 more; `tierflow policy check` shows all of them with their lines)"
    )
    assert [problem.field for problem in raised.value.problems] == ["rates.USD", "measures.volume.days"]


@pytest.mark.parametrize(
    ("line", "field"),
    [("[評級]", "評級"), ('["評級"]', "評級"), ("評級 = 3", "評級"), ("[[等級]]", "等級"), ("[rätes]", "rätes")],
)
def test_a_word_in_other_letters_is_told_with_the_words_that_there_are(line: str, field: str) -> None:
    document = f"{line}\n{GOOD}" if "=" in line else f"{GOOD}\n{line}\nx = 1\n"
    report = check(document)
    assert report.policy is None
    [told] = [
        found for found in report.errors if "there are name, version" in found.message or "did you" in found.message
    ]
    assert (told.line, told.field) == (document.splitlines().index(line) + 1, field)
