"""A policy file as it is written: the words of the language, and which values they take (docs/policies.md)."""

from typing import Literal

import msgspec

from streams.engine.events import Standing

Holding = Literal["assets", "loans"]


class MeasureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measure: exactly one of total, average, month_end, sum, count; over the last days or whole months."""

    total: Holding | None = None
    average: Holding | None = None
    month_end: Holding | None = None
    sum: list[str] | None = None
    count: list[str] | None = None
    days: int | None = None
    months: int | None = None


class TermRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure's part in the value: times its weight, at most so much."""

    measure: str
    weight: str = "1"
    at_most: str | None = None


class ValueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the floors of the tiers are held against: the terms' sum, adjusted by a share of the assets by standing."""

    terms: list[TermRule] = msgspec.field(default_factory=lambda: [TermRule(measure="assets")])
    credit: dict[Standing, str] = {}


class ConditionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure that reaches a floor, or all or any of several conditions."""

    measure: str | None = None
    at_least: str | None = None
    all: "list[ConditionRule] | None" = None
    any: "list[ConditionRule] | None" = None


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One service of a tier, in the bank's words."""

    id: str
    kind: str
    name: dict[str, str]


class StrategyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tier is for: needs, services, campaigns, risk controls."""

    needs: list[str] = []
    services: list[Service] = []
    campaigns: list[str] = []
    risk_controls: list[str] = []


class TierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One tier; the first of the file is the lowest and has no condition to enter.

    at_least: the value's floor to enter, short for a condition; keep: the condition to stay, where it is another one.
    """

    id: str
    name: dict[str, str] = {}
    at_least: str | None = None
    enter: ConditionRule | None = None
    keep: ConditionRule | None = None
    strategy: StrategyRule = StrategyRule()


class RatingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When customers are rated, and when a tier that was earned is served."""

    when: Literal["at_once", "daily", "month_end"] | list[str] = "at_once"
    effect: Literal["at_once", "next_month"] = "at_once"


class FallingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a tier is lost: when that is looked at, after how long below, and to where."""

    when: Literal["at_once", "daily", "month_end"] | list[str] | None = None  # None: as rising
    after_days: int = 0
    after_months: int = 0
    protection_days: int = 0
    term_months: int = 0
    grace_months: int = 0
    to: Literal["earned", "one_step", "higher_of_last_two"] = "earned"


class HistoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept beyond the needs of the rules, so that a later policy finds it."""

    transaction_days: int = 0


class PolicyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: str
    version: int
    currency: str
    tiers: list[TierRule]
    time_zone: str = "Asia/Taipei"
    rates: dict[str, str] = {}
    measures: dict[str, MeasureRule] = {}
    value: ValueRule = ValueRule()
    caps: dict[Standing, str] = {}
    rating: RatingRule = RatingRule()
    falling: FallingRule = FallingRule()
    history: HistoryRule = HistoryRule()
