"""Faults that people who do this job have met: the events, and what is right."""

import json
from typing import Any

import pytest

from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.simulate import Simulation
from tests.simulate.test_simulate import File
from tests.support.histories import STANDARD


def outputs(file: File, topic: str, policy: Policy = STANDARD) -> list[dict[str, Any]]:
    found = Simulation(policy).work(file.lines).outputs
    return [json.loads(output.value) for output in found if output.topic == f"tier.{topic}"]


# --- payments in a currency without cents, and in one with a thousandth ---


@pytest.mark.parametrize(
    ("currency", "amount", "paid"),
    [
        ("JPY", "12345", ["61.00"]),  # 0.5% are 61.725
        ("JPY", "150", []),  # 0.75: nothing can be paid, so there is no trigger
        ("JPY", "200", ["1.00"]),
        ("KWD", "12.345", ["0.061"]),  # 0.061725
        ("KWD", "0.1999", []),
        ("KWD", "0.2", ["0.001"]),
        ("TWD", "12.345", ["0.06"]),
        ("CLF", "0.0200", ["0.0001"]),
    ],
)
def test_a_payment_is_rounded_down_to_the_minor_unit_of_its_currency(
    currency: str, amount: str, paid: list[str]
) -> None:
    policy = load_policy(
        f"""
        name = "pays"
        version = 1
        currency = "{currency}"
        tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "500000" }}]
        [[campaigns]]
        id = "cash-back"
        kind = "cash_back"
        per = "transaction"
        rate = "0.005"
        """
    )
    file = File()
    file.balance("K24", "1000", "2026-11-20T09:00:00+09:00", currency=currency)
    file.transaction("K24", amount, "2026-11-20T10:00:00+09:00", currency=currency)
    found = outputs(file, "campaigns", policy)
    assert [(trigger["amount"], trigger["currency"]) for trigger in found] == [(amount, currency) for amount in paid]
