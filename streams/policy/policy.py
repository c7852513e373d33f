"""The compiled policy: all that decisions go by, worked out once from the file."""

from typing import Literal

import msgspec

from streams.policy.campaigns import Campaign, CampaignsByEvent
from streams.policy.loans import LoanRules
from streams.policy.measures import Condition, Floor, Measure, Term
from streams.policy.schedule import Schedule
from streams.policy.services import Strategy
from streams.values.calendar import Calendar
from streams.values.products import Holding

MARK_BITS = 32


class Tier(msgspec.Struct, frozen=True):
    """A tier; the lowest has no condition to enter. keep: the condition to stay, where it is another one."""

    id: str
    enter: Condition | None
    keep: Condition | None
    strategy: Strategy


class Falling(msgspec.Struct, frozen=True):
    """How a tier is lost."""

    after_days: int
    after_months: int
    protection_days: int
    term_months: int
    grace_months: int
    to: Literal["earned", "one_step", "higher_of_last_two"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, ready to decide with. `mark` is a short form of the digest that every customer's state carries."""

    name: str
    version: int
    digest: str
    mark: int
    document: str
    currency: str
    calendar: Calendar
    to_value: dict[str, int]  # by currency: value_e16 of one ten-thousandth
    measures: tuple[Measure, ...]
    windows: tuple[Measure, ...]  # the measures that are answered by running sums, in their order
    terms: tuple[Term, ...]
    credit_share_e4: dict[str, int]  # by standing
    caps: dict[str, int]  # by standing: the highest tier's rank
    tiers: tuple[Tier, ...]  # by rank, the lowest first
    rank: dict[str, int]  # by tier
    floors_e16: tuple[int, ...] | None  # of the value, from the second tier up, where nothing else decides
    floors: tuple[Floor, ...]  # all that are looked at, from the lowest tier up
    held_measures: tuple[int | None, ...]  # those that are held against the floors to enter, the value (None) too
    keeps: bool  # whether any tier has a condition to stay of its own
    look_back_days: int  # how many days measures and rules for loans look back, today among them
    look_back_months: int  # and how many whole months
    rises: Schedule
    falls: Schedule
    rises_at_once: bool  # customers rise with the event that lets them
    falls_at_once: bool
    at_once: bool  # both
    falling: Falling
    next_month: bool  # what is earned is served from the next month's beginning
    counts_ratings: bool  # months below are counted by their ratings; otherwise they are a span of time
    ratings_looked_at: int  # how many of the last ratings a decision goes by, and so a correction has to rate anew
    serves_earned: bool  # what is earned by the newest event is served at once: no tier is kept, and no fall put off
    timeless: bool  # time alone decides nothing but the end of a pin
    moving_days: tuple[int, ...]  # the lengths of the windows of days of averages that are rated at once
    moving_months: bool  # whether measures of whole months are rated at once
    looked_at_types: frozenset[str]  # the types of transactions that a measure looks at
    kept_types: frozenset[str]  # the types of transactions that are kept by day
    history_days: int
    daily_totals: frozenset[Holding]  # the holdings whose daily closing totals are kept
    strategy_days: tuple[int, ...]  # between two of these days the services of all tiers stay the same
    campaigns: tuple[Campaign, ...]
    woken: CampaignsByEvent
    loan_rules: LoanRules | None
