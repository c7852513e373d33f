"""The policy by the rates of a day."""

import pytest

from streams.contracts.rates import take_rate
from streams.contracts.rates_read import NOTHING_READ, RatesRead
from streams.policy.check.check import check
from streams.policy.check.comparison import changes_between, currencies_lost
from streams.policy.check.sentences import in_words
from streams.policy.compile.load import load_policy
from streams.policy.day_rates import fixed_on, on_day, told_rates, with_rates
from streams.policy.language.problems import PolicyError
from streams.policy.policy import Policy
from streams.values.calendar import parse_day

BY_TOPIC = """
name = "by-topic"
version = 1
currency = "TWD"
rates = "topic"

[[tiers]]
id = "low"
"""
POLICY = load_policy(BY_TOPIC)
FIXED = load_policy(BY_TOPIC.replace('rates = "topic"', 'rates = { USD = "31.5" }'))


def read(*told: tuple[str, str, str]) -> RatesRead:
    """What was read of a topic with these rates of dollars: against what, rate, time."""
    found = NOTHING_READ
    for offset, (against, rate, at) in enumerate(told):
        value = f'{{"currency":"USD","against":"{against}","rate":"{rate}","at":"{at}"}}'
        found = take_rate(found, offset, None, value.encode())
    assert not found.refused
    return found


def dollar(policy: Policy, day: str) -> str | None:
    """The rate of dollars on a day, and the day that it is of."""
    rates = on_day(policy, parse_day(day)).rates
    assert rates is not None
    used = rates.used.get("USD")
    return None if used is None else f"{used.rate_e8 / 10**8} of {used.day - parse_day(day):+d}"


WEEK = with_rates(
    POLICY,
    read(
        ("TWD", "30", "2026-01-05T23:59:59+08:00"),
        ("TWD", "33", "2026-01-09T00:00:00+08:00"),
        ("TWD", "32", "2026-01-06T17:00:00+08:00"),
        ("TWD", "31", "2026-01-06T09:00:00+08:00"),
        ("JPY", "150", "2026-01-07T09:00:00+08:00"),
    ).table,
)


@pytest.mark.parametrize(
    ("day", "is_"),
    [
        ("2026-01-04", None),
        ("2026-01-05", "30.0 of +0"),
        ("2026-01-06", "32.0 of +0"),  # the newest of the day, whatever came last
        ("2026-01-08", "32.0 of -2"),
        ("2026-01-09", "33.0 of +0"),
        ("2027-01-01", "33.0 of -357"),
    ],
)
def test_the_newest_rate_of_the_day_or_before_holds(day: str, is_: str | None) -> None:
    assert dollar(WEEK, day) == is_
    assert on_day(on_day(WEEK, parse_day("2026-01-05")), parse_day(day)) is on_day(WEEK, parse_day(day))


def test_of_two_rates_of_one_time_the_later_record_holds() -> None:
    twice = read(("TWD", "30", "2026-01-05T09:00:00Z"), ("TWD", "31", "2026-01-05T09:00:00Z"))
    assert dollar(with_rates(POLICY, twice.table), "2026-01-05") == "31.0 of +0"


def test_days_are_those_of_the_policy() -> None:
    rates = read(("TWD", "30", "2026-01-05T17:00:00Z"))
    assert dollar(with_rates(POLICY, rates.table), "2026-01-05") is None
    utc = load_policy(BY_TOPIC.replace("[[tiers]]", 'time_zone = "Etc/UTC"\n\n[[tiers]]'))
    assert dollar(with_rates(utc, rates.table), "2026-01-05") == "30.0 of +0"


def test_what_is_known_at_all_is_known_before_its_first_day() -> None:
    assert WEEK.to_value.keys() == {"TWD", "USD"}
    assert on_day(WEEK, parse_day("2026-01-04")).to_value.keys() == {"TWD"}


def test_a_policy_with_rates_of_its_own_stays_as_it_is() -> None:
    table = read(("TWD", "30", "2026-01-05T09:00:00Z")).table
    assert with_rates(FIXED, table) is on_day(FIXED, 0) is fixed_on(FIXED, 0) is told_rates(FIXED, {}) is FIXED


def test_the_future_is_seen_by_the_rates_of_today() -> None:
    today = fixed_on(WEEK, parse_day("2026-01-06"))
    assert on_day(today, parse_day("2026-01-09")).to_value == today.to_value
    assert told_rates(POLICY, {"USD": 32 * 10**8}).to_value == today.to_value


def test_a_word_for_rates_is_topic_or_a_table() -> None:
    with pytest.raises(PolicyError, match=r'"topics" is not known here; did you mean "topic"'):
        load_policy(BY_TOPIC.replace('"topic"', '"topics"'))


def test_policy_check_says_where_rates_come_from() -> None:
    report = check(BY_TOPIC)
    assert report.policy is not None
    assert report.file is not None
    [told] = in_words(report.policy, report.file)
    assert "in TWD by the newest rate of the day or before, from bank.rates." in told


def test_publishing_says_that_rates_come_from_the_topic_or_no_longer() -> None:
    assert list(changes_between(FIXED, POLICY)) == [
        "rates come from the topic of rates, day by day; a currency that has none there is refused"
    ]
    assert currencies_lost(FIXED, POLICY) == []
    known = with_rates(POLICY, read(("JPY", "1", "2026-01-05T09:00:00Z")).table)
    assert currencies_lost(FIXED, known) == ["USD"]
    assert "rates are those of the file, no longer those of the topic" in list(changes_between(WEEK, FIXED))
