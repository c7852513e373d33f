"""The bank as a whole: tiers, flows between them, rates by minute, campaigns, loans."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.console.answers.policies import PolicyInForce
from streams.console.answers.texts import Names


class TierCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers a tier has. share: of all, as a part of 1."""

    id: str
    names: Names
    customers: int
    share: str


class Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """The tiers, the lowest first. complete: false while the index is being made."""

    tiers: list[TierCount]
    customers: int
    complete: bool
    policy: PolicyInForce | None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many tier changes went from a tier to another. previous_tier: null for customers' first tiers."""

    previous_tier: str | None
    tier: str
    direction: str
    changes: int


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """The tier changes of a time, from its first instant to before its last."""

    from_: str = msgspec.field(name="from")
    to: str
    flows: list[Flow]


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided in a minute."""

    at: str
    upgrades: int
    downgrades: int
    initial: int
    triggers: int
    decisions: int
    alerts: int


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """A point a minute, the oldest first."""

    points: list[Rate]


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's budget. limit: what the policy says; granted: triggers since the period began; since: null: ever."""

    limit: Mapping[str, Any]
    granted: int
    since: str | None


class CampaignNow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign, and its triggers so far. kind: null where the policy in force has it no more."""

    id: str
    kind: str | None
    names: Names
    treated: int
    held_out: int
    newest_at: str | None
    budget: Budget | None


class Campaigns(msgspec.Struct, frozen=True, kw_only=True):
    """The campaigns of the policy in force, then others that have had triggers."""

    items: list[CampaignNow]


class LoanMessages(msgspec.Struct, frozen=True, kw_only=True):
    """A page of loan decisions or alerts, as docs/messages.md has them, the newest first."""

    items: list[msgspec.Raw]
    next: str | None
