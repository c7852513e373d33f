"""Deciding a tier: what is earned by the measures, what is served by the rules of holding it, and a pin above both."""

from typing import Literal, NamedTuple

import msgspec

from streams.engine.conditions import entered_rank, kept_rank
from streams.engine.events import Cause, Pin
from streams.engine.measures import Figures, measure
from streams.engine.policy import Policy
from streams.engine.state import CustomerState
from streams.engine.tenure import Moment, begin, end_pin, settle, stand_above

Direction = Literal["initial", "upgrade", "downgrade"]
Reason = Literal[
    "first_event",
    "threshold_crossed",
    "window_moved",
    "grace_ended",
    "credit_changed",
    "pin_set",
    "pin_ended",
    "policy_changed",
    "correction",
]


class TierChange(msgspec.Struct, frozen=True, gc=False):
    """A customer's served tier has changed. Explained by the figures and the standing it was decided on."""

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    figures: Figures
    standing: str | None
    cause: Cause | None


class Decision(NamedTuple):
    """What a decision came to: the change, if the served tier is another one now, and the figures it was made on.

    No figures: nothing was decided.
    """

    change: TierChange | None
    figures: Figures | None


NOT_DECIDED = Decision(None, None)


class Occasion(msgspec.Struct, frozen=True, gc=False):
    """Why a customer is looked at: an event, or time alone (cause None)."""

    customer_id: str
    reason: Reason
    cause: Cause | None


def decide(state: CustomerState, policy: Policy, occasion: Occasion, moment: Moment) -> Decision:
    """Decides in place."""
    day, is_over = rated_day(state, policy, moment)
    figures = measure(state, policy, day, is_over=is_over)
    previous = state.tier
    earned = _earned_rank(state, figures, policy, occasion, moment)
    if not policy.at_once:
        _note_rating(state, policy.tiers[earned].id, policy, occasion, moment)
    state.earned_tier = policy.tiers[earned].id
    served, reason = _served(state, earned, policy, occasion, moment)
    if served == previous:
        return Decision(None, figures)
    state.tier = served
    state.sequence += 1
    state.decided_at_ms = max(state.decided_at_ms, moment.now_ms)
    change = TierChange(
        customer_id=occasion.customer_id,
        sequence=state.sequence,
        direction=_direction(previous, served, policy),
        previous_tier=previous,
        tier=served,
        earned_tier=state.earned_tier,
        reason=reason,
        decided_at_ms=state.decided_at_ms,
        figures=figures,
        standing=state.standing,
        cause=occasion.cause,
    )
    return Decision(change, figures)


def holds(pin: Pin | None, policy: Policy) -> bool:
    """Whether a pin fixes the tier; one to a tier that this policy does not have waits for a policy that has it."""
    return pin is not None and pin.tier in policy.rank


def rated_day(state: CustomerState, policy: Policy, moment: Moment) -> tuple[int, bool]:
    """The last day that windows look at: today, or the day that a rating at its midnight ends, which is over.

    Between ratings nothing is earned: what is decided then is explained by the figures of the last one.
    """
    today, tenure = policy.calendar.day_of(moment.now_ms), state.tenure
    if policy.at_once:
        return today, False
    if moment.corrects and tenure.rated_ms is not None:
        return policy.calendar.day_of(tenure.rated_ms) - 1, True
    if moment.now_ms in (tenure.rises_ms, tenure.falls_ms):
        return today - 1, True
    rises, falls, calendar = policy.rises, policy.falls, policy.calendar
    if rises.at_once or falls.at_once:
        return today, False
    last_ms = max(rises.last_ms(moment.now_ms, calendar), falls.last_ms(moment.now_ms, calendar))
    return calendar.day_of(last_ms) - 1, True


def _earned_rank(state: CustomerState, figures: Figures, policy: Policy, occasion: Occasion, moment: Moment) -> int:
    """What the measures give: the highest tier entered, or else kept, no higher than the standing's cap."""
    if policy.serves_earned:
        rank = entered_rank(figures, policy)
        return min(rank, policy.caps.get(state.standing or "good", rank))
    if state.tier is None and not policy.rises.at_once:
        return 0  # the first tier waits for the first rating
    earned = policy.rank.get(state.earned_tier or "", 0)
    pinned = holds(state.pin, policy) or occasion.reason == "pin_ended"
    held = earned if pinned else policy.rank.get(state.tier or "", 0)
    if moment.corrects:  # what the last rating took is given back if it should have been kept
        held = max(held, policy.rank.get(state.tenure.held_before or "", 0))
    entered = entered_rank(figures, policy) if moment.rises or moment.falls else 0
    if moment.falls:
        rank = kept_rank(held, entered, figures, policy)
        rank = max(rank, entered if moment.rises else min(earned, entered))
    else:
        rank = max(entered if moment.rises else 0, earned)
    return min(rank, policy.caps.get(state.standing or "good", rank))


def _note_rating(state: CustomerState, earned: str, policy: Policy, occasion: Occasion, moment: Moment) -> None:
    """What the next ratings go by: what was earned at the last two, and when the next ones are."""
    tenure = state.tenure
    if moment.now_ms in (tenure.rises_ms, tenure.falls_ms):
        tenure.rated_ms = moment.now_ms
        tenure.former, tenure.last = tenure.last, earned
        pinned = holds(state.pin, policy) or occasion.reason == "pin_ended"
        tenure.held_before = state.earned_tier if pinned else state.tier
    elif moment.corrects:
        tenure.last = earned
        if tenure.former is not None and tenure.rated_ms is not None and policy.falling.to == "higher_of_last_two":
            former_ms = policy.falls.last_ms(tenure.rated_ms - 1, policy.calendar)
            figures = measure(state, policy, policy.calendar.day_of(former_ms) - 1, is_over=True)
            tenure.former = policy.tiers[entered_rank(figures, policy)].id
    tenure.rises_ms = policy.rises.next_ms(moment.now_ms, policy.calendar)
    tenure.falls_ms = policy.falls.next_ms(moment.now_ms, policy.calendar)


def _served(
    state: CustomerState, earned: int, policy: Policy, occasion: Occasion, moment: Moment
) -> tuple[str, Reason]:
    """The tier to serve and the reason, if it is another one: a pin, or what the rules of holding a tier say."""
    if state.pin is not None and holds(state.pin, policy):
        stand_above(state.tenure, is_other=state.pin.tier != state.tier)
        return state.pin.tier, occasion.reason
    if policy.serves_earned:
        return policy.tiers[earned].id, occasion.reason
    if state.tier is None:
        begin(state.tenure, policy, moment)
        return policy.tiers[earned].id, occasion.reason
    if occasion.reason == "pin_ended" or state.tier not in policy.rank:
        end_pin(state.tenure, policy, moment, is_other=policy.tiers[earned].id != state.tier)
        return policy.tiers[earned].id, occasion.reason
    settled = settle(state, earned, policy, moment)
    put_off = settled.was_put_off and occasion.reason == "window_moved"
    return policy.tiers[settled.rank].id, "grace_ended" if put_off else occasion.reason


def _direction(previous: str | None, served: str, policy: Policy) -> Direction:
    if previous is None:
        return "initial"
    # A tier that another policy served and this one does not know counts as the lowest.
    return "upgrade" if policy.rank[served] > policy.rank.get(previous, 0) else "downgrade"
