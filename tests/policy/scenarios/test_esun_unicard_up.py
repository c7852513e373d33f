"""esun-unicard-up: a month's purchases of 30,000 AND average assets of 300,000 give the upper tier for the next."""

from datetime import date

import pytest

from tests.support.naive_policies import Model, history, months_before
from tests.support.scenarios import agree, check


@pytest.mark.parametrize(
    ("balance", "purchase", "change"),
    [
        ("300000", "30000", "upgrade basic -> up window_moved null"),
        ("299999.99", "30000", ""),
        ("300000", "29999.99", ""),
        ("299999.99", "29999.99", ""),
        ("99999999", "0", ""),
        ("0", "99999999", ""),
    ],
)
def test_both_floors_have_to_be_met(balance: str, purchase: str, change: str) -> None:
    check(
        "esun-unicard-up",
        f"""
        2028-02-05T10:00        | balance {balance}   | initial -> basic first_event null
        2028-02-29T23:59:59.999 | purchase {purchase} |
        2028-03-01              |                     | {change}
        """,
    )


def test_each_month_stands_for_the_next_one() -> None:
    #  Jan: both | Feb: up, purchases a cent short | Mar: basic, both again | Apr: up, nothing bought | May: basic
    check(
        "esun-unicard-up",
        """
        2026-01-05T10:00        | balance 300000    | initial -> basic first_event null
        2026-01-20T10:00        | purchase 15000    |
        2026-01-31T23:59:59.999 | purchase 15000    |
        2026-02-01              |                   | upgrade basic -> up window_moved null
        2026-02-01              | purchase 29999.99 |
        2026-02-02              | transfer_in 30000 |
        2026-02-03              | refund 30000      |
        2026-03-01              |                   | downgrade up -> basic window_moved null
        2026-03-01              | purchase 30000    |
        2026-04-01              |                   | upgrade basic -> up window_moved null
        2026-05-01              |                   | downgrade up -> basic window_moved null
        """,
    )


def test_a_purchase_at_the_rating_counts_in_the_month_that_begins() -> None:
    check(
        "esun-unicard-up",
        """
        2026-12-05T10:00 | balance 300000 | initial -> basic first_event null
        2027-01-01       | purchase 30000 |
        2027-02-01       |                | upgrade basic -> up window_moved null
        """,
    )


def test_a_reversal_within_the_month_counts_before_the_rating() -> None:
    check(
        "esun-unicard-up",
        """
        2026-01-05T10:00 | balance 300000                          | initial -> basic first_event null
        2026-01-06T10:00 | purchase 29999                          |
        2026-01-06T11:00 | purchase 1                              |
        2026-01-07T10:00 | purchase 0.01 reverses=2026-01-06T11:00 |
        2026-02-01       |                                         |
        2026-02-02T10:00 | purchase 0.01 at=2026-01-31T23:59:59    | upgrade basic -> up correction null
        2026-02-03T10:00 | purchase 0.01 at=2026-02-01             |
        2026-02-05T10:00 | purchase 1 reverses=2026-01-06T10:00    | downgrade up -> basic correction null
        2026-02-06T10:00 | purchase 1 reverses=2026-01-06T10:00    |
        """,
    )


def test_a_late_balance_corrects_the_average_of_last_month_but_not_of_the_one_before() -> None:
    check(
        "esun-unicard-up",
        """
        2026-01-05T10:00 | balance 200000                           | initial -> basic first_event null
        2026-01-06T10:00 | purchase 30000                           |
        2026-02-06T10:00 | purchase 30000                           |
        2026-02-10T10:00 | balance 100000 b as_of=2026-01-05T11:00  | upgrade basic -> up correction null
        2026-03-10T10:00 | balance 99000 b as_of=2026-01-05T12:00   | downgrade up -> basic correction null
        """,
    )


def test_a_pin_over_the_month_end() -> None:
    check(
        "esun-unicard-up",
        """
        2026-01-05T10:00 | balance 300000          | initial -> basic first_event null
        2026-01-06T10:00 | purchase 30000          |
        2026-01-20T10:00 | pin up until=2026-02-10 | upgrade basic -> up pin_set null earned basic
        2026-02-01       |                         |
        2026-02-10       |                         |
        2026-03-01       |                         | downgrade up -> basic window_moved null
        """,
    )


# --- against a naive model, over years of random events ---


class UnicardUp(Model):
    tiers = ("basic", "up")

    def rate(self, rating: date) -> int:
        begins = months_before(rating, 1)
        bought = self.book.volume(begins, rating, ["purchase"])
        return int(bought >= 30_000 and self.book.average(begins, rating) >= 300_000)

    def earned(self) -> int:
        return self.rate(self.last_rating) if self.last_rating else 0


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "purchase", "purchase", "purchase", "reversal", "credit", "refund"]
    pins = UnicardUp.tiers if seed % 3 == 2 else ()
    agree("esun-unicard-up", UnicardUp(), history(seed, (300_000,), 4, kinds, late=seed % 3 == 1, pins=pins))
