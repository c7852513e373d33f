"""assets-only: the table alone; newest total assets decide, up and down at once."""

from datetime import date

import pytest

from tests.support.naive_policies import Model, history, rank
from tests.support.scenarios import agree, check


def test_floors_are_inclusive_on_both_sides() -> None:
    check(
        "assets-only",
        """
        2026-01-01T10:00 | balance 499999.99   | initial -> low first_event 499999.99
        2026-01-01T10:01 | balance 499999.9999 |
        2026-01-02T10:00 | balance 500000      | upgrade low -> mid threshold_crossed 500000.00
        2026-01-03T10:00 | balance 4999999.99  |
        2026-01-04T10:00 | balance 5000000     | upgrade mid -> high threshold_crossed 5000000.00
        2026-01-05T10:00 | balance 4999999.99  | downgrade high -> mid threshold_crossed 4999999.99
        2026-01-06T10:00 | balance 499999.9999 | downgrade mid -> low threshold_crossed 499999.9999
        2026-01-07T10:00 | balance 5000000     | upgrade low -> high threshold_crossed 5000000.00
        2026-01-08T10:00 | balance -1          | downgrade high -> low threshold_crossed -1.00
        2028-01-01       |                     |
        """,
    )


@pytest.mark.parametrize("event", ["purchase 999999999", "credit excellent", "loan 5000000", "credit default"])
def test_nothing_but_assets_counts(event: str) -> None:
    check(
        "assets-only",
        f"""
        2026-01-01T10:00 | balance 500000 | initial -> mid first_event 500000.00
        2026-01-02T10:00 | {event}        |
        2026-06-02       |                |
        """,
    )


def test_products_make_the_total_and_loans_do_not() -> None:
    check(
        "assets-only",
        """
        2026-01-01T10:00 | balance 200000 a product=deposit     | initial -> low first_event 200000.00
        2026-01-01T11:00 | balance 900000 l product=loan        |
        2026-01-01T11:01 | balance -900000 l product=loan       |
        2026-01-01T12:00 | balance 299999.99 f product=fund     |
        2026-01-01T13:00 | balance 0.01 i product=insurance     | upgrade low -> mid threshold_crossed 500000.00
        2026-01-01T14:00 | balance 200000 a product=loan        | downgrade mid -> low threshold_crossed 300000.00
        """,
    )


def test_an_older_balance_of_an_account_changes_nothing_and_a_late_one_of_another_corrects() -> None:
    check(
        "assets-only",
        """
        2026-01-10T10:00 | balance 400000                          | initial -> low first_event 400000.00
        2026-01-11T10:00 | balance 900000 as_of=2026-01-09T10:00   |
        2026-01-12T10:00 | balance 100000 b as_of=2026-01-02T10:00 | upgrade low -> mid correction 500000.00
        2026-01-13T10:00 | balance 0 b as_of=2026-01-02T09:59      |
        2026-01-14T10:00 | balance 99999.99 b as_of=2026-01-02T10:00 | downgrade mid -> low correction 499999.99
        """,
    )


def test_a_pin_holds_to_its_end_and_the_earned_tier_follows() -> None:
    check(
        "assets-only",
        """
        2026-01-01T10:00 | balance 500000                 | initial -> mid first_event 500000.00
        2026-01-02T10:00 | pin high until=2026-02-01      | upgrade mid -> high pin_set 500000.00 earned mid
        2026-01-10T10:00 | balance 1                      |
        2026-01-11T10:00 | pin mid until=2026-03-01T12:00 | downgrade high -> mid pin_set 1.00 earned low
        2026-02-01       |                                |
        2026-03-01T12:00 |                                | downgrade mid -> low pin_ended 1.00
        2026-03-02T12:00 | unpin                          |
        2026-03-03T12:00 | pin low until=2026-04-01       |
        2026-03-04T12:00 | balance 500000                 |
        2026-03-05T12:00 | unpin                          | upgrade low -> mid pin_ended 500000.00
        2026-04-02T12:00 |                                |
        """,
    )


# --- against a naive model, over years of random events ---


FLOORS = (500_000, 5_000_000)


class AssetsOnly(Model):
    tiers = ("low", "mid", "high")

    def first_tier(self) -> int:
        return self.earned()

    def earned(self) -> int:
        return rank(self.book.newest(), FLOORS)

    def happened(self) -> int:
        return self.earned()

    def rate(self, rating: date) -> int:  # noqa: ARG002 - rated at once
        return self.earned()


@pytest.mark.parametrize("seed", range(4))
def test_years_of_random_events_are_decided_as_by_the_naive_model(seed: int) -> None:
    kinds = ["balance", "balance", "loan", "credit", "purchase"]
    agree("assets-only", AssetsOnly(), history(seed, FLOORS, 3, kinds, late=True, pins=AssetsOnly.tiers))
