"""What `tierflow policy publish` says would change."""

import pytest

from streams.policy.check.comparison import changes_between, currencies_lost
from streams.policy.compile.load import load_policy

FORMER = """\
name = "bank"
version = 1
currency = "EUR"
rates = { HRK = "0.13", USD = "0.92" }
products = { note = "securities" }
tiers = [{ id = "low" }, { id = "mid", at_least = "50000" }, { id = "high", at_least = "500000" }]
[[campaigns]]
id = "hello"
kind = "welcome"
tiers = ["mid"]
"""


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("version = 1", "version = 2", []),
        (
            'HRK = "0.13", ',
            "",
            ["HRK loses its rate: its events are refused, and what is held in it counts as nothing"],
        ),
        ("USD =", 'CHF = "1.05", USD =', ["CHF gets a rate"]),
        ('"50000"', '"60000"', ["mid is entered from 60,000.00, no longer from 50,000.00"]),
        (
            'id = "high"',
            'id = "top"',
            ["tiers that vanish: high; whoever is in one is rated anew, from the lowest", "new tiers: top"],
        ),
        (
            'products = { note = "securities" }\n',
            "",
            ["words for products that are no longer known: note; balances that bear one are refused"],
        ),
        ('id = "hello"', 'id = "hi"', ["campaigns that end: hello", "campaigns that begin: hi"]),
    ],
)
def test_what_changes_is_told(written: str, instead: str, told: list[str]) -> None:
    before, after = load_policy(FORMER), load_policy(FORMER.replace(written, instead))
    assert list(changes_between(before, after)) == told
    assert currencies_lost(before, after) == (["HRK"] if "HRK" in written else [])
