"""The tables of campaigns and contact limits, as a policy file writes them (docs/policies.md#all-words)."""

from typing import Annotated, Literal

import msgspec

from streams.policy.campaigns import BudgetPeriod, CampaignKind
from streams.policy.language.words import Days, FloorText, Language, Part, Period, Seconds, Title, TransactionType, Word

SETTLES_S = 60
"""How long upgrades of a new customer are not welcomed, if the file does not say it."""

SettlingDays = Annotated[int, msgspec.Meta(ge=0, le=60)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class BudgetRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many triggers, and how much money, a campaign may spend, ever or in each period; no more is granted."""

    triggers: Count | None = None
    amount: FloorText | None = None
    per: BudgetPeriod = "ever"


class CampaignRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One campaign. All kinds take id, kind, name, tiers, hold_out, salt and budget; the other words depend on kind.

    gift: at_least, within_days, amount. cash_back: types, at_least, rate, at_most, per, settles_after_days. near_tier:
    to, one of at_least, within and within_share, for_days, every_days, offer_days. dormant: without_transaction_days.
    welcome: settles_seconds; its tiers are those that are reached. at_risk: days_before. fee_alert: measure, below.
    What a kind needs, and does not take, is checked in compile/campaigns.py.
    """

    id: Word
    kind: CampaignKind
    name: dict[Language, str] = {}
    tiers: list[Word] = []  # whom it is for; empty: everybody
    at_least: FloorText | None = None
    within_days: Period | None = None
    amount: FloorText | None = None
    types: list[TransactionType] | None = None
    rate: Part | None = None
    at_most: FloorText | None = None
    per: Literal["month", "transaction"] | None = None
    settles_after_days: SettlingDays | None = None
    to: Word | None = None
    within: FloorText | None = None
    within_share: Part | None = None
    for_days: Days | None = None
    every_days: Days | None = None
    offer_days: Period | None = None
    without_transaction_days: Period | None = None
    settles_seconds: Seconds | None = None
    days_before: Period | None = None
    measure: Word | None = None
    below: FloorText | None = None
    hold_out: Part = "0"
    salt: Title | None = None  # None: the campaign's id
    budget: BudgetRule | None = None


class ContactRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a customer may get triggers of these campaigns together, and for how many days after each none."""

    campaigns: list[Word] = []
    at_most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    in_days: Period | None = None
    quiet_days: Days = 0
