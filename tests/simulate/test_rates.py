"""Rates of a topic in the words of a policy's tests: by which day's rate each decision goes."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.event_line import EventLine
from streams.contracts.lines import line_of, parse_line
from streams.policy.compile.load import load_policy
from streams.simulate import Simulation
from streams.testing.bank import Bank
from tests.support.laws import laws

HEAD = 'name = "by-topic"\nversion = 1\ncurrency = "TWD"\nrates = "topic"\n'
TIERS = '\n[[tiers]]\nid = "low"\n\n[[tiers]]\nid = "mid"\nat_least = "500000"\n'
AT_ONCE = HEAD + TIERS
MONTH_END = HEAD + '\n[rating]\nwhen = "month_end"\n' + TIERS


def rates(message: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(told["currency"], told["rate"], told["day"]) for told in message.get("rates", [])]


def test_a_rating_goes_by_the_rate_of_the_day_that_ends_with_it() -> None:
    bank = Bank(MONTH_END)
    bank.check("""
        | when             | heard             | what comes of it          |
        | ---------------- | ----------------- | ------------------------- |
        | 2026-01-05 08:00 | rate USD 30       |                           |
        | 2026-01-05 10:00 | balance 16000 USD | low (first_event)         |
        | 2026-01-30 08:00 | rate USD 32       |                           |
        | 2026-01-31 08:00 | rate USD 33 of 2026-02-01 |                   |
        | 2026-02-01 00:00 |                   | low → mid (window_moved)  |
        | 2026-02-28 08:00 | rate USD 31       |                           |
        | 2026-03-01 00:00 |                   | mid → low (window_moved)  |
    """)
    assert [rates(change) for change in bank.changes()[1:]] == [
        [("USD", "32.0", "2026-01-30")],
        [("USD", "31.0", "2026-02-28")],
    ]


def test_a_currency_counts_as_nothing_before_the_first_day_that_has_a_rate() -> None:
    bank = Bank(AT_ONCE)
    bank.hears("2026-01-05 08:00", "rate USD 40 of 2026-01-07")
    bank.hears("2026-01-05 10:00", "balance 16000 USD")
    [first] = bank.changes()
    assert first["without_rate"] == [{"currency": "USD", "assets": "16000.00", "loans": "0.00"}]
    assert rates(first) == []
    assert bank.waits("3 days later") == ["low → mid (rates_changed)"]
    assert rates(bank.changes()[1]) == [("USD", "40.0", "2026-01-07")]


def test_a_loan_is_refused_where_the_first_rate_of_its_currency_is_of_a_day_to_come() -> None:
    bank = Bank(AT_ONCE + '\n[risk]\nlarge_loan = { low = "1000000" }\n')
    bank.hears("2026-01-05 08:00", "rate EUR 34 of 2026-01-06", "balance 1 TWD")
    [refused] = bank.hears("2026-01-05 10:00", "loan L1 100000000 EUR")
    assert "unknown_currency" in refused
    assert bank.loans() == []
    bank.hears("2026-01-06 10:00", "loan L1 100000000 EUR")
    assert [decision["outcome"] for decision in bank.loans()] == ["enhanced"]


def test_what_was_moved_counts_by_the_rates_of_the_decision() -> None:
    bank = Bank(
        HEAD + '\n[measures.spent]\nsum = ["purchase"]\ndays = 30\n\n[value]\nterms = [{ measure = "spent" }]\n' + TIERS
    )
    bank.hears("2026-01-05 08:00", "rate USD 30")
    bank.hears("2026-01-05 10:00", "purchase 16000 USD")
    bank.hears("2026-01-06 08:00", "rate USD 32 of 2026-01-07")
    assert bank.waits("2 days later") == ["low → mid (rates_changed)"]
    assert bank.waits("30 days later") == ["mid → low (window_moved)"]


def test_a_fall_by_rates_is_put_off_like_any_other() -> None:
    bank = Bank(HEAD + "\n[falling]\nafter_days = 10\n" + TIERS)
    bank.hears("2026-01-05 08:00", "rate USD 32", "rate USD 30 of 2026-01-06")
    bank.hears("2026-01-05 10:00", "balance 16000 USD")
    assert bank.waits("2026-01-15") == []
    assert bank.waits("2026-01-17") == ["mid → low (grace_ended)"]
    [initial, fall] = bank.changes()
    assert (initial["tier"], fall["decided_at"]) == ("mid", "2026-01-16T00:00:00+08:00")


def test_a_loan_says_the_rates_that_it_was_decided_with() -> None:
    bank = Bank(AT_ONCE + '\n[risk.large_loan]\nlow = "300000"\nmid = "300000"\n')
    bank.hears("2026-01-05 08:00", "rate USD 31", "rate EUR 35")
    bank.hears("2026-01-05 10:00", "balance 1 USD", "loan L1 9000 EUR")
    [decision] = bank.loans()
    assert decision["outcome"] == "enhanced"
    assert rates(decision) == [("EUR", "35.0", "2026-01-05"), ("USD", "31.0", "2026-01-05")]


def test_cash_back_of_a_month_goes_by_the_rate_of_its_last_day() -> None:
    bank = Bank(AT_ONCE + '\n[[campaigns]]\nid = "back"\nkind = "cash_back"\nrate = "0.01"\nsettles_after_days = 5\n')
    bank.hears("2026-01-05 08:00", "rate USD 30", "rate USD 32 of 2026-01-31", "rate USD 40 of 2026-02-01")
    bank.hears("2026-01-05 10:00", "purchase 1000 USD")
    bank.waits("2026-02-10")
    assert [trigger["amount"] for trigger in bank.campaigns()] == ["320.00"]
    bank.hears("2026-02-11 10:00", "purchase 100 USD of 2026-01-20")  # of the same month, by the same rate
    bank.waits("2026-03-10")
    assert [trigger["amount"] for trigger in bank.campaigns()] == ["320.00", "32.00"]


def test_cash_back_of_a_transaction_goes_by_the_rate_of_its_day() -> None:
    bank = Bank(AT_ONCE + '\n[[campaigns]]\nid = "back"\nkind = "cash_back"\nrate = "0.01"\nper = "transaction"\n')
    bank.hears("2026-01-05 08:00", "rate USD 30", "rate USD 40 of 2026-01-06")
    bank.hears("2026-01-05 09:00", "balance 1")
    bank.hears("2026-01-06 10:00", "purchase 1000 USD of 2026-01-05 23:00", "purchase 1000 USD")
    assert [trigger["amount"] for trigger in bank.campaigns()] == ["300.00", "400.00"]


def test_a_rate_is_a_line_of_a_file_of_events() -> None:
    line = b'{"topic":"bank.rates","value":{"currency":"USD","against":"TWD","rate":"1","at":0}}\n'
    event = parse_line(line)
    assert event.key == b"USD"
    assert line_of(event) == line


def _rate(day: int, rate: int) -> EventLine:
    value = {"currency": "USD", "against": "TWD", "rate": str(rate), "at": f"2026-01-{day:02}T08:00:00+08:00"}
    return parse_line(json.dumps({"topic": "bank.rates", "value": value}).encode())


def _balance(number: int, day: int, amount: int, customer: str) -> EventLine:
    value = {"event_id": f"b{number}", "customer_id": customer, "account_id": "a", "balance": str(amount)}
    value |= {"currency": "USD", "as_of": f"2026-01-{day:02}T10:00:00+08:00"}
    return parse_line(json.dumps({"topic": "bank.balances", "value": value}).encode())


@laws(60)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 28), st.integers(0, 40), st.sampled_from("ABC")),
        min_size=1,
        max_size=25,
    ),
    st.integers(1, 7),
)
def test_however_a_file_is_cut_the_same_comes_of_it(told: list[tuple[bool, int, int, str]], size: int) -> None:
    lines = [
        _rate(day, number) if is_rate else _balance(at, day, 500 * number, customer)
        for at, (is_rate, day, number, customer) in enumerate(told)
    ]
    policy = load_policy(AT_ONCE)
    whole, cut = Simulation(policy), Simulation(policy)
    once = [output for chunk in whole.work_in_parts(lines) for output in chunk.outputs]
    parts = [lines[begin : begin + size] for begin in range(0, len(lines), size)]
    assert [output for part in parts for chunk in cut.work_in_parts(part) for output in chunk.outputs] == once
    assert cut.partition.packed == whole.partition.packed
