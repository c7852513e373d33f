"""A trigger at each upgrade to one of the tiers that the campaign names, or to any."""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import Welcome


def welcome_offer(case: Case, terms: Welcome, _: Progress) -> Offer | None:
    """Offers the welcome, without an amount. It keeps no progress: each upgrade is an occasion.

    Not so what a customer of whom the first event was heard just now rises to. It comes of the order in which topics
    arrive: the customer was never in the lower tier.
    """
    change = case.change
    if change is None or change.direction != "upgrade" or not is_for(case.state, terms.tiers):
        return None
    return None if _is_settling(case, terms) else Offer()


def _is_settling(case: Case, terms: Welcome) -> bool:
    heard_ms = case.state.heard_ms
    return terms.settles_ms > 0 and heard_ms is not None and case.now_ms - heard_ms <= terms.settles_ms
