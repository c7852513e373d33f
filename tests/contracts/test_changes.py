import json
from typing import Any

import msgspec
import pytest

from streams.contracts.changes import ChangeWriter
from streams.contracts.envelope import Envelope
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import TierChange
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES, CURRENT
from streams.policy.compile.load import load_policy
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, TRANSACTIONS, Cause
from tests.support.wire_messages import AT_MS, INPUTS, POLICY, value, worked

ONE = 10**16
DAY_MS = 86_400_000

# The example of the contract, as it stands there, but for the strategy and the digest.
EXAMPLE = {
    "id": "C001:3",
    "customer_id": "C001",
    "sequence": 3,
    "direction": "upgrade",
    "previous_tier": "low",
    "tier": "mid",
    "earned_tier": "mid",
    "reason": "threshold_crossed",
    "decided_at": "2026-11-24T09:30:00.125+08:00",
    "backfill": False,
    "value": "512345.00",
    "currency": "TWD",
    "components": {"assets": "500000.00", "activity": "12345.00", "credit": "0.00"},
    "next_tier": {"tier": "high", "missing": "4487655.00"},
    "cause": {
        "event_id": "b17",
        "topic": "bank.balances",
        "partition": 2,
        "offset": 1234,
        "occurred_at": 1795483800125,
    },
    "positions": {"bank.balances": 1234, "bank.transactions": 98765},
}
CHANGE = TierChange(
    customer_id="C001",
    sequence=3,
    direction="upgrade",
    previous_tier="low",
    tier="mid",
    earned_tier="mid",
    reason="threshold_crossed",
    decided_at_ms=AT_MS,
    figures=figures_of((500_000 * ONE, 1_234_500 * ONE), 500_000 * ONE, 12_345 * ONE, 0),
    standing=None,
    cause=Cause("b17", BALANCES, 1234, AT_MS),
)
NEXT_OFFSETS = (1235, 98766, 0, 0, 0)


def writer(**policy: Any) -> ChangeWriter:
    return ChangeWriter(Envelope(msgspec.structs.replace(POLICY, **policy), INPUTS, 2, "/tierflow/2"))


def written(**fields: Any) -> dict[str, Any]:
    change = msgspec.structs.replace(CHANGE, **fields)
    message: dict[str, Any] = json.loads(writer().value(change, NEXT_OFFSETS))
    return message


def floors(message: dict[str, Any]) -> list[tuple[str, str, bool]]:
    found = [condition for condition in message["conditions"] if condition["measure"] == "value"]
    return [(condition["is"], condition["at_least"], condition["met"]) for condition in found]


# --- the fields ------------------------------------------------------------------------------------------------------


def test_the_example_of_the_contract_is_written_so() -> None:
    message = written()
    strategy = {"needs", "services", "campaigns", "risk_controls", "granted", "withdrawn"}
    assert set(message.pop("strategy")) == strategy
    assert message.pop("policy") == {"name": "standard", "version": 1, "digest": POLICY.digest}
    assert {"measure": "value", "is": "512345.00", "at_least": "500000.00", "met": True}.items() <= (
        message.pop("conditions")[0].items()
    )
    assert message == EXAMPLE


def test_the_fields_come_in_the_order_of_the_contract() -> None:
    assert [name for name in written() if name in EXAMPLE] == list(EXAMPLE)


@pytest.mark.parametrize(
    ("zone", "at_ms", "decided_at"),
    [
        ("Asia/Taipei", AT_MS, "2026-11-24T09:30:00.125+08:00"),
        ("Asia/Taipei", AT_MS - 125, "2026-11-24T09:30:00+08:00"),
        ("America/New_York", AT_MS, "2026-11-23T20:30:00.125-05:00"),
        ("America/New_York", AT_MS - 180 * DAY_MS, "2026-05-27T21:30:00.125-04:00"),
        ("UTC", AT_MS - 125, "2026-11-24T01:30:00+00:00"),
        ("Asia/Kathmandu", AT_MS - 25, "2026-11-24T07:15:00.100+05:45"),
    ],
)
def test_times_have_the_offset_of_the_policys_zone(zone: str, at_ms: int, decided_at: str) -> None:
    document = POLICY.document.replace("Asia/Taipei", zone)
    local = ChangeWriter(Envelope(load_policy(document), INPUTS, 2, "/tierflow/2"))
    change = msgspec.structs.replace(CHANGE, decided_at_ms=at_ms)
    assert json.loads(local.value(change, NEXT_OFFSETS))["decided_at"] == decided_at
    assert dict(local.headers(change))["ce_time"] == decided_at.encode()


@pytest.mark.parametrize(
    ("value_e16", "text"),
    [
        (0, "0.00"),
        (ONE, "1.00"),
        (ONE // 10, "0.10"),
        (ONE // 1_000, "0.001"),
        (ONE // 10_000, "0.0001"),
        (ONE // 20_000, "0.0001"),
        (ONE // 20_000 - 1, "0.00"),
        (-(ONE // 20_000), "-0.0001"),
        (-(ONE // 20_000) + 1, "0.00"),
        (-1234 * ONE - ONE // 2, "-1234.50"),
        (500_000 * ONE - 1, "500000.00"),
        (10**14 * ONE * 2_000, "200000000000000000.00"),
    ],
)
def test_amounts_have_at_least_2_decimals_rounded_half_up(value_e16: int, text: str) -> None:
    message = written(figures=figures_of((value_e16, 0), value_e16, 0, 0))
    assert (message["value"], message["components"]["assets"]) == (text, text)


# --- why -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_e16", "met"),
    [
        (0, [False, False]),
        (500_000 * ONE - 1, [False, False]),
        (500_000 * ONE, [True, False]),
        (5_000_000 * ONE - 1, [True, False]),
        (5_000_000 * ONE, [True, True]),
    ],
)
def test_conditions_list_every_floor_met_or_not(value_e16: int, met: list[bool]) -> None:
    message = written(figures=figures_of((value_e16, 0), value_e16, 0, 0))
    assert [floor for _, floor, _ in floors(message)] == ["500000.00", "5000000.00"]
    assert [is_met for _, _, is_met in floors(message)] == met


def test_a_cap_that_holds_a_customer_down_is_a_condition_that_is_not_met() -> None:
    message = written(standing="default")
    found = [condition for condition in message["conditions"] if condition["measure"] == "standing"]
    assert [(condition["is"], condition["tier"], condition["met"]) for condition in found] == [
        ("default", "low", False)
    ]


@pytest.mark.parametrize(
    ("tier", "value_e16", "next_tier"),
    [
        ("low", 0, {"tier": "mid", "missing": "500000.00"}),
        ("low", 499_999 * ONE, {"tier": "mid", "missing": "1.00"}),
        ("low", -ONE, {"tier": "mid", "missing": "500001.00"}),
        ("low", 5_000_000 * ONE, {"tier": "mid", "missing": "0.00"}),  # capped or pinned
        ("mid", 500_000 * ONE, {"tier": "high", "missing": "4500000.00"}),
        ("high", 5_000_000 * ONE, None),
    ],
)
def test_the_next_tier_says_what_is_missing_and_there_is_none_above_the_top(
    tier: str, value_e16: int, next_tier: object
) -> None:
    assert written(tier=tier, figures=figures_of((value_e16, 0), value_e16, 0, 0))["next_tier"] == next_tier


MID = ["time-deposits-and-funds", "online-channels", "mobile-only-products"]
HIGH = ["wealth-plan", "one-to-one-adviser", "private-banking", "premium-medical-care", "education-planning"]


@pytest.mark.parametrize(
    ("previous", "tier", "granted", "withdrawn"),
    [
        (None, "mid", MID, []),
        ("low", "mid", MID, ["simple-processes", "basic-products"]),
        ("mid", "high", HIGH, MID),
        ("high", "mid", MID, HIGH),
        ("gone from the policy", "mid", MID, []),
    ],
)
def test_the_strategy_grants_and_withdraws_by_service(
    previous: str | None, tier: str, granted: list[str], withdrawn: list[str]
) -> None:
    strategy = written(previous_tier=previous, tier=tier)["strategy"]
    assert (strategy["granted"], strategy["withdrawn"]) == (granted, withdrawn)


def test_a_service_that_both_tiers_have_is_neither_granted_nor_withdrawn() -> None:
    document = POLICY.document.replace('id = "wealth-plan"', 'id = "online-channels"')
    both = ChangeWriter(Envelope(load_policy(document), INPUTS, 2, "/tierflow/2"))
    change = msgspec.structs.replace(CHANGE, previous_tier="mid", tier="high")
    strategy = json.loads(both.value(change, NEXT_OFFSETS))["strategy"]
    assert "online-channels" not in strategy["granted"] + strategy["withdrawn"]


def test_the_strategy_is_the_policys_with_services_in_the_banks_words() -> None:
    strategy = written(tier="high")["strategy"]
    assert strategy["needs"] == ["growth of wealth", "customised services"]
    assert strategy["campaigns"] == ["welcome-high", "stay"]
    assert strategy["risk_controls"] == ["large-loan-limit-10000000", "stricter-assessment-and-monitoring"]
    assert strategy["services"][0] == {
        "id": "wealth-plan",
        "kind": "plan",
        "name": {"zh": "專屬財富規劃", "en": "Exclusive wealth plan with a tailored portfolio"},
    }


def test_the_cause_is_null_where_time_alone_decided() -> None:
    work = worked(
        (BALANCES, value(BALANCES, balance='"1"')),
        (CUSTOMERS, value(CUSTOMERS, until=str(AT_MS + 1_000))),
        (CREDIT, value(CREDIT, as_of=str(AT_MS + DAY_MS))),
    )
    initial, pinned, ended = [json.loads(raw) for _, raw, _ in sent_to(work, CHANGES)]
    assert initial["cause"] == {
        "event_id": "e1",
        "topic": "bank.balances",
        "partition": 2,
        "offset": 0,
        "occurred_at": AT_MS,
    }
    assert (pinned["reason"], pinned["cause"]["topic"], pinned["earned_tier"]) == ("pin_set", "bank.customers", "low")
    assert (ended["reason"], ended["cause"]) == ("pin_ended", None)
    assert ended["decided_at"] == "2026-11-24T09:30:01.125+08:00"  # when it was due


def test_a_pin_of_the_tier_that_is_earned_changes_nothing() -> None:
    work = worked((BALANCES, value(BALANCES)), (CUSTOMERS, value(CUSTOMERS, tier='"mid"')))
    assert [json.loads(raw)["reason"] for _, raw, _ in sent_to(work, CHANGES)] == ["first_event"]


def test_positions_hold_the_topics_that_were_applied_by_their_real_names() -> None:
    named = ChangeWriter(
        Envelope(POLICY, ("a.balances", "a.transactions", "a.credit", "a.loans", "a.customers"), 2, "/x")
    )
    message = json.loads(named.value(CHANGE, (1, 0, 8, 0, 0)))
    assert message["positions"] == {"a.balances": 0, "a.credit": 7}
    assert message["cause"]["topic"] == "a.balances"


def test_a_change_from_a_transaction_carries_its_position() -> None:
    work = worked((BALANCES, value(BALANCES, balance='"499999.99"')), (TRANSACTIONS, value(TRANSACTIONS)))
    change = json.loads(sent_to(work, CHANGES)[-1][1])
    assert (change["value"], change["components"]["activity"]) == ("500000.115", "0.125")
    assert change["positions"] == {"bank.balances": 0, "bank.transactions": 0}


# --- the headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("customer", ["C001", "客戶001"])
def test_headers_are_cloudevents_in_binary_mode(customer: str) -> None:
    headers = writer().headers(msgspec.structs.replace(CHANGE, customer_id=customer))
    assert headers == [
        ("ce_id", f"{customer}:3".encode()),
        ("ce_source", b"/tierflow/2"),
        ("ce_type", b"tierflow.tier.changed.v1"),
        ("ce_time", b"2026-11-24T09:30:00.125+08:00"),
        ("ce_subject", customer.encode()),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
    ]


def test_changes_and_current_hold_the_same_and_are_keyed_by_customer() -> None:
    work = worked((BALANCES, value(BALANCES)))
    [(key, change, headers)] = sent_to(work, CHANGES)
    assert key == b"C001"
    assert sent_to(work, CURRENT)[0] is sent_to(work, CHANGES)[0]  # written once
    assert dict(headers)["ce_id"].decode() == json.loads(change)["id"]
