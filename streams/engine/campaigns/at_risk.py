"""A warning some days before the tier falls, if nothing changes.

Whether it falls is found by running the engine forward on a copy of the state
(docs/policies.md#no-transactions-a-tier-about-to-be-lost).
"""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.codec import copy_of
from streams.engine.outcomes import Figures, Offer, TierChange
from streams.engine.sections import tenure_of
from streams.engine.state import Progress
from streams.engine.tiers.looked_at import figure_of
from streams.engine.tiers.rated import figures_now
from streams.engine.tiers.step import pass_time
from streams.engine.tiers.tenure import falls_due_ms
from streams.policy.campaigns import AtRisk
from streams.policy.measures import Condition
from streams.policy.policy import Policy
from streams.values.calendar import NEVER_MS, earliest
from streams.values.money import Figure


def at_risk_offer(case: Case, terms: AtRisk, progress: Progress) -> Offer | None:
    """Offers what is missing to keep the tier, if the tier falls within so many days.

    settled_ms: the newest possible fall that was looked at. since_ms: the next one. due_ms: when that one is looked at.
    """
    is_due = progress.due_ms is not None and progress.due_ms <= case.now_ms
    if case.figures is None and not is_due:
        return None
    fall_ms = _next_fall_ms(case, progress) if is_for(case.state, terms.tiers) else None
    if fall_ms is None:
        progress.since_ms = progress.due_ms = None
        return None
    if fall_ms != progress.since_ms:
        progress.since_ms = fall_ms
        progress.due_ms = case.policy.calendar.days_later_ms(fall_ms, -terms.days_before)
    if progress.due_ms is None or progress.due_ms > case.now_ms:
        return None
    progress.settled_ms, progress.since_ms, progress.due_ms = fall_ms, None, None
    fall = _fall_until(case, fall_ms)
    return None if fall is None else Offer(missing=_missing_to_keep(case, fall), due_ms=fall.decided_at_ms)


def _next_fall_ms(case: Case, progress: Progress) -> int | None:
    """Gives the next possible fall that has not been looked at yet; None where none can be seen coming."""
    tenure, policy = tenure_of(case.state), case.policy
    if tenure.below_since_ms is None and policy.at_once and not (policy.next_month or policy.falling.term_months):
        return None
    after_ms = max(case.now_ms, NEVER_MS if progress.settled_ms is None else progress.settled_ms)
    instants = [tenure.falls_ms, tenure.effective_ms, *falls_due_ms(tenure, policy)]
    return earliest([at_ms for at_ms in instants if at_ms is not None and at_ms > after_ms])


def _fall_until(case: Case, until_ms: int) -> TierChange | None:
    """Gives the first fall until an instant, if no further event comes. The state is not changed."""
    rank, held = case.policy.rank, case.state.tier or ""
    changes = pass_time(copy_of(case.state), case.customer_id, case.policy, until_ms)
    return next((change for change in changes if rank[change.tier] < rank[held]), None)


def _missing_to_keep(case: Case, fall: TierChange) -> Figure | None:
    """Gives how far the figure is from the lower of the floors to enter and to keep the tier.

    None where one of the two conditions is not a single floor. The figure is today's where tiers are lost at once, else
    that of the rating at which the tier falls.
    """
    policy = case.policy
    tier = policy.tiers[policy.rank[case.state.tier or ""]]
    figures = figures_now(case.state, policy, case.now_ms).figures if policy.falls_at_once else fall.figures
    gaps = [_gap(condition, figures, policy) for condition in (tier.enter, tier.keep) if condition is not None]
    known = [gap for gap in gaps if gap is not None]
    return max(min(known), 0) if known and len(known) == len(gaps) else None


def _gap(condition: Condition, figures: Figures, policy: Policy) -> Figure | None:
    if condition.all is not None or condition.any is not None:
        return None
    if condition.measure is not None and policy.measures[condition.measure].kind == "standing":
        return None
    return condition.at_least_e16 - figure_of(condition.measure, figures)
