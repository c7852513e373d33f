"""What our policy does, in tables and in words. To copy; docs/policy-tests.md has all words."""

from tierflow.testing import Bank


def test_a_nudge_and_a_fall_that_waits(bank: Bank) -> None:
    bank.check("""
        | when             | heard          | what comes of it                            |
        | ---------------- | -------------- | ------------------------------------------- |
        | 2026-01-05 10:00 | balance 450000 | low (first_event)                           |
        | 3 days later     |                | campaign near-mid:1, missing 50000.00       |
        | 2026-01-09 10:00 | balance 500000 | low → mid (threshold_crossed)               |
        | 2026-02-01 09:00 | balance 499999 |                                             |
        | 30 days later    |                | mid → low (grace_ended)                     |
        | 2026-03-06 09:00 | loan L1 300000 | campaign near-mid:2, …; loan L1 enhanced, … |
    """)


def test_a_tier_saved_in_its_grace(bank: Bank) -> None:
    assert bank.hears("2026-01-05 10:00", "balance 500000") == ["mid (first_event)"]
    assert bank.hears("2026-01-06 10:00", "balance 499999.99") == []
    assert bank.waits("29 days") == []
    assert bank.hears("1 hour later", "balance 500000") == []
    assert bank.waits("52 weeks") == []
    assert bank.tier() == "mid"


def test_what_a_nudge_says_to_the_campaign_system(bank: Bank) -> None:
    bank.hears("2026-01-05 10:00", "D: balance 480000")
    bank.waits("3 days")
    [nudge] = bank.campaigns("D")
    assert (nudge["group"], nudge["missing"], nudge["currency"]) == ("treated", "20000.00", "TWD")
