"""Services are valid from a day on and through another; what a tier change grants and withdraws goes by its day."""

import json
from datetime import date
from typing import Any

import pytest

from streams.contracts.changes import ChangeWriter, services_on
from streams.contracts.envelope import Envelope
from streams.policy.compile.services import read_day, strategy_days
from streams.values.events import TOPICS
from tests.support.one_customer import Customer, a_policy, at, balance

TIERS = """
[[tiers]]
id = "low"

[tiers.strategy]
services = [
    { id = "branch", kind = "channel", name = { en = "Branch" }, valid_until = "2026-01-31" },
    { id = "app", kind = "channel", name = { en = "App" } },
]

[[tiers]]
id = "mid"
at_least = "500000"

[tiers.strategy]
services = [
    { id = "app", kind = "channel", name = { en = "App" } },
    { id = "adviser", kind = "adviser", name = { en = "Adviser" }, valid_from = "2026-02-01" },
    { id = "fair", kind = "product", name = { en = "Fair" }, valid_from = "2026-02-10", valid_until = "2026-02-10" },
]
"""
POLICY = a_policy(TIERS)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("tier", "on", "services"),
    [
        (0, "2026-01-31", ["branch", "app"]),
        (0, "2026-02-01", ["app"]),
        (1, "2026-01-31", ["app"]),
        (1, "2026-02-01", ["app", "adviser"]),
        (1, "2026-02-09", ["app", "adviser"]),
        (1, "2026-02-10", ["app", "adviser", "fair"]),
        (1, "2026-02-11", ["app", "adviser"]),
    ],
)
def test_both_ends_are_included(tier: int, on: str, services: list[str]) -> None:
    assert [service.id for service in services_on(POLICY.tiers[tier].strategy, day(on))] == services


def test_strategies_change_with_the_day_that_begins_and_the_day_after_the_last() -> None:
    assert POLICY.strategy_days == (day("2026-02-01"), day("2026-02-10"), day("2026-02-11"))
    assert strategy_days([]) == ()


def test_a_date_that_was_told_to_be_wrong_is_no_error_here() -> None:
    assert [read_day(text) for text in ("1970-01-02", "2026-02-30", "")] == [1, 0, 0]


def changes(*balances: tuple[str, str]) -> list[dict[str, Any]]:
    customer = Customer(POLICY)
    customer.apply(*(balance(amount, at(when)) for when, amount in balances))
    writer = ChangeWriter(Envelope(POLICY, [f"bank.{topic}" for topic in TOPICS], 0, "/tierflow/test"))
    return [json.loads(writer.value(change, [1, 1, 1, 1, 1])) for change in customer.changes]


@pytest.mark.parametrize(
    ("when", "services", "granted", "withdrawn"),
    [
        ("2026-01-31T23:59:59.999", ["app"], [], ["branch"]),
        ("2026-02-01T00:00", ["app", "adviser"], ["adviser"], []),  # the branch is nobody's any more
        ("2026-02-10T12:00", ["app", "adviser", "fair"], ["adviser", "fair"], []),
        ("2026-02-11T00:00", ["app", "adviser"], ["adviser"], []),
    ],
)
def test_an_upgrade_grants_and_withdraws_what_is_valid_on_its_day(
    when: str, services: list[str], granted: list[str], withdrawn: list[str]
) -> None:
    strategy = changes(("2026-01-01", "1"), (when, "500000"))[1]["strategy"]
    assert [service["id"] for service in strategy["services"]] == services
    assert (strategy["granted"], strategy["withdrawn"]) == (granted, withdrawn)


def test_the_first_tier_grants_all_that_is_valid_and_withdraws_nothing() -> None:
    (first,) = changes(("2026-02-10T12:00", "500000"))
    assert (first["strategy"]["granted"], first["strategy"]["withdrawn"]) == (["app", "adviser", "fair"], [])


def test_a_service_goes_out_with_its_days_where_it_has_any() -> None:
    (first,) = changes(("2026-01-01", "1"))
    branch, app = first["strategy"]["services"]
    assert branch["valid_until"] == "2026-01-31"
    assert app["id"] == "app"


def test_one_writer_tells_each_day_its_own() -> None:
    told = changes(("2026-01-30", "500000"), ("2026-01-31", "1"), ("2026-02-01", "500000"), ("2026-02-01T01:00", "1"))
    assert [(change["strategy"]["granted"], change["strategy"]["withdrawn"]) for change in told] == [
        (["app"], []),
        (["branch"], []),
        (["adviser"], []),
        ([], ["adviser"]),
    ]
