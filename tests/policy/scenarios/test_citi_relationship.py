"""citi-relationship: the month's average; up at its end, down after 3 months in a row below, to what is earned."""

from datetime import date, time

import pytest

from tests.support.naive_policies import DAY, Model, history, months_before, rank
from tests.support.scenarios import agree, check


@pytest.mark.parametrize(
    ("balance", "tier"),
    [
        ("30000", "priority"),
        ("199999.99", "priority"),
        ("200000", "gold"),
        ("999999.99", "gold"),
        ("1000000", "private"),
    ],
)
def test_floors_are_inclusive(balance: str, tier: str) -> None:
    value = balance if "." in balance else f"{balance}.00"
    check(
        "citi-relationship",
        f"""
        2026-01-01T10:00        | balance {balance} | initial -> base first_event 0.00
        2026-01-31T23:59:59.999 |                   |
        2026-02-01              |                   | upgrade base -> {tier} window_moved {value}
        """,
    )


def test_a_cent_below_the_floor_is_below() -> None:
    check("citi-relationship", "2026-01-01 | balance 29999.99 | initial -> base first_event 0.00\n2027-01-01 | | ")


@pytest.mark.parametrize(
    ("balance", "change"),
    [
        ("930000", "upgrade base -> priority window_moved 30000.00"),  # 31 days
        ("929999.99", ""),
        ("929999.69", ""),
    ],
)
def test_an_average_hits_the_floor_or_misses_it(balance: str, change: str) -> None:
    check(
        "citi-relationship",
        f"""
        2026-01-01              | balance 0         | initial -> base first_event 0.00
        2026-01-31T23:59:59.999 | balance {balance} |
        2026-02-01              |                   | {change}
        2026-02-01              | balance 0         |
        2026-04-30              |                   |
        """,
    )


def test_an_event_at_the_rating_counts_in_the_month_that_begins() -> None:
    check(
        "citi-relationship",
        """
        2026-01-31T10:00 | balance 29999.99 | initial -> base first_event 0.00
        2026-02-01       | balance 30000    |
        2026-03-01       |                  | upgrade base -> priority window_moved 30000.00
        """,
    )


def test_days_before_the_first_balance_are_left_out() -> None:
    check(
        "citi-relationship",
        """
        2026-01-01T10:00        | purchase 5    | initial -> base first_event 0.00
        2026-01-31T23:59:59.999 | balance 30000 |
        2026-02-01              |               | upgrade base -> priority window_moved 30000.00
        """,
    )


def test_accounts_combine_loans_do_not() -> None:
    check(
        "citi-relationship",
        """
        2026-01-01T10:00 | balance 15000 a               | initial -> base first_event 0.00
        2026-01-01T11:00 | balance 15000 b product=fund  |
        2026-01-01T12:00 | balance 99999 l product=loan  |
        2026-02-01       |                               | upgrade base -> priority window_moved 30000.00
        """,
    )


def test_month_averages_count_days_not_hours_when_the_clocks_change() -> None:
    # March 2026 has 743 hours in New York, November 721.
    check(
        "citi-relationship",
        """
        2026-03-01       | balance 0     | initial -> base first_event 0.00
        2026-03-16       | balance 62000 |
        2026-04-01       |               | upgrade base -> priority window_moved 32000.00
        """,
    )
    check(
        "citi-relationship",
        """
        2026-11-01       | balance 0     | initial -> base first_event 0.00
        2026-11-16       | balance 60000 |
        2026-12-01       |               | upgrade base -> priority window_moved 30000.00
        """,
    )


def test_down_after_the_third_month_below_straight_to_what_is_earned() -> None:
    #  Jan  | Feb below | Mar below | Apr below |
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 1000000  | initial -> base first_event 0.00
        2026-02-01       |                  | upgrade base -> private window_moved 1000000.00
        2026-02-01       | balance 250000   |
        2026-03-01       |                  |
        2026-03-01       | balance 200000   |
        2026-04-01       | balance 29999.99 |
        2026-05-01       |                  | downgrade private -> base grace_ended 29999.99
        """,
    )


def test_two_months_below_and_one_at_the_floor_break_the_row_over_the_years_end() -> None:
    #  Oct | Nov below | Dec below | Jan at the floor | Feb below | Mar below | Apr below |
    check(
        "citi-relationship",
        """
        2026-10-05T10:00 | balance 30000    | initial -> base first_event 0.00
        2026-11-01       |                  | upgrade base -> priority window_moved 30000.00
        2026-11-01       | balance 29999.99 |
        2027-01-01       | balance 30000    |
        2027-02-01       | balance 29999.99 |
        2027-05-01       |                  | downgrade priority -> base grace_ended 29999.99
        """,
    )


def test_after_a_fall_the_months_below_the_lower_tier_count_anew() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 1000000 | initial -> base first_event 0.00
        2026-02-01       |                 | upgrade base -> private window_moved 1000000.00
        2026-02-01       | balance 0       |
        2026-04-01       | balance 200000  |
        2026-05-01       |                 | downgrade private -> gold grace_ended 200000.00
        2026-05-01       | balance 0       |
        2026-08-01       |                 | downgrade gold -> base grace_ended 0.00
        """,
    )


def test_credit_and_loans_rate_nothing_between_months() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 30000  | initial -> base first_event 0.00
        2026-01-20T10:00 | credit default |
        2026-02-01       |                | upgrade base -> priority window_moved 30000.00
        2026-02-01       | balance 0      |
        2026-03-10T10:00 | credit poor    |
        2026-03-11T10:00 | credit good    |
        2026-04-10T10:00 | loan 5         |
        2026-05-01       |                | downgrade priority -> base grace_ended 0.00
        """,
    )


# --- corrections ---


def test_a_late_balance_corrects_the_month_that_was_rated() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 20000                             | initial -> base first_event 0.00
        2026-02-10T09:00 | balance 9999.99 b as_of=2026-01-05T12:00  |
        2026-02-10T10:00 | balance 10000 b as_of=2026-01-05T12:00    | upgrade base -> priority correction 30000.00
        2026-02-11T09:00 | balance 0 b as_of=2026-01-04T09:00        |
        2026-03-01       |                                           |
        """,
    )


def test_a_correction_down_counts_as_a_month_below() -> None:
    #  Jan: met, then corrected to below | Feb below | Mar below |
    check(
        "citi-relationship",
        """
        2026-01-01T10:00 | balance 40000                       | initial -> base first_event 0.00
        2026-02-01       |                                     | upgrade base -> priority window_moved 40000.00
        2026-03-10T10:00 | balance 10 as_of=2026-01-05T10:00   |
        2026-04-01       |                                     | downgrade priority -> base grace_ended 10.00
        """,
    )


def test_a_correction_of_three_rated_months_falls_at_once() -> None:
    check(
        "citi-relationship",
        """
        2026-01-01T10:00 | balance 40000                     | initial -> base first_event 0.00
        2026-02-01       |                                   | upgrade base -> priority window_moved 40000.00
        2026-04-10T10:00 | balance 10 as_of=2026-01-05T10:00 | downgrade priority -> base correction 10.00
        """,
    )


def test_corrections_of_one_month_back_and_forth_count_it_once() -> None:
    #  Jan met | Feb below, met, below | Mar below | Apr below |
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 30000                              | initial -> base first_event 0.00
        2026-02-01       |                                            | upgrade base -> priority window_moved 30000.00
        2026-02-01       | balance 10                                 |
        2026-03-05T10:00 | balance 40000 b as_of=2026-02-01T10:00     |
        2026-03-06T10:00 | balance 0 b as_of=2026-02-01T10:00         |
        2026-03-07T10:00 | balance 40000 b as_of=2026-02-01T10:00     |
        2026-03-08T10:00 | balance 0 b as_of=2026-02-01T10:00         |
        2026-04-01       |                                            |
        2026-05-01       |                                            | downgrade priority -> base grace_ended 10.00
        """,
    )


def test_who_is_heard_of_after_a_rating_is_given_it() -> None:
    check(
        "citi-relationship",
        """
        2026-03-10T10:00 | balance 40000 as_of=2026-01-05    | initial -> base first_event 40000.00
        2026-03-10T10:00 |                                   | upgrade base -> priority correction 40000.00
        2026-03-11T10:00 | balance 159999 b as_of=2026-01-06 |
        2026-03-12T10:00 | balance 2 b as_of=2026-02-01      |
        2026-03-13T10:00 | balance 160000 b as_of=2026-02-01 | upgrade priority -> gold correction 200000.00
        """,
    )


def test_who_is_heard_of_in_time_and_was_there_before_is_given_the_rating_then() -> None:
    check(
        "citi-relationship",
        """
        2026-03-10T10:00 | balance 40000                     | initial -> base first_event 0.00
        2026-03-11T10:00 | balance 30000 b as_of=2026-02-28  | upgrade base -> priority correction 30000.00
        2026-03-12T10:00 | balance 1 c as_of=2026-03-01      |
        """,
    )


# --- pins ---


def test_a_pin_over_ratings_and_the_measures_go_on_underneath() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 30000                | initial -> base first_event 0.00
        2026-01-20T10:00 | pin private until=2026-03-15 | upgrade base -> private pin_set 0.00 earned base
        2026-02-01       | balance 200000               |
        2026-03-15       |                              | downgrade private -> gold pin_ended 200000.00
        2026-03-15       | balance 0                    |
        2026-05-31T23:59 |                              |
        2026-06-01       |                              | downgrade gold -> base grace_ended 0.00
        """,
    )


def test_a_pin_that_ends_at_a_rating_serves_what_that_rating_earns() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 30000                | initial -> base first_event 0.00
        2026-01-20T10:00 | pin private until=2026-02-01 | upgrade base -> private pin_set 0.00 earned base
        2026-02-01       |                              | downgrade private -> priority pin_ended 30000.00
        """,
    )


def test_after_a_pin_of_nobody_the_months_below_still_count() -> None:
    check(
        "citi-relationship",
        """
        2026-01-05T10:00 | balance 30000 | initial -> base first_event 0.00
        2026-02-01       |               | upgrade base -> priority window_moved 30000.00
        2026-02-01       | balance 0     |
        2026-04-10T10:00 | unpin         |
        2026-05-01       |               | downgrade priority -> base grace_ended 0.00
        """,
    )


# --- against a naive model, over years of random events ---


FLOORS = (30_000, 200_000, 1_000_000)


class MonthsInARow(Model):
    """Citi's rules, and with other numbers those of HSBC in Singapore."""

    tiers = ("base", "priority", "gold", "private")
    floors = FLOORS
    months_below = 3

    def __init__(self) -> None:
        super().__init__()
        self.since = date.min
        self.rating = date.min

    def earned_at(self, rating: date) -> int:
        if not self.was_rated(rating):
            return 0
        return rank(self.book.average(months_before(rating, 1), rating), self.floors)

    def earned(self) -> int:
        return self.earned_at(self.last_rating) if self.last_rating else 0

    def rate(self, rating: date) -> int:
        self.rating = rating
        earned, served = self.earned_at(rating), self.tier or 0
        rows = [months_before(rating, number) for number in range(self.months_below)]
        below = all(row >= self.since and self.was_rated(row) and self.earned_at(row) < served for row in rows)
        return earned if earned > served or below else served

    def begins(self, tier: int, *, by_pin: bool) -> None:  # noqa: ARG002
        day = self.now.date()
        self.since = (
            (day if self.now.time() == time() else day + DAY) if by_pin or not self.last_rating else self.rating
        )

    def pin_ended(self) -> None:
        self.since = self.now.date() if self.now.time() == time() else self.now.date() + DAY


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "purchase", "credit", "loan"]
    pins = MonthsInARow.tiers if seed % 3 == 2 else ()
    agree("citi-relationship", MonthsInARow(), history(seed, FLOORS, 4, kinds, late=seed % 3 == 1, pins=pins))
