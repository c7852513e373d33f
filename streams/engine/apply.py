"""All that one event, or time alone, does with a customer: the tier first, then campaigns and loans.

event -> fold -> decide -> look at campaigns -> look at loans
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.engine.campaigns import Campaign, Trigger, begin_courses, due_campaigns, look_at_campaigns, next_look_ms
from streams.engine.decide import NOT_DECIDED, Decision, TierChange
from streams.engine.events import Balance, Cause, CustomerAction, Event, Loan, Transaction
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
    state: CustomerState,
    event: Event,
    cause: Cause,
    policy: Policy,
    now_ms: int,
    *,
    is_late: bool = False,
    is_history: bool = False,
) -> Outcome:
    """Works a new event that limits.check_limits() has passed, in place.

    is_late: as in step_event(). is_history: no campaign is to come of it.
    """
    tier, tier_due_ms, begins = state.tier, state.tier_due_ms, state.policy_mark != policy.mark
    is_due = begins or (state.due_ms is not None and state.due_ms <= now_ms)
    _note(state, event)
    decision = step_event(state, event, cause, policy, now_ms, is_late=is_late)
    woken = policy.campaigns if is_due else _woken(event, decision, policy)
    triggers: Sequence[Trigger] = ()
    moves = begins or state.tier_due_ms != tier_due_ms
    if woken or begins:
        scene = Scene(
            state=state,
            customer_id=event.customer_id,
            policy=policy,
            now_ms=now_ms,
            is_history=is_history,
            event=event,
            cause=cause,
            change=decision.change,
            figures=decision.figures,
            tier_before=tier,
            begins=begins,
        )
        triggers = _look(scene, woken)
        moves = moves or scene.moves
    risks: Sequence[RiskMessage] = ()
    if policy.risk is not None and (state.loans or isinstance(event, Loan)):
        risks = look_at_risk(state, event, cause, policy, policy.risk, now_ms, is_new=tier is None)
    if moves:
        _set_due(state)
    if decision.change is None and not triggers and not risks:
        return NOTHING
    return Outcome(decision.change, triggers, risks)


def apply_due(
    state: CustomerState, customer_id: str, policy: Policy, due_ms: int, *, is_history: bool = False
) -> Outcome:
    """What falls due by time alone at due_ms: of the tier first, then of campaigns."""
    tier, begins = state.tier, state.policy_mark != policy.mark
    decision = NOT_DECIDED
    if begins or (state.tier_due_ms is not None and state.tier_due_ms <= due_ms):
        decision = step_due(state, customer_id, policy, due_ms)
    scene = _scene(state, customer_id, policy, due_ms, decision, tier)
    scene.is_history, scene.begins = is_history or begins, begins
    decided = begins or decision.figures is not None
    triggers = _look(scene, policy.campaigns if decided else due_campaigns(state, policy.campaigns, due_ms))
    _set_due(state)
    return Outcome(decision.change, triggers)


def apply_policy(state: CustomerState, customer_id: str, policy: Policy, now_ms: int) -> Outcome:
    """The first decision under another policy than the state was kept under, made by nothing but the new policy.

    Nobody has done anything: for campaigns it is history.
    """
    tier = state.tier
    decision = step_policy(state, customer_id, policy, now_ms)
    scene = _scene(state, customer_id, policy, now_ms, decision, tier)
    scene.is_history = scene.begins = True
    _look(scene, policy.campaigns)
    _set_due(state)
    return Outcome(decision.change)


def _note(state: CustomerState, event: Event) -> None:
    """Keeps the two times of a customer that campaigns of any policy begin with."""
    if state.first_event_ms is None and not isinstance(event, CustomerAction):
        state.first_event_ms = event.at_ms
    if isinstance(event, Transaction) and not event.is_reversal and event.at_ms > state.last_transaction_ms:
        state.last_transaction_ms = event.at_ms


def _woken(event: Event, decision: Decision, policy: Policy) -> tuple[Campaign, ...]:
    """The campaigns that an event concerns."""
    by_decision = policy.woken[
        event.type if isinstance(event, Transaction) else "balance" if isinstance(event, Balance) else ""
    ]
    if decision.figures is None:
        return by_decision[0]
    return by_decision[1] if decision.change is None else by_decision[2]


def _scene(  # noqa: PLR0913, PLR0917 - a scene
    state: CustomerState, customer_id: str, policy: Policy, now_ms: int, decision: Decision, tier_before: str | None
) -> Scene:
    """Time alone has passed."""
    return Scene(
        state=state,
        customer_id=customer_id,
        policy=policy,
        now_ms=now_ms,
        is_history=False,
        change=decision.change,
        figures=decision.figures,
        tier_before=tier_before,
    )


def _look(scene: Scene, campaigns: tuple[Campaign, ...]) -> Sequence[Trigger]:
    if scene.begins:
        begin_courses(scene.state, scene.policy.campaigns)
    return look_at_campaigns(scene, campaigns) if scene.state.tier is not None else ()


def _set_due(state: CustomerState) -> None:
    """What falls due next, of the tier or of a campaign."""
    look_ms = next_look_ms(state) if state.courses else None
    if look_ms is None:
        state.due_ms = state.tier_due_ms
    else:
        state.due_ms = look_ms if state.tier_due_ms is None else min(look_ms, state.tier_due_ms)
