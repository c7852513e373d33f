"""A bank's tier rules, compiled from the file (rules.py) into what the stream decides with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from streams.engine.calendar import Calendar, month_of, month_start
from streams.engine.problems import Problem
from streams.engine.rules import Holding, StrategyRule
from streams.engine.schedule import Schedule

if TYPE_CHECKING:  # what a policy does with a tier looks at the policy itself
    from streams.engine.campaigns import Campaign, Woken
    from streams.engine.risk import Risk

MARK_BITS = 32

Kind = Literal["total", "average", "month_end", "sum", "count", "score", "standing"]


class PolicyError(ValueError):
    """The policy cannot be used; the message says where, what is wrong and what is allowed: the first, and how many."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = len(problems) - 1
        rest = f" (and {more} more; `tierflow policy check` shows all of them with their lines)" if more else ""
        super().__init__(f"{problems[0]}{rest}")
        self.problems = tuple(problems)


class Measure(msgspec.Struct, frozen=True):
    """One figure of a customer. `window` is the number of the running sum that answers it, where there is one."""

    name: str
    kind: Kind
    of: Holding = "assets"
    types: frozenset[str] = frozenset()
    days: int = 0
    months: int = 0
    window: int | None = None

    def first_day(self, day: int, *, is_over: bool) -> int:
        """The first day that it looks at when the last one is `day`; whole months end with that day if it is over."""
        if self.days:
            return day - self.days + 1
        return month_start(month_of(day + is_over) - self.months)

    def last_day(self, day: int, *, is_over: bool) -> int:
        """The last day that it looks at."""
        return day if self.days else month_start(month_of(day + is_over)) - 1


class Term(msgspec.Struct, frozen=True):
    """A measure's part in the value."""

    measure: int
    weight_e4: int
    at_most_e16: int | None


class Condition(msgspec.Struct, frozen=True):
    """A measure (its number; None: the value) against an inclusive floor, or several conditions together."""

    measure: int | None = None
    at_least_e16: int = 0
    all: "tuple[Condition, ...] | None" = None
    any: "tuple[Condition, ...] | None" = None


class Floor(msgspec.Struct, frozen=True):
    """A floor of a tier's condition to enter or to keep it; a measure by its number, None for the value."""

    tier: str
    rule: Literal["enter", "keep"]
    measure: int | None
    at_least_e16: int


class Tier(msgspec.Struct, frozen=True):
    """A tier; the lowest has no condition to enter. keep: the condition to stay, where it is another one."""

    id: str
    enter: Condition | None
    keep: Condition | None
    strategy: StrategyRule


class Falling(msgspec.Struct, frozen=True):
    """How a tier is lost."""

    after_days: int
    after_months: int
    protection_days: int
    term_months: int
    grace_months: int
    to: Literal["earned", "one_step", "higher_of_last_two"]


class LookBack:
    """How far measures, and `days` at the least, look back. Remembers the newest answer; has no other state."""

    def __init__(self, measures: Sequence[Measure], days: int) -> None:
        self._measures = [measure for measure in measures if measure.days or measure.months]
        self._days = days
        self._answer: tuple[int | None, bool, int] = (None, False, 0)

    def oldest_day(self, day: int, *, is_over: bool = False) -> int:
        """The first day that is looked at when the last one is `day`, over or not; all before it can go."""
        if self._answer[0] != day or self._answer[1] != is_over:
            first_days = [measure.first_day(day, is_over=is_over) for measure in self._measures]
            self._answer = (day, is_over, min([day - self._days + 1, *first_days]))
        return self._answer[2]


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
    credit_share_e4: dict[str, int]
    caps: dict[str, int]  # by standing: the highest tier's index
    tiers: tuple[Tier, ...]
    floors_e16: tuple[int, ...] | None  # of the value, from the second tier up, where nothing else decides
    floors: tuple[Floor, ...]  # all that are looked at, from the lowest tier up
    held_measures: tuple[int | None, ...]  # those that are held against the floors to enter, the value (None) too
    keeps: bool  # whether any tier has a condition to stay of its own
    rank: dict[str, int]
    look_back: LookBack
    at_once: bool  # every event is rated, up and down
    moving_days: tuple[int, ...]  # the lengths of the windows of days of averages that are rated at once
    serves_earned: bool  # what is earned by the newest event is served at once: no tier is kept, and no fall put off
    timeless: bool  # time alone decides nothing but the end of a pin
    moving_months: bool  # whether measures of whole months are rated at once
    rises: Schedule
    falls: Schedule
    falling: Falling
    next_month: bool  # what is earned is served from the next month's beginning
    looked_at_types: frozenset[str]  # the types of transactions that a measure looks at
    kept_types: frozenset[str]  # the types of transactions that are kept by day
    history_days: int
    daily_totals: frozenset[Holding]  # the holdings whose daily closing totals are kept
    strategy_days: tuple[int, ...]  # between two of these days the services of all tiers stay the same
    campaigns: "tuple[Campaign, ...]"
    woken: "Woken"  # by what an event is: the campaigns that it concerns
    risk: "Risk | None"
