import pytest

from streams.engine.case import Case
from streams.engine.measures.figures import figures_of
from streams.engine.measures.windows import sum_anew
from streams.engine.state import CustomerState
from streams.engine.tiers.decide import decide
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.events import Event
from streams.values.standings import Standing
from tests.support.one_customer import (
    ASSETS_ONLY,
    DAY_MS,
    PLAIN,
    STANDARD,
    Customer,
    at,
    balance,
    credit,
    e16,
    pin,
    transaction,
)

NOON = at("2026-11-24T12:00")

FLOORS = [
    ("-1", "low"),
    ("0", "low"),
    ("499999.9999", "low"),
    ("499999.99", "low"),
    ("500000", "mid"),
    ("500000.0001", "mid"),
    ("4999999.99", "mid"),
    ("4999999.9999", "mid"),
    ("5000000", "high"),
    ("5000000.01", "high"),
    ("99999999999999.9999", "high"),
]


@pytest.mark.parametrize(("assets", "tier"), FLOORS)
@pytest.mark.parametrize("policy", [STANDARD, ASSETS_ONLY], ids=["standard", "assets-only"])
def test_a_floor_includes_the_number_itself(policy: Policy, assets: str, tier: str) -> None:
    customer = Customer(policy)
    (change,) = customer.apply(balance(assets, NOON))
    assert (change.direction, change.tier, change.earned_tier) == ("initial", tier, tier)


@pytest.mark.parametrize(
    ("events", "tier"),
    [
        # 450,000 + 1% of the volume, at most 50,000
        ([balance("450000", NOON), transaction("4999999.9999", NOON)], "low"),
        ([balance("450000", NOON), transaction("5000000", NOON)], "mid"),
        ([balance("449999.9999", NOON), transaction("90000000", NOON)], "low"),
        # poor takes a tenth off
        ([balance("555555.5555", NOON), credit("poor", NOON)], "low"),
        ([balance("555555.5556", NOON), credit("poor", NOON)], "mid"),
        # 31.5 TWD for a dollar: 500,000 lies between two amounts of 4 decimals
        ([balance("15873.0158", NOON, currency="USD")], "low"),
        ([balance("15873.0159", NOON, currency="USD")], "mid"),
        # an overdraft of 0.01
        ([balance("500000", NOON, "a"), balance("-0.01", NOON, "b")], "low"),
    ],
)
def test_the_value_is_compared_before_it_is_rounded(events: list[Event], tier: str) -> None:
    customer = Customer()
    customer.apply(*events)
    # A fall would wait for its grace: what is earned is known at once.
    assert customer.state.earned_tier == tier
    assert Customer(PLAIN).apply(*events)[-1].tier == tier


@pytest.mark.parametrize(
    ("standing", "tier"),
    [(None, "high"), ("excellent", "high"), ("good", "high"), ("fair", "high"), ("poor", "mid"), ("default", "low")],
)
def test_default_caps_the_tier_at_low_and_poor_lowers_the_value(standing: Standing | None, tier: str) -> None:
    assert earned("5000000", standing, STANDARD) == tier


def earned(assets: str, standing: Standing | None, policy: Policy) -> str | None:
    customer = Customer(policy)
    customer.apply(*[] if standing is None else [credit(standing, NOON)], balance(assets, NOON))
    return customer.state.earned_tier


def test_a_cap_does_not_lift() -> None:
    capped = load_policy(STANDARD.document.replace('default = "low"', 'default = "mid"'))
    assert earned("1", "default", capped) == "low"
    assert earned("9000000", "default", capped) == "mid"


def test_a_policy_may_cap_those_without_a_standing() -> None:
    # No standing counts as good.
    capped = load_policy(STANDARD.document.replace('default = "low"', 'good = "mid"'))
    assert earned("9000000", None, capped) == "mid"


@pytest.mark.parametrize("days", [0, 1, 89, 200])
def test_default_takes_the_tier_at_once_past_grace_and_protection(days: int) -> None:
    customer = Customer()
    customer.apply(balance("1", NOON), balance("9000000", NOON + 1))
    (change,) = customer.apply(credit("default", NOON + 2 + days * DAY_MS))
    assert (change.direction, change.tier, change.reason) == ("downgrade", "low", "credit_changed")
    (change,) = customer.apply(credit("good", NOON + 3 + days * DAY_MS))
    assert (change.direction, change.tier, change.reason) == ("upgrade", "high", "credit_changed")


def test_the_cap_passes_the_grace_that_already_runs() -> None:
    customer = Customer()
    customer.apply(balance("9000000", NOON), balance("1", NOON + 1))
    (change,) = customer.apply(credit("default", NOON + 2))
    assert (change.tier, change.reason) == ("low", "credit_changed")
    assert customer.wait(NOON + 400 * DAY_MS) == []


def test_a_change_carries_what_it_was_decided_on() -> None:
    customer = Customer()
    customer.apply(credit("poor", NOON))
    (change,) = customer.apply(balance("600000", NOON + 1))
    assert change.figures == figures_of((e16("600000"), 0), e16("600000"), 0, e16("-60000"))
    assert (change.standing, change.previous_tier, change.sequence) == ("poor", "low", 2)
    assert (change.decided_at_ms, change.reason) == (NOON + 1, "threshold_crossed")
    assert change.cause is not None
    assert change.cause.occurred_at_ms == NOON + 1


def test_the_same_tier_again_is_no_change() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON))
    assert customer.apply(balance("700000", NOON + 1), balance("500000", NOON + 2)) == []
    assert customer.state.sequence == 1


def test_a_tier_may_be_jumped_over() -> None:
    customer = Customer(PLAIN)
    customer.apply(balance("1", NOON), balance("5000000", NOON + 1), balance("0", NOON + 2))
    assert [(change.direction, change.previous_tier, change.tier) for change in customer.changes] == [
        ("initial", None, "low"),
        ("upgrade", "low", "high"),
        ("downgrade", "high", "low"),
    ]


def test_a_pin_is_served_and_the_earned_tier_is_told_beside_it() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON))
    (change,) = customer.apply(pin("high", NOON + 1, NOON + 1_000))
    assert (change.tier, change.earned_tier) == ("high", "mid")
    customer.apply(balance("1", NOON + 2))
    assert (customer.state.tier, customer.state.earned_tier) == ("high", "low")


def test_a_pin_on_a_tier_that_the_policy_no_longer_has_is_passed_over() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON), pin("high", NOON, NOON + 10))
    customer.policy = load_policy(STANDARD.document.replace('id = "high"', 'id = "top"'))
    (change,) = customer.apply(balance("600001", NOON + 1))
    assert (change.tier, change.reason) == ("mid", "policy_changed")


def test_decided_at_never_goes_back_for_a_customer() -> None:
    state = CustomerState(tier="low", decided_at_ms=NOON, assets_e4_by_currency={"TWD": 10**10})
    sum_anew(state, STANDARD.calendar.day_of(NOON), STANDARD)
    case = Case(state, "C", STANDARD, NOON - 5)
    decide(case)
    assert case.change is not None
    assert case.change.decided_at_ms == NOON


def test_a_fall_that_waits_is_earned_at_once_and_served_later() -> None:
    customer = Customer()
    customer.apply(balance("600000", NOON))
    assert customer.apply(balance("1", NOON + 1)) == []
    assert (customer.state.tier, customer.state.earned_tier) == ("mid", "low")
    (change,) = customer.wait(NOON + 400 * DAY_MS)
    assert (change.tier, change.earned_tier, change.reason, change.cause) == ("low", "low", "grace_ended", None)
    assert change.decided_at_ms == NOON + 1 + 30 * DAY_MS
