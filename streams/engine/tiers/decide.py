"""Decides a tier: the measures say which one is earned, tenure which one is served, and a pin overrules both."""

from streams.engine.case import Case
from streams.engine.measures.accounts import rates_of, unrated_of
from streams.engine.measures.figures import measure
from streams.engine.outcomes import Direction, Figures, Reason, TierChange
from streams.engine.ratings import last_rating_ms, next_rating_ms
from streams.engine.sections import special_of, tenure_of
from streams.engine.tiers.caps import capped
from streams.engine.tiers.conditions import entered_rank, kept_rank
from streams.engine.tiers.rated import known_since_ms, rated_day
from streams.engine.tiers.tenure import begin, end_pin, settle, stand_above
from streams.policy.day_rates import on_day
from streams.policy.policy import Policy
from streams.values.events import Pin


def decide(case: Case, figures: Figures | None = None) -> None:
    """Decides the tier, in place. The case then holds the figures and, if another tier is served now, the change.

    figures: those to go by, where they are worked out already.
    """
    state, policy = case.state, case.policy
    by_day = policy  # by the rates of the day whose figures are looked at
    if figures is None:
        day, is_over = rated_day(state, policy, case.now_ms, corrects=case.corrects)
        by_day = on_day(policy, day)
        figures = measure(state, by_day, day, is_over=is_over)
    case.figures = figures
    previous = state.tier
    earned = _earned_rank(case, figures)
    earned_tier = policy.tiers[earned].id
    if not policy.at_once:
        _note_rating(case, earned_tier)
    state.earned_tier = earned_tier
    served, reason = _served(case, earned)
    if served == previous:
        return
    state.tier = served
    state.sequence += 1
    state.decided_at_ms = max(state.decided_at_ms, case.now_ms)
    case.change = TierChange(
        customer_id=case.customer_id,
        sequence=state.sequence,
        direction=_direction(previous, served, policy),
        previous_tier=previous,
        tier=served,
        earned_tier=earned_tier,
        reason=reason,
        decided_at_ms=state.decided_at_ms,
        figures=figures,
        standing=state.standing,
        cause=case.cause(),
        unrated=unrated_of(state, by_day),
        rates=rates_of(state, by_day),
    )


def holds(pin: Pin | None, policy: Policy) -> bool:
    """Says whether a pin fixes the tier. A pin to a tier that the policy lacks waits for one that has it."""
    return pin is not None and pin.tier in policy.rank


def _earned_rank(case: Case, figures: Figures) -> int:
    """Gives the rank that is earned: the highest tier entered, or else kept, up to the standing's cap."""
    state, policy = case.state, case.policy
    if policy.serves_earned:
        return capped(case, entered_rank(figures, policy))
    if state.tier is None and not policy.rises_at_once:
        return 0  # the first tier waits for the first rating
    earned = policy.rank.get(state.earned_tier or "", 0)
    held = earned if _is_pinned(case) else policy.rank.get(state.tier or "", 0)
    if case.corrects:  # what the last rating took is given back if it should have been kept
        held = max(held, policy.rank.get(tenure_of(state).held_before or "", 0))
    entered = entered_rank(figures, policy) if case.rises or case.falls else 0
    if case.falls:
        rank = kept_rank(held, entered, figures, policy)
        rank = max(rank, entered if case.rises else min(earned, entered))
        if _came_after_rating(case):
            rank = max(rank, policy.rank.get(state.tier or "", 0))
    else:
        rank = max(entered if case.rises else 0, earned)
    return capped(case, rank)


def _came_after_rating(case: Case) -> bool:
    """Says whether the served tier was gained at once, after the rating that is made again: that does not take it."""
    if not (case.corrects and case.policy.rises_at_once) or case.reason == "policy_changed" or _is_pinned(case):
        return False
    tenure = tenure_of(case.state)
    rated_ms, since_ms = tenure.rated_ms, tenure.since_ms
    return rated_ms is not None and since_ms is not None and since_ms > rated_ms


def _note_rating(case: Case, earned: str) -> None:
    """Notes what the next ratings go by: what was earned at the last two, and when the next ones are."""
    state, policy, tenure = case.state, case.policy, tenure_of(case.state)
    if case.now_ms in (tenure.rises_ms, tenure.falls_ms):
        tenure.rated_ms = case.now_ms
        tenure.former, tenure.last = tenure.last, earned
        tenure.held_before = state.earned_tier if _is_pinned(case) else state.tier
    elif case.corrects:
        tenure.last = earned
        if tenure.rated_ms is not None and policy.falling.to == "higher_of_last_two":
            former_ms = last_rating_ms(policy.falls, tenure.rated_ms - 1, policy.calendar)
            if known_since_ms(state) < former_ms:
                day = policy.calendar.day_of(former_ms) - 1
                figures = measure(state, on_day(policy, day), day, is_over=True)
                tenure.former = policy.tiers[entered_rank(figures, policy)].id
    tenure.rises_ms = next_rating_ms(policy.rises, case.now_ms, policy.calendar)
    tenure.falls_ms = next_rating_ms(policy.falls, case.now_ms, policy.calendar)


def _is_pinned(case: Case) -> bool:
    """Says whether the tier served until now is a pin's, not an earned one."""
    return holds(special_of(case.state).pin, case.policy) or case.reason == "pin_ended"


def _served(case: Case, earned: int) -> tuple[str, Reason]:
    """Gives the tier to serve, by a pin or by tenure, and the reason if it is another tier than before."""
    state, policy, reason = case.state, case.policy, case.reason
    pin = special_of(state).pin
    if pin is not None and holds(pin, policy):
        stand_above(tenure_of(state), is_other=pin.tier != state.tier)
        return pin.tier, reason
    earned_tier = policy.tiers[earned].id
    if policy.serves_earned:
        return earned_tier, reason
    if state.tier is None:
        begin(case)
        tenure_of(state).since_ms = min(case.now_ms, known_since_ms(state))
        return earned_tier, reason
    if reason == "pin_ended" or state.tier not in policy.rank:
        earned_tier = policy.tiers[max(earned, _kept_since_unpinned(case))].id
        end_pin(case, is_other=earned_tier != state.tier)
        return earned_tier, reason
    rank, was_put_off = settle(case, earned)
    return policy.tiers[rank].id, "grace_ended" if was_put_off and reason == "window_moved" else reason


def _kept_since_unpinned(case: Case) -> int:
    """Gives the rank that a pin's end leaves where it is heard of after a rating that it was said before.

    At that rating the customer would have been in the tier earned at the one before, and that counts for it, too.
    """
    tenure, policy, event = tenure_of(case.state), case.policy, case.event
    is_late = event is not None and tenure.rated_ms is not None and event.at_ms < tenure.rated_ms
    if not is_late or policy.falling.to != "higher_of_last_two":
        return 0
    return capped(case, policy.rank.get(tenure.former or "", 0))


def _direction(previous: str | None, served: str, policy: Policy) -> Direction:
    if previous is None:
        return "initial"
    # A tier that another policy served and this one does not know counts as the lowest.
    return "upgrade" if policy.rank[served] > policy.rank.get(previous, 0) else "downgrade"
