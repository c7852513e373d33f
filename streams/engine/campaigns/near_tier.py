"""A trigger for a customer who has been near a higher tier's floor for some days in a row.

The rules are in docs/policies.md#near-the-next-tier.
"""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.outcomes import Figures, Offer
from streams.engine.ratings import next_rating_ms
from streams.engine.state import CustomerState, Progress
from streams.engine.tiers.looked_at import figure_of
from streams.engine.tiers.rated import figures_now
from streams.policy.campaigns import NearTier
from streams.policy.policy import Policy


def near_tier_offer(case: Case, terms: NearTier, progress: Progress) -> Offer | None:
    """Offers what is missing to the floor, and the same again every_days later if the figure is near then.

    since_ms: since when the figure has been near. due_ms: when that may trigger the campaign.
    """
    if case.figures is not None:
        _follow(case, terms, case.figures, progress)
    if progress.due_ms is None or progress.due_ms > case.now_ms:
        return None
    figures = case.figures or figures_now(case.state, case.policy, case.now_ms).figures
    _follow(case, terms, figures, progress)  # between ratings nobody follows it, so it may have left
    if progress.due_ms is None:
        return None
    days_later_ms = case.policy.calendar.days_later_ms
    progress.due_ms = days_later_ms(case.now_ms, terms.every_days) if terms.every_days else None
    return Offer(missing=terms.floor_e16 - figure_of(terms.measure, figures), due_ms=_offer_ends_ms(case, terms))


def is_near_as_noted(state: CustomerState, figures: Figures, policy: Policy) -> bool:
    """Says whether each of these campaigns has noted already whether the figure is near."""
    progress = {} if state.courses is None else state.courses.progress
    for campaign_id, terms in policy.near.items():
        noted = progress.get(campaign_id)
        if _is_near(state, terms, figures) != (noted is not None and noted.since_ms is not None):
            return False
    return True


def _follow(case: Case, terms: NearTier, figures: Figures, progress: Progress) -> None:
    """Notes in the progress since when the figure has been near, and when that may trigger the campaign."""
    if not _is_near(case.state, terms, figures):
        progress.due_ms = progress.since_ms = None
    elif progress.since_ms is None:
        calendar, progress.since_ms = case.policy.calendar, case.now_ms
        progress.due_ms = calendar.days_later_ms(case.now_ms, terms.for_days)
        if progress.triggered_ms is not None and terms.every_days:
            again_ms = calendar.days_later_ms(progress.triggered_ms, terms.every_days)
            progress.due_ms = max(progress.due_ms, again_ms)


def _is_near(state: CustomerState, terms: NearTier, figures: Figures) -> bool:
    figure = figure_of(terms.measure, figures)
    return terms.at_least_e16 <= figure < terms.floor_e16 and is_for(state, terms.tiers)


def _offer_ends_ms(case: Case, terms: NearTier) -> int | None:
    """Gives the instant by which the customer has to be there: the end of the offer, or else the next rating."""
    if terms.offer_days is not None:
        return case.policy.calendar.days_later_ms(case.now_ms, terms.offer_days)
    return next_rating_ms(case.policy.rises, case.now_ms, case.policy.calendar)
