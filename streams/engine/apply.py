"""The way into the engine: what an event, time alone or another policy does with a customer.

    fold -> decide the tier -> campaigns -> loans -> when time alone may decide next

An event is folded first. Most change no figure that a rule looks at, or take it past no floor, and wake nothing: then
that was all. For all else a Case is made. States are changed in place, and each function gives the outcome.
"""

from collections.abc import Sequence

from streams.engine.campaigns.near_tier import is_near_as_noted
from streams.engine.campaigns.triggers import (
    begin_progress,
    due_campaigns,
    next_due_ms,
    not_due,
    progress_left,
    progress_of_both,
    triggers_of,
)
from streams.engine.case import Case, Moment
from streams.engine.codec import copy_of, kept_bytes
from streams.engine.loans.decisions import risks_of
from streams.engine.measures.erased import left_by_erase
from streams.engine.measures.figures import measure
from streams.engine.measures.fold import settle_reversals
from streams.engine.measures.united import united
from streams.engine.outcomes import NOTHING, Figures, Outcome, RiskMessage, TierChange, Trigger
from streams.engine.sections import courses_of, note, special_of
from streams.engine.state import CustomerState
from streams.engine.tiers.decide import holds
from streams.engine.tiers.due import due_moves
from streams.engine.tiers.rated import known_since_ms
from streams.engine.tiers.stands import stands
from streams.engine.tiers.step import (
    step_due,
    step_erase,
    step_event,
    step_policy,
    step_rates,
    step_union,
    take_in,
)
from streams.policy.campaigns import BALANCE, Campaign, WokenCampaigns
from streams.policy.policy import Policy
from streams.values.calendar import earliest
from streams.values.events import Balance, Cause, Credit, CustomerAction, Event, Loan, Transaction


def apply_event(state: CustomerState, event: Event, moment: Moment, topic: int, offset: int) -> Outcome:
    """Works a new event that has passed check_limits().

    topic, offset: its place in the log. An erase is worked by apply_erase().
    """
    policy, tier_before = moment.policy, state.tier
    begins_policy = state.policy_mark != policy.mark
    is_due = begins_policy or (state.due_ms is not None and state.due_ms <= moment.now_ms)
    is_earliest = type(event) is not CustomerAction and _note_times(state, event, policy, moment.now_ms)
    moves, is_late = take_in(state, event, moment, is_rated=not begins_policy and tier_before is not None)
    moves = moves or is_earliest
    figures: Figures | None = None
    if moves and not is_due and _may_stand(event, policy):
        figures = measure(state, policy, moment.today)
        moves = not (stands(state, figures, policy) and is_near_as_noted(state, figures, policy))
        if not moves and due_moves(state, policy, moment.now_ms):
            _set_due(state)
    woken = policy.woken[_word(event)] if policy.campaigns else None
    asks_for_loans = policy.loan_rules is not None and (type(event) is Loan or bool(special_of(state).loans))
    if not (moves or is_due or asks_for_loans or (woken is not None and woken.undecided)):
        return NOTHING
    case = Case(state, event.customer_id, policy, moment.now_ms, event, topic, offset)
    case.is_history, case.begins_policy, case.tier_before = moment.is_history, begins_policy, tier_before
    if moves:
        step_event(case, event, is_late=is_late, figures=figures)
    triggers: Sequence[Trigger] = ()
    if woken is not None or begins_policy:
        triggers = _triggers(case, policy.campaigns if is_due or woken is None else _woken(case, woken))
    risks: Sequence[RiskMessage] = ()
    if asks_for_loans and policy.loan_rules is not None:
        risks = risks_of(case, event, Cause(event.event_id, topic, offset, event.at_ms), policy.loan_rules)
    if case.due_moves or begins_policy:
        _set_due(state)
    if case.change is None and not triggers and not risks and not case.left_in_peace:
        return NOTHING
    return Outcome(_changes(case), triggers, risks, case.left_in_peace)


def apply_erase(case: Case, event: CustomerAction) -> Outcome:
    """Works an erase, which occasions the case: what it leaves takes the place of the case's state.

    Where it comes late, the customer is rated by what is newer than it. Nothing has happened to the customer then, so
    no trigger comes of that.
    """
    former = case.state
    state = case.state = left_by_erase(former, event.at_ms, case.policy)
    if state.first_event_ms is None and special_of(state).pinned_ms is None:
        return NOTHING
    step_erase(case)
    if state.tier is not None:
        case.is_history, state.heard_ms = True, case.now_ms
        if former.courses is not None:
            courses_of(state).progress = progress_left(case, former.courses.progress)
        _triggers(case, case.policy.campaigns)
    _set_due(state)
    return Outcome(_changes(case))


def apply_union(case: Case, former: CustomerState) -> Outcome:
    """Puts what is known under a former id into the state of the case's customer, and decides on all of it.

    Nothing has happened to the customer, so no trigger comes of that; what time alone brings, comes after it.

    Raises:
        LimitExceededError: It is more than is kept of one customer; nothing has changed then.
    """
    policy, own = case.policy, case.state
    state = case.state = united(own, former, policy)
    settle_reversals(state, policy, policy.calendar.day_of(case.now_ms))
    if state.first_event_ms is None and special_of(state).pinned_ms is None:
        state.windows = own.windows
        return NOTHING
    case.is_history, case.tier_before = True, own.tier
    case.begins_policy = former.tier is not None and former.policy_mark != policy.mark
    step_union(case, was_pinned=holds(special_of(own).pin, policy))
    if state.courses is not None:
        before = {} if own.courses is None else own.courses.progress
        state.courses.progress = progress_of_both(case, state.courses, before)
    if state.tier is not None:
        _triggers(case, not_due(state, policy.campaigns, case.now_ms))
    _set_due(state)
    return Outcome(_changes(case))


def bytes_after(state: CustomerState, event: Event, moment: Moment) -> int:
    """Gives how many bytes a state would take after an event (codec.kept_bytes); it stays as it is."""
    trial = copy_of(state)
    apply_event(trial, event, moment, 0, 0)
    return kept_bytes(trial)


def apply_due(case: Case) -> Outcome:
    """Works what falls due by time alone at the case's instant: the tier first, then campaigns.

    A customer whom another policy rated last is rated by this one now, and no trigger comes of that.
    """
    state, policy = case.state, case.policy
    _open(case)
    if case.begins_policy or (state.tier_due_ms is not None and state.tier_due_ms <= case.now_ms):
        step_due(case)
    case.is_history = case.is_history or case.begins_policy
    is_decided = case.begins_policy or case.figures is not None
    due = policy.campaigns if is_decided else due_campaigns(state, policy.campaigns, case.now_ms)
    triggers = _triggers(case, due)
    _set_due(state)
    return Outcome(_changes(case), triggers, left_in_peace=case.left_in_peace)


def apply_policy(case: Case) -> Outcome:
    """Rates a customer whom another policy rated last by the policy of the case.

    Nothing has happened to the customer, so no trigger comes of it.
    """
    _open(case)
    case.is_history = case.begins_policy = True
    step_policy(case)
    _triggers(case, case.policy.campaigns)
    _set_due(case.state)
    return Outcome(_changes(case))


def apply_rates(case: Case) -> Outcome:
    """Decides on a customer by other rates of the day, which have come since the last decision."""
    _open(case)
    step_rates(case)
    triggers = _triggers(case, case.policy.campaigns)
    _set_due(case.state)
    return Outcome(_changes(case), triggers, left_in_peace=case.left_in_peace)


def _changes(case: Case) -> tuple[TierChange, ...]:
    return tuple(change for change in (case.initial, case.change) if change is not None)


def is_rated_by_another(tier: str | None, policy_mark: int, policy: Policy) -> bool:
    """Says whether another policy rated a customer with this tier last.

    Such a customer is rated by the policy in force before anything else is decided. policy_mark: the one in the state.
    """
    return tier is not None and policy_mark != policy.mark


def _open(case: Case) -> None:
    """Notes in the case what the steps need to know of the state as it was."""
    case.begins_policy = case.state.policy_mark != case.policy.mark
    case.tier_before = case.state.tier


def _note_times(
    state: CustomerState, event: Transaction | Balance | Credit | Loan, policy: Policy, now_ms: int
) -> bool:
    """Keeps the times of the first event and of the newest transaction, whatever the policy.

    Campaigns and ratings of a later policy count from them, too. Says whether the event is older than all others of the
    customer, who has been known for longer than was thought.
    """
    at_ms, is_earliest = event.at_ms, False
    if state.first_event_ms is None:
        state.first_event_ms = at_ms
        if policy.campaigns:  # welcomes ask for it, soon after
            state.heard_ms = now_ms
    elif at_ms < state.first_event_ms and at_ms < known_since_ms(state):
        is_earliest = True
        note(state, earliest_ms=at_ms)
    if type(event) is Transaction:
        last_ms = state.last_transaction_ms
        if event.reverses is None and (last_ms is None or at_ms > last_ms):
            state.last_transaction_ms = at_ms
    elif type(event) is Loan:
        applied_ms = special_of(state).applied_ms
        if applied_ms is None or at_ms > applied_ms:
            note(state, applied_ms=at_ms)
    return is_earliest


def _may_stand(event: Event, policy: Policy) -> bool:
    """Says whether an event may leave all as it is though it moves a figure: not so what is said of the customer."""
    return policy.stands_between_floors and type(event) is not Credit and type(event) is not CustomerAction


def _word(event: Event) -> str:
    """Gives the kind of an event that campaigns are woken by (Policy.woken)."""
    return event.type if type(event) is Transaction else BALANCE if type(event) is Balance else ""


def _woken(case: Case, woken: WokenCampaigns) -> tuple[Campaign, ...]:
    """Gives the campaigns that an event may trigger, by what it did to the tier."""
    if case.figures is None:
        return woken.undecided
    return woken.decided if case.change is None else woken.changed


def _triggers(case: Case, campaigns: tuple[Campaign, ...]) -> Sequence[Trigger]:
    if case.begins_policy:
        begin_progress(case.state, case.policy.campaigns)
    return triggers_of(case, campaigns) if campaigns and case.state.tier is not None else ()


def _set_due(state: CustomerState) -> None:
    """Notes the earliest instant at which time alone may decide the tier or a campaign."""
    campaign_ms = None if state.courses is None else next_due_ms(state.courses)
    state.due_ms = earliest((campaign_ms, state.tier_due_ms))
