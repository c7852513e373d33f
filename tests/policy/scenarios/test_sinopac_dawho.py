"""sinopac-dawho: a month's average of at least 100,000 gives the upper tier for the next month."""

import pytest

from tests.policy.scenarios.test_hsbc_premier_cn import LastMonth
from tests.support.naive_policies import history
from tests.support.scenarios import agree, check


def test_a_months_average_at_the_floor_gives_the_next_month_and_only_that() -> None:
    #  Jan 100,000 | Feb: upper, at 99,999.99 | Mar: basic
    check(
        "sinopac-dawho",
        """
        2026-01-05T10:00        | balance 100000   | initial -> basic first_event 0.00
        2026-01-31T23:59:59.999 |                  |
        2026-02-01              |                  | upgrade basic -> upper window_moved 100000.00
        2026-02-01              | balance 99999.99 |
        2026-02-20T10:00        | credit default   |
        2026-02-28T23:59:59.999 |                  |
        2026-03-01              |                  | downgrade upper -> basic window_moved 99999.99
        2026-03-31T23:59:59.999 | balance 3100000  |
        2026-04-01              |                  | upgrade basic -> upper window_moved 196774.1839
        2026-04-01              | balance 0        |
        2026-05-01              |                  | downgrade upper -> basic window_moved 0.00
        """,
    )


@pytest.mark.parametrize(
    ("first", "last", "rated", "days"),
    [
        ("2028-02-01", "2028-02-29T23:59", "2028-03-01", 29),
        ("2027-02-01", "2027-02-28T23:59", "2027-03-01", 28),
        ("2026-12-01", "2026-12-31T23:59", "2027-01-01", 31),
    ],
)
def test_averages_hit_the_floor_or_miss_it_by_a_cent(first: str, last: str, rated: str, days: int) -> None:
    for balance, change in (
        (f"{100000 * days}", "upgrade basic -> upper window_moved 100000.00"),
        (f"{100000 * days - 1}.99", ""),
    ):
        check(
            "sinopac-dawho",
            f"""
            {first} | balance 0         | initial -> basic first_event 0.00
            {last}  | balance {balance} |
            {rated} |                   | {change}
            """,
        )


def test_a_correction_takes_effect_in_the_month_that_the_rating_was_for() -> None:
    check(
        "sinopac-dawho",
        """
        2026-01-05T10:00 | balance 90000                            | initial -> basic first_event 0.00
        2026-02-10T10:00 | balance 9999.99 b as_of=2026-01-05T11:00 |
        2026-02-11T10:00 | balance 10000 b as_of=2026-01-05T11:00   | upgrade basic -> upper correction 100000.00
        2026-02-12T10:00 | balance 0 c as_of=2026-01-04T11:00       | downgrade upper -> basic correction 96428.5714
        2026-03-01       |                                          | upgrade basic -> upper window_moved 100000.00
        """,
    )


def test_pins_over_a_month_end_and_to_it() -> None:
    check(
        "sinopac-dawho",
        """
        2026-01-05T10:00 | balance 100000             | initial -> basic first_event 0.00
        2026-01-10T10:00 | credit good                |
        2026-01-20T10:00 | pin basic until=2026-02-10 |
        2026-02-01       |                            |
        2026-02-10       |                            | upgrade basic -> upper pin_ended 100000.00
        2026-02-11T10:00 | pin upper until=2026-04-01 |
        2026-02-12T10:00 | balance 0                  |
        2026-04-01       |                            | downgrade upper -> basic pin_ended 0.00
        """,
    )


# --- against a naive model, over years of random events ---


class Dawho(LastMonth):
    tiers = ("basic", "upper")
    floors = (100_000,)


@pytest.mark.parametrize("seed", range(6))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "balance", "credit", "loan", "purchase"]
    pins = Dawho.tiers if seed % 3 == 2 else ()
    agree("sinopac-dawho", Dawho(), history(seed, Dawho.floors, 4, kinds, late=seed % 3 == 1, pins=pins))
