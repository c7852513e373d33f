"""A bank of `tierflow.testing`: words in, words out, and tables that say where they differ."""

import pytest

from streams.testing.heard import FORMS
from streams.values.events import TRANSACTION_TYPES
from tests.support.one_customer import policy_file
from tierflow.testing import Bank, PolicyError, WordsError

PLAIN = """
name = "plain"
version = 3
currency = "TWD"

[rates]
USD = "30"

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"

[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1000"
within_days = 30
"""
FIRST = "2026-01-05 10:00"


@pytest.fixture
def plain() -> Bank:
    return Bank(PLAIN)


def test_nobody_is_known_at_first(plain: Bank) -> None:
    assert (plain.tier(), plain.now, plain.told) == (None, None, [])


def test_what_comes_of_events_is_told_in_words(plain: Bank) -> None:
    assert plain.hears(FIRST, "balance 1000", "D: balance 500000") == [
        "low (first_event)",
        "campaign gift:1",
        "D: mid (first_event)",
        "D: campaign gift:1",
    ]
    assert (plain.tier(), plain.tier("D")) == ("low", "mid")
    assert [change["tier"] for change in plain.changes("D")] == ["mid"]
    assert [trigger["id"] for trigger in plain.campaigns()] == ["C:gift:1"]


def test_a_policy_may_be_a_file() -> None:
    assert Bank(policy_file("assets-only.toml")).hears(FIRST, "balance 600000")[0].startswith("mid (first_event)")
    assert Bank(str(policy_file("assets-only.toml"))).policy.name == "assets-only"


def test_a_policy_that_cannot_be_used_is_refused_with_its_faults() -> None:
    with pytest.raises(PolicyError, match="write it in quotes"):
        Bank(PLAIN.replace('"500000"', "500000"))


def test_time_is_told_in_several_ways(plain: Bank) -> None:
    plain.hears("2026-01-05", "balance 1")
    for words in ("2 days later", "1 week", "3 hours", "30 minutes later", "2026-01-20 09:00"):
        plain.waits(words)
    assert str(plain.now) == "2026-01-20 09:00:00+08:00"


def test_a_day_later_is_the_same_local_time_and_an_hour_is_sixty_minutes() -> None:
    bank = Bank(PLAIN.replace('"TWD"', '"TWD"\ntime_zone = "Europe/Berlin"', 1))
    bank.waits("2026-03-28 10:00")  # clocks go forward in the night
    bank.waits("1 day")
    assert str(bank.now) == "2026-03-29 10:00:00+02:00"
    bank.waits("2026-10-24 10:00")  # and back
    bank.waits("24 hours")
    assert str(bank.now) == "2026-10-25 09:00:00+01:00"


def test_each_form_of_an_event_is_taken(plain: Bank) -> None:
    plain.hears(FIRST, "balance 20000 USD in b as fund", *(f"{kind} 10" for kind in sorted(TRANSACTION_TYPES)))
    plain.hears("1 day later", "undo purchase 10 of 2026-01-05 10:00", "balance 1 of 2026-01-04 09:00", "cash 5 USD")
    plain.hears("1 day later", "standing poor score 400", "loan L1 1000", "pin low until 3 days later", "unpin")
    plain.hears("1 day later", "opt_out", "opt_in", "erase")
    assert plain.messages("dead-letters") == []
    assert plain.tier() is None
    assert plain.told[-1].words == "erased"


def test_what_is_undone_no_longer_counts() -> None:
    counts = PLAIN + '[measures.spent]\nsum = ["purchase"]\ndays = 30\n[value]\nterms = [{ measure = "spent" }]\n'
    bank = Bank(counts)
    bank.hears(FIRST, "purchase 300000", "purchase 200000")
    assert bank.tier() == "mid"
    assert bank.hears("1 day later", f"undo purchase 200000 of {FIRST}")[-1] == "mid → low (correction)"


def test_what_cannot_be_used_is_told_as_refused(plain: Bank) -> None:
    [refused] = plain.hears(FIRST, "D: balance 1 JPY")
    assert refused.startswith("D: refused (unknown_currency), ")
    assert [letter["reason"] for letter in plain.messages("dead-letters", "D")] == ["unknown_currency"]


@pytest.mark.parametrize(
    "words", ["balanse 100", "balance", "balance 1 TWD 2", "loan 5", "pin mid", "undo gift 3 of 2026-01-05", "", "of"]
)
def test_words_that_are_no_event_are_refused_with_the_forms(plain: Bank, words: str) -> None:
    with pytest.raises(WordsError) as raised:
        plain.hears(FIRST, words)
    assert str(raised.value).endswith("\n  ".join(FORMS))


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("3 days later", "nothing was before it; begin with a day"),
        ("tomorrow", "'tomorrow' is no time; write 2026-01-05, "),
        ("2026-01-05T10:00+08:00", "has an offset; leave it out"),
    ],
)
def test_a_time_that_is_none_is_refused(plain: Bank, when: str, says: str) -> None:
    with pytest.raises(WordsError, match=says):
        plain.hears(when, "balance 1")


def test_time_does_not_go_back(plain: Bank) -> None:
    plain.waits(FIRST)
    with pytest.raises(WordsError, match="is before 2026-01-05 10:00"):
        plain.waits("2026-01-05 09:59")


def test_only_what_was_heard_can_be_undone(plain: Bank) -> None:
    with pytest.raises(WordsError, match="C had no such transaction"):
        plain.hears(FIRST, "undo purchase 5 of 2026-01-04 10:00")


def test_a_table_may_be_about_one_topic_alone(plain: Bank) -> None:
    plain.check(f"| {FIRST} | balance 1000 | campaign gift:1 |", only=["campaigns"])


def test_dots_stand_for_what_is_not_looked_at(plain: Bank) -> None:
    plain.check(f"| {FIRST} | balance 1 | low, … |\n| 1 day later | balance 500000 | ... |")


def differences(bank: Bank, table: str) -> list[str]:
    with pytest.raises(AssertionError) as raised:
        bank.check(table)
    head, empty, _, *lines = str(raised.value).splitlines()
    assert (head, empty) == ("plain version 3 does not do what the table says", "")
    return [line for line in lines if line.startswith("!")]


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        ("", "! 2026-01-05 10:00  balance 1            low (first_event)"),
        ("mid, …", "! 2026-01-05 10:00  balance 1  mid, …    low (first_event)"),
        ("low", "! 2026-01-05 10:00  balance 1  low       low (first_event)"),
        ("low, …; x", "! 2026-01-05 10:00  balance 1  low, …; x  low (first_event)"),
    ],
)
def test_a_row_that_differs_is_shown(plain: Bank, expected: str, shown: str) -> None:
    assert differences(plain, f"| {FIRST} | balance 1 | {expected} |") == [shown]


def test_what_comes_between_two_rows_is_shown_where_it_came() -> None:
    pinned = f"| {FIRST} | balance 1; pin mid until 2026-01-07 | … |\n| 3 days later | | |"
    [line] = differences(Bank(PLAIN), pinned)
    assert line.split("  ")[0] == "! 2026-01-07 00:00"
    assert line.endswith("  mid → low (pin_ended)")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "the table has no row"),
        ("| when | heard | told |\n| --- | --- | --- |", "the table has no row"),
        (f"| {FIRST} | balance 1 |", "is no row of three columns"),
        (f"{FIRST} | balance 1 | low", "is no row of three columns"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(plain: Bank, table: str, says: str) -> None:
    with pytest.raises(WordsError, match=says):
        plain.check(table)
