"""bofa-preferred-rewards: 3-month average; a tier is sure for 12 months, then come 3 of grace; ratings renew it."""

from datetime import date, datetime

import pytest

from tests.support.naive_policies import Model, history, months_after, months_before, rank
from tests.support.scenarios import agree, check


@pytest.mark.parametrize(
    ("balance", "tier"),
    [
        ("20000", "gold"),
        ("49999.99", "gold"),
        ("50000", "platinum"),
        ("99999.99", "platinum"),
        ("100000", "platinum-honors"),
        ("999999.99", "platinum-honors"),
        ("1000000", "diamond"),
    ],
)
def test_floors_are_inclusive(balance: str, tier: str) -> None:
    value = balance if "." in balance else f"{balance}.00"
    check(
        "bofa-preferred-rewards",
        f"""
        2026-01-15T10:00 | balance {balance} | initial -> member first_event 0.00
        2026-02-01       |                   | upgrade member -> {tier} window_moved {value}
        """,
    )


def test_a_cent_below_the_floor_is_below() -> None:
    check(
        "bofa-preferred-rewards", "2026-01-01 | balance 19999.99 | initial -> member first_event 0.00\n2027-01-01 | | "
    )


@pytest.mark.parametrize(
    ("first", "last", "rated", "days"),
    [
        ("2027-12-01", "2028-02-29T23:59", "2028-03-01", 91),  # a leap year's
        ("2026-12-01", "2027-02-28T23:59", "2027-03-01", 90),
        ("2026-09-01", "2026-11-30T23:59", "2026-12-01", 91),  # the clocks go back
        ("2026-03-01", "2026-05-31T23:59", "2026-06-01", 92),  # and forward
    ],
)
def test_the_average_is_over_the_days_of_three_months(first: str, last: str, rated: str, days: int) -> None:
    for cents, change in ((0, "upgrade member -> gold window_moved 20000.00"), (1, "")):
        hundredths = 20000 * days * 100 - cents
        balance = f"{hundredths // 100}.{hundredths % 100:02d}"
        check(
            "bofa-preferred-rewards",
            f"""
            {first} | balance 0         | initial -> member first_event 0.00
            {last}  | balance {balance} |
            {rated} |                   | {change}
            """,
        )


# --- term and grace ---


def test_a_tier_is_sure_for_12_months_and_falls_after_3_more() -> None:
    #  1 Feb 2026 |-------- 12 months --------| 1 Feb 2027 |-- 3 months of grace --| 1 May 2027
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000 | initial -> member first_event 0.00
        2026-02-01       |               | upgrade member -> gold window_moved 20000.00
        2026-02-01       | balance 0     |
        2027-04-30T23:59 |               |
        2027-05-01       |               | downgrade gold -> member grace_ended 0.00
        """,
    )


@pytest.mark.parametrize(
    ("again", "renewed", "falls"),
    [
        ("2026-11-01", "2027-02-01", "2028-05-01"),  # at the term's end
        ("2026-12-01", "2027-03-01", "2028-06-01"),  # at the ratings in the grace
        ("2027-01-01", "2027-04-01", "2028-07-01"),
        ("2027-02-01", "2027-05-01", "2028-08-01"),  # at the grace's end
    ],
)
def test_a_rating_at_the_terms_end_or_in_the_grace_renews_for_12_months(again: str, renewed: str, falls: str) -> None:
    check(
        "bofa-preferred-rewards",
        f"""
        2026-01-15T10:00 | balance 20000 | initial -> member first_event 0.00
        2026-02-01       |               | upgrade member -> gold window_moved 20000.00
        2026-02-01       | balance 0     |
        {again}          | balance 20000 |
        {renewed}        | balance 0     |
        {falls}          |               | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_a_rating_before_the_terms_end_renews_nothing() -> None:
    #  met until the rating of 1 Jan 2027, one month before the term's end
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000 | initial -> member first_event 0.00
        2026-02-01       |               | upgrade member -> gold window_moved 20000.00
        2027-01-01       | balance 0     |
        2027-05-01       |               | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_a_cent_below_in_term_and_grace_is_below() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000    | initial -> member first_event 0.00
        2026-02-01       |                  | upgrade member -> gold window_moved 20000.00
        2026-02-01       | balance 19999.99 |
        2027-05-01       |                  | downgrade gold -> member grace_ended 19999.99
        """,
    )


def test_the_fall_is_straight_to_what_is_earned_and_that_is_sure_for_12_months() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 1000000 | initial -> member first_event 0.00
        2026-02-01       |                 | upgrade member -> diamond window_moved 1000000.00
        2026-02-01       | balance 20000   |
        2027-05-01       |                 | downgrade diamond -> gold grace_ended 20000.00
        2027-05-01       | balance 0       |
        2028-08-01       |                 | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_an_upgrade_in_the_term_begins_a_new_one_and_in_the_grace_too() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000 | initial -> member first_event 0.00
        2026-02-01       |               | upgrade member -> gold window_moved 20000.00
        2026-02-01       | balance 50000 |
        2026-04-01       |               |
        2026-05-01       |               | upgrade gold -> platinum window_moved 50000.00
        2026-05-01       | balance 0     |
        2027-05-01       | balance 300000 |
        2027-06-01       |               | upgrade platinum -> platinum-honors window_moved 101086.9565
        2027-06-01       | balance 0     |
        2028-09-01       |               | downgrade platinum-honors -> member grace_ended 0.00
        """,
    )


# --- corrections and pins ---


def test_a_correction_up_begins_the_term_at_its_own_time_and_grace_ends_between_ratings() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 10000                             | initial -> member first_event 0.00
        2026-02-10T09:00 | balance 10000 b as_of=2026-01-15T11:00    | upgrade member -> gold correction 20000.00
        2026-02-11T09:00 | balance 0 b                               |
        2027-05-10T09:00 |                                           | downgrade gold -> member grace_ended 10000.00
        """,
    )


def test_a_correction_down_waits_for_the_terms_end() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000                     | initial -> member first_event 0.00
        2026-02-01       |                                   | upgrade member -> gold window_moved 20000.00
        2026-02-10T09:00 | balance 0 as_of=2026-01-15T10:01  |
        2027-05-01       |                                   | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_a_renewal_that_a_correction_takes_back_falls_at_the_graces_end() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000                        | initial -> member first_event 0.00
        2026-02-01       |                                      | upgrade member -> gold window_moved 20000.00
        2026-12-01       | balance 1 b                          |
        2027-02-10T09:00 | balance 0 as_of=2026-01-15T10:01     |
        2027-02-11T09:00 | balance 20000 c as_of=2026-01-20     |
        2027-02-12T09:00 | balance 0 c as_of=2026-01-20T10:00   |
        2027-05-01       |                                      | downgrade gold -> member grace_ended 1.00
        """,
    )


def test_a_late_balance_in_the_grace_renews_from_the_rating_that_it_corrects() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000                        | initial -> member first_event 0.00
        2026-02-01       |                                      | upgrade member -> gold window_moved 20000.00
        2026-02-01       | balance 0                            |
        2027-02-10T09:00 | balance 20000 b as_of=2026-11-01     |
        2027-02-11T09:00 | balance 0 b                          |
        2028-05-01       |                                      | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_a_pin_of_the_same_tier_leaves_its_term_alone() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000              | initial -> member first_event 0.00
        2026-02-01       |                            | upgrade member -> gold window_moved 20000.00
        2026-06-10T10:00 | pin gold until=2026-06-20  |
        2026-06-21       | balance 0                  |
        2027-05-01       |                            | downgrade gold -> member grace_ended 0.00
        """,
    )


def test_the_tier_after_a_pin_begins_at_the_pins_end() -> None:
    check(
        "bofa-preferred-rewards",
        """
        2026-01-15T10:00 | balance 20000                 | initial -> member first_event 0.00
        2026-02-01       |                               | upgrade member -> gold window_moved 20000.00
        2026-06-10T10:00 | pin diamond until=2026-07-01  | upgrade gold -> diamond pin_set 20000.00 earned gold
        2026-07-01       |                               | downgrade diamond -> gold pin_ended 20000.00
        2026-07-01       | balance 0                     |
        2027-10-01       |                               | downgrade gold -> member grace_ended 0.00
        """,
    )


# --- against a naive model, over years of random events ---


FLOORS = (20_000, 50_000, 100_000, 1_000_000)


class PreferredRewards(Model):
    tiers = ("member", "gold", "platinum", "platinum-honors", "diamond")

    def __init__(self) -> None:
        super().__init__()
        self.term_ends: datetime | None = None

    def earned(self) -> int:
        rating = self.last_rating
        return rank(self.book.average(months_before(rating, 3), rating), FLOORS) if rating else 0

    def deadlines(self) -> list[datetime]:
        return [months_after(self.term_ends, 3)] if self.term_ends else []

    def rate(self, rating: date) -> int:
        assert self.term_ends is not None
        assert rating == self.last_rating
        earned, served = self.earned(), self.tier or 0
        if earned == served and self.now >= self.term_ends:
            self.term_ends = months_after(self.now, 12)
        return earned if earned > served else self.happened()

    def happened(self) -> int:
        is_sure = self.term_ends is not None and self.now < self.deadlines()[0]
        return self.tier or 0 if is_sure else self.earned()

    def begins(self, tier: int, *, by_pin: bool) -> None:
        is_pinned = by_pin and self.pin is not None and self.tiers[tier] == self.pin.word
        self.term_ends = None if is_pinned else months_after(self.now, 12)

    def pin_ended(self) -> None:
        if self.term_ends is None or self.term_ends <= self.now:
            self.term_ends = months_after(self.now, 12)


@pytest.mark.parametrize("seed", range(8))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "credit", "loan", "purchase"]
    pins = PreferredRewards.tiers if seed % 2 else ()
    agree("bofa-preferred-rewards", PreferredRewards(), history(seed, FLOORS, 6, kinds, pins=pins))
