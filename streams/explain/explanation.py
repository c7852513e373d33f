"""The explanation of a customer's tier, made from the customer's state and policy.

Statements about the future come from the engine, run forward as if no further event came (engine/tiers/outlook.py).
"""

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from streams.contracts.envelope import rates_of_days, without_rate
from streams.contracts.figures import format_figure
from streams.contracts.newest_change import change_of, unpack_change
from streams.contracts.outputs import PolicyName
from streams.engine.measures.accounts import rates_of, unrated_of
from streams.engine.measures.closing_totals import first_balance_day
from streams.engine.measures.spans import first_day_of, last_day_of
from streams.engine.outcomes import TierChange
from streams.engine.prospects import Keeping, Outlook, Rated
from streams.engine.state import CustomerState
from streams.engine.tiers.looked_at import figure_of, looked_at, shown_value
from streams.engine.tiers.outlook import keeping, outlook
from streams.engine.tiers.rated import figures_now, figures_then, next_rated_ms
from streams.engine.tiers.step import pass_time
from streams.explain.known import Known, state_of
from streams.explain.message import (
    Ahead,
    ChangeToCome,
    ConditionNow,
    DepositKeeps,
    DepositWay,
    Explanation,
    KeepsNow,
    LastChange,
    MeasureNow,
    NextTierNow,
    PinNow,
    Window,
)
from streams.policy.day_rates import fixed_on, on_day
from streams.policy.measures import Measure
from streams.policy.policy import Policy, Tier
from streams.values.calendar import EPOCH
from streams.values.money import Figure, format_value
from streams.values.standings import STANDING_UNLESS_KNOWN


def explain(known: Known, at_ms: int) -> Explanation:
    """Explains the tier as of a time. at_ms: epoch milliseconds, not before `known.clock_ms`.

    What falls due by then is decided on a copy of the state, and marked as not yet written.

    Raises:
        UsageError: The customer has no tier, or the state is of an unknown version.
    """
    state = state_of(known.customer_id, known.packed)
    day = known.policy.calendar.day_of(at_ms)
    policy = fixed_on(known.policy, day)  # the rates to come are not known
    due = list(pass_time(state, known.customer_id, policy, at_ms))
    explanation = _Explaining(known._replace(policy=policy), state, due, at_ms).explanation()
    rates = rates_of_days(rates_of(state, on_day(known.policy, day)))
    return replace(explanation, rates=rates) if rates else explanation


class _Explaining:
    """One customer at one time: the figures, the rating and the outlook that the parts of the explanation share.

    due: the tier changes that time alone has decided since the newest committed state.
    """

    def __init__(self, known: Known, state: CustomerState, due: Sequence[TierChange], at_ms: int) -> None:
        self.known = known
        self.policy = known.policy
        self.state = state
        self.due = due
        self.at_ms = at_ms
        self.at = known.policy.calendar.rfc3339
        self.tier = state.tier or ""
        self.now = figures_now(state, self.policy, at_ms)
        self.rating_ms = next_rated_ms(state)
        self.then = None if self.rating_ms is None else figures_then(state, self.policy, self.rating_ms)
        self.ahead = outlook(state, known.customer_id, self.policy, at_ms)

    def explanation(self) -> Explanation:
        known, policy, state = self.known, self.policy, self.state
        value = shown_value(self.now.figures, policy)
        rated_ms = policy.calendar.midnight_ms(self.now.day + 1) if self.now.is_over else None
        conditions = self._conditions()
        return Explanation(
            customer_id=known.customer_id,
            at=self.at(self.at_ms),
            tier=self.tier,
            earned_tier=state.earned_tier or self.tier,
            currency=policy.currency,
            value=None if value is None else format_value(value),
            policy=_name(policy),
            policy_in_force=None if known.in_force is None else _name(known.in_force),
            change=self._last_change(),
            last_rating_at=self._at(rated_ms),
            next_rating_at=self._at(self.rating_ms),
            measures=self._measures(),
            conditions=conditions,
            next_tier=self._next_tier(conditions),
            keeps=self._keeps(keeping(state, policy, self.at_ms)),
            outlook=self._ahead(self.ahead),
            without_rate=without_rate(unrated_of(state, policy)),
        )

    def _at(self, at_ms: int | None) -> str | None:
        return None if at_ms is None else self.at(at_ms)

    def _last_change(self) -> LastChange | None:
        kept = unpack_change(self.state, self.known.customer_id)
        change = self.due[-1] if self.due else change_of(kept) if kept is not None else None
        if change is None:
            return None
        of_policy = bool(self.due) or (kept is not None and kept.policy_mark == self.policy.mark)
        value = shown_value(change.figures, self.policy) if of_policy else None
        return LastChange(
            id=f"{change.customer_id}:{change.sequence}",
            direction=change.direction,
            previous_tier=change.previous_tier,
            reason=change.reason,
            decided_at=self.at(change.decided_at_ms),
            value=None if value is None else format_value(value),
            cause=None if change.cause is None else change.cause.event_id,
            written=not self.due,
        )

    # --- figures and conditions ---

    def _measures(self) -> list[MeasureNow]:
        policy = self.policy
        rules: list[tuple[int | None, Measure | None]] = list(enumerate(policy.measures))
        if any(floor.measure is None for floor in policy.floors):
            rules.append((None, None))
        return [
            MeasureNow(
                measure=_measure_name(rule),
                is_=self._figure(self.now, number, rule),
                window=self._window(rule, self.now),
                at_next_rating=None if self.then is None else self._figure(self.then, number, rule),
                window_at_next_rating=None if self.then is None else self._window(rule, self.then),
            )
            for number, rule in rules
        ]

    def _figure(self, rated: Rated, number: int | None, rule: Measure | None) -> str:
        return format_figure(figure_of(number, rated.figures), rule)

    def _window(self, rule: Measure | None, rated: Rated) -> Window | None:
        if rule is None or rule.kind in ("total", "score", "standing"):
            return None
        last = last_day_of(rule, rated.day, is_over=rated.is_over)
        if rule.kind == "month_end":
            return Window(None, _date(last))
        first, begins = first_day_of(rule, rated.day, is_over=rated.is_over), first_balance_day(self.state)
        if rule.kind == "average" and begins is not None and begins <= last:
            first = max(first, begins)  # an average leaves out the days before the first balance
        return Window(_date(first), _date(last))

    def _conditions(self) -> list[ConditionNow]:
        policy = self.policy
        looks = looked_at(self.now.figures, policy)
        looks_then = [None] * len(looks) if self.then is None else looked_at(self.then.figures, policy)
        found = []
        for look, then in zip(looks, looks_then, strict=True):
            rule = None if look.floor.measure is None else policy.measures[look.floor.measure]
            floor = look.floor.at_least_e16
            found.append(
                ConditionNow(
                    tier=look.floor.tier,
                    rule=look.floor.rule,
                    measure=_measure_name(rule),
                    is_=format_figure(look.figure, rule),
                    at_least=format_figure(floor, rule),
                    met=look.met,
                    missing=_missing(floor, look.figure, rule),
                    at_next_rating=None if then is None else format_figure(then.figure, rule),
                    met_at_next_rating=None if then is None else then.met,
                    missing_at_next_rating=None if then is None else _missing(floor, then.figure, rule),
                )
            )
        return found

    # --- the next tier, this tier, the time to come ---

    def _next_tier(self, conditions: Sequence[ConditionNow]) -> NextTierNow | None:
        above = self.policy.rank.get(self.tier, -1) + 1
        if above >= len(self.policy.tiers):
            return None
        tier = self.policy.tiers[above]
        wanted = [found for found in conditions if found.tier == tier.id and found.rule == "enter"]
        lifts = (change for change in self.ahead.changes if self.policy.rank[change.tier] >= above)
        by_itself = next(lifts, None)
        return NextTierNow(
            tier=tier.id,
            needs=_needs(tier),
            missing=[found for found in wanted if not (found.met if self.then is None else found.met_at_next_rating)],
            by_itself_at=None if by_itself is None else self.at(by_itself.decided_at_ms),
            deposits=[
                DepositWay(
                    amount=_amount(rise.deposit.cents),
                    held_until=self.at(rise.deposit.until_ms),
                    at=self.at(rise.at_ms),
                )
                for rise in self.ahead.rises
            ],
        )

    def _keeps(self, keeps: Keeping) -> KeepsNow:
        pin, is_lowest = keeps.pin, self.tier == self.policy.tiers[0].id
        return KeepsNow(
            is_lowest=is_lowest,
            earned=keeps.earned,
            floor_to_keep=keeps.floor_to_keep,
            pin=None
            if pin is None
            else PinNow(tier=pin.tier, until=self.at(pin.until_ms), by=pin.by, reason=pin.reason),
            standing=self.state.standing or STANDING_UNLESS_KNOWN,
            capped_at=keeps.cap,
            # Whoever is in the lowest tier may have been upgraded before, and has nothing to be protected from.
            protected_until=None if is_lowest else self._at(keeps.protected_until_ms),
            below_since=self._at(keeps.below_since_ms),
            grace_until=self._at(keeps.grace_until_ms),
            ratings_below=keeps.ratings_below,
            ratings_needed=keeps.ratings_needed,
            term_until=self._at(keeps.term_until_ms),
            term_grace_until=self._at(keeps.term_grace_until_ms),
            last_ratings=keeps.last_ratings,
            effective_at=self._at(keeps.effective_ms),
            next_rise_rated_at=self._at(keeps.next_rise_ms),
            next_fall_rated_at=self._at(keeps.next_fall_ms),
        )

    def _ahead(self, ahead: Outlook) -> Ahead:
        rescue = ahead.rescue
        return Ahead(
            until=self.at(ahead.horizon_ms),
            changes=[self._to_come(change) for change in ahead.changes],
            falls=None if ahead.fall is None else self._to_come(ahead.fall),
            deposit=None
            if rescue is None
            else DepositKeeps(
                amount=_amount(rescue.deposit.cents),
                held_until=self.at(rescue.deposit.until_ms),
                falls_if_held_at=self._at(rescue.falls_if_held_ms),
                falls_if_withdrawn_at=self._at(rescue.falls_if_withdrawn_ms),
                lasting_amount=None if rescue.lasting_cents is None else _amount(rescue.lasting_cents),
            ),
        )

    def _to_come(self, change: TierChange) -> ChangeToCome:
        return ChangeToCome(
            at=self.at(change.decided_at_ms),
            direction=change.direction,
            previous_tier=change.previous_tier or "",
            tier=change.tier,
            earned_tier=change.earned_tier,
            reason=change.reason,
        )


def _name(policy: Policy) -> PolicyName:
    return PolicyName(policy.name, policy.version, policy.digest)


def _measure_name(rule: Measure | None) -> str:
    return "value" if rule is None else rule.name


def _missing(floor: Figure, figure: Figure, rule: Measure | None) -> str:
    if rule is not None and rule.kind == "standing":  # no difference: the standing that the floor asks for
        return format_figure(floor, rule)
    return format_figure(max(floor - figure, 0), rule)


def _needs(tier: Tier) -> str:
    return "any" if tier.enter is not None and tier.enter.any is not None else "all"


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()
