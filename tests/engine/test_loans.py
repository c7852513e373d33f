"""Risk control beyond standard.toml: conditions as they are told, volatility, other outcomes, other policies."""

from itertools import count

import pytest

from streams.engine.codec import decode_loans
from streams.engine.outcomes import LoanAlert, LoanCheck, LoanDecision
from streams.engine.sections import special_of
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import Loan
from tests.support.one_customer import (
    LOW_AND_MID,
    WHOLE_STANDARD,
    Customer,
    a_policy,
    at,
    balance,
    credit,
    e4,
    e16,
    transaction,
)

START, NOON = at("2026-01-01T10:00"), at("2026-03-01T12:00")
_numbers = count(1)


def policy_of(risk: str) -> Policy:
    return a_policy(f"{LOW_AND_MID}\n{risk}")


def loan(amount: str, when: int, loan_id: str | None = None) -> Loan:
    number = next(_numbers)
    return Loan(f"l{number}", "C", when, loan_id or f"L{number}", e4(amount), "TWD")


def decided(customer: Customer) -> list[str]:
    return [risk.outcome for risk in customer.risks if isinstance(risk, LoanDecision)]


def alerts(customer: Customer) -> list[tuple[str, int, str]]:
    return [(risk.loan_id, risk.number, risk.reason) for risk in customer.risks if isinstance(risk, LoanAlert)]


# --- why it was decided so ---


def test_a_decision_tells_every_rule_that_was_looked_at() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("60000", START), balance("80000", at("2026-02-25")), loan("500000", NOON, "L1"))
    (decision,) = customer.risks
    assert isinstance(decision, LoanDecision)
    share, half, five_times = e16("0.25"), e16("0.5"), e16("400000")
    limit = e16("300000")
    assert decision.checks == (
        LoanCheck(measure="amount", figure=e16("500000"), at_least=limit, tier="low", outcome="enhanced", met=True),
        LoanCheck(
            measure="amount",
            figure=e16("500000"),
            at_least=limit,
            more_than=five_times,
            outcome="refer",
            met=True,
        ),
        LoanCheck(measure="standing", word="good", equals="poor", outcome="enhanced", met=False),
        LoanCheck(measure="standing", word="good", equals="default", outcome="refer", met=False),
        LoanCheck(measure="fresh_assets", figure=share, more_than=half, outcome="enhanced", met=False),
    )
    assert (decision.outcome, decision.tier, decision.is_new) == ("refer", "low", False)
    assert decision.monitored_until_ms == at("2026-08-28T12:00")


def test_an_alert_tells_what_the_assets_are_and_were_not_to_be() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("100000", START), loan("300000", NOON, "L1"), balance("69999.99", NOON + 1))
    customer.apply(credit("fair", NOON + 2))
    _, fell, worse = customer.risks
    assert isinstance(fell, LoanAlert)
    assert fell.checks == (LoanCheck(measure="assets", figure=e16("69999.99"), at_most=e16("70000"), met=True),)
    assert (fell.amount_e4, fell.monitored_until_ms, fell.decided_at_ms) == (
        e4("300000"),
        at("2026-08-28T12:00"),
        NOON + 1,
    )
    assert isinstance(worse, LoanAlert)
    assert worse.checks == (LoanCheck(measure="standing", word="fair", equals="fair", met=True),)


# --- each rule alone, and with another outcome ---


def test_without_rules_every_loan_is_standard() -> None:
    customer = Customer(policy_of("[risk]\n"))
    customer.apply(loan("99999999", NOON), credit("default", NOON), loan("99999999", NOON))
    assert decided(customer) == ["standard", "standard"]


def test_a_policy_without_a_table_of_risk_decides_no_loans() -> None:
    customer = Customer(policy_of(""))
    customer.apply(loan("99999999", NOON))
    assert customer.risks == []


def test_a_tier_without_a_limit_has_no_large_loans() -> None:
    customer = Customer(policy_of('[risk.large_loan]\nlow = "100"\n[risk.against_assets]\nmore_than_times = "0.5"'))
    customer.apply(balance("500000", START), loan("9999999", NOON))
    assert decided(customer) == ["standard"]


@pytest.mark.parametrize(
    ("times", "amount", "outcome"),
    [
        ("0.5", "500", "enhanced"),
        ("0.5", "500.01", "refer"),
        ("2.5", "2500", "enhanced"),
        ("2.5", "2500.0001", "refer"),
    ],
)
def test_against_parts_of_the_assets(times: str, amount: str, outcome: str) -> None:
    customer = Customer(policy_of(f'[risk.large_loan]\nlow = "1"\n[risk.against_assets]\nmore_than_times = "{times}"'))
    customer.apply(balance("1000", START), loan(amount, NOON))
    assert decided(customer) == [outcome]


def test_the_strictest_outcome_wins_whatever_the_order() -> None:
    against = '[risk.against_assets]\nmore_than_times = "1"\noutcome = "enhanced"'
    customer = Customer(policy_of(f'[risk.large_loan]\nlow = "1"\n{against}\n[risk.standing]\npoor = "refer"'))
    customer.apply(loan("5", NOON), credit("poor", NOON), loan("5", NOON))
    assert decided(customer) == ["enhanced", "refer"]


def test_any_standing_and_any_outcome() -> None:
    customer = Customer(policy_of('[risk.standing]\ngood = "enhanced"\nfair = "refer"'))
    customer.apply(loan("1", NOON))
    for standing in ("excellent", "good", "fair", "poor"):
        customer.apply(credit(standing, NOON), loan("1", NOON))  # type: ignore[arg-type]
    assert decided(customer) == ["enhanced", "standard", "enhanced", "refer", "standard"]


@pytest.mark.parametrize(
    ("came", "outcome"),
    [("2026-02-27T00:00", "refer"), ("2026-02-26T23:59", "standard"), ("2026-03-01T11:00", "refer")],
)
def test_fresh_over_other_days_with_another_outcome(came: str, outcome: str) -> None:
    customer = Customer(policy_of('[risk.fresh_assets]\ndays = 3\nmore_than = "0.1"\noutcome = "refer"'))
    customer.apply(balance("900", START), balance("101", at(came), "b"), loan("1", NOON))
    assert decided(customer) == [outcome]


VOLATILE = '[risk.volatile_assets]\ndays = 5\nmore_than = "0.5"\noutcome = "refer"'


@pytest.mark.parametrize(
    ("totals", "outcome"),
    [
        ({"2026-02-01": "100"}, "standard"),
        ({"2026-02-01": "100", "2026-02-28": "50"}, "standard"),  # half of the highest, and not more
        ({"2026-02-01": "100", "2026-02-28": "49.99"}, "refer"),
        ({"2026-02-01": "49.99", "2026-02-28": "100"}, "refer"),
        ({"2026-02-01": "1000", "2026-02-25": "100"}, "standard"),  # Feb 25 ... Mar 1 are the 5 days
        ({"2026-02-01": "1000", "2026-02-26": "100"}, "refer"),
        ({"2026-02-01": "100", "2026-02-27T10:00": "10", "2026-02-27T11:00": "90"}, "standard"),  # daily totals alone
        ({"2026-02-01": "100", "2026-03-01T11:00": "40"}, "refer"),  # today's newest is among them
        ({"2026-02-27": "100"}, "standard"),  # the days before the first balance are not
        ({"2026-02-01": "-100", "2026-02-27": "-5"}, "standard"),  # nothing to be a share of
        ({"2026-02-01": "-5", "2026-02-27": "100"}, "refer"),
    ],
)
def test_volatile_assets(totals: dict[str, str], outcome: str) -> None:
    customer = Customer(policy_of(VOLATILE))
    customer.apply(*(balance(amount, at(day)) for day, amount in totals.items()), loan("1", NOON))
    assert decided(customer) == [outcome]


def test_a_customer_without_assets_is_neither_fresh_nor_volatile() -> None:
    customer = Customer(policy_of(f'{VOLATILE}\n[risk.fresh_assets]\ndays = 5\nmore_than = "0"'))
    customer.apply(loan("1", NOON), balance("0", NOON), loan("1", NOON))
    assert decided(customer) == ["standard", "standard"]


# --- watching ---


def test_without_monitoring_nothing_is_watched() -> None:
    customer = Customer(policy_of('[risk.large_loan]\nlow = "1"'))
    customer.apply(balance("100", START), loan("1", NOON), balance("0", NOON), credit("default", NOON))
    assert decided(customer) == ["enhanced"]
    assert special_of(customer.state).loans == b""
    assert alerts(customer) == []


def test_monitoring_without_shares_tells_standings_alone() -> None:
    customer = Customer(policy_of('[risk.large_loan]\nlow = "1"\n[risk.monitoring]\ndays = 10'))
    customer.apply(balance("100", START), loan("1", NOON, "L1"), balance("0", NOON), credit("poor", NOON))
    assert alerts(customer) == [("L1", 1, "standing_worse")]


def test_what_is_watched_no_longer_is_let_go() -> None:
    customer = Customer(policy_of('[risk.large_loan]\nlow = "1"\n[risk.monitoring]\ndays = 10'))
    customer.apply(balance("100", START), loan("1", NOON, "L1"), loan("1", at("2026-03-05T12:00"), "L2"))
    customer.apply(balance("100", at("2026-03-11T12:00")))
    assert list(decode_loans(special_of(customer.state).loans)) == ["L2"]


def test_transactions_and_actions_say_nothing_of_loans() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("100000", START), loan("300000", NOON, "L1"), transaction("90000", NOON + 1, "withdrawal"))
    assert alerts(customer) == []


def test_assets_in_another_currency_are_watched_at_the_policys_rates() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("10000", START, currency="USD"), loan("300000", NOON, "L1"))
    customer.apply(balance("7000.01", NOON + 1, currency="USD"))
    assert alerts(customer) == []
    customer.apply(balance("7000", NOON + 2, currency="USD"))  # 70% of 315,000 TWD
    assert alerts(customer) == [("L1", 1, "assets_fell")]


def test_loans_that_are_watched_stay_so_under_another_policy() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("100000", START), loan("300000", NOON, "L1"), balance("60000", NOON + 1))
    document = WHOLE_STANDARD.document.replace('["0.70", "0.40", "0.10"]', '["0.70", "0.50"]')
    customer.policy = load_policy(document)
    customer.rerate(customer.policy, NOON + 2)
    customer.apply(loan("1", NOON + 3, "L1"), balance("50000", NOON + 4), balance("10000", NOON + 5))
    assert decided(customer) == ["enhanced"]
    assert alerts(customer) == [("L1", 1, "assets_fell"), ("L1", 2, "assets_fell")]


def test_time_alone_says_nothing_of_loans() -> None:
    customer = Customer(WHOLE_STANDARD)
    customer.apply(balance("100000", START), loan("300000", NOON, "L1"))
    known = len(customer.risks)
    customer.wait(at("2027-01-01"))
    assert len(customer.risks) == known
