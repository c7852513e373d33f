"""The compiled policy: all that decisions go by, worked out once from the file (compile/policy.py)."""

from typing import Literal

import msgspec

from streams.policy.campaigns import Campaign, CampaignsByEvent, NearTier
from streams.policy.loans import LoanRules
from streams.policy.measures import Condition, Floor, Measure, Term
from streams.policy.rates import Rates
from streams.policy.schedule import Schedule
from streams.policy.services import Strategy
from streams.values.calendar import Calendar
from streams.values.products import Holding, Product

MARK_BITS = 32
JointWord = Literal["first", "each", "shares"]


class Tier(msgspec.Struct, frozen=True):
    """A tier.

    enter: the condition to enter; None in the lowest. keep: a condition that is enough to stay; None: only `enter` is.
    """

    id: str
    enter: Condition | None
    keep: Condition | None
    strategy: Strategy


class Falling(msgspec.Struct, frozen=True):
    """How a tier is lost (docs/policies.md#losing-a-tier-days-below-protection); 0 where a rule is not used."""

    after_days: int
    after_months: int
    protection_days: int
    term_months: int
    grace_months: int
    to: Literal["earned", "one_step", "higher_of_last_two"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, ready to decide with.

    mark: a short hash of the digest. Each customer's state carries that of the policy that rated the customer last.
    """

    name: str
    version: int
    digest: str
    mark: int
    document: str
    currency: str
    calendar: Calendar
    joint: JointWord  # how an account with several owners counts to each of them
    products: dict[str, Product]  # by word, in small letters: the file's own and those that every policy knows
    to_value: dict[str, int]  # by currency: one ten-thousandth of it in the policy's currency, e16
    measures: tuple[Measure, ...]
    windows: tuple[Measure, ...]  # the measures that running sums answer, by their window's number
    terms: tuple[Term, ...]
    credit_share_e4: dict[str, int]  # by standing: the share of the assets that is added, or taken off
    caps: dict[str, int]  # by standing: the rank of the highest tier
    tiers: tuple[Tier, ...]  # by rank, the lowest first
    rank: dict[str, int]  # by tier id
    floors_e16: tuple[int, ...] | None  # the value's, from the second tier up; None: other conditions decide
    floors: tuple[Floor, ...]  # of all conditions, from the lowest tier up
    held_measures: tuple[int | None, ...]  # those with a floor to enter; None among them: the value
    keeps: bool  # whether any tier has a condition to stay
    look_back_days: int  # how many days anything is looked back, today included
    look_back_months: int  # how many whole months measures look back
    closing_days: int  # how many days closing totals are looked at, today included
    closing_months: int  # how many whole months of closing totals measures look at
    paid_months: int  # how many whole months transactions are kept for payments and what comes late for them
    rises: Schedule  # when a tier can be gained
    falls: Schedule  # when a tier can be lost
    rises_at_once: bool  # an event is enough to gain a tier, without a rating by the calendar
    falls_at_once: bool  # the same, to lose one
    at_once: bool  # both
    by_calendar: bool  # neither
    standings_count_then: bool  # by_calendar, and the rules look at credit standings: at those of a rating's own time
    falling: Falling
    next_month: bool  # an earned tier is served from the beginning of the next month on
    counts_ratings: bool  # months below are a number of ratings; otherwise they are a span of time
    ratings_looked_at: int  # how many of the last ratings a decision, and so a correction, goes by
    serves_earned: bool  # the earned tier is always served at once: nothing keeps a tier or puts a fall off
    stands_between_floors: bool  # a decision changes nothing while figures pass no floor and nothing falls due
    timeless: bool  # time alone decides nothing but the end of a pin
    moving_days: tuple[int, ...]  # the lengths of the averages over days that events look at
    moving_months: bool  # whether events look at measures of whole months
    looked_at_types: frozenset[str]  # the types of transactions that can move a figure of the tiers
    kept_types: frozenset[str]  # the types of transactions that are kept, by day
    daily_totals: frozenset[Holding]  # the holdings whose daily closing totals are kept
    strategy_days: tuple[int, ...]  # between two of these days the services of all tiers stay the same
    campaigns: tuple[Campaign, ...]
    woken: CampaignsByEvent
    near: dict[str, NearTier]  # by campaign id: those that follow a figure, to note since when it has been near a floor
    loan_rules: LoanRules | None  # None: loans are not looked at
    rates: Rates | None = None  # those of a topic (day_rates.py); None: `to_value` has the file's own
