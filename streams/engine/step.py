"""One step of the engine: an event, or time alone, moves one customer's state, and perhaps the tier."""

from streams.engine.decide import Occasion, Reason, TierChange, decide
from streams.engine.events import CREDIT, Cause, CustomerAction, Event, Transaction
from streams.engine.fold import fold, roll
from streams.engine.policy import Policy
from streams.engine.state import CustomerState


def apply_event(state: CustomerState, event: Event, cause: Cause, policy: Policy, now_ms: int) -> TierChange | None:
    """Folds a new event that fold.check_limits() has passed into the state in place, and decides."""
    roll(state, policy.calendar.day_of(now_ms), policy)
    if isinstance(event, CustomerAction):
        return _apply_action(state, event, cause, policy, now_ms)
    fold(state, event, policy)
    reason = _reason(state, event, cause.topic, policy)
    state.policy_mark = policy.mark
    state.newest_ms = max(state.newest_ms, event.at_ms)
    change = decide(state, policy, Occasion(event.customer_id, now_ms, reason, cause))
    state.due_ms = due(state, policy)
    return change


def apply_due(state: CustomerState, customer_id: str, policy: Policy, due_ms: int) -> TierChange | None:
    """What falls due by time alone at due_ms: a window moves on, a pin ends."""
    roll(state, policy.calendar.day_of(due_ms), policy)
    state.policy_mark = policy.mark
    reason: Reason = "window_moved"
    if state.pin is not None and state.pin.until_ms <= due_ms:
        state.pin = None
        reason = "pin_ended"
    state.newest_ms = max(state.newest_ms, due_ms)
    change = decide(state, policy, Occasion(customer_id, due_ms, reason, None)) if state.tier is not None else None
    state.due_ms = due(state, policy)
    return change


def due(state: CustomerState, policy: Policy) -> int | None:
    """The next instant at which time alone may decide something for this customer."""
    days = [window.moves_on_day for window in state.windows if window.moves_on_day is not None]
    moves_on_ms = policy.calendar.midnight_ms(min(days)) if days else None
    if state.pin is None:
        return moves_on_ms
    return state.pin.until_ms if moves_on_ms is None else min(moves_on_ms, state.pin.until_ms)


def _reason(state: CustomerState, event: Event, topic: int, policy: Policy) -> Reason:
    if state.tier is None:
        return "first_event"
    if state.policy_mark != policy.mark:
        return "policy_changed"
    if event.at_ms < state.newest_ms or (isinstance(event, Transaction) and event.is_reversal):
        return "correction"
    return "credit_changed" if topic == CREDIT else "threshold_crossed"


def _apply_action(
    state: CustomerState, event: CustomerAction, cause: Cause, policy: Policy, now_ms: int
) -> TierChange | None:
    reason: Reason = "pin_ended"
    match event.action:
        case "pin":
            state.pin, reason = event.pin, "pin_set"
        case "unpin":
            state.pin = None
        case "opt_out" | "opt_in":
            state.opted_out = event.action == "opt_out"
            state.due_ms = due(state, policy)  # under a new policy the windows were summed anew
            return None
        case "erase":
            raise AssertionError("erase replaces the whole state; see forgotten()")
    if state.pin is not None and state.pin.until_ms <= now_ms:
        state.pin, reason = None, "pin_ended"  # over before it was heard of
    state.policy_mark = policy.mark
    change = None
    if state.tier is not None:
        change = decide(state, policy, Occasion(event.customer_id, now_ms, reason, cause))
    state.due_ms = due(state, policy)
    return change


def forgotten(state: CustomerState) -> CustomerState:
    """What is left after erase: the next sequence number, so that ids of changes are never used twice."""
    return CustomerState(sequence=state.sequence)
