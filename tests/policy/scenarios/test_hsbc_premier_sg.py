"""hsbc-premier-sg: the month's average; withdrawn after more than 12 months in a row below."""

from itertools import pairwise

import pytest

from tests.policy.scenarios.test_citi_relationship import MonthsInARow
from tests.support.naive_policies import history
from tests.support.scenarios import agree, check, check_campaigns


def test_the_floor_is_inclusive() -> None:
    check(
        "hsbc-premier-sg",
        """
        2026-01-31T23:59:59.999 | balance 199999.99 | initial -> personal first_event 0.00
        2026-02-01              | balance 200000    |
        2026-03-01              |                   | upgrade personal -> premier window_moved 200000.00
        """,
    )


def test_twelve_months_below_are_not_enough_the_thirteenth_is() -> None:
    #  Jan 2026 met | Feb 2026 ... Jan 2027: 12 below | Feb 2027: the 13th |
    check(
        "hsbc-premier-sg",
        """
        2026-01-31T10:00 | balance 200000    | initial -> personal first_event 0.00
        2026-02-01       |                   | upgrade personal -> premier window_moved 200000.00
        2026-02-01       | balance 199999.99 |
        2027-02-01       |                   |
        2027-02-28T23:59 |                   |
        2027-03-01       |                   | downgrade premier -> personal grace_ended 199999.99
        """,
    )


def test_a_thirteenth_month_at_the_floor_begins_the_count_anew() -> None:
    check(
        "hsbc-premier-sg",
        """
        2027-01-31T10:00 | balance 200000    | initial -> personal first_event 0.00
        2027-02-01       |                   | upgrade personal -> premier window_moved 200000.00
        2027-02-01       | balance 199999.99 |
        2028-02-01       | balance 200000    |
        2028-03-01       | balance 199999.99 |
        2029-04-01       |                   | downgrade premier -> personal grace_ended 199999.99
        """,
    )


def test_the_thirteenth_average_misses_the_floor_by_a_cents_part_or_meets_it() -> None:
    # February 2028 has 29 days
    for balance, change in (("5800000", ""), ("5799999.99", "downgrade premier -> personal grace_ended 199999.9997")):
        check(
            "hsbc-premier-sg",
            f"""
            2027-01-31T10:00 | balance 200000    | initial -> personal first_event 0.00
            2027-02-01       |                   | upgrade personal -> premier window_moved 200000.00
            2027-02-01       | balance 0         |
            2028-02-29T23:59 | balance {balance} |
            2028-03-01       |                   | {change}
            """,
        )


def test_a_late_balance_of_thirteen_months_ago_counts_all_of_them() -> None:
    check(
        "hsbc-premier-sg",
        """
        2026-01-31T10:00 | balance 200000                     | initial -> personal first_event 0.00
        2026-02-01       |                                    | upgrade personal -> premier window_moved 200000.00
        2027-03-10T10:00 | balance 0 as_of=2026-02-01         | downgrade premier -> personal correction 0.00
        """,
    )


def test_a_pins_end_serves_what_is_earned_without_waiting_13_months() -> None:
    check(
        "hsbc-premier-sg",
        """
        2026-01-31T10:00 | balance 200000                  | initial -> personal first_event 0.00
        2026-02-01       |                                 | upgrade personal -> premier window_moved 200000.00
        2026-02-01       | balance 0                       |
        2026-03-10       | pin premier until=2026-03-20    |
        2026-03-20       |                                 | downgrade premier -> personal pin_ended 0.00
        """,
    )


# --- fee alerts: every month below, in premier ---


def fee_alerts(table: str) -> None:
    check_campaigns("hsbc-premier-sg", table)


def test_every_month_below_the_floor_costs_a_fee_and_one_at_the_floor_does_not() -> None:
    fee_alerts(
        """
        2026-01-31T10:00 | balance 200000    |
        2026-02-01       |                   | upgrade personal -> premier window_moved 200000.00
        2026-02-28T23:59 |                   |
        2026-03-01       | balance 199999.99 |
        2026-04-01       |                   | fee-alert:2026-03 missing=0.01
        2026-04-01       | balance 200000    |
        2026-05-01       | balance 0         |
        2026-06-01       |                   | fee-alert:2026-05 missing=200000.00
        2026-06-01       | balance 300000    |
        2026-06-16       | balance 100000    |
        2026-07-01       |                   |
        """
    )


def test_who_is_not_premier_pays_no_fee() -> None:
    fee_alerts(
        """
        2026-01-10T10:00 | balance 199999 | initial -> personal first_event 0.00
        2026-06-01       |                |
        """
    )


def test_the_month_before_premier_is_free_and_the_thirteenth_below_still_costs() -> None:
    #  Jan 2026 at the floor, personal | Feb 2026 ... Jan 2027: 12 below | Feb 2027: the 13th | personal
    months = [f"{2026 + number // 12}-{number % 12 + 1:02}" for number in range(1, 15)]
    alerts = "\n".join(f"{then}-01 | | fee-alert:{month} missing=1.00" for month, then in pairwise(months))
    fee_alerts(
        f"""
        2026-01-31T10:00 | balance 200000    |
        2026-02-01       |                   | upgrade personal -> premier window_moved 200000.00
        2026-02-01       | balance 199999    |
        {alerts}
        2027-06-01       |                   |
        """
    )


def test_a_late_balance_counts_for_the_months_that_have_not_ended() -> None:
    fee_alerts(
        """
        2026-01-31T10:00 | balance 200000                     |
        2026-02-01       |                                    | upgrade personal -> premier window_moved 200000.00
        2026-03-10T10:00 | balance 0 as_of=2026-02-15         |
        2026-04-01       |                                    | fee-alert:2026-03 missing=200000.00
        """
    )


def test_a_pinned_premier_pays_the_fee_at_the_end_of_a_month() -> None:
    fee_alerts(
        """
        2026-01-10T10:00 | balance 150000               |
        2026-02-10T10:00 | pin premier until=2026-03-20 |
        2026-03-01       |                              | fee-alert:2026-02 missing=50000.00
        2026-03-20       |                              | downgrade premier -> personal pin_ended 150000.00
        2026-04-01       |                              |
        """
    )


# --- against a naive model, over years of random events ---


class PremierSingapore(MonthsInARow):
    tiers = ("personal", "premier")
    floors = (200_000,)
    months_below = 13


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "credit"]
    pins = PremierSingapore.tiers if seed % 3 == 2 else ()
    heard = history(seed, (200_000, 180_000, 180_000), 6, kinds, late=seed % 3 == 1, pins=pins)
    agree("hsbc-premier-sg", PremierSingapore(), heard)
