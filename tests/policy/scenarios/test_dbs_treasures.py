# ruff: noqa: DTZ901 - local times on purpose
"""dbs-treasures: enter at 350,000 of newest total, at once; keep while the month-end total is at least 200,000."""

from datetime import date, datetime, time

import pytest

from tests.support.naive_policies import DAY, Model, history
from tests.support.scenarios import agree, check


def test_the_floor_to_enter_is_rated_at_once() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 349999.99 | initial -> standard first_event 349999.99
        2026-01-05T10:01 | balance 350000    | upgrade standard -> treasures threshold_crossed 350000.00
        """,
    )


def test_the_first_event_may_earn_it() -> None:
    check("dbs-treasures", "2026-01-31T10:00 | balance 350000 | initial -> treasures first_event 350000.00")


@pytest.mark.parametrize(
    ("balance", "change"),
    [
        ("200000", ""),
        ("199999.99", "downgrade treasures -> standard window_moved 199999.99"),
        ("-1", "downgrade treasures -> standard window_moved -1.00"),
    ],
)
def test_the_floor_to_keep_is_the_month_end_total(balance: str, change: str) -> None:
    check(
        "dbs-treasures",
        f"""
        2026-01-05T10:00        | balance 350000    | initial -> treasures first_event 350000.00
        2026-01-31T23:59:59.999 | balance {balance} |
        2026-02-01              |                   | {change}
        """,
    )


def test_what_lies_between_the_floors_keeps_but_does_not_enter() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 349999.99 | initial -> standard first_event 349999.99
        2026-02-01       |                   |
        2026-02-10T10:00 | balance 350000    | upgrade standard -> treasures threshold_crossed 350000.00
        2026-02-11T10:00 | balance 200000    |
        2026-12-31T10:00 | balance 199999.99 |
        2027-01-01       |                   | downgrade treasures -> standard window_moved 199999.99
        2027-01-02T10:00 | balance 349999.99 |
        2027-02-02       |                   |
        """,
    )


def test_nothing_falls_within_the_month_and_an_event_at_the_rating_is_too_late() -> None:
    check(
        "dbs-treasures",
        """
        2028-02-05T10:00 | balance 350000 | initial -> treasures first_event 350000.00
        2028-02-06T10:00 | balance 0      |
        2028-02-29T23:59 | balance 200000 |
        2028-03-01       | balance 0      |
        2028-03-31       | credit good    |
        2028-04-01       |                | downgrade treasures -> standard window_moved 0.00
        2028-04-01       | balance 350000 | upgrade standard -> treasures threshold_crossed 350000.00
        """,
    )


def test_either_floor_keeps_at_the_month_end() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00        | balance 350000 | initial -> treasures first_event 350000.00
        2026-01-10T10:00        | balance 0      |
        2026-01-31T23:59:59.999 | balance 350000 |
        2026-02-01              | balance 0      |
        2026-03-01              |                | downgrade treasures -> standard window_moved 0.00
        """,
    )


# --- corrections ---


def test_a_late_balance_takes_the_month_end_total_below_the_floor_to_keep() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 350000                           | initial -> treasures first_event 350000.00
        2026-02-10T10:00 | balance 200000 as_of=2026-01-20    |
        2026-02-11T10:00 | balance 199999.99 as_of=2026-01-20 | downgrade treasures -> standard correction 199999.99
        """,
    )


def test_a_fall_that_a_late_balance_proves_wrong_is_taken_back() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 350000                      | initial -> treasures first_event 350000.00
        2026-01-10T10:00 | balance 150000                      |
        2026-02-01       |                                     | downgrade treasures -> standard window_moved 150000.00
        2026-02-10       | balance 49999.99 b as_of=2026-01-31 |
        2026-02-11       | balance 50000 b as_of=2026-01-31    | upgrade standard -> treasures correction 200000.00
        2026-03-01       |                                     |
        """,
    )


def test_a_late_balance_may_enter_at_once() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 300000                          | initial -> standard first_event 300000.00
        2026-02-10T10:00 | balance 50000 b as_of=2026-01-20  | upgrade standard -> treasures correction 350000.00
        """,
    )


def test_a_late_balance_takes_no_tier_that_was_gained_after_the_rating() -> None:
    check(
        "dbs-treasures",
        """
        2026-02-10T10:00 | balance 1                       | initial -> standard first_event 1.00
        2026-03-05T10:00 | balance 350000                  | upgrade standard -> treasures threshold_crossed 350000.00
        2026-03-06T10:00 | balance 200000                  |
        2026-03-07T10:00 | balance 1 b as_of=2026-02-11    |
        2026-04-01       | balance 199998                  |
        2026-05-01       |                                 | downgrade treasures -> standard window_moved 199999.00
        """,
    )


def test_who_is_heard_of_late_is_corrected_at_the_last_rating() -> None:
    check(
        "dbs-treasures",
        """
        2026-03-05T10:00 | balance 350000 as_of=2026-01-10 | initial -> treasures first_event 350000.00
        2026-03-05T10:00 | balance 200000 as_of=2026-02-27 |
        2026-03-05T10:00 | balance 199999 as_of=2026-02-28 | downgrade treasures -> standard correction 199999.00
        """,
    )


# --- pins ---


def test_a_pin_over_a_month_end_and_what_was_kept_underneath() -> None:
    check(
        "dbs-treasures",
        """
        2026-01-05T10:00 | balance 350000                 | initial -> treasures first_event 350000.00
        2026-01-10 | pin standard until=2026-02-15 | downgrade treasures -> standard pin_set 350000.00 earned treasures
        2026-01-31T10:00 | balance 200000                 |
        2026-02-15       |                                | upgrade standard -> treasures pin_ended 200000.00
        2026-02-16T10:00 | pin treasures until=2026-03-01 |
        2026-02-17T10:00 | balance 199999.99              |
        2026-03-01       |                                | downgrade treasures -> standard pin_ended 199999.99
        """,
    )


# --- against a naive model, over years of random events ---


class Treasures(Model):
    tiers = ("standard", "treasures")

    def __init__(self) -> None:
        super().__init__()
        self.had = 0  # before the last rating
        self.underneath = 0
        self.gained = self.gains = datetime.min  # when the tier was gained; when one would be that is gained now

    def enters(self) -> bool:
        return self.book.newest() >= 350_000

    def first_tier(self) -> int:
        self.gains = self.began
        return int(self.enters())

    def happened(self) -> int:
        self.gains = self.now
        return int(self.enters() or bool(self.tier))

    def earned(self) -> int:
        return self.underneath

    def rate(self, rating: date) -> int:
        if self.now.date() == rating and self.now.time() == time():
            self.had = self.tier or 0
        self.gains = datetime.combine(rating, time())
        kept = (self.tier or self.had) and self.book.closing(rating - DAY) >= 200_000
        came_later = self.tier and self.gained > datetime.combine(rating, time())
        return int(self.enters() or bool(kept) or bool(came_later))

    def begins(self, tier: int, *, by_pin: bool) -> None:  # noqa: ARG002
        self.gained = self.gains


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "credit", "loan", "purchase"]
    agree("dbs-treasures", Treasures(), history(seed, (350_000, 200_000, 200_000), 4, kinds, late=seed % 2 == 1))
