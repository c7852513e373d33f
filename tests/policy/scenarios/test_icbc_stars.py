"""icbc-stars: points over 6 months, rated on 30 June and 31 December; down one period later, to the higher of two."""

from datetime import date

import pytest

from tests.support.naive_policies import Model, history, months_before, rank
from tests.support.scenarios import agree, check


@pytest.mark.parametrize(
    ("balance", "change"),
    [
        ("49990", ""),
        ("49999.99", ""),
        ("50000", "star-3 window_moved 50.00"),
        ("499990", "star-3 window_moved 499.99"),
        ("500000", "star-4 window_moved 500.00"),
        ("1999990", "star-4 window_moved 1999.99"),
        ("2000000", "star-5 window_moved 2000.00"),
        ("9999990", "star-5 window_moved 9999.99"),
        ("10000000", "star-6 window_moved 10000.00"),
        ("79999990", "star-6 window_moved 79999.99"),
        ("80000000", "star-7 window_moved 80000.00"),
    ],
)
def test_floors_of_points_are_inclusive(balance: str, change: str) -> None:
    check(
        "icbc-stars",
        f"""
        2026-01-10T10:00        | balance {balance} | initial -> star-1 first_event 0.00
        2026-06-30T23:59:59.999 |                   |
        2026-07-01              |                   | {change and "upgrade star-1 -> " + change}
        """,
    )


@pytest.mark.parametrize(
    ("purchase", "change"),
    [("60000", "upgrade star-1 -> star-3 window_moved 50.00"), ("59999", ""), ("59999.99", "")],
)
def test_assets_loans_by_absolute_value_and_activity_add_up(purchase: str, change: str) -> None:
    #  25 points + 15 + (6 + 2 + 2)
    check(
        "icbc-stars",
        f"""
        2026-01-10T10:00        | balance 25000                     | initial -> star-1 first_event 0.00
        2026-01-10T11:00        | balance -30000 l product=loan     |
        2026-02-10T10:00        | transfer_in 20000                 |
        2026-03-10T10:00        | transfer_out 20000                |
        2026-04-10T10:00        | deposit 9999999                   |
        2026-06-30T23:59:59.999 | purchase {purchase}               |
        2026-07-01              |                                   | {change}
        """,
    )


@pytest.mark.parametrize(
    ("first", "last", "rated", "days"),
    [
        ("2026-01-01", "2026-06-30T23:59", "2026-07-01", 181),
        ("2028-01-01", "2028-06-30T23:59", "2028-07-01", 182),  # a leap year
        ("2026-07-01", "2026-12-31T23:59", "2027-01-01", 184),
    ],
)
def test_averages_are_over_the_days_of_six_months(first: str, last: str, rated: str, days: int) -> None:
    for balance, change in (
        (f"{50000 * days}", "upgrade star-1 -> star-3 window_moved 50.00"),
        (f"{50000 * days - 1}.99", ""),
    ):
        check(
            "icbc-stars",
            f"""
            {first} | balance 0         | initial -> star-1 first_event 0.00
            {last}  | balance {balance} |
            {rated} |                   | {change}
            """,
        )


def test_an_event_at_the_rating_counts_in_the_period_that_begins() -> None:
    check(
        "icbc-stars",
        """
        2026-06-30T10:00 | balance 49999   | initial -> star-1 first_event 0.00
        2026-07-01       | balance 500000  |
        2026-07-01       | purchase 1      |
        2026-12-31T23:59 |                 |
        2027-01-01       |                 | upgrade star-1 -> star-4 window_moved 500.0001
        """,
    )


# --- down one period later ---


def test_down_to_the_higher_of_the_last_two_ratings_and_up_at_once() -> None:
    #  earned   5    4    3    3    1    3    1    5
    #  served   5    5    4    3    3    3    3    5
    check(
        "icbc-stars",
        """
        2026-01-10 | balance 2000000 | initial -> star-1 first_event 0.00
        2026-07-01 |                 | upgrade star-1 -> star-5 window_moved 2000.00
        2026-07-01 | balance 600000  |
        2027-01-01 | balance 60000   |
        2027-07-01 |                 | downgrade star-5 -> star-4 grace_ended 60.00 earned star-3
        2028-01-01 |                 | downgrade star-4 -> star-3 grace_ended 60.00
        2028-01-01 | balance 0       |
        2028-07-01 | balance 50000   |
        2029-01-01 | balance 0       |
        2029-07-01 | balance 2000000 |
        2030-01-01 |                 | upgrade star-3 -> star-5 window_moved 2000.00
        """,
    )


def test_the_second_rating_below_may_be_the_higher_one() -> None:
    #  earned   5    3    4
    #  served   5    5    4
    check(
        "icbc-stars",
        """
        2026-01-10 | balance 2000000 | initial -> star-1 first_event 0.00
        2026-07-01 |                 | upgrade star-1 -> star-5 window_moved 2000.00
        2026-07-01 | balance 60000   |
        2027-01-01 | balance 600000  |
        2027-07-01 |                 | downgrade star-5 -> star-4 grace_ended 600.00
        2027-07-01 | balance 0       |
        2028-07-01 |                 | downgrade star-4 -> star-1 grace_ended 0.00
        """,
    )


def test_credit_between_ratings_moves_nothing() -> None:
    check(
        "icbc-stars",
        """
        2026-01-10T10:00 | balance 2000000 | initial -> star-1 first_event 0.00
        2026-07-01       |                 | upgrade star-1 -> star-5 window_moved 2000.00
        2026-07-01       | balance 0       |
        2027-02-01T10:00 | credit default  |
        2027-03-01T10:00 | credit good     |
        2027-07-01       |                 | downgrade star-5 -> star-1 grace_ended 0.00
        """,
    )


# --- corrections ---


def test_a_late_balance_corrects_the_last_rating_up_at_once() -> None:
    check(
        "icbc-stars",
        """
        2026-01-10T10:00 | balance 40000                            | initial -> star-1 first_event 0.00
        2026-08-10T10:00 | balance 9999 b as_of=2026-01-10T11:00    |
        2026-08-11T10:00 | balance 10000 b as_of=2026-01-10T11:00   | upgrade star-1 -> star-3 correction 50.00
        2026-08-12T10:00 | balance 0 b as_of=2026-01-10T11:00       | downgrade star-3 -> star-1 correction 40.00
        """,
    )


def test_a_reversal_after_the_rating_corrects_it_within_the_last_two() -> None:
    check(
        "icbc-stars",
        """
        2026-01-10T10:00 | purchase 500000                              | initial -> star-1 first_event 0.00
        2026-07-01       |                                              | upgrade star-1 -> star-3 window_moved 50.00
        2026-07-05T10:00 | purchase 500000                              |
        2027-01-05T10:00 | purchase 0.01 reverses=2026-07-05T10:00      |
        2027-01-06T10:00 | purchase 0.01 reverses=2026-01-10T10:00      | downgrade star-3 -> star-1 correction 50.00
        """,
    )


def test_a_late_balance_corrects_both_of_the_last_two_ratings() -> None:
    check(
        "icbc-stars",
        """
        2026-01-10T10:00 | balance 2000000                       | initial -> star-1 first_event 0.00
        2026-07-01       |                                       | upgrade star-1 -> star-5 window_moved 2000.00
        2027-02-10T10:00 | balance 60000 as_of=2026-01-11T10:00  | downgrade star-5 -> star-3 correction 60.00
        """,
    )


def test_who_is_heard_of_late_is_given_both_of_the_ratings_that_count() -> None:
    check(
        "icbc-stars",
        """
        2027-02-10T10:00 | balance 500000 as_of=2026-07-01  | initial -> star-1 first_event 500.00
        2027-02-10T10:00 |                                  | upgrade star-1 -> star-4 correction 500.00
        2027-02-11T10:00 | balance 2000000 as_of=2026-06-30 | upgrade star-4 -> star-5 correction 500.00 earned star-4
        2027-07-01       |                                  | downgrade star-5 -> star-4 grace_ended 500.00
        """,
    )


# --- pins ---


def test_a_pin_over_a_rating_and_one_that_ends_at_it() -> None:
    check(
        "icbc-stars",
        """
        2026-01-10T10:00 | balance 2000000             | initial -> star-1 first_event 0.00
        2026-06-10T10:00 | pin star-7 until=2026-07-01 | upgrade star-1 -> star-7 pin_set 0.00 earned star-1
        2026-07-01       |                             | downgrade star-7 -> star-5 pin_ended 2000.00
        2026-12-10T10:00 | pin star-1 until=2027-02-01 | downgrade star-5 -> star-1 pin_set 2000.00 earned star-5
        2026-12-10T11:00 | balance 0                   |
        2027-02-01       |                             | upgrade star-1 -> star-4 pin_ended 1760.8696
        """,
    )


# --- against a naive model, over years of random events ---


FLOORS = (50, 500, 2_000, 10_000, 80_000)
VOLUME = ("purchase", "transfer_in", "transfer_out")


class Stars(Model):
    tiers = ("star-1", "star-3", "star-4", "star-5", "star-6", "star-7")
    rating_months = (1, 7)

    def earned_at(self, rating: date) -> int:
        if not self.was_rated(rating):
            return 0
        begins = months_before(rating, 6)
        points = self.book.average(begins, rating) / 1_000
        points += self.book.average(begins, rating, loans=True) / 2_000
        points += self.book.volume(begins, rating, VOLUME) / 10_000
        return rank(points, FLOORS)

    def earned(self) -> int:
        return self.earned_at(self.last_rating) if self.last_rating else 0

    def rate(self, rating: date) -> int:
        return max(self.earned_at(rating), self.earned_at(months_before(rating, 6)))


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "credit", "loan", "purchase", "transfer_in", "cash"]
    pins = Stars.tiers if seed % 3 == 2 else ()
    if not pins:  # the naive model forgets that a pin's end served what is earned when it corrects a rating
        kinds.append("reversal")
    floors = (50_000, 500_000, 2_000_000, 10_000_000, 80_000_000)
    agree("icbc-stars", Stars(), history(seed, floors, 6, kinds, late=seed % 3 == 1, pins=pins))


def test_a_pin_that_had_ended_before_the_rating_leaves_the_higher_of_the_last_two() -> None:
    check(
        "icbc-stars",
        """
        2026-01-02T10:00 | balance 2500000                  | initial -> star-1 first_event 0.00
        2026-07-01       |                                  | upgrade star-1 -> star-5 window_moved 2500.00
        2026-07-01T10:00 | balance 0                        |
        2026-09-01T10:00 | pin star-7 until=2028-01-01      | upgrade star-5 -> star-7 pin_set 2500.00 earned star-5
        2027-01-10T10:00 | unpin at=2026-10-01T10:00        | downgrade star-7 -> star-5 pin_ended 0.00 earned star-1
        """,
    )
