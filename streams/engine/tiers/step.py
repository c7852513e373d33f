"""One step of a customer's tier: an event, or time alone, moves the measures, and perhaps the tier.

    event -> fold -> what is to be decided -> decide -> when time alone may decide next

Afterwards the case holds the figures, if anything was decided, and the change, if there is one.
"""

from collections.abc import Iterator

from streams.engine.case import Case, Moment
from streams.engine.measures.closing_totals import begin_closings
from streams.engine.measures.fold import fold
from streams.engine.measures.reversals import undone_day
from streams.engine.measures.windows import roll, sum_anew
from streams.engine.outcomes import Figures, Reason, TierChange
from streams.engine.ratings import next_rating_ms
from streams.engine.sections import note, special_of, tenure_of
from streams.engine.state import CustomerState
from streams.engine.tiers.decide import decide, holds
from streams.engine.tiers.due import is_due_by_rates, note_due
from streams.engine.tiers.rated import known_since_ms, last_rated_ms
from streams.policy.policy import Policy
from streams.values.events import Credit, CustomerAction, Event, Transaction


def take_in(state: CustomerState, event: Event, moment: Moment, *, is_rated: bool) -> tuple[bool, bool]:
    """Folds a new event into the state, in place. limits.check_limits() has accepted it before.

    is_rated: the customer has a tier, by this very policy. Says whether there may be something to decide, and whether
    the event is late. An action moves no measure: what it does is left to step_event().
    """
    policy, at_ms = moment.policy, event.at_ms
    if not is_rated and state.policy_mark != policy.mark:
        sum_anew(state, moment.today, policy)
        _begin_policy(state, policy, moment.now_ms)
    elif state.windows:
        roll(state, moment.today, policy)
    if type(event) is CustomerAction:
        return True, False
    if state.tier is None:
        _note_last_rating(state, policy, moment.now_ms)
    moves = fold(state, event, policy, moment.today)
    is_late = at_ms < state.newest_ms or (moment.on_event_clock and at_ms < moment.now_ms)
    state.newest_ms = max(state.newest_ms, at_ms)
    return moves or not is_rated, is_late


def step_event(case: Case, event: Event, *, is_late: bool, figures: Figures | None = None) -> None:
    """Decides after an event that take_in() has folded, or carries an action out.

    figures: those of now, where they are worked out already.
    """
    state, policy = case.state, case.policy
    if type(event) is CustomerAction:
        _apply_action(case, event)
        return
    is_rated = case.tier_before is not None and not case.begins_policy
    state.policy_mark = policy.mark
    case.reason = _reason(case, event, is_late=is_late)
    if not policy.at_once:
        _ask(case, event)
    if is_rated and not (case.rises or case.falls or type(event) is Credit):
        return
    decide(case, figures)
    if case.tier_before is None:
        _make_up_for_rating(case)
    note_due(case)


def step_due(case: Case) -> None:
    """Decides what falls due by time alone: a window that moves on, a rating, the end of a grace or of a pin."""
    state, policy, now_ms = case.state, case.policy, case.now_ms
    if case.begins_policy:
        sum_anew(state, policy.calendar.day_of(now_ms), policy)
        _begin_policy(state, policy, now_ms - 1)  # a rating at this very instant is still to come
        case.reason = "policy_changed"
    else:
        if is_due_by_rates(state, policy, now_ms):
            case.reason = "rates_changed"
        roll(state, policy.calendar.day_of(now_ms), policy)
    state.policy_mark = policy.mark
    pin = special_of(state).pin
    if pin is not None and pin.until_ms <= now_ms:
        case.reason = "pin_ended" if holds(pin, policy) else case.reason
        note(state, pin=None)
    state.newest_ms = max(state.newest_ms, now_ms)
    if state.tier is not None:
        if case.reason == "policy_changed":
            _ask_for_last_rating(case)
        else:
            case.rises = policy.rises_at_once or tenure_of(state).rises_ms == now_ms
            case.falls = policy.falls_at_once or tenure_of(state).falls_ms == now_ms
        decide(case)
    note_due(case)


def step_rates(case: Case) -> None:
    """Decides once more, since other rates of this day have come. No event causes it."""
    state, policy, now_ms = case.state, case.policy, case.now_ms
    roll(state, policy.calendar.day_of(now_ms), policy)
    case.reason = "rates_changed"
    case.rises, case.falls = policy.rises_at_once, policy.falls_at_once
    decide(case)
    note_due(case)


def step_policy(case: Case) -> None:
    """Makes the first decision under a policy other than the one that rated the customer last. No event causes it."""
    state, policy = case.state, case.policy
    sum_anew(state, policy.calendar.day_of(case.now_ms), policy)
    _begin_policy(state, policy, case.now_ms)
    state.policy_mark = policy.mark
    if state.tier is not None:
        case.reason = "policy_changed"
        _ask_for_last_rating(case)
        decide(case)
    note_due(case)


def step_erase(case: Case) -> None:
    """Decides on what a late erase has left, as if the customer were first heard of with it."""
    state, policy = case.state, case.policy
    sum_anew(state, policy.calendar.day_of(case.now_ms), policy)
    state.policy_mark = policy.mark
    if state.first_event_ms is not None:
        case.reason = "first_event"
        _note_last_rating(state, policy, case.now_ms)
        decide(case)
        _make_up_for_rating(case)
    note_due(case)


def step_union(case: Case, *, was_pinned: bool) -> None:
    """Decides on what two ids have together. Who had no tier yet is rated as first heard of with it.

    was_pinned: a pin that held before; the other id may have brought its end.
    """
    state, policy = case.state, case.policy
    pin = special_of(state).pin
    if pin is not None and pin.until_ms <= case.now_ms:
        pin = None
        note(state, pin=None)
    begin_closings(state, policy)
    if state.tier is None:
        step_erase(case)
        return
    sum_anew(state, policy.calendar.day_of(case.now_ms), policy)
    state.policy_mark = policy.mark
    case.reason = "pin_ended" if was_pinned and not holds(pin, policy) else "merged"
    if not policy.at_once:
        _ask_for_last_rating(case)
    decide(case)
    note_due(case)


def pass_time(state: CustomerState, customer_id: str, policy: Policy, until_ms: int) -> Iterator[TierChange]:
    """Decides, in place, whatever falls due by time alone until an instant; yields the changes in order."""
    while state.tier_due_ms is not None and state.tier_due_ms <= until_ms:
        case = Case(state, customer_id, policy, state.tier_due_ms)
        case.begins_policy = state.policy_mark != policy.mark
        step_due(case)
        if case.change is not None:
            yield case.change


# --- what is to be decided ---


def _reason(case: Case, event: Event, *, is_late: bool) -> Reason:
    if case.tier_before is None:
        return "first_event"
    if case.begins_policy:
        return "policy_changed"
    if is_late or (type(event) is Transaction and event.reverses is not None):
        return "correction"
    return "credit_changed" if type(event) is Credit else "threshold_crossed"


def _ask(case: Case, event: Event) -> None:
    """Notes in the case what the event may change, where a policy does not rate all at once: a rise, a fall, or both.

    An event from before the last rating corrects that rating.
    """
    policy = case.policy
    if case.reason == "policy_changed":
        _ask_for_last_rating(case)
        return
    rated_ms = tenure_of(case.state).rated_ms
    counts_then = policy.standings_count_then or type(event) is not Credit
    from_before = rated_ms is not None and max(known_since_ms(case.state), _belongs_ms(case, event)) < rated_ms
    corrects = counts_then and from_before
    case.rises = policy.rises_at_once or corrects
    case.falls = policy.falls_at_once or corrects
    case.corrects = corrects


def _note_last_rating(state: CustomerState, policy: Policy, now_ms: int) -> None:
    """Notes the last rating by the calendar for a customer who has none yet: what it looks at is to be kept."""
    if not policy.at_once:
        tenure_of(state).rated_ms = last_rated_ms(policy, now_ms)


def _make_up_for_rating(case: Case) -> None:
    """Makes the last rating for a customer who is heard of after it, and was there before: by the first event's time.

    The customer has begun in the lowest tier, as all do who are rated later; what the rating gives corrects that.
    """
    if case.policy.rises_at_once:
        return
    rated_ms = tenure_of(case.state).rated_ms
    if rated_ms is None or known_since_ms(case.state) >= rated_ms:
        return
    initial = case.change
    case.reason, case.corrects = "correction", True
    decide(case)
    if case.change is not initial:
        case.initial = initial


def _belongs_ms(case: Case, event: Event) -> int:
    """Gives the instant from which on an event may change figures."""
    if type(event) is not Transaction:
        return event.at_ms
    day = None if event.reverses is None else undone_day(case.state, event)
    return event.belongs_at_ms if day is None else min(event.belongs_at_ms, case.policy.calendar.midnight_ms(day))


def _ask_for_last_rating(case: Case) -> None:
    """Notes in the case that a policy's first decision is the last rating that it would have made before now."""
    policy = case.policy
    if policy.at_once:
        return
    tenure_of(case.state).rated_ms = last_rated_ms(policy, case.now_ms)
    case.corrects = True


def _begin_policy(state: CustomerState, policy: Policy, after_ms: int) -> None:
    """Makes the state fit another policy: drops what only the former policy needed, and sets the next ratings.

    after_ms: the instant after which the next ratings are looked for.
    """
    begin_closings(state, policy)
    if state.tenure is not None and not policy.standings_count_then:
        state.tenure.standings = ()
    if policy.serves_earned:
        state.tenure = None
        return
    tenure = tenure_of(state)
    tenure.rated_ms = tenure.effective_ms = None
    tenure.rises_ms = tenure.falls_ms = None
    if state.tier is not None:
        tenure.rises_ms = next_rating_ms(policy.rises, after_ms, policy.calendar)
        tenure.falls_ms = next_rating_ms(policy.falls, after_ms, policy.calendar)
    if not (policy.falling.after_days or policy.falling.protection_days):
        tenure.below_since_ms = tenure.protected_until_ms = None


def _apply_action(case: Case, event: CustomerAction) -> None:
    """Applies a pin, its end, an opt-out or an opt-in, and decides where the served tier may change.

    What was said last holds, whatever came last; of two with the same time, the later one to come.
    """
    state, policy, now_ms = case.state, case.policy, case.now_ms
    special = special_of(state)
    was_pinned, was_said_before = holds(special.pin, policy), _is_older(event, special.pinned_ms)
    case.reason = "pin_ended"
    match event.action:
        case "opt_out" | "opt_in":
            _note_consent(state, event)
            note_due(case)  # under a new policy the windows were summed anew
            return
        case "pin" | "unpin" if was_said_before:
            note_due(case)
            return
        case "pin":
            pin, case.reason = event.pin, "pin_set"
        case "unpin":
            pin = None
        case "erase":
            raise AssertionError("erase replaces the whole state; see apply.apply_erase()")
    if pin is not None and pin.until_ms <= now_ms:
        pin, case.reason = None, "pin_ended"  # it had ended before its event arrived
    note(state, pin=pin, pinned_ms=event.at_ms)
    state.policy_mark = policy.mark
    state.newest_ms = max(state.newest_ms, event.at_ms)
    if state.tier is not None and (was_pinned or pin is not None):
        case.rises, case.falls = policy.rises_at_once, policy.falls_at_once
        decide(case)
    note_due(case)


def _note_consent(state: CustomerState, event: CustomerAction) -> None:
    if not _is_older(event, special_of(state).consent_ms):
        note(state, opted_out=event.action == "opt_out", consent_ms=event.at_ms)


def _is_older(event: CustomerAction, newest_ms: int | None) -> bool:
    return newest_ms is not None and event.at_ms < newest_ms
