"""standard's control of loans: limits by tier, standing, assets, fresh money, and the watch over large loans."""

from typing import Any

import pytest

from tests.support.scenarios import check_risks

# What a tier takes, long before the loan.
LOW, MID, HIGH = (
    "2025-10-01T10:00 | balance 400000 |",
    "2025-10-01T10:00 | balance 700000 |",
    ("2025-10-01T10:00 | balance 6000000 |"),
)
UNTIL = "until=2026-06-30T10:00:00+08:00"  # 180 days after 2026-01-01T10:00


def risks(table: str) -> list[dict[str, Any]]:
    return check_risks("standard", table)


# --- the tier's limit ---


@pytest.mark.parametrize(
    ("tier", "amount", "decision"),
    [
        (LOW, "299999.99", "standard"),
        (LOW, "299999.9999", "standard"),
        (LOW, "300000", f"enhanced {UNTIL}"),
        (MID, "2999999.99", "standard"),
        (MID, "3000000", f"enhanced {UNTIL}"),
        (HIGH, "9999999.99", "standard"),
        (HIGH, "10000000", f"enhanced {UNTIL}"),
    ],
)
def test_a_loan_of_the_tiers_limit_is_enhanced(tier: str, amount: str, decision: str) -> None:
    risks(f"{tier}\n2026-01-01T10:00 | loan {amount} L1 | L1:decision {decision}\n2027-01-01 | |")


def test_the_served_tier_sets_the_limit() -> None:
    risks(
        """
        2025-10-01T10:00 | balance 400000            |
        2026-01-01T10:00 | pin high until=2026-02-01 |
        2026-01-01T10:00 | loan 300000 L1            | L1:decision standard
        2026-01-01T10:00 | unpin                     |
        2026-01-01T10:00 | loan 300000 L2            | L2:decision enhanced until=2026-06-30T10:00:00+08:00
        """
    )


def test_a_loan_in_dollars_is_held_against_limits_in_the_policys_currency() -> None:
    # 31.5 TWD for a dollar: 299,999.70 and 300,000.015
    for amount, decision in (("9523.80", "standard"), ("9523.81", f"enhanced {UNTIL}")):
        risks(f"{LOW}\n2026-01-01T10:00 | loan {amount} L1 currency=USD | L1:decision {decision}")


# --- standing ---


@pytest.mark.parametrize(
    ("standing", "decision"),
    [
        ("excellent", "standard"),
        ("good", "standard"),
        ("fair", "standard"),
        ("poor", f"enhanced {UNTIL}"),
        ("default", f"refer {UNTIL}"),
    ],
)
def test_standing(standing: str, decision: str) -> None:
    risks(f"{LOW}\n2025-12-31 | credit {standing} |\n2026-01-01T10:00 | loan 1 L1 | L1:decision {decision}")


def test_the_strictest_rule_decides() -> None:
    for standing, amount, decision in (
        ("poor", "300000", "enhanced"),
        ("poor", "2000000", "enhanced"),
        ("poor", "2000000.01", "refer"),
        ("default", "300000", "refer"),
    ):
        table = f"{LOW}\n2025-12-31 | credit {standing} |\n2026-01-01T10:00 | loan {amount} L1 | "
        risks(f"{table} L1:decision {decision} {UNTIL}")


# --- against assets: plain assets, before the credit adjustment ---


@pytest.mark.parametrize(
    ("balance", "amount", "decision"),
    [
        ("60000", "300000", "enhanced"),
        ("59999.9999", "300000", "refer"),
        ("60000", "300000.01", "refer"),
        ("80000", "400000", "enhanced"),
        ("80000", "400000.01", "refer"),
        ("0", "300000", "refer"),
        ("-5", "300000", "refer"),
    ],
)
def test_a_large_loan_of_more_than_5_times_the_assets_is_referred(balance: str, amount: str, decision: str) -> None:
    table = f"2025-10-01T10:00 | balance {balance} |\n2026-01-01T10:00 | loan {amount} L1 | "
    risks(f"{table} L1:decision {decision} {UNTIL}")


def test_a_loan_below_the_limit_is_not_held_against_assets() -> None:
    risks("2025-10-01T10:00 | balance 10 |\n2026-01-01T10:00 | loan 299999.99 L1 | L1:decision standard")


def test_poor_standing_takes_nothing_off_the_assets_here() -> None:
    table = "2025-10-01T10:00 | balance 60000 |\n2025-10-02T10:00 | credit poor |\n2026-01-01T10:00 | loan 300000 L1 |"
    risks(f"{table} L1:decision enhanced {UNTIL}")


def test_loans_owed_are_no_assets_and_take_none_off() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 60000                     |
        2025-10-01T10:00 | balance 900000 b product=loan     |
        2025-10-01T10:00 | balance -900000 c product=loan    |
        2026-01-01T10:00 | loan 300000 L1                    | L1:decision enhanced {UNTIL}
        2026-01-01T10:00 | loan 300000.01 L2                 | L2:decision refer {UNTIL}
        """
    )


# --- fresh money ---


@pytest.mark.parametrize(
    ("newest", "decision"),
    [("100000", "standard"), ("100000.01", f"enhanced {UNTIL}"), ("99999.99", "standard"), ("40000", "standard")],
)
def test_more_than_half_of_the_assets_came_in_lately(newest: str, decision: str) -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 50000    |
        2025-12-30T10:00 | balance {newest} |
        2026-01-01T10:00 | loan 1 L1        | L1:decision {decision}
        """
    )


@pytest.mark.parametrize(
    ("applied", "decision"),
    [
        ("2026-01-30T23:59:59.999", "enhanced until=2026-07-29T23:59:59.999+08:00"),
        ("2026-01-31", "standard"),
    ],
)
def test_money_is_fresh_for_30_days_by_closing_totals(applied: str, decision: str) -> None:
    risks(f"2026-01-01T23:59:59.999 | balance 50000 |\n{applied} | loan 1 L1 | L1:decision {decision}")
    risks(f"2026-01-01T00:00 | balance 50000 |\n{applied} | loan 1 L1 | L1:decision {decision}")


def test_assets_of_nothing_and_debts_are_not_fresh() -> None:
    for balance in ("0", "-1"):
        risks(
            f"""
            2025-10-01T10:00 | balance -5000     |
            2025-12-30T10:00 | balance {balance} |
            2026-01-01T10:00 | loan 1 L1         | L1:decision standard
            """
        )


def test_money_that_moved_between_accounts_did_not_come_in() -> None:
    risks(
        """
        2025-10-01T10:00 | balance 50000 a |
        2025-12-30T10:00 | balance 0 a     |
        2025-12-30T10:00 | balance 50000 b |
        2026-01-01T10:00 | loan 1 L1       | L1:decision standard
        """
    )


# --- who is not known ---


@pytest.mark.parametrize(
    ("amount", "decision"), [("299999.99", "standard"), ("300000", f"refer {UNTIL}"), ("1", "standard")]
)
def test_a_loan_of_somebody_unknown_is_decided_on_what_is_known_and_says_so(amount: str, decision: str) -> None:
    (message,) = risks(f"2026-01-01T10:00 | loan {amount} L1 | L1:decision {decision}")
    assert message["customer"] == "new"
    assert message["tier"] == "low"


def test_a_known_customer_is_said_to_be_known() -> None:
    (message,) = risks("2025-12-01 | credit good |\n2026-01-01T10:00 | loan 1 L1 | L1:decision standard")
    assert message["customer"] == "known"


def test_a_loan_is_decided_once() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 400000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        2026-01-02T10:00 | loan 300000 L1 |
        2026-01-02T10:00 | loan 1 L1      |
        2026-01-02T10:00 | loan 1 L2      | L2:decision standard
        2026-01-03T10:00 | loan 300000 L2 |
        2026-12-02T10:00 | loan 300000 L1 |
        """
    )


# --- monitoring ---


@pytest.mark.parametrize("loan", ["L1:decision enhanced", "L1:decision refer"])
def test_an_alert_at_70_40_and_10_percent_each_once(loan: str) -> None:
    amount = "300000" if "enhanced" in loan else "900000"
    risks(
        f"""
        2025-10-01T10:00 | balance 100000   |
        2026-01-01T10:00 | loan {amount} L1 | {loan} {UNTIL}
        2026-01-02T10:00 | balance 70000.01 |
        2026-01-03T10:00 | balance 70000    | L1:alert:1 assets_fell
        2026-01-04T10:00 | balance 69999    |
        2026-01-05T10:00 | balance 90000    |
        2026-01-06T10:00 | balance 50000    |
        2026-01-07T10:00 | balance 40000.01 |
        2026-01-08T10:00 | balance 40000    | L1:alert:2 assets_fell
        2026-01-09T10:00 | balance 10000.01 |
        2026-01-10T10:00 | balance 10000    | L1:alert:3 assets_fell
        2026-01-11T10:00 | balance 0        |
        2026-01-12T10:00 | balance 100000   |
        2026-01-13T10:00 | balance 0        |
        """
    )


def test_several_shares_are_passed_at_once() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        2026-01-03T10:00 | balance 40000  | L1:alert:1 assets_fell; L1:alert:2 assets_fell
        2026-01-03T10:00 | balance -5     | L1:alert:3 assets_fell
        """
    )


def test_a_standard_loan_is_not_watched() -> None:
    risks(
        """
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 299999 L1 | L1:decision standard
        2026-01-02T10:00 | balance 0      |
        2026-01-03T10:00 | credit default |
        """
    )


@pytest.mark.parametrize(
    ("at", "alert"),
    [("2026-06-30T09:59:59.999", "L1:alert:1 assets_fell"), ("2026-06-30T10:00", ""), ("2026-07-30", "")],
)
def test_a_loan_is_watched_for_180_days(at: str, alert: str) -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        {at}             | balance 70000  | {alert}
        """
    )
    risks(
        f"""
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        {at}             | credit poor    | {alert.replace("assets_fell", "standing_worse")}
        """
    )


def test_an_alert_at_each_new_worst_standing_since_the_decision() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000   |
        2026-01-01T10:00 | loan 300000 L1   | L1:decision enhanced {UNTIL}
        2026-01-02T10:00 | credit excellent |
        2026-01-03T10:00 | credit good      |
        2026-01-04T10:00 | credit fair      | L1:alert:1 standing_worse
        2026-01-05T10:00 | credit good      |
        2026-01-06T10:00 | credit fair      |
        2026-01-07T10:00 | credit default   | L1:alert:2 standing_worse
        2026-01-08T10:00 | credit poor      |
        2026-01-09T10:00 | credit default   |
        """
    )


def test_the_standing_at_the_decision_is_where_it_begins() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000   |
        2025-12-01T10:00 | credit poor      |
        2026-01-01T10:00 | loan 1 L1        | L1:decision enhanced {UNTIL}
        2026-01-03T10:00 | credit fair      |
        2026-01-04T10:00 | credit poor      |
        2026-01-05T10:00 | credit default   | L1:alert:1 standing_worse
        """
    )


def test_a_credit_event_older_than_the_newest_is_no_news() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000                  |
        2025-12-20T10:00 | credit good                     |
        2026-01-01T10:00 | loan 300000 L1                  | L1:decision enhanced {UNTIL}
        2026-01-03T10:00 | credit default as_of=2025-12-19 |
        2026-01-04T10:00 | balance 0 as_of=2025-09-30      |
        """
    )


def test_every_loan_is_watched_from_its_own_decision() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        2026-01-03T10:00 | balance 70000  | L1:alert:1 assets_fell
        2026-01-04T10:00 | loan 300000 L2 | L2:decision enhanced until=2026-07-03T10:00:00+08:00
        2026-01-05T10:00 | balance 49000  | L2:alert:1 assets_fell
        2026-01-06T10:00 | balance 40000  | L1:alert:2 assets_fell
        2026-01-07T10:00 | balance 28000  | L2:alert:2 assets_fell
        2026-01-08T10:00 | credit fair    | L1:alert:3 standing_worse; L2:alert:3 standing_worse
        """
    )


def test_a_loans_balance_does_not_count_while_it_is_watched() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000                |
        2026-01-01T10:00 | loan 300000 L1                | L1:decision enhanced {UNTIL}
        2026-01-02T10:00 | balance -300000 l product=loan |
        2026-01-03T10:00 | balance 300000 l product=loan  |
        2026-01-04T10:00 | balance 70000                 | L1:alert:1 assets_fell
        """
    )


def test_where_there_was_nothing_nothing_falls() -> None:
    risks(
        f"""
        2026-01-01T10:00 | loan 300000 L1  | L1:decision refer {UNTIL}
        2026-01-02T10:00 | purchase 5      |
        2026-01-03T10:00 | balance 0       |
        2026-01-04T10:00 | balance 100000  |
        2026-01-05T10:00 | balance 0       |
        """
    )


def test_erase_ends_the_watch_but_the_loan_stays_decided() -> None:
    risks(
        f"""
        2025-10-01T10:00 | balance 100000 |
        2026-01-01T10:00 | loan 300000 L1 | L1:decision enhanced {UNTIL}
        2026-01-02T10:00 | erase          |
        2026-01-03T10:00 | balance 1      |
        2026-01-04T10:00 | credit default |
        2026-01-05T10:00 | loan 1 L2      | L2:decision refer until=2026-07-04T10:00:00+08:00
        2026-01-06T10:00 | loan 300000 L1 |
        """
    )
