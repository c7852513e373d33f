"""A check ends soon, whatever the text: counted in the times that a text is read, not in seconds."""

import pytest

from streams.policy.check import past_faults
from streams.policy.check.check import LINES_LIMIT, check
from streams.policy.compile.load import read_policy
from streams.policy.compile.reading import Reading

GOOD = 'name = "x"\nversion = 1\ncurrency = "TWD"\n[[tiers]]\nid = "low"\n'


@pytest.mark.parametrize(("lines", "faults"), [(300, 50), (10_000, 4)])
def test_a_long_text_full_of_faults_is_read_a_few_times(lines: int, faults: int) -> None:
    read = 0

    def reading(text: str) -> Reading:
        nonlocal read
        read += 1
        return read_policy(text)

    found, _, _ = past_faults.read_past_faults("a = 1\n" * lines, reading)
    assert (read, len(found)) == (faults, faults)


def test_a_text_longer_than_any_policy_is_not_read() -> None:
    report = check("a = 1\n" * 40_000)
    assert [(error.line, error.message) for error in report.errors] == [
        (1, "this has 40,001 lines, and a policy at most 20,000; take out what is no policy")
    ]
    assert check(GOOD + "\n" * (LINES_LIMIT - GOOD.count("\n") - 1)).errors == []


def test_a_line_longer_than_any_of_a_policy_is_not_read() -> None:
    report = check(f"{GOOD}a{'.a' * 30_000} = 1\n")
    assert [(error.line, error.message) for error in report.errors] == [
        (6, "this line has more than 10,000 characters; write it on several")
    ]


def test_a_word_of_thousands_of_parts_is_told() -> None:
    assert [error.field for error in check(f"{GOOD}a{'.a' * 3_000} = 1\n").errors] == ["tiers.low.a"]
