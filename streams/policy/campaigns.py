"""Campaigns, compiled: the terms of each kind, whom it is for, and how often it may reach a customer.

The rules are in docs/policies.md, from #campaigns-a-gift-a-welcome on; engine/campaigns works them, a module for each
kind. Amounts that are held against figures are `_e16` (units of 10**-16), those that are paid, and
shares, `_e4` (ten-thousandths).
"""

from typing import Literal

import msgspec

from streams.policy.measures import Measure

CampaignKind = Literal["gift", "cash_back", "near_tier", "dormant", "welcome", "at_risk", "fee_alert"]
BudgetPeriod = Literal["ever", "year", "month", "day"]


class Gift(msgspec.Struct, frozen=True, tag=True):
    """A gift for the first deposit or balance of at least so much, in the first days after a customer's first event.

    amount_e4: what is paid; None where the gift is no money.
    """

    tiers: frozenset[str]
    at_least_e16: int
    within_days: int
    amount_e4: int | None


CORRECTED_MONTHS = 3
"""So many months before the one that is paid, what comes late is in the payment."""


class CashBack(msgspec.Struct, frozen=True, tag=True):
    """A share of the transactions of some types: of a whole month after its end, or of each transaction at once.

    counted: their sum over a whole month; with per_transaction only its `types` are used. settles_after_days: from the
    month's end to its payment. basis: a mark of the types and of the rates, by which sums of two policies are told
    apart.
    """

    tiers: frozenset[str]
    counted: Measure
    at_least_e16: int
    rate_e4: int
    at_most_e16: int | None
    per_transaction: bool
    settles_after_days: int
    basis: int


class NearTier(msgspec.Struct, frozen=True, tag=True):
    """A figure that has been near a higher tier's floor for some days in a row (docs/policies.md#near-the-next-tier).

    measure: by its number, the figure that the tier's floor is for; None: the value. Near is from at_least_e16 up to
    floor_e16. every_days: from one trigger to the next; 0: once each time the figure comes near. offer_days: until the
    offer ends; None: it ends with the next rating by the calendar, if there is one.
    """

    tiers: frozenset[str]
    measure: int | None
    at_least_e16: int
    floor_e16: int
    for_days: int
    every_days: int
    offer_days: int | None


class Dormant(msgspec.Struct, frozen=True, tag=True):
    """No transaction for some days; where there was none yet, the days count from the customer's first event.

    It triggers once until the next transaction.
    """

    tiers: frozenset[str]
    days: int


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """An upgrade to one of the tiers, later than settles_ms after the customer's first event was heard; 0: any."""

    tiers: frozenset[str]
    settles_ms: int


class AtRisk(msgspec.Struct, frozen=True, tag=True):
    """A warning some days before the tier falls, if nothing changes."""

    tiers: frozenset[str]
    days_before: int


class FeeAlert(msgspec.Struct, frozen=True, tag=True):
    """A measure over a whole month that is below a floor; told at the month's end, to the tiers that pay a fee then."""

    tiers: frozenset[str]
    measure: Measure
    below_e16: int


CampaignTerms = Gift | CashBack | NearTier | Dormant | Welcome | AtRisk | FeeAlert
"""What a campaign of each kind goes by. `tiers`: the ids of the tiers that it is for; empty: everybody."""


class Budget(msgspec.Struct, frozen=True):
    """What a campaign may spend, ever or in each period. None: no limit."""

    triggers: int | None
    amount_e4: int | None
    per: BudgetPeriod


class Contact(msgspec.Struct, frozen=True):
    """How often a customer may get a trigger of several campaigns that count together.

    at_most: so many in in_days; None: no limit. quiet_days: after the newest one; 0: none.
    """

    at_most: int | None
    in_days: int
    quiet_days: int


class Campaign(msgspec.Struct, frozen=True):
    """A campaign, ready to be worked.

    hold_out_e4: the share of customers who are held out, picked by `salt`. contact: the limits that it shares with
    others; None: it is neither counted nor held back. once: at most one trigger for a customer, ever. recalls: the
    progress keeps when the newest trigger was.
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
    """The campaigns that one kind of event wakes, by what the event did to the customer's tier.

    undecided: the tier was not looked at. decided: it was, and stayed the same. changed: it is another one.
    """

    undecided: tuple[Campaign, ...]
    decided: tuple[Campaign, ...]
    changed: tuple[Campaign, ...]


BALANCE = "balance"
"""The word for a balance among the kinds of events that wake campaigns."""

CampaignsByEvent = dict[str, WokenCampaigns]
"""The campaigns to ask, by the kind of event: a type of transaction, BALANCE, or "" for every other event."""
