"""A notice at the end of a month whose figure is below a floor (docs/policies.md#a-fee-for-a-month-below)."""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.measures.figures import measure_one
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import FeeAlert
from streams.policy.day_rates import on_day
from streams.values.calendar import month_text


def fee_alert_offer(case: Case, terms: FeeAlert, progress: Progress) -> Offer | None:
    """Offers, at the end of a month, what was missing to the floor.

    The tier that counts is the one served until then. due_ms: the end of the month that is looked at next.
    """
    calendar = case.policy.calendar
    if progress.due_ms is None or progress.due_ms > case.now_ms:
        if progress.due_ms is None and is_for(case.state, terms.tiers):
            progress.due_ms = calendar.next_month_begins_ms(case.now_ms)
        return None
    last_day = calendar.day_of(progress.due_ms) - 1
    progress.due_ms = calendar.next_month_begins_ms(case.now_ms) if is_for(case.state, terms.tiers) else None
    figure = measure_one(case.state, terms.measure, on_day(case.policy, last_day), last_day, is_over=True)
    held = not terms.tiers or case.tier_before in terms.tiers
    if not held or figure >= terms.below_e16:
        return None
    return Offer(period=month_text(last_day), missing=terms.below_e16 - figure)


def look_from_now_on(case: Case, terms: FeeAlert, progress: Progress) -> None:
    """Leaves out months that are over: of one that the id was told of, nothing is told again for a former id."""
    if progress.due_ms is not None and progress.due_ms <= case.now_ms:
        is_theirs = is_for(case.state, terms.tiers)
        progress.due_ms = case.policy.calendar.next_month_begins_ms(case.now_ms) if is_theirs else None
