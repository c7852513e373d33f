"""All that one event, or time alone, does with a customer: the tier first, then campaigns and loans.

event -> fold -> decide -> look at campaigns -> look at loans
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.engine.campaigns import Trigger, begin_courses, look_at_campaigns, next_look_ms
from streams.engine.decide import Decision, TierChange
from streams.engine.events import Cause, CustomerAction, Event, Transaction
from streams.engine.occasions import Scene
from streams.engine.policy import Policy
from streams.engine.risk import RiskMessage, look_at_risk
from streams.engine.state import CustomerState
from streams.engine.step import step_due, step_event, step_policy


class Outcome(NamedTuple):
    """What came of it, in the order in which it is told."""

    change: TierChange | None
    triggers: Sequence[Trigger] = ()
    risks: Sequence[RiskMessage] = ()


NOTHING = Outcome(None)


def apply_event(  # noqa: PLR0913 - an event, its place, and the rules
    state: CustomerState, event: Event, cause: Cause, policy: Policy, now_ms: int, *, is_history: bool = False
) -> Outcome:
    """Works a new event that limits.check_limits() has passed, in place. is_history: no campaign is to come of it."""
    tier, begins = state.tier, state.policy_mark != policy.mark
    _note(state, event)
    decision = step_event(state, event, cause, policy, now_ms)
    triggers: Sequence[Trigger] = ()
    if policy.campaigns or state.courses:
        scene = _scene(state, event.customer_id, policy, now_ms, decision, is_history=is_history, begins=begins)
        scene.event, scene.cause, scene.tier_before = event, cause, tier
        triggers = _look(scene)
    risks: Sequence[RiskMessage] = ()
    if policy.risk is not None:
        risks = look_at_risk(state, event, cause, policy, policy.risk, now_ms, is_new=tier is None)
    _set_due(state)
    if decision.change is None and not triggers and not risks:
        return NOTHING
    return Outcome(decision.change, triggers, risks)


def apply_due(
    state: CustomerState, customer_id: str, policy: Policy, due_ms: int, *, is_history: bool = False
) -> Outcome:
    """What falls due by time alone at due_ms: of the tier first, then of campaigns."""
    tier, begins = state.tier, state.policy_mark != policy.mark
    decision = Decision(None, None)
    if begins or (state.tier_due_ms is not None and state.tier_due_ms <= due_ms):
        decision = step_due(state, customer_id, policy, due_ms)
    triggers: Sequence[Trigger] = ()
    if policy.campaigns or state.courses:
        scene = _scene(state, customer_id, policy, due_ms, decision, is_history=is_history or begins, begins=begins)
        scene.tier_before = tier
        triggers = _look(scene)
    _set_due(state)
    return Outcome(decision.change, triggers)


def apply_policy(state: CustomerState, customer_id: str, policy: Policy, now_ms: int) -> Outcome:
    """The first decision under another policy than the state was kept under, made by nothing but the new policy.

    Nobody has done anything: for campaigns it is history.
    """
    tier = state.tier
    decision = step_policy(state, customer_id, policy, now_ms)
    scene = _scene(state, customer_id, policy, now_ms, decision, is_history=True, begins=True)
    scene.tier_before = tier
    _look(scene)
    _set_due(state)
    return Outcome(decision.change)


def _note(state: CustomerState, event: Event) -> None:
    """Keeps the two times of a customer that campaigns of any policy begin with."""
    if state.first_event_ms is None and not isinstance(event, CustomerAction):
        state.first_event_ms = event.at_ms
    if isinstance(event, Transaction) and not event.is_reversal and event.at_ms > state.last_transaction_ms:
        state.last_transaction_ms = event.at_ms


def _scene(  # noqa: PLR0913 - a scene
    state: CustomerState,
    customer_id: str,
    policy: Policy,
    now_ms: int,
    decision: Decision,
    *,
    is_history: bool,
    begins: bool,
) -> Scene:
    return Scene(
        state=state,
        customer_id=customer_id,
        policy=policy,
        now_ms=now_ms,
        is_history=is_history,
        change=decision.change,
        figures=decision.figures,
        begins=begins,
    )


def _look(scene: Scene) -> Sequence[Trigger]:
    if scene.begins:
        begin_courses(scene.state, scene.policy.campaigns)
    return look_at_campaigns(scene, scene.policy.campaigns) if scene.state.tier is not None else ()


def _set_due(state: CustomerState) -> None:
    """What falls due next, of the tier or of a campaign."""
    look_ms = next_look_ms(state) if state.courses else None
    if look_ms is None:
        state.due_ms = state.tier_due_ms
    else:
        state.due_ms = look_ms if state.tier_due_ms is None else min(look_ms, state.tier_due_ms)
