"""One step of a customer's tier: an event, or time alone, moves the measures, and perhaps the tier.

Each gives the change, if there is one, and the figures it was decided on, if anything was decided.
"""

from streams.engine.closings import begin_closings
from streams.engine.decide import NOT_DECIDED, Decision, Occasion, Reason, decide, holds
from streams.engine.events import Balance, Cause, Credit, CustomerAction, Event, Transaction
from streams.engine.fold import fold
from streams.engine.policy import Policy
from streams.engine.state import CustomerState, Tenure
from streams.engine.tenure import Moment, falls_due_ms
from streams.engine.windows import roll


def step_event(  # noqa: PLR0913 - an event, and what is known of it
    state: CustomerState, event: Event, cause: Cause, policy: Policy, now_ms: int, *, is_late: bool = False
) -> Decision:
    """Folds a new event that limits.check_limits() has passed into the state in place, and decides.

    is_late: the event is older than the time, where time is the events'; older than what its customer is known by
    it is seen to be late here.
    """
    today = policy.calendar.day_of(now_ms)
    if state.windows or state.policy_mark != policy.mark:
        roll(state, today, policy)
    if state.policy_mark != policy.mark:
        _begin_policy(state, policy, now_ms)
    if isinstance(event, CustomerAction):
        return _apply_action(state, event, cause, policy, now_ms)
    is_settled = state.tier is not None and state.policy_mark == policy.mark
    moved = fold(state, event, policy, today)
    if not moved and is_settled:  # what no rule looks at decides nothing
        state.newest_ms = max(state.newest_ms, event.at_ms)
        return NOT_DECIDED
    reason = _reason(state, event, policy, is_late=is_late or event.at_ms < state.newest_ms)
    state.policy_mark = policy.mark
    state.newest_ms = max(state.newest_ms, event.at_ms)
    moment = _moment(state, event, policy, now_ms, reason)
    if is_settled and not (moment.rises or moment.falls or isinstance(event, Credit)):
        return NOT_DECIDED
    decision = decide(state, policy, Occasion(event.customer_id, reason, cause), moment)
    state.tier_due_ms = due(state, policy, now_ms)
    return decision


def step_due(state: CustomerState, customer_id: str, policy: Policy, due_ms: int) -> Decision:
    """What falls due by time alone at due_ms: a window moves on, a rating, a grace or a pin ends."""
    roll(state, policy.calendar.day_of(due_ms), policy)
    reason: Reason = "window_moved"
    if state.policy_mark != policy.mark:
        _begin_policy(state, policy, due_ms - 1)  # a rating at this very instant is still to come
        reason = "policy_changed"
    state.policy_mark = policy.mark
    if state.pin is not None and state.pin.until_ms <= due_ms:
        reason = "pin_ended" if holds(state.pin, policy) else reason
        state.pin = None
    state.newest_ms = max(state.newest_ms, due_ms)
    tenure, decision = state.tenure, NOT_DECIDED
    if state.tier is not None:
        rises = policy.rises.at_once or tenure.rises_ms == due_ms
        falls = policy.falls.at_once or tenure.falls_ms == due_ms
        moment = _anew(state, policy, due_ms) if reason == "policy_changed" else Moment(due_ms, rises, falls)
        decision = decide(state, policy, Occasion(customer_id, reason, None), moment)
    state.tier_due_ms = due(state, policy, due_ms)
    return decision


def step_policy(state: CustomerState, customer_id: str, policy: Policy, now_ms: int) -> Decision:
    """The first decision under another policy than the state was kept under, made by nothing but the new policy."""
    roll(state, policy.calendar.day_of(now_ms), policy)
    _begin_policy(state, policy, now_ms)
    state.policy_mark = policy.mark
    decision = NOT_DECIDED
    if state.tier is not None:
        decision = decide(state, policy, Occasion(customer_id, "policy_changed", None), _anew(state, policy, now_ms))
    state.tier_due_ms = due(state, policy, now_ms)
    return decision


def due(state: CustomerState, policy: Policy, now_ms: int) -> int | None:
    """The next instant at which time alone may decide something for this customer; always later than now."""
    if policy.timeless and state.pin is None:
        return None
    instants: list[int | None] = [] if state.pin is None else [state.pin.until_ms]
    if state.tier is not None:
        instants += _moves_on_ms(state, policy, now_ms)
        tenure = state.tenure
        if not policy.at_once or policy.next_month or policy.falling.term_months or tenure.below_since_ms is not None:
            instants += [tenure.rises_ms, tenure.falls_ms, tenure.effective_ms, *falls_due_ms(tenure, policy)]
    return min([at_ms for at_ms in instants if at_ms is not None and at_ms > now_ms], default=None)


def _moves_on_ms(state: CustomerState, policy: Policy, now_ms: int) -> list[int | None]:
    """When the measures that are rated at once move by time alone."""
    calendar = policy.calendar
    days = [window.moves_on_day for window in state.windows if window.moves_on_day is not None]
    if policy.moving_days:
        today = calendar.day_of(now_ms)
        looked_at = today - max(policy.moving_days) + 1
        if any(changed >= looked_at for changes in state.daily.values() for changed in changes):
            days.append(today + 1)
    instants: list[int | None] = [calendar.midnight_ms(min(days))] if days else []
    if policy.moving_months:
        instants.append(calendar.next_month_begins_ms(now_ms))
    return instants


def _moment(state: CustomerState, event: Event, policy: Policy, now_ms: int, reason: Reason) -> Moment:
    """What the event lets be decided: all at once, or the last rating anew if it belongs before that."""
    if policy.at_once:
        return Moment(now_ms, rises=True, falls=True)
    if reason == "policy_changed":
        return _anew(state, policy, now_ms)
    rated_ms = state.tenure.rated_ms
    belongs_ms = event.belongs_at_ms if isinstance(event, Transaction) else event.at_ms
    corrects = rated_ms is not None and belongs_ms < rated_ms and isinstance(event, Transaction | Balance)
    return Moment(now_ms, policy.rises.at_once or corrects, policy.falls.at_once or corrects, corrects)


def _anew(state: CustomerState, policy: Policy, now_ms: int) -> Moment:
    """The first rating under another policy: the last one that it would have made."""
    if policy.at_once:
        return Moment(now_ms, rises=True, falls=True)
    rises, falls, calendar = policy.rises, policy.falls, policy.calendar
    state.tenure.rated_ms = min(rises.last_ms(now_ms, calendar), falls.last_ms(now_ms, calendar))
    return Moment(now_ms, rises=True, falls=True, corrects=True, another_policy=True)


def _begin_policy(state: CustomerState, policy: Policy, after_ms: int) -> None:
    """What was kept for the rules of another policy goes, or is made anew; the ratings to come are this one's."""
    begin_closings(state, policy)
    if policy.serves_earned:
        state.tenure = Tenure()
    tenure = state.tenure
    tenure.rated_ms = tenure.effective_ms = None
    tenure.rises_ms = tenure.falls_ms = None
    if state.tier is not None:
        tenure.rises_ms = policy.rises.next_ms(after_ms, policy.calendar)
        tenure.falls_ms = policy.falls.next_ms(after_ms, policy.calendar)
    if not (policy.falling.after_days or policy.falling.protection_days):
        tenure.below_since_ms = tenure.protected_until_ms = None


def _reason(state: CustomerState, event: Event, policy: Policy, *, is_late: bool) -> Reason:
    if state.tier is None:
        return "first_event"
    if state.policy_mark != policy.mark:
        return "policy_changed"
    if is_late or (isinstance(event, Transaction) and event.is_reversal):
        return "correction"
    return "credit_changed" if isinstance(event, Credit) else "threshold_crossed"


def _apply_action(state: CustomerState, event: CustomerAction, cause: Cause, policy: Policy, now_ms: int) -> Decision:
    reason: Reason = "pin_ended"
    was_pinned = holds(state.pin, policy)
    match event.action:
        case "pin":
            state.pin, reason = event.pin, "pin_set"
        case "unpin":
            state.pin = None
        case "opt_out" | "opt_in":
            state.opted_out = event.action == "opt_out"
            state.tier_due_ms = due(state, policy, now_ms)  # under a new policy the windows were summed anew
            return NOT_DECIDED
        case "erase":
            raise AssertionError("erase replaces the whole state; see forgotten()")
    if state.pin is not None and state.pin.until_ms <= now_ms:
        state.pin, reason = None, "pin_ended"  # over before it was heard of
    state.policy_mark = policy.mark
    state.newest_ms = max(state.newest_ms, event.at_ms)
    decision = NOT_DECIDED
    if state.tier is not None and (was_pinned or state.pin is not None):
        moment = Moment(now_ms, policy.rises.at_once, policy.falls.at_once)
        decision = decide(state, policy, Occasion(event.customer_id, reason, cause), moment)
    state.tier_due_ms = due(state, policy, now_ms)
    return decision


def forgotten(state: CustomerState) -> CustomerState:
    """What is left after erase: numbers of changes and triggers, and loans decided, so that no id is used twice."""
    return CustomerState(sequence=state.sequence, occasions=state.occasions, decided_loans=state.decided_loans)
