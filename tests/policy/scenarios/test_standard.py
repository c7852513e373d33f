"""standard: assets, activity and credit standing; 30 days of grace, 90 days of protection, default caps at low."""

from datetime import date, datetime
from fractions import Fraction

import pytest

from tests.support.naive_policies import DAY, Model, history, rank
from tests.support.scenarios import agree, check


def test_floors_are_inclusive_on_both_sides() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 499999.99    | initial -> low first_event 499999.99
        2026-01-02T10:00 | balance 499999.9999  |
        2026-01-03T10:00 | balance 500000       | upgrade low -> mid threshold_crossed 500000.00
        2026-01-04T10:00 | balance 4999999.9999 |
        2026-01-05T10:00 | balance 5000000      | upgrade mid -> high threshold_crossed 5000000.00
        2026-01-06T10:00 | balance 5000000.0001 |
        2028-01-01       |                      |
        """,
    )


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ("balance 500000", "mid first_event 500000.00"),
        ("balance 5000000", "high first_event 5000000.00"),
        ("balance -500000 a product=loan", "low first_event 0.00"),
        ("purchase 1000000", "low first_event 10000.00"),
        ("credit default", "low first_event 0.00"),
        ("loan 10000000", "low first_event 0.00"),
    ],
)
def test_the_first_event_gives_the_tier_earned_then(event: str, change: str) -> None:
    check("standard", f"2026-01-01T10:00 | {event} | initial -> {change}\n2027-01-01 | | ")


# --- grace ---


def test_a_downgrade_waits_for_30_days_in_a_row_to_the_same_local_time() -> None:
    #  mid |-- below, 30 days --|  low
    check(
        "standard",
        """
        2026-01-01T10:00        | balance 500000    | initial -> mid first_event 500000.00
        2026-01-10T09:30:15.500 | balance 499999.99 |
        2026-02-09T09:30:15.499 |                   |
        2026-02-09T09:30:15.500 |                   | downgrade mid -> low grace_ended 499999.99
        """,
    )


def test_grace_is_broken_by_one_day_above() -> None:
    #  |-- below, 29 days --|  a day above  |-- below, 30 days --|
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000    | initial -> mid first_event 500000.00
        2026-01-10T09:00 | balance 1         |
        2026-02-08T09:00 | balance 500000    |
        2026-02-09T08:59 | balance 499999.99 |
        2026-03-11T08:59 |                   | downgrade mid -> low grace_ended 499999.99
        """,
    )


def test_an_event_a_millisecond_before_the_graces_end_saves_the_tier() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00        | balance 500000 | initial -> mid first_event 500000.00
        2026-01-10T09:00        | balance 1      |
        2026-02-09T08:59:59.999 | balance 500000 |
        2027-01-01              |                |
        """,
    )


def test_what_is_due_comes_before_an_event_of_the_very_instant() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000 | initial -> mid first_event 500000.00
        2026-01-10T09:00 | balance 1      |
        2026-02-09T09:00 |                | downgrade mid -> low grace_ended 1.00
        2026-02-09T09:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        """,
    )


def test_grace_runs_on_while_it_gets_worse_and_falls_straight_to_what_is_earned() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 5000000    | initial -> high first_event 5000000.00
        2026-01-10T09:00 | balance 4999999.99 |
        2026-01-20T09:00 | balance 1          |
        2026-02-09T09:00 |                    | downgrade high -> low grace_ended 1.00
        """,
    )


@pytest.mark.parametrize(
    ("below", "falls"),
    [
        ("2028-01-30T10:00", "2028-02-29T10:00"),
        ("2027-01-30T10:00", "2027-03-01T10:00"),
        ("2024-02-29T23:59", "2024-03-30T23:59"),
        ("2028-02-29T00:00", "2028-03-30T00:00"),
        ("2026-12-15T00:00", "2027-01-14T00:00"),
        ("2026-12-02T12:00", "2027-01-01T12:00"),
    ],
)
def test_grace_over_leap_days_and_the_years_end(below: str, falls: str) -> None:
    check(
        "standard",
        f"""
        2024-01-01 | balance 500000 | initial -> mid first_event 500000.00
        {below}    | balance 1      |
        {falls}    |                | downgrade mid -> low grace_ended 1.00
        """,
    )


# --- protection ---


@pytest.mark.parametrize(
    ("below", "falls"),
    [
        ("2026-01-10T10:00", "2026-04-02T10:00"),  # grace runs on during protection, which ends later
        ("2026-03-03T09:59", "2026-04-02T10:00"),
        ("2026-03-03T10:00", "2026-04-02T10:00"),  # both end at once
        ("2026-03-03T10:01", "2026-04-02T10:01"),  # grace ends later
        ("2026-03-10T08:00", "2026-04-09T08:00"),
    ],
)
def test_the_fall_comes_at_the_later_of_the_two_ends(below: str, falls: str) -> None:
    #  low | upgrade |------ protection, 90 days ------|
    #                    |-- grace, 30 days --|
    check(
        "standard",
        f"""
        2026-01-01T10:00 | balance 1      | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        {below}          | balance 1      |
        {falls}          |                | downgrade mid -> low grace_ended 1.00
        """,
    )


def test_a_day_above_in_protection_breaks_the_grace() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 1      | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        2026-01-10T10:00 | balance 1      |
        2026-03-20T10:00 | balance 500000 |
        2026-03-21T10:00 | balance 1      |
        2026-04-20T10:00 |                | downgrade mid -> low grace_ended 1.00
        """,
    )


def test_every_upgrade_protects_anew_over_a_leap_day_too() -> None:
    check(
        "standard",
        """
        2027-10-01T10:00 | balance 1       | initial -> low first_event 1.00
        2027-11-01T10:00 | balance 500000  | upgrade low -> mid threshold_crossed 500000.00
        2027-12-01T10:00 | balance 5000000 | upgrade mid -> high threshold_crossed 5000000.00
        2027-12-02T10:00 | balance 1       |
        2028-02-29T10:00 |                 | downgrade high -> low grace_ended 1.00
        """,
    )


# --- activity ---


def test_a_hundredth_of_purchases_and_transfers_counts_up_to_50000() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 450000          | initial -> low first_event 450000.00
        2026-01-02T10:00 | purchase 2000000        |
        2026-01-02T11:00 | transfer_in 1000000     |
        2026-01-02T12:00 | transfer_out 1999999.99 |
        2026-01-02T13:00 | deposit 9999999         |
        2026-01-02T14:00 | purchase 0.01           | upgrade low -> mid threshold_crossed 500000.00
        2026-01-02T15:00 | balance 4950000         | upgrade mid -> high threshold_crossed 5000000.00
        2026-01-02T15:01 | balance 4949999.99      |
        2026-01-02T16:00 | purchase 999999999      |
        2026-04-02T15:00 |                         | downgrade high -> mid grace_ended 4949999.99
        """,
    )


def test_a_transaction_counts_on_its_day_and_the_89_after_it() -> None:
    #  2 January .. 1 April: 90 days; the value falls at 2 April 00:00, and grace begins there
    check(
        "standard",
        """
        2026-01-01T10:00        | balance 490000   | initial -> low first_event 490000.00
        2026-01-02T23:59:59.999 | purchase 1000000 | upgrade low -> mid threshold_crossed 500000.00
        2026-05-01T23:59:59.999 |                  |
        2026-05-02              |                  | downgrade mid -> low grace_ended 490000.00
        """,
    )


def test_a_day_of_90_that_comes_before_the_window_moves_keeps_the_value() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00        | balance 490000   | initial -> low first_event 490000.00
        2026-01-02T10:00        | purchase 1000000 | upgrade low -> mid threshold_crossed 500000.00
        2026-04-01T23:59:59.999 | purchase 1000000 |
        2026-07-29T23:59:59.999 |                  |
        2026-07-30              |                  | downgrade mid -> low grace_ended 490000.00
        """,
    )


# --- credit standing ---


def test_poor_takes_a_tenth_off_the_assets_alone() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | credit poor       | initial -> low first_event 0.00
        2026-01-02T10:00 | balance 555555.55 |
        2026-01-03T10:00 | balance 555555.56 | upgrade low -> mid threshold_crossed 500000.004
        2026-01-04T10:00 | credit good       |
        2026-01-05T10:00 | balance 5000000   | upgrade mid -> high threshold_crossed 5000000.00
        2026-01-06T10:00 | credit poor       |
        2026-01-06T11:00 | purchase 5000000  |
        2026-04-05T10:00 |                   | downgrade high -> mid grace_ended 4550000.00
        """,
    )


def test_nothing_is_taken_off_an_overdraft() -> None:
    check(
        "standard", "2026-01-01T10:00 | balance -100 | initial -> low first_event -100.00\n2026-01-02 | credit poor | "
    )


def test_standing_up_again_upgrades_at_once() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | credit poor    | initial -> low first_event 0.00
        2026-01-02T10:00 | balance 500000 |
        2026-01-03T10:00 | credit fair    | upgrade low -> mid credit_changed 500000.00
        """,
    )


def test_default_caps_at_low_at_once_past_protection_and_improvement_lifts_with_a_new_one() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 1       | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 5000000 | upgrade low -> high threshold_crossed 5000000.00
        2026-01-10T10:00 | credit default  | downgrade high -> low credit_changed 5000000.00
        2026-01-11T10:00 | balance 6000000 |
        2026-01-20T10:00 | credit fair     | upgrade low -> high credit_changed 6000000.00
        2026-01-21T10:00 | balance 1       |
        2026-04-20T10:00 |                 | downgrade high -> low grace_ended 1.00
        """,
    )


def test_default_in_grace_falls_at_once_and_only_once() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000 | initial -> mid first_event 500000.00
        2026-01-10T10:00 | balance 1      |
        2026-01-15T10:00 | credit default | downgrade mid -> low credit_changed 1.00
        2026-01-20T10:00 | credit good    |
        2026-06-20T10:00 |                |
        """,
    )


def test_a_late_standing_is_a_correction_and_one_older_than_the_newest_changes_nothing() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000                          | initial -> mid first_event 500000.00
        2026-01-10T10:00 | credit good                             |
        2026-01-11T10:00 | credit default as_of=2026-01-09T10:00   |
        2026-01-12T10:00 | balance 500001                          |
        2026-01-13T10:00 | credit default as_of=2026-01-11T10:00   | downgrade mid -> low correction 500001.00
        """,
    )


# --- corrections ---


def test_a_reversal_decides_again_from_now_down_through_grace_and_protection() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 490000                               | initial -> low first_event 490000.00
        2026-01-02T10:00 | purchase 999999.99                           |
        2026-01-02T11:00 | purchase 0.01                                | upgrade low -> mid threshold_crossed 500000.00
        2026-03-20T10:00 | purchase 0.01 reverses=2026-01-02T11:00      |
        2026-03-21T10:00 | purchase 999999.99 reverses=2026-01-02T10:00 |
        2026-04-19T10:00 |                                              | downgrade mid -> low grace_ended 490000.00
        """,
    )


def test_a_late_balance_upgrades_at_once_and_protects_from_now() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 400000                            | initial -> low first_event 400000.00
        2026-01-10T10:00 | balance 100000 b as_of=2025-12-01T10:00   | upgrade low -> mid correction 500000.00
        2026-01-11T10:00 | balance 99999 b as_of=2025-12-01T09:59    |
        2026-01-12T10:00 | balance 99999.99 b as_of=2025-12-01T10:00 |
        2026-04-10T10:00 |                                           | downgrade mid -> low grace_ended 499999.99
        """,
    )


def test_what_is_older_than_the_clock_is_late_whoever_moved_it_on() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 490000                          | initial -> low first_event 490000.00
        2026-01-10T10:00 | balance 10000 b as_of=2026-01-10T09:59  | upgrade low -> mid correction 500000.00
        2026-01-11T10:00 | credit default as_of=2026-01-11T09:59   | downgrade mid -> low correction 500000.00
        2026-01-12T10:00 | credit good                             | upgrade low -> mid credit_changed 500000.00
        2026-01-13T10:00 | purchase 450000000                      |
        2026-01-14T10:00 | balance 4940000 as_of=2026-01-13T10:01  | upgrade mid -> high correction 5000000.00
        """,
    )


def test_a_late_transaction_counts_in_the_window_of_its_own_day() -> None:
    #  3 October + 89 days = 31 December; 2 October is outside on 31 December
    check(
        "standard",
        """
        2026-12-01T10:00 | balance 490000                       | initial -> low first_event 490000.00
        2026-12-31T10:00 | purchase 1000000 at=2026-10-02T23:59 |
        2026-12-31T10:01 | purchase 1000000 at=2026-10-03       | upgrade low -> mid correction 500000.00
        2027-03-31T10:01 |                                      | downgrade mid -> low grace_ended 490000.00
        """,
    )


# --- pins ---


def test_a_pin_in_grace_holds_and_the_earned_tier_follows_at_its_end() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000            | initial -> mid first_event 500000.00
        2026-01-10T10:00 | balance 1                 |
        2026-01-15T10:00 | pin mid until=2026-03-01  |
        2026-02-09T10:00 |                           |
        2026-03-01       |                           | downgrade mid -> low pin_ended 1.00
        """,
    )


def test_a_pin_that_ends_at_the_graces_end_gives_one_change() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000                  | initial -> mid first_event 500000.00
        2026-01-10T10:00 | balance 1                       |
        2026-01-15T10:00 | pin high until=2026-02-09T10:00 | upgrade mid -> high pin_set 1.00 earned low
        2026-02-09T10:00 |                                 | downgrade high -> low pin_ended 1.00
        """,
    )


@pytest.mark.parametrize("event", ["unpin", "opt_out", "opt_in", "pin high until=2026-01-20T09:59", "loan 1"])
def test_what_ends_no_pin_leaves_grace_alone(event: str) -> None:
    check(
        "standard",
        f"""
        2026-01-01T10:00 | balance 500000 | initial -> mid first_event 500000.00
        2026-01-10T10:00 | balance 1      |
        2026-01-20T10:00 | {event}        |
        2026-02-09T10:00 |                | downgrade mid -> low grace_ended 1.00
        """,
    )


@pytest.mark.parametrize("event", ["unpin", "pin high until=2026-01-20T09:59"])
def test_what_ends_no_pin_leaves_protection_alone(event: str) -> None:
    check(
        "standard",
        f"""
        2026-01-01T10:00 | balance 1      | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        2026-01-20T10:00 | {event}        |
        2026-01-21T10:00 | balance 1      |
        2026-04-02T10:00 |                | downgrade mid -> low grace_ended 1.00
        """,
    )


def test_protection_outlives_a_pin_and_a_pins_change_starts_none() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 1                 | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 500000            | upgrade low -> mid threshold_crossed 500000.00
        2026-01-10T10:00 | pin low until=2026-03-30  | downgrade mid -> low pin_set 500000.00 earned mid
        2026-03-30       |                           | upgrade low -> mid pin_ended 500000.00
        2026-03-30T10:00 | pin high until=2026-04-05 | upgrade mid -> high pin_set 500000.00 earned mid
        2026-04-05       |                           | downgrade high -> mid pin_ended 500000.00
        2026-04-06T10:00 | balance 1                 |
        2026-05-06T10:00 |                           | downgrade mid -> low grace_ended 1.00
        """,
    )


def test_a_pin_beats_default_and_a_new_pin_the_old() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 500000            | initial -> mid first_event 500000.00
        2026-01-02T10:00 | pin high until=2026-02-01 | upgrade mid -> high pin_set 500000.00 earned mid
        2026-01-10T10:00 | credit default            |
        2026-01-20T10:00 | pin mid until=2026-03-01  | downgrade high -> mid pin_set 500000.00 earned low
        2026-02-01       |                           |
        2026-03-01       |                           | downgrade mid -> low pin_ended 500000.00
        2026-03-02       | credit good               | upgrade low -> mid credit_changed 500000.00
        """,
    )


def test_an_upgrade_under_a_pin_is_served_at_its_end_without_protection() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 1                | initial -> low first_event 1.00
        2026-01-02T10:00 | pin low until=2026-02-01 |
        2026-01-10T10:00 | balance 500000           |
        2026-02-01       |                          | upgrade low -> mid pin_ended 500000.00
        2026-02-02T10:00 | balance 1                |
        2026-03-04T10:00 |                          | downgrade mid -> low grace_ended 1.00
        """,
    )


def test_a_pin_before_the_first_event_is_served_with_it() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | pin high until=2026-02-01 |
        2026-01-02T10:00 | balance 1                 | initial -> high first_event 1.00 earned low
        2026-02-01       |                           | downgrade high -> low pin_ended 1.00
        """,
    )


# --- currencies, and being forgotten ---


def test_other_currencies_count_at_their_rates() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 15873.01 u currency=USD | initial -> low first_event 499999.815
        2026-01-02T10:00 | balance 15873.02 u currency=USD | upgrade low -> mid threshold_crossed 500000.13
        2026-01-03T10:00 | balance 0 u currency=USD        |
        2026-01-04T10:00 | balance 2380952 y currency=JPY  |
        2026-01-05T10:00 | balance 2380953 y currency=JPY  |
        2026-01-06T10:00 | balance 2380952 y currency=JPY  |
        2026-04-02T10:00 |                                 | downgrade mid -> low grace_ended 499999.92
        """,
    )


def test_erase_forgets_grace_and_protection_and_the_next_event_is_the_first() -> None:
    check(
        "standard",
        """
        2026-01-01T10:00 | balance 1      | initial -> low first_event 1.00
        2026-01-02T10:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        2026-01-10T10:00 | balance 1      |
        2026-01-11T10:00 | erase          |
        2026-04-02T10:00 |                |
        2026-04-03T10:00 | balance 500000 | initial -> mid first_event 500000.00
        2026-04-04T10:00 | balance 1      |
        2026-05-04T10:00 |                | downgrade mid -> low grace_ended 1.00
        """,
    )


# --- against a naive model, over years of random events ---


FLOORS = (500_000, 5_000_000)
VOLUME = ("purchase", "transfer_in", "transfer_out")


class Standard(Model):
    tiers = ("low", "mid", "high")

    def __init__(self) -> None:
        super().__init__()
        self.below_since: datetime | None = None
        self.protected_until = datetime.min  # noqa: DTZ901 - local

    def first_tier(self) -> int:
        return self.earned()

    def earned(self) -> int:
        today, assets = self.now.date(), self.book.newest()
        activity = self.book.volume(today - 89 * DAY, today + DAY, VOLUME) / 100
        penalty = max(assets, Fraction(0)) / 10 if self.book.standing == "poor" else 0
        earned = rank(assets + min(activity, Fraction(50_000)) - penalty, FLOORS)
        return 0 if self.book.standing == "default" else earned

    def deadlines(self) -> list[datetime]:
        return [] if self.below_since is None else [max(self.below_since + 30 * DAY, self.protected_until)]

    def rate(self, rating: date) -> int:  # noqa: ARG002 - rated at once
        return self.happened()

    def happened(self) -> int:
        earned, served = self.earned(), self.tier or 0
        if earned >= served or self.book.standing == "default":
            self.below_since = None
            return earned
        self.below_since = self.below_since or self.now
        return earned if self.now >= self.deadlines()[0] else served

    def begins(self, tier: int, *, by_pin: bool) -> None:
        if not by_pin and self.tier is not None and tier > self.tier:
            self.protected_until = self.now + 90 * DAY
        self.below_since = None

    def pin_ended(self) -> None:
        self.below_since = None


@pytest.mark.parametrize("seed", range(8))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "purchase", "transfer_in", "reversal", "credit", "loan", "deposit"]
    pins = Standard.tiers if seed % 2 else ()
    agree("standard", Standard(), history(seed, FLOORS, 4, kinds, late=seed % 4 > 1, pins=pins))
