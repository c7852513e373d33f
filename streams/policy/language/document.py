"""A policy file as it is written: the words of the language, and which values they take (docs/policies.md)."""

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
from streams.values.products import Holding
from streams.values.standings import Standing

When = Literal["at_once", "daily", "month_end"] | list[YearDay]


class MeasureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measure: exactly one of total, average, month_end, sum, count; over the last days or whole months."""

    total: Holding | None = None
    average: Holding | None = None
    month_end: Holding | None = None
    sum: list[TransactionType] | None = None
    count: list[TransactionType] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_LIMIT)] | None = None
    months: Annotated[int, msgspec.Meta(ge=1, le=MONTHS_LIMIT)] | None = None


class TermRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure's part in the value: times its weight, at most so much."""

    measure: Word
    weight: Weight = "1"
    at_most: FloorText | None = None


class ValueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the floors of the tiers are held against: the terms' sum, adjusted by a share of the assets by standing."""

    terms: list[TermRule] = msgspec.field(default_factory=lambda: [TermRule(measure="assets")])
    credit: dict[Standing, Share] = {}


class ConditionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure that reaches a floor, a credit standing no worse than one, or all or any of several conditions."""

    measure: Word | None = None
    at_least: FloorText | None = None
    standing_at_least: Standing | None = None
    all: "list[ConditionRule] | None" = None
    any: "list[ConditionRule] | None" = None


class ServiceRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One service of a tier, in the bank's words; from a local day on, and until one, if these are given."""

    id: Word
    kind: ServiceKind
    name: dict[Language, str]
    valid_from: DateText | None = None
    valid_until: DateText | None = None


class StrategyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tier is for: needs, services, campaigns, risk controls."""

    needs: list[str] = []
    services: list[ServiceRule] = []
    campaigns: list[str] = []
    risk_controls: list[str] = []


class TierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One tier; the first of the file is the lowest and has no condition to enter.

    at_least: the value's floor to enter, short for a condition; keep: the condition to stay, where it is another one.
    """

    id: Word
    name: dict[Language, str] = {}
    at_least: FloorText | None = None
    enter: ConditionRule | None = None
    keep: ConditionRule | None = None
    strategy: StrategyRule = StrategyRule()


class RatingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When customers are rated, and when a tier that was earned is served."""

    when: When = "at_once"
    effect: Literal["at_once", "next_month"] = "at_once"


class FallingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a tier is lost: when that is looked at, after how long below, and to where."""

    when: When | None = None  # None: as rising
    after_days: Days = 0
    after_months: Months = 0
    protection_days: Days = 0
    term_months: Months = 0
    grace_months: Months = 0
    to: Literal["earned", "one_step", "higher_of_last_two"] = "earned"


class HistoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept beyond the needs of the rules, so that a later policy finds it."""

    transaction_days: Days = 0


class PolicyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: Title
    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    currency: Currency
    tiers: list[TierRule]
    time_zone: Zone = "Asia/Taipei"
    rates: dict[Currency, Rate] = {}
    measures: dict[Word, MeasureRule] = {}
    value: ValueRule = ValueRule()
    caps: dict[Standing, Word] = {}
    rating: RatingRule = RatingRule()
    falling: FallingRule = FallingRule()
    history: HistoryRule = HistoryRule()
    campaigns: list[CampaignRule] = []
    contact: ContactRule = ContactRule()
    risk: RiskRule | None = None
