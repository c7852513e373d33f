"""The way into the engine: what an event, time alone or another policy does with a customer.

    fold -> decide the tier -> campaigns -> loans -> when time alone may decide next

Each function works a Case, changes its state in place, and gives the outcome.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from streams.engine.campaigns.triggers import (
    begin_progress,
    due_campaigns,
    next_due_ms,
    progress_left,
    triggers_of,
)
from streams.engine.case import Case
from streams.engine.codec import copy_of, kept_bytes
from streams.engine.loans.decisions import risks_of
from streams.engine.measures.erased import left_by_erase
from streams.engine.outcomes import NOTHING, Outcome, RiskMessage, TierChange, Trigger
from streams.engine.state import CustomerState
from streams.engine.tiers.rated import known_since_ms
from streams.engine.tiers.step import step_due, step_erase, step_event, step_policy
from streams.policy.campaigns import BALANCE, Campaign
from streams.policy.policy import Policy
from streams.values.events import Balance, Cause, CustomerAction, Event, Loan, Transaction


def apply_event(case: Case, event: Event, cause: Cause) -> Outcome:
    """Works a new event that has passed check_limits().

    cause: the event's id and its place in the log. An erase is worked by apply_erase().
    """
    state, policy = case.state, case.policy
    case.event, case.cause = event, cause
    _open(case)
    is_due = case.begins_policy or (state.due_ms is not None and state.due_ms <= case.now_ms)
    _note_times(case, event)
    step_event(case, event)
    triggers: Sequence[Trigger] = ()
    if policy.campaigns or case.begins_policy:
        triggers = _triggers(case, policy.campaigns if is_due else _woken(case, event))
    risks: Sequence[RiskMessage] = ()
    if policy.loan_rules is not None and (state.loans or type(event) is Loan):
        risks = risks_of(case, event, cause, policy.loan_rules)
    if case.due_moves or case.begins_policy:
        _set_due(state)
    if case.change is None and not triggers and not risks:
        return NOTHING
    return Outcome(_changes(case), triggers, risks)


def apply_erase(case: Case, event: CustomerAction, cause: Cause) -> Outcome:
    """Works an erase: what it leaves takes the place of the case's state.

    Where it comes late, the customer is rated by what is newer than it. Nothing has happened to the customer then, so
    no trigger comes of that.
    """
    former, case.event, case.cause = case.state, event, cause
    state = case.state = left_by_erase(former, event.at_ms, case.policy)
    if state.first_event_ms is None and state.pinned_ms is None:
        return NOTHING
    step_erase(case)
    if state.tier is not None:
        case.is_history, state.heard_ms = True, case.now_ms
        state.progress = progress_left(case, former.progress)
        _triggers(case, case.policy.campaigns)
    _set_due(state)
    return Outcome(_changes(case))


def bytes_after(case: Case, event: Event, cause: Cause) -> int:
    """Gives how many bytes the state of a new case would take after an event (codec.kept_bytes); it stays as it is."""
    trial = replace(case, state=copy_of(case.state))
    apply_event(trial, event, cause)
    return kept_bytes(trial.state)


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
    return Outcome(_changes(case), triggers)


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


def _note_times(case: Case, event: Event) -> None:
    """Keeps the times of the first event and of the newest transaction, whatever the policy.

    Campaigns and ratings of a later policy count from them, too.
    """
    state, at_ms = case.state, event.at_ms
    if type(event) is CustomerAction:
        return
    if state.first_event_ms is None:
        state.first_event_ms, state.heard_ms = at_ms, case.now_ms
    elif at_ms < known_since_ms(state):
        state.earliest_ms, case.is_earliest = at_ms, True
    if type(event) is Transaction:
        last_ms = state.last_transaction_ms
        if event.reverses is None and (last_ms is None or at_ms > last_ms):
            state.last_transaction_ms = at_ms
    elif type(event) is Loan and (state.applied_ms is None or at_ms > state.applied_ms):
        state.applied_ms = at_ms


def _woken(case: Case, event: Event) -> tuple[Campaign, ...]:
    """Gives the campaigns that this event may trigger, by its kind and by what it did to the tier."""
    word = event.type if type(event) is Transaction else BALANCE if type(event) is Balance else ""
    woken = case.policy.woken[word]
    if case.figures is None:
        return woken.undecided
    return woken.decided if case.change is None else woken.changed


def _triggers(case: Case, campaigns: tuple[Campaign, ...]) -> Sequence[Trigger]:
    if case.begins_policy:
        begin_progress(case.state, case.policy.campaigns)
    return triggers_of(case, campaigns) if campaigns and case.state.tier is not None else ()


def _set_due(state: CustomerState) -> None:
    """Notes the earliest instant at which time alone may decide the tier or a campaign."""
    campaign_ms = next_due_ms(state) if state.progress else None
    if campaign_ms is None:
        state.due_ms = state.tier_due_ms
    else:
        state.due_ms = campaign_ms if state.tier_due_ms is None else min(campaign_ms, state.tier_due_ms)
