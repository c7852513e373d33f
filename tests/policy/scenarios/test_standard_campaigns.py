"""standard's campaigns: gift, cash back, near, dormant, welcome and stay, each at its limits on both sides."""

import pytest

from tests.support.scenarios import check, check_campaigns

GIFT, CASH_BACK, NEAR, DORMANT, STAY = "account-opening-gift", "cash-back", "near-mid", "dormant", "stay"
WELCOME = ("welcome-mid", "welcome-high")


def gifts(table: str) -> None:
    check_campaigns("standard", table, GIFT)


def cash_back(table: str) -> None:
    check_campaigns("standard", table, CASH_BACK)


def near(table: str) -> None:
    check_campaigns("standard", table, NEAR)


def dormant(table: str) -> None:
    check_campaigns("standard", table, DORMANT)


def welcomes(table: str) -> None:
    check_campaigns("standard", table, *WELCOME)


def stays(table: str) -> None:
    check_campaigns("standard", table, STAY)


# --- account-opening gift ---


@pytest.mark.parametrize(
    ("event", "occasion"),
    [
        ("balance 1000", "account-opening-gift:1"),
        ("balance 999.99", ""),
        ("balance 999.9999", ""),
        ("deposit 1000", "account-opening-gift:1"),
        ("deposit 999.99", ""),
        ("balance 31.75 currency=USD", "account-opening-gift:1"),  # 1,000.125 TWD
        ("balance 31.74 currency=USD", ""),  # 999.81 TWD
        ("deposit 31.75 currency=USD", "account-opening-gift:1"),
        ("deposit 31.74 currency=USD", ""),
        ("purchase 1000", ""),
        ("transfer_in 1000", ""),
        ("balance -1000", ""),
        ("balance 1000 product=loan", ""),
        ("balance -1000 product=loan", ""),
        ("balance 1000 product=fund", "account-opening-gift:1"),
        ("deposit 1000 reverses=2025-12-31", ""),
        ("loan 1000", ""),
        ("credit good", ""),
    ],
)
def test_the_gift_is_for_a_first_balance_or_deposit_of_1000(event: str, occasion: str) -> None:
    gifts(f"2026-01-01T10:00 | {event} | {occasion}\n2026-02-01 | |")


@pytest.mark.parametrize(
    ("when", "occasion"),
    [
        ("2026-01-31T09:59:59.999", "account-opening-gift:1"),
        ("2026-01-31T10:00", "account-opening-gift:1"),
        ("2026-01-31T10:00:00.001", ""),
        ("2026-06-01", ""),
    ],
)
@pytest.mark.parametrize("first", ["credit good", "balance 999.99", "purchase 1", "loan 5", "deposit 999.99"])
def test_the_gift_is_there_until_30_days_after_the_first_event(first: str, when: str, occasion: str) -> None:
    gifts(f"2026-01-01T10:00 | {first} |\n{when} | balance 1000 | {occasion}\n2027-01-01 | |")


def test_the_gift_comes_once_in_a_lifetime() -> None:
    gifts(
        """
        2026-01-01T10:00 | balance 999.99   |
        2026-01-02T10:00 | deposit 1000     | account-opening-gift:1
        2026-01-03T10:00 | deposit 1000     |
        2026-01-03T10:00 | balance 1000     |
        2026-01-04T10:00 | balance 5000 b   |
        2026-01-05T10:00 | erase            |
        2026-01-06T10:00 | balance 1000 b   |
        """
    )


def test_two_small_balances_are_no_large_one() -> None:
    gifts(
        """
        2026-01-01T10:00 | balance 600 a |
        2026-01-02T10:00 | balance 600 b |
        2026-01-03T10:00 | deposit 600   |
        """
    )


def test_the_gift_is_for_every_tier() -> None:
    gifts("2026-01-01T10:00 | balance 5000000 | account-opening-gift:1")


def test_a_balance_older_than_its_accounts_newest_is_no_occasion() -> None:
    gifts(
        """
        2026-01-05T10:00 | balance 10                          |
        2026-01-06T10:00 | balance 1000 as_of=2026-01-04       |
        2026-01-07T10:00 | balance 1000 as_of=2026-01-05T10:00 | account-opening-gift:1
        """
    )


# --- cash back ---


@pytest.mark.parametrize(
    ("purchases", "occasion"),
    [
        ("2999.99", ""),
        ("2999.9999", ""),
        ("3000", "cash-back:2026-01 amount=30.00"),
        ("3000.99", "cash-back:2026-01 amount=30.00"),
        ("3001", "cash-back:2026-01 amount=30.01"),
        ("3999.99", "cash-back:2026-01 amount=39.99"),
        ("29999.99", "cash-back:2026-01 amount=299.99"),
        ("30000", "cash-back:2026-01 amount=300.00"),
        ("30000.01", "cash-back:2026-01 amount=300.00"),
        ("9000000", "cash-back:2026-01 amount=300.00"),
    ],
)
def test_cash_back_is_a_hundredth_from_3000_of_purchases_and_at_most_300(purchases: str, occasion: str) -> None:
    cash_back(
        f"""
        2026-01-10T10:00        | purchase {purchases} |
        2026-01-31T23:59:59.999 |                      |
        2026-02-01              |                      | {occasion}
        2026-06-01              |                      |
        """
    )


def test_only_purchases_give_cash_back() -> None:
    cash_back(
        """
        2026-01-10T10:00 | purchase 2999       |
        2026-01-10T10:00 | transfer_out 100000 |
        2026-01-10T10:00 | cash 100000         |
        2026-01-10T10:00 | fee 1               |
        2026-02-01       |                     |
        """
    )


def test_purchases_in_other_currencies_count_in_the_policys() -> None:
    cash_back(
        """
        2026-01-10T10:00 | purchase 100 currency=USD  |
        2026-02-01       |                            | cash-back:2026-01 amount=31.50
        """
    )


def test_a_month_ends_at_midnight_in_taipei() -> None:
    cash_back(
        """
        2026-01-31T23:59:59.999 | purchase 3000 |
        2026-02-01              |               | cash-back:2026-01 amount=30.00
        2026-02-01              | purchase 4000 |
        2026-03-01              |               | cash-back:2026-02 amount=40.00
        2028-02-29              | purchase 5000 |
        2028-03-01              |               | cash-back:2028-02 amount=50.00
        2028-12-31T23:59        | purchase 6000 |
        2029-01-01              |               | cash-back:2028-12 amount=60.00
        """
    )


def test_reversals_are_taken_off_the_month_of_what_they_undo() -> None:
    cash_back(
        """
        2026-01-10T10:00 | purchase 5000                    |
        2026-01-11T10:00 | purchase 2000 reverses=2026-01-10T10:00 |
        2026-02-01       |                                  | cash-back:2026-01 amount=30.00
        2026-02-05T10:00 | purchase 3000                    |
        2026-03-01       |                                  | cash-back:2026-02 amount=30.00
        2026-03-05T10:00 | purchase 3000                    |
        2026-03-05T10:00 | purchase 0.01 reverses=2026-03-05T10:00 |
        2026-04-01       |                                  |
        """
    )


def test_a_late_purchase_counts_in_its_month_and_is_paid_with_the_next_one_if_that_is_over() -> None:
    cash_back(
        """
        2026-01-10T10:00 | purchase 1000                        |
        2026-01-30T10:00 | purchase 2000 at=2026-01-02          |
        2026-02-01       |                                      | cash-back:2026-01 amount=30.00
        2026-02-01T10:00 | purchase 3000 at=2026-01-31T23:59    |
        2026-03-01       |                                      | cash-back:2026-02 amount=30.00
        2026-03-02T10:00 | purchase 9000 at=2026-02-28T23:59    |
        2026-04-01       |                                      | cash-back:2026-03 amount=90.00
        """
    )


def test_cash_back_is_for_who_is_low_when_the_month_ends() -> None:
    cash_back(
        """
        2026-01-01T10:00 | balance 10     | initial -> low first_event 10.00
        2026-01-10T10:00 | purchase 3000  |
        2026-01-31T23:59 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        2026-02-01       |                |
        """
    )


@pytest.mark.parametrize(
    ("falls", "occasion"),
    [
        ("2026-02-01", "cash-back:2026-01 amount=30.00"),
        ("2026-02-01T00:00:00.001", ""),
        ("2026-01-31T23:59:59.999", "cash-back:2026-01 amount=30.00"),
    ],
)
def test_a_grace_that_ends_when_the_month_does_makes_a_low_customer_first(falls: str, occasion: str) -> None:
    below = {
        "2026-02-01": "2026-01-02",
        "2026-02-01T00:00:00.001": "2026-01-02T00:00:00.001",
        "2026-01-31T23:59:59.999": "2026-01-01T23:59:59.999",
    }[falls]
    table = f"""
        2026-01-01T10:00        | balance 500000 | initial -> mid first_event 500000.00
        {below}                 | balance 10     |
        2026-01-10T10:00        | purchase 3000  |
        """
    if falls <= "2026-02-01":
        table += f"{falls} | | downgrade mid -> low grace_ended 40.00\n2026-02-01 | | {occasion}"
    else:
        table += f"2026-02-01 | | {occasion}\n{falls} | | downgrade mid -> low grace_ended 40.00"
    check("standard", table)
    cash_back(table)


def test_a_pin_that_ends_when_the_month_does_makes_a_low_customer_first() -> None:
    cash_back(
        """
        2026-01-01T10:00 | purchase 3000            |
        2026-01-10T10:00 | pin mid until=2026-02-01 | upgrade low -> mid pin_set 30.00 earned low
        2026-02-01       |                          | cash-back:2026-01 amount=30.00
        """
    )


# --- near ---


@pytest.mark.parametrize(
    ("balance", "occasion"),
    [
        ("449999.99", ""),
        ("449999.9999", ""),
        ("450000", "near-mid:1 missing=50000.00"),
        ("499999.99", "near-mid:1 missing=0.01"),
        ("500000", ""),
    ],
)
def test_near_is_a_value_of_450000_for_3_days(balance: str, occasion: str) -> None:
    near(
        f"""
        2026-01-01T10:00        | balance {balance} |
        2026-01-04T09:59:59.999 |                   |
        2026-01-04T10:00        |                   | {occasion}
        2026-03-01              |                   |
        """
    )


def test_near_counts_activity_and_credit_in() -> None:
    near(
        """
        2026-01-01T10:00 | balance 440000    |
        2026-01-02T10:00 | purchase 999999   |
        2026-01-03T10:00 | purchase 1        |
        2026-01-06T10:00 |                   | near-mid:1 missing=50000.00
        """
    )
    near(
        """
        2026-01-01T10:00 | balance 500000     | initial -> mid first_event 500000.00
        2026-01-02T10:00 | credit default     | downgrade mid -> low credit_changed 500000.00
        2026-01-03T10:00 | credit poor        |
        2026-01-05T10:00 |                    |
        2026-01-06T10:00 |                    | near-mid:1 missing=50000.00
        """
    )


def test_three_days_in_a_row_are_broken_by_a_moment_below() -> None:
    near(
        """
        2026-01-01T10:00        | balance 450000    |
        2026-01-04T09:59:59.999 | balance 449999.99 |
        2026-01-04T10:00        | balance 460000    |
        2026-01-07T09:00        | balance 450000    |
        2026-01-07T10:00        |                   | near-mid:1 missing=50000.00
        """
    )


def test_three_days_in_a_row_are_broken_by_a_stay_in_mid() -> None:
    near(
        """
        2026-01-01T10:00 | balance 450000   |
        2026-01-03T10:00 | pin mid until=2026-01-04T09:00 |
        2026-01-04T10:00 |                  |
        2026-01-07T09:00 |                  | near-mid:1 missing=50000.00
        """
    )


def test_near_is_said_again_after_90_days_while_it_stays_near() -> None:
    near(
        """
        2026-01-01T10:00        | balance 450000 |
        2026-01-04T10:00        |                | near-mid:1 missing=50000.00
        2026-01-10T10:00        | balance 460000 |
        2026-04-04T09:59:59.999 |                |
        2026-04-04T10:00        |                | near-mid:2 missing=40000.00
        2026-07-03T10:00        |                | near-mid:3 missing=40000.00
        """
    )


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ("2026-01-20T10:00", "2026-04-04T10:00"),
        ("2026-04-01T10:00", "2026-04-04T10:00"),
        ("2026-04-01T10:00:00.001", "2026-04-04T10:00:00.001"),
        ("2026-04-10T10:00", "2026-04-13T10:00"),
    ],
)
def test_near_at_most_once_in_90_days_though_the_row_of_days_was_broken(again: str, said: str) -> None:
    near(
        f"""
        2026-01-01T10:00 | balance 450000 |
        2026-01-04T10:00 |                | near-mid:1 missing=50000.00
        2026-01-10T10:00 | balance 10     |
        {again}          | balance 450000 |
        {said}           |                | near-mid:2 missing=50000.00
        """
    )


def test_near_is_broken_when_transactions_leave_their_window() -> None:
    #  Jan 1: a purchase that lifts the value to 450,000; it leaves the 90 days at midnight of Apr 1
    near(
        """
        2026-01-01T10:00 | purchase 1000000 |
        2026-03-29T00:00 | balance 440000   |
        2026-04-01       |                  |
        2026-04-20       |                  |
        """
    )
    near(
        """
        2026-01-01T10:00        | purchase 1000000 |
        2026-03-28T23:59:59.999 | balance 440000   |
        2026-03-31T23:59:59.999 |                  | near-mid:1 missing=50000.00
        2026-04-20              |                  |
        """
    )


def test_who_has_the_value_but_is_kept_low_is_not_near() -> None:
    near(
        """
        2026-01-01T10:00 | balance 600000                | initial -> mid first_event 600000.00
        2026-01-02T10:00 | credit default                | downgrade mid -> low credit_changed 600000.00
        2026-01-20T10:00 |                               |
        """
    )


def test_who_falls_to_low_becomes_near_3_days_later() -> None:
    near(
        """
        2026-01-01T10:00 | balance 500000                | initial -> mid first_event 500000.00
        2026-01-10T10:00 | balance 450000                |
        2026-02-09T10:00 |                               | downgrade mid -> low grace_ended 450000.00
        2026-02-12T10:00 |                               | near-mid:1 missing=50000.00
        """
    )


# --- dormant ---


def test_dormant_is_60_days_after_the_last_transaction_once_a_dormancy() -> None:
    #  tx Jan 1 |--- 60 days ---| Mar 2    tx May 1 |--- 60 days ---| Jun 30
    dormant(
        """
        2026-01-01T10:00        | purchase 1 |
        2026-03-02T09:59:59.999 |            |
        2026-03-02T10:00        |            | dormant:1
        2026-04-30T10:00        | balance 5  |
        2026-05-01T12:00        | purchase 1 |
        2026-06-30T12:00        |            | dormant:2
        2027-06-30T12:00        |            |
        """
    )


def test_a_transaction_a_millisecond_before_is_in_time() -> None:
    dormant(
        """
        2026-01-01T10:00        | purchase 1 |
        2026-03-02T09:59:59.999 | fee 1      |
        2026-05-01T09:59:59.998 |            |
        2026-05-01T09:59:59.999 |            | dormant:1
        """
    )


def test_who_never_had_a_transaction_is_dormant_60_days_after_the_first_event() -> None:
    dormant(
        """
        2026-01-01T10:00 | balance 5   |
        2026-02-01T10:00 | balance 6   |
        2026-02-02T10:00 | credit fair |
        2026-02-03T10:00 | loan 5      |
        2026-03-02T10:00 |             | dormant:1
        2026-12-31T10:00 |             |
        """
    )


def test_a_reversal_is_no_transaction() -> None:
    dormant(
        """
        2026-01-01T10:00 | purchase 1                             |
        2026-01-20T10:00 | purchase 1 reverses=2026-01-01T10:00   |
        2026-03-02T10:00 |                                        | dormant:1
        """
    )


def test_a_late_transaction_counts_from_its_own_time() -> None:
    dormant(
        """
        2026-01-01T10:00 | purchase 1                     |
        2026-02-20T10:00 | purchase 1 at=2026-01-11T10:00 |
        2026-02-25T10:00 | purchase 1 at=2026-01-05T10:00 |
        2026-03-02T10:00 |                                |
        2026-03-12T10:00 |                                | dormant:1
        """
    )


@pytest.mark.parametrize(
    ("late", "said"), [("2025-12-20T10:00", "2026-02-18T10:00"), ("2025-11-01T10:00", "2026-01-10T10:00")]
)
def test_a_first_transaction_that_is_older_than_the_first_event_counts_all_the_same(late: str, said: str) -> None:
    table = f"""
        2026-01-01T10:00 | balance 5            |
        2026-01-10T10:00 | purchase 1 at={late} |"""
    dormant(f"{table} dormant:1" if said < "2026-01-11" else f"{table}\n{said} | | dormant:1\n2026-12-01 | |")


@pytest.mark.parametrize("late", ["2026-01-10T10:00", "2026-01-19T10:00"])
def test_a_late_transaction_that_is_older_than_60_days_begins_no_other_dormancy(late: str) -> None:
    dormant(
        f"""
        2026-01-01T10:00 | purchase 1           |
        2026-03-02T10:00 |                      | dormant:1
        2026-03-20T10:00 | purchase 1 at={late} |
        2026-12-31T10:00 |                      |
        """
    )


@pytest.mark.parametrize(
    ("late", "said"),
    [
        ("2026-03-10T10:00", "2026-05-09T10:00"),
        ("2026-02-20T10:00", "2026-04-21T10:00"),  # known in time, there would have been no dormancy on Mar 2
        ("2026-01-19T10:00:00.001", "2026-03-20T10:00:00.001"),
    ],
)
def test_a_late_transaction_of_the_last_60_days_begins_another(late: str, said: str) -> None:
    dormant(
        f"""
        2026-01-01T10:00 | purchase 1           |
        2026-03-02T10:00 |                      | dormant:1
        2026-03-20T10:00 | purchase 1 at={late} |
        {said}           |                      | dormant:2
        2026-12-31T10:00 |                      |
        """
    )


def test_dormant_is_for_low_customers_and_comes_when_they_become_low() -> None:
    #  tx Jan 1 | 60 days: Mar 2, mid | low on Mar 20 |
    dormant(
        """
        2026-01-01T10:00 | purchase 1     |
        2026-01-01T11:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        2026-02-18T10:00 | balance 10     |
        2026-03-02T10:00 |                |
        2026-04-01T11:00 |                | downgrade mid -> low grace_ended 10.00 ; dormant:1
        2026-04-02T11:00 | balance 500000 |
        2026-07-02T11:00 | balance 10     |
        2026-08-01T11:00 |                | downgrade mid -> low grace_ended 10.00
        2027-08-01T11:00 |                |
        """
    )


# --- welcome ---


def test_welcome_is_for_every_upgrade_to_the_tier_and_never_for_the_first_tier_or_a_fall() -> None:
    welcomes(
        """
        2026-01-01T10:00 | balance 10      | initial -> low first_event 10.00
        2026-01-02T10:00 | balance 500000  | welcome-mid:1
        2026-01-03T10:00 | balance 5000000 | welcome-high:1
        2026-01-04T10:00 | balance 500000  |
        2026-04-03T10:00 |                 | downgrade high -> mid grace_ended 500000.00
        2026-04-04T10:00 | balance 5000000 | welcome-high:2
        """
    )
    welcomes("2026-01-01T10:00 | balance 500000  | initial -> mid first_event 500000.00")
    welcomes("2026-01-01T10:00 | balance 5000000 | initial -> high first_event 5000000.00")


def test_a_jump_is_welcomed_where_it_arrives() -> None:
    welcomes(
        """
        2026-01-01T10:00 | balance 10      |
        2026-01-02T10:00 | balance 5000000 | welcome-high:1
        """
    )


def test_a_pins_upgrade_is_welcomed_and_so_is_one_at_its_end() -> None:
    welcomes(
        """
        2026-01-01T10:00 | balance 10                      |
        2026-01-02T10:00 | pin mid until=2026-02-01        | welcome-mid:1
        2026-01-03T10:00 | pin mid until=2026-03-01        |
        2026-01-04T10:00 | balance 5000000                 |
        2026-03-01       |                                 | welcome-high:1
        2026-03-02T10:00 | pin low until=2026-04-01        |
        2026-03-03T10:00 | unpin                           | welcome-high:2
        """
    )


# --- stay ---


def test_stay_comes_7_days_before_the_grace_ends_and_says_what_is_missing() -> None:
    stays(
        """
        2026-01-01T10:00        | balance 500000    |
        2026-01-10T09:00        | balance 499999.99 |
        2026-02-02T08:59:59.999 |                   |
        2026-02-02T09:00        |                   | stay:1 missing=0.01 due=2026-02-09T09:00:00+08:00
        2026-02-09T09:00        |                   | downgrade mid -> low grace_ended 499999.99
        2026-12-01              |                   |
        """
    )


def test_stay_says_what_is_missing_to_keep_the_tier_that_is_served() -> None:
    stays(
        """
        2026-01-01T10:00 | balance 6000000 |
        2026-01-10T09:00 | balance 10      |
        2026-02-01T09:00 | balance 4000000 |
        2026-02-02T09:00 |                 | stay:1 missing=1000000.00 due=2026-02-09T09:00:00+08:00
        2026-02-03T09:00 | balance 10      |
        2026-02-09T09:00 |                 | downgrade high -> low grace_ended 10.00
        """
    )


def test_who_recovers_before_is_left_in_peace() -> None:
    stays(
        """
        2026-01-01T10:00        | balance 500000 |
        2026-01-10T09:00        | balance 10     |
        2026-02-02T08:59:59.999 | balance 500000 |
        2026-02-05T09:00        | balance 10     |
        2026-02-28T09:00        |                | stay:1 missing=499990.00 due=2026-03-07T09:00:00+08:00
        2026-03-01T09:00        | balance 500000 |
        2026-06-01T09:00        | balance 20     |
        2026-06-24T09:00        |                | stay:2 missing=499980.00 due=2026-07-01T09:00:00+08:00
        """
    )


@pytest.mark.parametrize(
    ("below", "said", "falls"),
    [
        ("2026-01-10T10:00", "2026-03-26T10:00", "2026-04-02T10:00"),  # protection ends later
        ("2026-03-03T10:00", "2026-03-26T10:00", "2026-04-02T10:00"),  # both end at once
        ("2026-03-03T10:01", "2026-03-26T10:01", "2026-04-02T10:01"),  # grace ends later
    ],
)
def test_with_protection_the_later_end_counts(below: str, said: str, falls: str) -> None:
    stays(
        f"""
        2026-01-01T10:00 | balance 1      |
        2026-01-02T10:00 | balance 500000 | upgrade low -> mid threshold_crossed 500000.00
        {below}          | balance 1      |
        {said}           |                | stay:1 missing=499999.00 due={falls}:00+08:00
        {falls}          |                | downgrade mid -> low grace_ended 1.00
        """
    )


def test_a_fall_at_once_is_not_announced() -> None:
    stays(
        """
        2026-01-01T10:00 | balance 600000 |
        2026-01-10T09:00 | credit default | downgrade mid -> low credit_changed 600000.00
        2026-06-01       |                |
        """
    )


def test_a_pin_that_outlasts_the_grace_leaves_nothing_to_announce() -> None:
    stays(
        """
        2026-01-01T10:00 | balance 500000           |
        2026-01-10T09:00 | balance 10               |
        2026-01-20T09:00 | pin mid until=2026-03-01 |
        2026-03-01       |                          | downgrade mid -> low pin_ended 10.00
        """
    )


def test_a_grace_that_transactions_leaving_their_window_begin_is_announced() -> None:
    #  Jan 1: a purchase lifts to 500,000 until it leaves the window at midnight of Apr 1; grace until May 1
    stays(
        """
        2026-01-01T10:00 | purchase 1000000 |
        2026-01-02T10:00 | balance 490000   | upgrade low -> mid threshold_crossed 500000.00
        2026-04-24       |                  | stay:1 missing=10000.00 due=2026-05-01T00:00:00+08:00
        2026-05-01       |                  | downgrade mid -> low grace_ended 490000.00
        """
    )


# --- the three that remind, together ---

REMINDERS = (NEAR, DORMANT, STAY)


@pytest.mark.parametrize(
    ("again", "said", "occasion"),
    [
        ("2026-03-01T08:59:59.999", "2026-03-04T08:59:59.999", ""),
        ("2026-03-01T09:00", "2026-03-04T09:00", "near-mid:1 missing=50000.00"),
    ],
)
def test_two_reminders_in_30_days_are_enough(again: str, said: str, occasion: str) -> None:
    #  stay Feb 2 | fall and dormant Feb 9 | near on Mar 4, 30 days after stay
    check_campaigns(
        "standard",
        f"""
        2025-12-01T10:00 | balance 500000 |
        2026-01-10T09:00 | balance 10     |
        2026-02-02T09:00 |                | stay:1 missing=499990.00 due=2026-02-09T09:00:00+08:00
        2026-02-09T09:00 |                | downgrade mid -> low grace_ended 10.00 ; dormant:1
        {again}          | balance 450000 |
        {said}           |                | {occasion}
        2026-03-20       |                |
        """,
        *REMINDERS,
    )


def test_a_reminder_held_back_is_over_and_has_no_number() -> None:
    check_campaigns(
        "standard",
        """
        2025-12-01T10:00 | balance 500000 |
        2026-01-10T09:00 | balance 450000 |
        2026-02-02T09:00 |                | stay:1 missing=50000.00 due=2026-02-09T09:00:00+08:00
        2026-02-09T09:00 |                | downgrade mid -> low grace_ended 450000.00 ; dormant:1
        2026-02-12T09:00 |                |
        2026-05-13T09:00 |                | near-mid:1 missing=50000.00
        """,
        *REMINDERS,
    )


def test_others_are_not_counted_with_the_reminders() -> None:
    check_campaigns(
        "standard",
        """
        2026-01-01T10:00 | balance 460000 | account-opening-gift:1
        2026-01-02T10:00 | purchase 3000  |
        2026-01-04T10:00 |                | near-mid:1 missing=39970.00
        2026-01-05T10:00 | balance 500000 | welcome-mid:1
        """,
    )


# --- opt-out ---


def test_who_has_opted_out_gets_nothing_and_nothing_is_made_up_for() -> None:
    check_campaigns(
        "standard",
        """
        2026-01-01T10:00 | opt_out         |
        2026-01-01T10:00 | balance 450000  |
        2026-01-02T10:00 | purchase 3000   |
        2026-02-01       |                 |
        2026-03-03T10:00 |                 |
        2026-03-10T10:00 | balance 500000  |
        2026-03-11T10:00 | opt_in          |
        2026-03-12T10:00 | deposit 1000    |
        2026-03-13T10:00 | balance 5000000 | welcome-high:1
        """,
    )


def test_opt_out_holds_from_its_instant_until_opt_in() -> None:
    dormant(
        """
        2026-01-01T10:00        | purchase 1 |
        2026-03-02T09:59:59.999 | opt_out    |
        2026-03-02T10:00        |            |
        2026-03-03T10:00        | opt_in     |
        2026-03-04T10:00        | purchase 1 |
        2026-05-03T09:59        | opt_out    |
        2026-05-03T09:59:59.999 | opt_in     |
        2026-05-03T10:00        |            | dormant:1
        2026-05-03T10:00        | opt_out    |
        """
    )


def test_erase_ends_an_opt_out_and_all_that_was_on_its_way_but_numbers_go_on() -> None:
    check_campaigns(
        "standard",
        """
        2026-01-01T10:00 | purchase 3000 |
        2026-03-02T10:00 |               | dormant:1
        2026-03-03T10:00 | opt_out       |
        2026-03-04T10:00 | erase         |
        2026-03-05T10:00 | purchase 1    |
        2026-05-04T10:00 |               | dormant:2
        """,
        DORMANT,
    )
