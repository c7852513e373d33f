"""Campaigns, compiled: what each kind goes by, whom it is for, and how often it may reach somebody.

What is done with them is in engine/campaigns, a module a kind.
"""

from typing import Literal

import msgspec

from streams.policy.measures import Measure

CampaignKind = Literal["gift", "cash_back", "near_tier", "dormant", "welcome", "at_risk", "fee_alert"]
BudgetPeriod = Literal["ever", "year", "month", "day"]


class Gift(msgspec.Struct, frozen=True, tag=True):
    """The first deposit, or balance, of at least so much, in the first days after the customer's first event."""

    tiers: frozenset[str]
    at_least_e16: int
    within_days: int
    amount_cents: int | None


class CashBack(msgspec.Struct, frozen=True, tag=True):
    """A share of the transactions of some types: of a whole month at its end, or of each at once."""

    tiers: frozenset[str]
    month: Measure  # their sum over a whole month
    at_least_e16: int
    rate_e4: int
    at_most_e16: int | None
    per_transaction: bool


class NearTier(msgspec.Struct, frozen=True, tag=True):
    """A figure has come near a higher tier's floor and stayed there for some days in a row."""

    tiers: frozenset[str]
    measure: int | None  # that the tier's floor is held against; None: the value
    at_least_e16: int
    floor_e16: int
    for_days: int
    every_days: int
    offer_days: int | None


class Dormant(msgspec.Struct, frozen=True, tag=True):
    """No transaction for some days, nor since the first event; once until the next transaction."""

    tiers: frozenset[str]
    days: int


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """An upgrade to one of the tiers."""

    tiers: frozenset[str]


class AtRisk(msgspec.Struct, frozen=True, tag=True):
    """Some days before the tier falls, if nothing changes."""

    tiers: frozenset[str]
    days_before: int


class FeeAlert(msgspec.Struct, frozen=True, tag=True):
    """A whole month below a floor, in a tier that asks it; at the month's end."""

    tiers: frozenset[str]
    measure: Measure
    below_e16: int


CampaignTerms = Gift | CashBack | NearTier | Dormant | Welcome | AtRisk | FeeAlert
"""What an offer of a campaign takes, by kind. tiers: whom it is for; none named: everybody."""


class Budget(msgspec.Struct, frozen=True):
    """What a campaign has in all, or in each period. None: no end."""

    triggers: int | None
    amount_cents: int | None
    per: BudgetPeriod


class Contact(msgspec.Struct, frozen=True):
    """How often campaigns together may approach a customer."""

    at_most: int | None
    in_days: int
    quiet_days: int


class Campaign(msgspec.Struct, frozen=True):
    """A campaign.

    contact: what it keeps to together with others. once: at most one trigger a customer. recalls: when a customer's
    newest trigger was is kept.
    """

    id: str
    kind: CampaignKind
    terms: CampaignTerms
    hold_out_e4: int
    salt: str
    budget: Budget | None
    contact: Contact | None
    once: bool
    recalls: bool


class WokenCampaigns(msgspec.Struct, frozen=True):
    """The campaigns that a kind of event concerns: where no tier was decided, where one was, where it changed."""

    undecided: tuple[Campaign, ...]
    decided: tuple[Campaign, ...]
    changed: tuple[Campaign, ...]


CampaignsByEvent = dict[str, WokenCampaigns]
"""By an event's word: a type of transaction, "balance", or "" for all others."""
