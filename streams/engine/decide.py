"""Deciding a tier: the value against inclusive floors, a cap by credit standing, and a pin above both."""

from bisect import bisect_right
from typing import Literal

import msgspec

from streams.engine.events import Cause
from streams.engine.measures import Measures, measure
from streams.engine.policy import Policy
from streams.engine.state import CustomerState

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


class TierChange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A customer's served tier has changed. Explained by the measures and the standing it was decided on."""

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    measures: Measures
    standing: str | None
    cause: Cause | None


def earned_rank(measures: Measures, standing: str | None, policy: Policy) -> int:
    """The highest tier whose floor the value reaches, no higher than the standing's cap."""
    rank = bisect_right(policy.floors_e16, measures.value_e16)  # floors are inclusive, and rise
    return min(rank, policy.caps.get(standing or "good", rank))


class Occasion(msgspec.Struct, frozen=True, gc=False):
    """Why and when a customer is rated: an event, or time alone (cause None)."""

    customer_id: str
    now_ms: int
    reason: Reason
    cause: Cause | None


def decide(state: CustomerState, policy: Policy, occasion: Occasion) -> TierChange | None:
    """Rates the customer at this moment, in place; the change if the served tier is another one now."""
    measures = measure(state, policy)
    earned = policy.tiers[earned_rank(measures, state.standing, policy)].id
    state.earned_tier = earned
    served = state.pin.tier if state.pin is not None and state.pin.tier in policy.rank else earned
    previous = state.tier
    if served == previous:
        return None
    state.tier = served
    state.sequence += 1
    state.decided_at_ms = max(state.decided_at_ms, occasion.now_ms)
    return TierChange(
        customer_id=occasion.customer_id,
        sequence=state.sequence,
        direction=_direction(previous, served, policy),
        previous_tier=previous,
        tier=served,
        earned_tier=earned,
        reason=occasion.reason,
        decided_at_ms=state.decided_at_ms,
        measures=measures,
        standing=state.standing,
        cause=occasion.cause,
    )


def _direction(previous: str | None, served: str, policy: Policy) -> Direction:
    if previous is None:
        return "initial"
    return "upgrade" if policy.rank[served] > policy.rank.get(previous, -1) else "downgrade"
