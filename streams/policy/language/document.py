"""A policy file as it is written: its tables, their words, and the values these take (docs/policies.md#all-words)."""

from typing import Annotated, Literal

import msgspec

from streams.policy.language.campaigns import CampaignRule, ContactRule
from streams.policy.language.loans import RiskRule
from streams.policy.language.words import (
    DAYS_LIMIT,
    MONTHS_LIMIT,
    Currency,
    DateText,
    Days,
    FloorText,
    Language,
    Months,
    ProductWord,
    Rate,
    Share,
    Title,
    TransactionType,
    Weight,
    Word,
    YearDay,
    Zone,
)
from streams.policy.services import ServiceKind
from streams.values.products import Holding, Product
from streams.values.standings import Standing

When = Literal["at_once", "daily", "month_end"] | list[YearDay]


class MeasureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measure: exactly one of total, average, month_end, sum and count, over the last days or whole months."""

    total: Holding | None = None
    average: Holding | None = None
    month_end: Holding | None = None
    sum: list[TransactionType] | None = None
    count: list[TransactionType] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_LIMIT)] | None = None
    months: Annotated[int, msgspec.Meta(ge=1, le=MONTHS_LIMIT)] | None = None


class TermRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure's part in the value: its figure times a weight, at most so much."""

    measure: Word
    weight: Weight = "1"
    at_most: FloorText | None = None


class ValueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The value: the sum of the terms and, by credit standing, a share of the assets that is added or taken off."""

    terms: list[TermRule] = msgspec.field(default_factory=lambda: [TermRule(measure="assets")])
    credit: dict[Standing, Share] = {}


class ConditionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of these: a measure and its floor, the worst credit standing that is enough, or all or any of several."""

    measure: Word | None = None
    at_least: FloorText | None = None
    standing_at_least: Standing | None = None
    all: "list[ConditionRule] | None" = None
    any: "list[ConditionRule] | None" = None


class ServiceRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One service of a tier, from its first to its last local day, both included; None: no beginning, or no end."""

    id: Word
    kind: ServiceKind
    name: dict[Language, str]
    valid_from: DateText | None = None
    valid_until: DateText | None = None


class StrategyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tier is for, in the bank's words."""

    needs: list[str] = []
    services: list[ServiceRule] = []
    campaigns: list[str] = []
    risk_controls: list[str] = []


class TierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One tier; the first of the file is the lowest and has no condition to enter.

    at_least: the value's floor to enter, short for a condition in `enter`. keep: a condition that is enough to stay.
    """

    id: Word
    name: dict[Language, str] = {}
    at_least: FloorText | None = None
    enter: ConditionRule | None = None
    keep: ConditionRule | None = None
    strategy: StrategyRule = StrategyRule()


class RatingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When customers are rated, and from when on an earned tier is served."""

    when: When = "at_once"
    effect: Literal["at_once", "next_month"] = "at_once"


class FallingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a tier is lost: when customers are rated for it, after how long below the floor, and to which tier."""

    when: When | None = None  # None: as in [rating]
    after_days: Days = 0
    after_months: Months = 0
    protection_days: Days = 0
    term_months: Months = 0
    grace_months: Months = 0
    to: Literal["earned", "one_step", "higher_of_last_two"] = "earned"


class AccountsRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an account with several owners counts: wholly to the first, wholly to each, or to each its share."""

    joint: Literal["first", "each", "shares"] = "first"


class HistoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of customers beyond what the rules need, so that a later policy finds it."""

    transaction_days: Days = 0


class PolicyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole policy file."""

    name: Title
    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    currency: Currency
    tiers: list[TierRule]
    time_zone: Zone = "Asia/Taipei"
    rates: Literal["topic"] | dict[Currency, Rate] = {}
    products: dict[ProductWord, Product] = {}
    accounts: AccountsRule | None = None
    measures: dict[Word, MeasureRule] = {}
    value: ValueRule = ValueRule()
    caps: dict[Standing, Word] = {}
    rating: RatingRule = RatingRule()
    falling: FallingRule = FallingRule()
    history: HistoryRule = HistoryRule()
    campaigns: list[CampaignRule] = []
    contact: ContactRule = ContactRule()
    risk: RiskRule | None = None
