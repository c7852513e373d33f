"""A trigger at each upgrade to one of the tiers that the campaign names, or to any."""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import Welcome


def welcome_offer(case: Case, terms: Welcome, _: Progress) -> Offer | None:
    """Offers the welcome, without an amount. It keeps no progress: each upgrade is an occasion."""
    change = case.change
    if change is None or change.direction != "upgrade" or not is_for(case, terms.tiers):
        return None
    return Offer()
