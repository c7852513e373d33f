"""hsbc-premier-cn: premier from 500,000 on the month's average; up and down at each month's end."""

from datetime import date

import pytest

from tests.support.naive_policies import Model, history, months_before, rank
from tests.support.scenarios import agree, check


def test_up_and_down_at_each_months_end() -> None:
    check(
        "hsbc-premier-cn",
        """
        2026-01-15T10:00        | balance 499999.99 | initial -> personal first_event 0.00
        2026-02-01              | balance 500000    |
        2026-03-01              |                   | upgrade personal -> premier window_moved 500000.00
        2026-03-01              | balance 499999.99 |
        2026-03-31T23:59:59.999 |                   |
        2026-04-01              |                   | downgrade premier -> personal window_moved 499999.99
        """,
    )


@pytest.mark.parametrize(
    ("first", "last", "rated", "days"),
    [
        ("2028-02-01", "2028-02-29T23:59:59.999", "2028-03-01", 29),
        ("2024-02-01", "2024-02-29", "2024-03-01", 29),
        ("2026-02-01", "2026-02-28", "2026-03-01", 28),
        ("2026-12-01", "2026-12-31T12:00", "2027-01-01", 31),
    ],
)
def test_averages_over_leap_months_and_the_years_end(first: str, last: str, rated: str, days: int) -> None:
    for cents, change in ((0, "upgrade personal -> premier window_moved 500000.00"), (1, "")):
        hundredths = 500000 * days * 100 - cents
        balance = f"{hundredths // 100}.{hundredths % 100:02d}"
        check(
            "hsbc-premier-cn",
            f"""
            {first} | balance 0         | initial -> personal first_event 0.00
            {last}  | balance {balance} |
            {rated} |                   | {change}
            """,
        )


def test_the_day_is_shanghais() -> None:
    # 31 January 23:30 in Shanghai is 15:30 UTC; 1 February 00:30 there is still January in UTC
    check(
        "hsbc-premier-cn",
        """
        2026-01-31T23:30 | balance 500000 | initial -> personal first_event 0.00
        2026-02-01       |                | upgrade personal -> premier window_moved 500000.00
        2026-02-01T00:30 | balance 0      |
        2026-03-01       |                | downgrade premier -> personal window_moved 0.00
        """,
    )


def test_corrections_go_both_ways_at_once_and_those_that_change_nothing_give_none() -> None:
    check(
        "hsbc-premier-cn",
        """
        2026-01-15T10:00 | balance 400000                          | initial -> personal first_event 0.00
        2026-02-10T09:00 | balance 99999 b as_of=2026-01-15T12:00  |
        2026-02-10T10:00 | balance 100000 b as_of=2026-01-15T12:00 | upgrade personal -> premier correction 500000.00
        2026-02-11       | balance 900000 b as_of=2026-01-14       |
        2026-02-12       | balance 0 b as_of=2026-02-01T10:00      |
        """,
    )


def test_a_late_first_day_counts_in_the_average() -> None:
    #  15 .. 31 January at 500,000; then the account is known to have been there, empty, since the 14th
    check(
        "hsbc-premier-cn",
        """
        2026-01-15T10:00 | balance 500000                    | initial -> personal first_event 0.00
        2026-02-01       |                                   | upgrade personal -> premier window_moved 500000.00
        2026-02-10T10:00 | balance 0 b as_of=2026-01-14T12:00 | downgrade premier -> personal correction 472222.2222
        """,
    )


def test_an_event_of_the_rating_instant_corrects_nothing() -> None:
    check(
        "hsbc-premier-cn",
        """
        2026-01-15T10:00 | balance 499999                                   | initial -> personal first_event 0.00
        2026-02-10       | balance 99999999 b as_of=2026-02-01              |
        2026-02-11 | balance 99999999 c as_of=2026-01-31T23:59 | upgrade personal -> premier correction 6382351.8824
        """,
    )


# --- against a naive model, over years of random events ---


class LastMonth(Model):
    """What last month earned is served: HSBC's rule in China, and SinoPac's."""

    tiers = ("personal", "premier")
    floors = (500_000,)

    def rate(self, rating: date) -> int:
        return rank(self.book.average(months_before(rating, 1), rating), self.floors)

    def earned(self) -> int:
        return self.rate(self.last_rating) if self.last_rating else 0


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "credit", "loan", "purchase"]
    pins = LastMonth.tiers if seed % 3 == 2 else ()
    agree("hsbc-premier-cn", LastMonth(), history(seed, LastMonth.floors, 4, kinds, late=seed % 3 == 1, pins=pins))
