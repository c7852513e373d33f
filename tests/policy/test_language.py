from zoneinfo import ZoneInfo

import pytest

from streams.engine.measures.spans import oldest_closing_looked_at, oldest_day_looked_at
from streams.policy.compile.load import load_policy, read_policy
from streams.policy.language.problems import PolicyError
from streams.policy.measures import Condition
from streams.policy.policy import Falling
from streams.values.events import TRANSACTION_TYPES
from tests.support.event_plans import POLICIES
from tests.support.one_customer import ASSETS_ONLY, STANDARD, a_policy, at, e16

BARE = """
name = "test"
version = 3
currency = "USD"
time_zone = "America/New_York"

[[tiers]]
id = "basic"

[[tiers]]
id = "gold"
at_least = "1000.5"
"""
TABLE = [("low", None), ("mid", Condition(None, e16("500000"))), ("high", Condition(None, e16("5000000")))]


# --- what the files say ---


def test_the_standard_policy_says_what_the_bank_says() -> None:
    assert (STANDARD.name, STANDARD.version, STANDARD.currency) == ("standard", 1, "TWD")
    assert STANDARD.calendar.zone == ZoneInfo("Asia/Taipei")
    assert [(tier.id, tier.enter) for tier in STANDARD.tiers] == TABLE
    assert STANDARD.floors_e16 == (e16("500000"), e16("5000000"))
    (window,) = STANDARD.windows
    assert (window.days, window.types) == (90, {"purchase", "transfer_in", "transfer_out"})
    assets, volume = STANDARD.terms
    assert (STANDARD.measures[assets.measure].kind, assets.weight_e4, assets.at_most_e16) == ("total", 10_000, None)
    assert (STANDARD.measures[volume.measure], volume.weight_e4, volume.at_most_e16) == (window, 100, e16("50000"))
    assert (STANDARD.credit_share_e4, STANDARD.caps) == ({"poor": -1_000}, {"default": 0})
    assert STANDARD.falling == Falling(30, 0, 90, 0, 0, "earned")
    assert STANDARD.at_once
    assert oldest_day_looked_at(STANDARD, 20_000) == 20_000 - 89


def test_assets_only_is_the_table_alone() -> None:
    assert [(tier.id, tier.enter) for tier in ASSETS_ONLY.tiers] == TABLE
    assert [measure.name for measure in ASSETS_ONLY.measures] == ["assets"]
    assert (ASSETS_ONLY.windows, ASSETS_ONLY.credit_share_e4, ASSETS_ONLY.caps) == ((), {}, {})
    assert ASSETS_ONLY.falling == Falling(0, 0, 0, 0, 0, "earned")
    assert (ASSETS_ONLY.daily_totals, oldest_day_looked_at(ASSETS_ONLY, 20_000)) == (frozenset(), 20_000 - 29)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_bears_the_name_of_its_file(name: str) -> None:
    assert POLICIES[name].name == name


@pytest.mark.parametrize(
    ("name", "zone", "currency"),
    [
        ("standard", "Asia/Taipei", "TWD"),
        ("assets-only", "Asia/Taipei", "TWD"),
        ("citi-relationship", "America/New_York", "USD"),
        ("bofa-preferred-rewards", "America/New_York", "USD"),
        ("hsbc-premier-sg", "Asia/Singapore", "SGD"),
        ("hsbc-premier-cn", "Asia/Shanghai", "CNY"),
        ("dbs-treasures", "Asia/Singapore", "SGD"),
        ("icbc-stars", "Asia/Shanghai", "CNY"),
        ("sinopac-dawho", "Asia/Taipei", "TWD"),
        ("esun-unicard-up", "Asia/Taipei", "TWD"),
    ],
)
def test_every_policy_has_its_banks_zone_and_currency(name: str, zone: str, currency: str) -> None:
    assert (POLICIES[name].calendar.zone, POLICIES[name].currency) == (ZoneInfo(zone), currency)


def test_the_digest_stands_for_the_document_to_the_letter() -> None:
    same, other = load_policy(BARE), load_policy(BARE + "\n")
    assert same.digest == load_policy(BARE).digest
    assert same.digest.startswith("sha256:")
    assert len(same.digest) == len("sha256:") + 64
    assert (same.digest, same.mark) != (other.digest, other.mark)
    assert same.document == BARE


def test_a_bare_policy_has_the_defaults() -> None:
    bare = load_policy(BARE.replace('time_zone = "America/New_York"', ""))
    assert bare.calendar.zone == ZoneInfo("Asia/Taipei")
    assert (bare.windows, bare.rank, bare.kept_types) == ((), {"basic": 0, "gold": 1}, frozenset())
    assert (bare.at_once, bare.next_month, bare.keeps) == (True, False, False)
    assert [bare.measures[term.measure].name for term in bare.terms] == ["assets"]


def test_the_policys_own_currency_counts_one_to_one() -> None:
    assert load_policy(BARE).to_value == {"USD": e16("0.0001")}


def test_a_rate_is_exact_to_8_decimals() -> None:
    rated = load_policy(BARE + '[rates]\nIDR = "0.00006123"\n')
    assert rated.to_value["IDR"] == e16("0.000000006123")


# --- what is kept ---

SPANS = a_policy("""
[measures.unused]
average = "loans"
days = 3000

[measures.volume]
sum = ["purchase"]
days = 90

[measures.cash]
count = ["cash"]
months = 2

[measures.average]
average = "assets"
days = 30

[[tiers]]
id = "low"

[[tiers]]
id = "high"
enter = { any = [
    { measure = "volume", at_least = "1" },
    { measure = "cash", at_least = "1" },
    { measure = "average", at_least = "1" },
] }
""")


def test_nothing_is_kept_that_no_rule_looks_at() -> None:
    assert [measure.name for measure in SPANS.measures] == ["assets", "volume", "cash", "average"]
    assert SPANS.kept_types == {"purchase", "cash"}
    assert SPANS.daily_totals == {"assets"}
    assert [window.name for window in SPANS.windows] == ["volume"]  # whole months are summed when they are over
    assert (SPANS.moving_days, SPANS.moving_months) == ((30,), True)


@pytest.mark.parametrize(
    ("today", "is_over", "oldest"),
    [
        ("2026-11-24", False, "2026-08-27"),
        ("2026-11-30", False, "2026-09-01"),  # November is not whole yet
        ("2026-11-30", True, "2026-09-02"),
        ("2026-10-31", True, "2026-08-03"),
        ("2026-12-01", False, "2026-09-03"),
    ],
)
def test_days_are_kept_for_the_longest_look_back(today: str, oldest: str, *, is_over: bool) -> None:
    day_of = SPANS.calendar.day_of
    assert oldest_day_looked_at(SPANS, day_of(at(today)), is_over=is_over) == day_of(at(oldest))


def test_history_keeps_all_types_for_a_later_policy() -> None:
    kept = load_policy(SPANS.document + "[history]\ntransaction_days = 400\n")
    assert kept.kept_types == TRANSACTION_TYPES
    assert oldest_day_looked_at(kept, 20_000) == 20_000 - 399
    assert oldest_day_looked_at(load_policy(SPANS.document + "[history]\ntransaction_days = 1\n"), 0) < 0


def test_closing_totals_are_kept_as_long_as_they_are_looked_at_whatever_is_kept_of_transactions() -> None:
    kept = load_policy(SPANS.document + "[history]\ntransaction_days = 400\n")
    assert oldest_closing_looked_at(kept, 20_000) == 20_000 - 29


def test_ratings_by_the_calendar_need_no_running_sums() -> None:
    monthly = load_policy(SPANS.document + '[rating]\nwhen = "month_end"\n')
    assert (monthly.windows, monthly.moving_days, monthly.moving_months) == ((), (), False)
    assert (monthly.rises, monthly.falls) == (monthly.rises, monthly.rises)


def test_falls_may_be_rated_otherwise_than_rises() -> None:
    mixed = load_policy(SPANS.document + '[falling]\nwhen = ["12-31", "06-30", "6-30"]\n')
    assert (mixed.rises.when, mixed.falls.when, mixed.falls.dates) == ("at_once", "dates", ((6, 30), (12, 31)))
    assert not mixed.at_once


@pytest.mark.parametrize("floors", [("100", "200", "200"), ("100", "50", "200")])
def test_floors_that_do_not_rise_are_no_error(floors: tuple[str, str, str]) -> None:
    # `policy check` warns of them; the highest tier that is entered counts.
    tiers = "".join(f'[[tiers]]\nid = "t{floor}{n}"\nat_least = "{floor}"\n' for n, floor in enumerate(floors))
    assert a_policy('[[tiers]]\nid = "base"\n' + tiers).floors_e16 is None


# --- what is wrong ---


def problems(document: str) -> list[str]:
    return [str(problem) for problem in read_policy(document).problems]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "test"', 'nmae = "test"'), "nmae"),
        (('name = "test"', ""), "name: this is missing"),
        (('name = "test"', 'name = ""'), "name: a name is one line"),
        (("version = 3", 'version = "3"'), "version: "),
        (("version = 3", "version = 0"), "version: "),
        (('"USD"', '"usd"'), "currency: "),
        (("America/New_York", "America/Gotham"), "time_zone: "),
        (("America/New_York", "../../etc/passwd"), "time_zone: "),
        (("America/New_York", ""), "time_zone: "),
        (('"1000.5"', '"1,000.5"'), "tiers.gold.at_least: "),
        (('"1000.5"', "1000.5"), "tiers.gold.at_least: "),
        (('"1000.5"', '"1000.12345678901234567"'), "tiers.gold.at_least: "),
        (('at_least = "1000.5"', ""), "tiers.gold: this tier says nothing of who is in it"),
        (('at_least = "1000.5"', 'at_lest = "1"\nat_least = "1"'), "tiers.gold.at_lest: "),
        (('id = "basic"', 'id = "basic"\nat_least = "0"'), "tiers.basic.at_least: the first tier is everybody's"),
        (
            ('id = "basic"', 'id = "basic"\nenter = { measure = "assets", at_least = "0" }'),
            "tiers.basic.enter: the first tier is everybody's",
        ),
        (
            ('id = "basic"', 'id = "basic"\nkeep = { measure = "assets", at_least = "0" }'),
            "tiers.basic.keep: the first tier cannot be lost",
        ),
        (('id = "gold"', 'id = "basic"'), 'another tier has the id "basic" already'),
        (('id = "gold"', 'id = "gold tier"'), "tiers[1].id: "),
        (('id = "gold"', ""), "tiers[1].id: this is missing"),
    ],
)
def test_a_wrong_line_is_named(change: tuple[str, str], says: str) -> None:
    assert change[0] in BARE
    (found, *_) = [problem for problem in problems(BARE.replace(*change)) if says in problem]
    assert found


VOLUME = '[measures.volume]\nsum = ["purchase"]\ndays = 90\n'
VALUE = '[value]\nterms = [{ measure = "assets" }, { measure = "volume" }]\n'
AVERAGE = '[measures.average]\naverage = "assets"\nmonths = 1\n'


def gold(condition: str, word: str = "enter") -> str:
    """A tier above, with this condition."""
    return f'[[tiers]]\nid = "top"\n{word} = {condition}\n' + ("" if word == "enter" else 'at_least = "2000"\n')


@pytest.mark.parametrize(
    ("more", "says"),
    [
        # rates, caps, shares
        ('[rates]\nUSD = "1"\n', "rates.USD: the policy's own currency has no rate"),
        ('[rates]\nEUR = "0"\n', "rates.EUR: "),
        ('[rates]\nEUR = "-1"\n', "rates.EUR: "),
        ('[rates]\nEUR = "1.123456789"\n', "8 are allowed"),
        ('[rates]\neuro = "1"\n', "rates.euro: "),
        ('[caps]\ndefault = "silver"\n', 'caps.default: there is no tier "silver"'),
        ('[caps]\nbankrupt = "basic"\n', "bankrupt"),
        ('[value.credit]\npoor = "-0.12345"\n', "value.credit.poor: "),
        ('[value.credit]\npoor = "-10"\n', "value.credit.poor: "),
        # measures
        (VALUE + VOLUME.replace("90", "0"), "measures.volume.days: 0 is not allowed"),
        (VALUE + VOLUME.replace("90", "3661"), "measures.volume.days: "),
        (VALUE + VOLUME.replace("days = 90", "months = 121"), "measures.volume.months: "),
        (VALUE + VOLUME.replace("days = 90", ""), "measures.volume: sum needs a span"),
        (VALUE + VOLUME + "months = 1\n", "measures.volume.months: days and months are both there"),
        (VALUE + VOLUME.replace("purchase", "gambling"), "gambling"),
        (VALUE + VOLUME.replace('"purchase"', ""), "measures.volume.sum: the list is empty"),
        (VALUE + VOLUME + 'total = "assets"\n', "measures.volume: it has total and sum"),
        (VALUE + "[measures.volume]\ndays = 3\n", "measures.volume: it does not say of what"),
        (VALUE + '[measures.volume]\ntotal = "assets"\ndays = 3\n', "measures.volume.days: total looks at one moment"),
        (VALUE + '[measures.volume]\nmonth_end = "loans"\nmonths = 1\n', "measures.volume.months: month_end looks at"),
        (VALUE + '[measures.volume]\naverage = "gold"\ndays = 3\n', "measures.volume.average: "),
        ("[measures.idle]\ndays = 3\n", "measures.idle: it does not say of what"),
        ('[measures.assets]\ntotal = "loans"\n', 'measures.assets: "assets" is a measure by itself'),
        ('[measures.score]\ntotal = "loans"\n', 'measures.score: "score" is a measure by itself'),
        # the value
        ("[value]\nterms = []\n", "value.terms: the list is empty"),
        (VALUE, 'value.terms[1].measure: there is no measure "volume"'),
        ('[value]\nterms = [{ measure = "value" }]\n', "value.terms[0].measure: the value cannot be a part of itself"),
        (VOLUME + '[value]\nterms = [{ measure = "volume", weight = "1%" }]\n', "value.terms[0].weight: "),
        (VOLUME + '[value]\nterms = [{ measure = "volume", weight = "0" }]\n', "value.terms[0].weight: a weight of 0"),
        (VOLUME + '[value]\nterms = [{ measure = "volume", at_most = "much" }]\n', "value.terms[0].at_most: "),
        # conditions
        (gold('{ at_least = "5" }'), "tiers.top.enter: there is a floor and no measure"),
        (gold('{ measure = "assets" }'), "tiers.top.enter: a condition is a measure and at_least"),
        (gold('{ measure = "assets", all = [] }'), "tiers.top.enter: a condition is a measure and at_least"),
        (gold('{ measure = "assets", at_least = "5", any = [] }'), "tiers.top.enter: a condition is"),
        (gold("{ all = [] }"), "tiers.top.enter.all: the list of conditions is empty"),
        (gold("{ any = [{ all = [] }] }"), "tiers.top.enter.any[0].all: the list of conditions is empty"),
        (gold('{ measure = "asset", at_least = "5" }'), "did you mean"),
        (gold('{ measure = "purchases", at_least = "5" }', "keep"), "tiers.top.keep.measure: there is no measure"),
        (gold('{ measure = "assets", at_least = "5" }') + 'at_least = "5"\n', "this tier has at_least and enter"),
        # ratings
        ('[rating]\nwhen = "weekly"\n', "rating.when: "),
        ("[rating]\nwhen = []\n", "rating.when: the list of dates is empty"),
        ('[rating]\nwhen = ["02-30"]\n', "rating.when[0]: "),
        ('[rating]\nwhen = ["13-01"]\n', "rating.when[0]: "),
        ('[rating]\nwhen = ["June"]\n', "rating.when[0]: "),
        ("[falling]\nwhen = []\n", "falling.when: the list of dates is empty"),
        ('[rating]\neffect = "next_year"\n', "rating.effect: "),
        # falling
        ("[falling]\nafter_days = -1\n", "falling.after_days: "),
        ("[falling]\nprotection_days = 3661\n", "falling.protection_days: "),
        ('[rating]\nwhen = "month_end"\n[falling]\nafter_months = 121\n', "falling.after_months: "),
        ("[falling]\nafter_days = 3\nafter_months = 3\n", "are both there; a tier is lost in one way"),
        ('[rating]\nwhen = "daily"\n[falling]\nafter_days = 3\nterm_months = 3\n', "are both there"),
        ('[rating]\nwhen = "daily"\n[falling]\nterm_months = 1\nto = "higher_of_last_two"\n', "are both there"),
        ("[falling]\ngrace_months = 3\n", "falling.grace_months: a grace follows a term"),
        ('[rating]\nwhen = ["06-30"]\n[falling]\nafter_months = 3\n', "falling.after_months: "),
        ('[falling]\nto = "higher_of_last_two"\n', "falling.to: there are no last two ratings"),
        ('[falling]\nto = "one_step"\n', "falling.to: at once, one step would follow the other"),
        ('[falling]\nto = "nowhere"\n', "falling.to: "),
        # history, and what is no policy
        ("[history]\ntransaction_days = -1\n", "history.transaction_days: "),
        ("[keep]\ntransaction_days = 30\n", "keep"),
        ("[rates]\n[rates]\n", "line 14: this is not valid TOML"),
        ("[[", "line 13: this is not valid TOML"),
    ],
)
def test_a_wrong_part_is_named(more: str, says: str) -> None:
    found = problems(BARE + more)
    assert any(says in problem for problem in found), found
    with pytest.raises(PolicyError):
        load_policy(BARE + more)


def test_all_that_is_wrong_is_told_and_the_first_of_it_raised() -> None:
    document = BARE.replace("America/New_York", "Gotham").replace("1000.5", "much") + AVERAGE + '[caps]\npoor = "x"\n'
    found = problems(document)
    assert [problem.partition(":")[0] for problem in found] == ["time_zone", "tiers.gold.at_least", "caps.poor"]
    with pytest.raises(PolicyError, match=r"time_zone: .*and 2 more"):
        load_policy(document)


def test_a_policy_without_tiers_is_none() -> None:
    with pytest.raises(PolicyError, match="tiers: there is no tier; write at least one"):
        load_policy('name = "x"\nversion = 1\ncurrency = "USD"\ntiers = []\n')


def test_a_policy_that_can_be_used_has_no_problems() -> None:
    for name, policy in POLICIES.items():
        reading = read_policy(policy.document)
        assert (reading.problems, reading.policy is not None) == ((), True), name
