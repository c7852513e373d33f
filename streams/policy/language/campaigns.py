"""Campaigns as a policy file writes them: which occasions there are, what each wants, whom it leaves in peace."""

from typing import Annotated, Literal

import msgspec

from streams.policy.campaigns import BudgetPeriod, CampaignKind
from streams.policy.language.words import Days, FloorText, Language, Part, Period, Title, TransactionType, Word

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class BudgetRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many triggers, and how much money, a campaign has in all, or in each period; nothing beyond is granted."""

    triggers: Count | None = None
    amount: FloorText | None = None
    per: BudgetPeriod = "ever"


class CampaignRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One campaign. Which words it takes beside id, kind, name, tiers, hold_out, salt and budget its kind says.

    gift: at_least, within_days, amount. cash_back: types, at_least, rate, at_most, per. near_tier: to, one of at_least,
    within and within_share, for_days, every_days, offer_days. dormant: without_transaction_days. welcome: nothing more;
    its tiers are those that are reached. at_risk: days_before. fee_alert: measure, below.
    """

    id: Word
    kind: CampaignKind
    name: dict[Language, str] = {}
    tiers: list[Word] = []  # whom it is for; nobody named: everybody
    at_least: FloorText | None = None
    within_days: Period | None = None
    amount: FloorText | None = None
    types: list[TransactionType] | None = None
    rate: Part | None = None
    at_most: FloorText | None = None
    per: Literal["month", "transaction"] | None = None
    to: Word | None = None
    within: FloorText | None = None
    within_share: Part | None = None
    for_days: Days | None = None
    every_days: Days | None = None
    offer_days: Period | None = None
    without_transaction_days: Period | None = None
    days_before: Period | None = None
    measure: Word | None = None
    below: FloorText | None = None
    hold_out: Part = "0"
    salt: Title | None = None  # None: the campaign's id
    budget: BudgetRule | None = None


class ContactRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a customer may be approached by these campaigns together, and how long each leaves them in peace."""

    campaigns: list[Word] = []
    at_most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    in_days: Period | None = None
    quiet_days: Days = 0
