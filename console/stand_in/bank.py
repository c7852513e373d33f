"""A made-up bank: customers with a history, always the same but for the time, which is now."""

import random
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

POLICY = Path(__file__).with_name("policy.toml")
TAIPEI = timezone(timedelta(hours=8))
DIGEST = "sha256:5a1d0c0ffee0000000000000000000000000000000000000000000000000cafe"
SIZES = {"basic": 412_806, "silver": 96_311, "gold": 21_847, "platinum": 2_904}
REASONS = {"upgrade": ["threshold_crossed"], "downgrade": ["grace_ended", "grace_ended", "credit_changed"]}


def when(ago: timedelta) -> str:
    """Gives a time in the bank's zone."""
    return (datetime.now(UTC) - ago).astimezone(TAIPEI).isoformat(timespec="seconds")


@dataclass(slots=True)
class Customer:
    """One customer. tiers: tier, how long ago, reason; the newest last."""

    id: str
    value: int
    tiers: list[tuple[str, timedelta, str]]
    pin: dict[str, str] | None = None
    consent: str = "opted_in"
    falls_in: timedelta | None = None
    protected_for: timedelta | None = None
    capped_by: str | None = None
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    loans: list[dict[str, Any]] = field(default_factory=list)


class Bank:
    """Policy, customers, dead letters and proposals."""

    def __init__(self) -> None:
        self.toml = POLICY.read_text()
        policy = tomllib.loads(self.toml)
        self.tiers: list[dict[str, Any]] = policy["tiers"]
        self.campaigns: list[dict[str, Any]] = policy["campaigns"]
        self.customers = {customer.id: customer for customer in _customers()}
        self.letters = _letters()
        self.proposals: list[dict[str, Any]] = []
        self.files = {DIGEST: self.toml}

    def names(self, tier: str) -> dict[str, str]:
        return next(found["name"] for found in self.tiers if found["id"] == tier)

    def floor(self, tier: str) -> int:
        return int(next(found for found in self.tiers if found["id"] == tier).get("at_least", "0"))

    def rank(self, tier: str) -> int:
        return [found["id"] for found in self.tiers].index(tier)

    def earned(self, value: int) -> str:
        return [found["id"] for found in self.tiers if self.floor(found["id"]) <= value][-1]


def _customers() -> list[Customer]:
    day = timedelta(days=1)
    told = [
        # Lost gold: the customer of the call-centre agent.
        Customer(
            "C001",
            1_318_400,
            [
                ("silver", 610 * day, "first_event"),
                ("gold", 402 * day, "threshold_crossed"),
                ("silver", 12 * day, "grace_ended"),
            ],
            campaigns=[
                _trigger("near-gold", "near_tier", 3 * day, missing="181600.00"),
                _trigger("welcome-gold", "welcome", 402 * day),
            ],
        ),
        # Gold, and below its floor: a grace runs.
        Customer(
            "C002",
            1_441_250,
            [("basic", 500 * day, "first_event"), ("gold", 200 * day, "threshold_crossed")],
            falls_in=9 * day,
            campaigns=[_trigger("stay", "at_risk", day // 2, missing="58750.00", due=when(-9 * day))],
        ),
        # Platinum by a pin, with a large loan that is watched.
        Customer(
            "C003",
            3_870_000,
            [("gold", 700 * day, "first_event"), ("platinum", 40 * day, "pin_set")],
            pin={
                "tier": "platinum",
                "until": when(-325 * day),
                "reason": "Founding member of the branch",
                "by": "Lin, branch 12",
                "at": when(40 * day),
            },
            loans=_loans(day),
        ),
        # Basic, does not want to hear of campaigns, kept apart for comparison.
        Customer(
            "C004",
            462_300,
            [("basic", 90 * day, "first_event")],
            consent="opted_out",
            campaigns=[_trigger("near-silver", "near_tier", 2 * day, missing="37700.00", group="held_out")],
        ),
        Customer("C005", 8_204_913, [("platinum", 30 * day, "first_event")], protected_for=60 * day),
    ]
    some = random.Random(7)
    for number in range(6, 60):
        value = int(some.choice([90_000, 260_000, 620_000, 1_700_000, 5_600_000]) * some.uniform(0.8, 1.4))
        tier = "platinum" if value >= 5e6 else "gold" if value >= 1.5e6 else "silver" if value >= 5e5 else "basic"
        told.append(Customer(f"C{number:03}", value, [(tier, some.randrange(2, 400) * day, "first_event")]))
    return told


def _trigger(campaign: str, kind: str, ago: timedelta, **filled: str) -> dict[str, Any]:
    return {
        "id": f"{campaign}:1",
        "campaign": campaign,
        "kind": kind,
        "sequence": 1,
        "tier": "silver",
        "group": "treated",
        "triggered_at": when(ago),
        "period": None,
        "amount": None,
        "currency": "TWD",
        "missing": None,
        "due": None,
        "cause": None,
        **filled,
    }


def _loans(day: timedelta) -> list[dict[str, Any]]:
    shared = {
        "loan_id": "L77",
        "tier": "platinum",
        "amount": "12000000.00",
        "currency": "TWD",
        "monitored_until": when(-150 * day),
    }
    return [
        {
            **shared,
            "id": "C003:L77:decision",
            "kind": "decision",
            "outcome": "enhanced",
            "customer": "known",
            "decided_at": when(30 * day),
            "conditions": [
                {
                    "measure": "amount",
                    "is": "12000000.00",
                    "at_least": "10000000.00",
                    "outcome": "enhanced",
                    "met": True,
                },
                {"measure": "standing", "is": "good", "equals": "poor", "outcome": "enhanced", "met": False},
            ],
        },
        {
            **shared,
            "id": "C003:L77:alert:1",
            "kind": "alert",
            "reason": "assets_fell",
            "decided_at": when(4 * day),
            "conditions": [{"measure": "assets", "is": "3870000.00", "at_most": "4120000.00", "met": True}],
        },
    ]


def _letters() -> list[dict[str, Any]]:
    told = [
        ("invalid_field", "bank.balances", "at `$.balance`: more than 4 decimals"),
        ("unknown_currency", "bank.transactions", "the policy has no rate for KRW"),
        ("malformed", "bank.loans", "not a JSON object: invalid character at byte 4"),
        ("key_mismatch", "bank.credit", "the key is not the customer_id of the value"),
        ("future_event", "bank.balances", "36 hours ahead of the wall clock"),
    ]
    made = []
    for number in range(64):
        reason, topic, detail = told[number * 7 % 5]
        made.append(
            {
                "id": f"{topic}-{number % 4}-{9000 + number}",
                "at": when(timedelta(minutes=3 + 17 * number)),
                "topic": topic,
                "partition": number % 4,
                "offset": 9000 + number,
                "reason": reason,
                "detail": detail,
            }
        )
    return made
