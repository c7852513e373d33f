"""What is an occasion for a campaign, by kind: a first deposit, a month's purchases, a tier in reach, a long silence.

Each kind looks at a customer after every event and whenever its own time has come, once the tier is decided:

    event or time -> fold -> decide -> look -> an offer, or none

A look keeps what it needs in its Course. once: at most one trigger a customer; recalls: the newest trigger is kept.
A span of days is over at the same local time so many days later.
Most events concern few kinds: each says what wakes it, beside its own time and another policy, which wake all.
"""

from typing import ClassVar

import msgspec

from streams.engine.calendar import month_of
from streams.engine.decide import TierChange
from streams.engine.events import TRANSACTION_TYPES, Balance, Cause, Event, Transaction
from streams.engine.explain import figure_of
from streams.engine.measures import Figures, measure_one
from streams.engine.money import ONE_SHARE, Figure, cents_of
from streams.engine.outlook import figures_now, pass_time
from streams.engine.policy import Condition, Measure, Policy
from streams.engine.state import NEVER_MS, Course, CustomerState
from streams.engine.tenure import falls_due_ms


class Scene(msgspec.Struct, gc=False, kw_only=True):
    """What has happened to a customer, and what was decided. event None: time alone, or another policy.

    figures: those of the decision, None where nothing was decided. begins: the first look under this policy.
    moves: whether some campaign looks at another time than before.
    """

    state: CustomerState
    customer_id: str
    policy: Policy
    now_ms: int
    is_history: bool
    event: Event | None = None
    cause: Cause | None = None
    change: TierChange | None = None
    figures: Figures | None = None
    tier_before: str | None = None
    begins: bool = False
    moves: bool = False

    def is_for(self, tiers: frozenset[str]) -> bool:
        """Whether the customer is served one of the tiers now; none named: any."""
        return not tiers or self.state.tier in tiers


class Waking(msgspec.Struct, frozen=True):
    """What may wake a kind of campaign. word: the type of a transaction, balance, or empty."""

    word: str
    decided: bool  # the tier was looked at
    changed: bool  # and is another one


class Offer(msgspec.Struct, frozen=True, gc=False):
    """An occasion has come."""

    period: str | None = None
    amount_cents: int | None = None
    missing: Figure | None = None
    due_ms: int | None = None


class Gift(msgspec.Struct, frozen=True, tag=True):
    """The first deposit, or balance, of at least so much, in the first days after the customer's first event."""

    tiers: frozenset[str]
    at_least_e16: int
    within_days: int
    amount_cents: int | None
    once: ClassVar[bool] = True
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By what brings money in."""
        return by.word in {"balance", "deposit"}

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """settled_ms: when the first deposit came; whatever became of it, there is no other first one."""
        event, state = scene.event, scene.state
        if course.settled_ms is not None or event is None or not scene.is_for(self.tiers):
            return None
        amount_e16 = _brought_in_e16(event, state, scene.policy)
        if amount_e16 < self.at_least_e16:
            return None
        course.settled_ms = scene.now_ms
        first_ms = event.at_ms if state.first_event_ms is None else state.first_event_ms
        if event.at_ms > scene.policy.calendar.days_later_ms(first_ms, self.within_days):
            return None
        return Offer(amount_cents=self.amount_cents)


class CashBack(msgspec.Struct, frozen=True, tag=True):
    """A share of the transactions of some types: of a whole month at its end, or of each at once."""

    tiers: frozenset[str]
    month: Measure  # their sum over a whole month
    at_least_e16: int
    rate_e4: int
    at_most_e16: int | None
    per_transaction: bool
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By what it counts, and by another tier."""
        return by.word in self.month.types or (by.changed and not self.per_transaction)

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """looks_at_ms: the end of a month, where there is something to look at."""
        event, policy = scene.event, scene.policy
        counts = isinstance(event, Transaction) and event.type in self.month.types
        if self.per_transaction:
            if not counts or not isinstance(event, Transaction) or event.is_reversal or not scene.is_for(self.tiers):
                return None
            return self._offer(event.amount_e4 * policy.to_value.get(event.currency, 0), None)
        if course.looks_at_ms is None:
            has_come = scene.change is not None and scene.change.direction != "initial"
            if not scene.is_for(self.tiers) or not (counts or scene.begins or has_come):
                return None
            course.looks_at_ms = self._month_ends_ms(scene)
        if course.looks_at_ms > scene.now_ms:
            return None
        last_day = policy.calendar.day_of(course.looks_at_ms) - 1
        goes_on = bool(scene.state.days) and max(scene.state.days) > last_day  # transactions ahead of the clock
        course.looks_at_ms = policy.calendar.next_month_begins_ms(scene.now_ms) if goes_on else None
        if not scene.is_for(self.tiers):
            return None
        spent = measure_one(scene.state, self.month, policy, last_day, is_over=True)
        return self._offer(int(spent), _month_text(last_day))

    def _month_ends_ms(self, scene: Scene) -> int:
        """The end of the month that runs; that of the last one, where the tier has come with it, by time alone."""
        calendar, now_ms = scene.policy.calendar, scene.now_ms
        if scene.event is None and not scene.begins and calendar.month_begins_ms(now_ms) == now_ms:
            return now_ms
        return calendar.next_month_begins_ms(now_ms)

    def _offer(self, spent_e16: int, period: str | None) -> Offer | None:
        if spent_e16 < self.at_least_e16:
            return None
        amount_e16 = spent_e16 * self.rate_e4 // ONE_SHARE
        if self.at_most_e16 is not None:
            amount_e16 = min(amount_e16, self.at_most_e16)
        cents = cents_of(amount_e16)
        return Offer(period=period, amount_cents=cents) if cents > 0 else None


class NearTier(msgspec.Struct, frozen=True, tag=True):
    """A figure has come near a higher tier's floor and stayed there for some days in a row."""

    tiers: frozenset[str]
    measure: int | None  # that the tier's floor is held against; None: the value
    at_least_e16: int
    floor_e16: int
    for_days: int
    every_days: int
    offer_days: int | None
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = True

    def is_woken(self, by: Waking) -> bool:
        """By new figures."""
        return by.decided

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """since_ms: since when it is near. Looked at again every_days after a trigger, if it is near still."""
        if scene.figures is not None:
            self._follow(scene, scene.figures, course)
        if course.looks_at_ms is None or course.looks_at_ms > scene.now_ms:
            return None
        figures = scene.figures or figures_now(scene.state, scene.policy, scene.now_ms).figures
        self._follow(scene, figures, course)  # rated by the calendar, it can have left since
        if course.looks_at_ms is None:
            return None
        days_later_ms = scene.policy.calendar.days_later_ms
        course.looks_at_ms = days_later_ms(scene.now_ms, self.every_days) if self.every_days else None
        return Offer(missing=self.floor_e16 - figure_of(self.measure, figures), due_ms=self._due_ms(scene))

    def _follow(self, scene: Scene, figures: Figures, course: Course) -> None:
        near = scene.is_for(self.tiers) and self.at_least_e16 <= figure_of(self.measure, figures) < self.floor_e16
        if not near:
            course.looks_at_ms = course.since_ms = None
        elif course.since_ms is None:
            calendar, course.since_ms = scene.policy.calendar, scene.now_ms
            course.looks_at_ms = calendar.days_later_ms(scene.now_ms, self.for_days)
            if course.triggered_ms is not None and self.every_days:
                again_ms = calendar.days_later_ms(course.triggered_ms, self.every_days)
                course.looks_at_ms = max(course.looks_at_ms, again_ms)

    def _due_ms(self, scene: Scene) -> int | None:
        """By when the customer has to be there: the end of the offer, or else the next rating."""
        if self.offer_days is not None:
            return scene.policy.calendar.days_later_ms(scene.now_ms, self.offer_days)
        return scene.policy.rises.next_ms(scene.now_ms, scene.policy.calendar)


class Dormant(msgspec.Struct, frozen=True, tag=True):
    """No transaction for some days, nor since the first event; once until the next transaction."""

    tiers: frozenset[str]
    days: int
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By a transaction, or another tier."""
        return by.changed or by.word in TRANSACTION_TYPES

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """settled_ms: when this dormancy was dealt with. A transaction ends it, if it is not itself that old.

        looks_at_ms is not put off by each transaction, only when it has come: that spares every other event the work.
        """
        if course.settled_ms is not None:
            if not isinstance(scene.event, Transaction) or self._begins_ms(scene) <= scene.now_ms:
                return None
            course.settled_ms = None
        if not scene.is_for(self.tiers):
            course.looks_at_ms = None
            return None
        if course.looks_at_ms is not None and course.looks_at_ms > scene.now_ms and not _is_older_than_all(scene):
            return None
        begins_ms = self._begins_ms(scene)
        if begins_ms > scene.now_ms:
            course.looks_at_ms = begins_ms
            return None
        course.looks_at_ms, course.settled_ms = None, scene.now_ms
        return Offer()

    def _begins_ms(self, scene: Scene) -> int:
        """When the customer is dormant, if there is no transaction before."""
        state = scene.state
        last_ms = state.last_transaction_ms
        if last_ms == NEVER_MS:
            last_ms = state.newest_ms if state.first_event_ms is None else state.first_event_ms
        return scene.policy.calendar.days_later_ms(last_ms, self.days)


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """An upgrade to one of the tiers."""

    tiers: frozenset[str]
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By another tier."""
        return by.changed

    def look(self, scene: Scene, _: Course) -> Offer | None:
        """Keeps nothing."""
        change = scene.change
        if change is None or change.direction != "upgrade" or not scene.is_for(self.tiers):
            return None
        return Offer()


class AtRisk(msgspec.Struct, frozen=True, tag=True):
    """Some days before the tier falls, if nothing changes. The engine itself is run forward to see whether it does."""

    tiers: frozenset[str]
    days_before: int
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By a decision: it may have put a fall off, or brought one near."""
        return by.decided

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """settled_ms: the newest instant of a possible fall that was looked at; since_ms: the one to come."""
        is_due = course.looks_at_ms is not None and course.looks_at_ms <= scene.now_ms
        if scene.figures is None and not is_due:
            return None
        fall_ms = self._next_fall_ms(scene, course) if scene.is_for(self.tiers) else None
        if fall_ms is None:
            course.since_ms = course.looks_at_ms = None
            return None
        if fall_ms != course.since_ms:
            course.since_ms = fall_ms
            course.looks_at_ms = scene.policy.calendar.days_later_ms(fall_ms, -self.days_before)
        if course.looks_at_ms is None or course.looks_at_ms > scene.now_ms:
            return None
        course.settled_ms, course.since_ms, course.looks_at_ms = fall_ms, None, None
        fall = _fall_until(scene, fall_ms)
        return None if fall is None else Offer(missing=_missing_to_keep(scene, fall), due_ms=fall.decided_at_ms)

    def _next_fall_ms(self, scene: Scene, course: Course) -> int | None:
        tenure, policy = scene.state.tenure, scene.policy
        if tenure.below_since_ms is None and policy.at_once and not (policy.next_month or policy.falling.term_months):
            return None
        after_ms = max(scene.now_ms, NEVER_MS if course.settled_ms is None else course.settled_ms)
        instants = [tenure.falls_ms, tenure.effective_ms, *falls_due_ms(tenure, policy)]
        return min([at_ms for at_ms in instants if at_ms is not None and at_ms > after_ms], default=None)


class FeeAlert(msgspec.Struct, frozen=True, tag=True):
    """A whole month below a floor, in a tier that asks it; at the month's end."""

    tiers: frozenset[str]
    measure: Measure
    below_e16: int
    once: ClassVar[bool] = False
    recalls: ClassVar[bool] = False

    def is_woken(self, by: Waking) -> bool:
        """By another tier."""
        return by.changed

    def look(self, scene: Scene, course: Course) -> Offer | None:
        """looks_at_ms: the end of a month. The tier that counts is the one held until then."""
        calendar = scene.policy.calendar
        if course.looks_at_ms is None or course.looks_at_ms > scene.now_ms:
            if course.looks_at_ms is None and scene.is_for(self.tiers):
                course.looks_at_ms = calendar.next_month_begins_ms(scene.now_ms)
            return None
        last_day = calendar.day_of(course.looks_at_ms) - 1
        course.looks_at_ms = calendar.next_month_begins_ms(scene.now_ms) if scene.is_for(self.tiers) else None
        figure = measure_one(scene.state, self.measure, scene.policy, last_day, is_over=True)
        held = not self.tiers or scene.tier_before in self.tiers
        if not held or figure >= self.below_e16:
            return None
        return Offer(period=_month_text(last_day), missing=self.below_e16 - figure)


OccasionRule = Gift | CashBack | NearTier | Dormant | Welcome | AtRisk | FeeAlert


def _is_older_than_all(scene: Scene) -> bool:
    """Whether the event belongs before the one that the customer is known by."""
    event, first_ms = scene.event, scene.state.first_event_ms
    return event is not None and first_ms is not None and event.at_ms < first_ms


def _brought_in_e16(event: Event, state: CustomerState, policy: Policy) -> int:
    """What a deposit, or a balance that counts, brings, in the policy's currency; -1 where the event is neither."""
    if isinstance(event, Balance):
        account = state.accounts.get(event.account_id)
        if event.product == "loan" or account is None or account.as_of_ms != event.at_ms:
            return -1
        return event.balance_e4 * policy.to_value.get(event.currency, 0)
    if isinstance(event, Transaction) and event.type == "deposit" and not event.is_reversal:
        return event.amount_e4 * policy.to_value.get(event.currency, 0)
    return -1


def _fall_until(scene: Scene, until_ms: int) -> TierChange | None:
    """The first fall until then if nothing else happens."""
    ahead = _decode(_encode(scene.state))
    rank, held = scene.policy.rank, scene.state.tier or ""
    changes = pass_time(ahead, scene.customer_id, scene.policy, until_ms)
    return next((change for change in changes if rank[change.tier] < rank[held]), None)


def _missing_to_keep(scene: Scene, fall: TierChange) -> Figure | None:
    """What the lower of the floors to enter and to keep the tier asks beyond the figure; None where they are several.

    Rated at once: today's figure. Rated by the calendar: that of the rating at which the tier falls.
    """
    policy = scene.policy
    tier = policy.tiers[policy.rank[scene.state.tier or ""]]
    figures = figures_now(scene.state, policy, scene.now_ms).figures if policy.falls.at_once else fall.figures
    gaps = [_gap(condition, figures, policy) for condition in (tier.enter, tier.keep) if condition is not None]
    known = [gap for gap in gaps if gap is not None]
    return max(min(known), 0) if known and len(known) == len(gaps) else None


def _gap(condition: Condition, figures: Figures, policy: Policy) -> Figure | None:
    if condition.all is not None or condition.any is not None:
        return None
    if condition.measure is not None and policy.measures[condition.measure].kind == "standing":
        return None
    return condition.at_least_e16 - figure_of(condition.measure, figures)


def _month_text(day: int) -> str:
    year, month = divmod(month_of(day), 12)
    return f"{1970 + year:04}-{month + 1:02}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CustomerState).decode
