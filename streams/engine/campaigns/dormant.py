"""A trigger for a customer without a transaction for some days; once until the next transaction.

Reversals are not looked at. Before the first transaction, the days count from the first event that arrived.
"""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import Dormant
from streams.values.events import Transaction


def dormant_offer(case: Case, terms: Dormant, progress: Progress) -> Offer | None:
    """Offers when a customer becomes dormant. The days count from the newest transaction, not from the last to arrive.

    settled_ms: when this dormancy was dealt with; a transaction that ends it clears that. due_ms: when to look next.
    Transactions do not put due_ms off: it is worked out again only when it has come, which saves work at every event.
    """
    if progress.settled_ms is not None:
        if not isinstance(case.event, Transaction) or _begins_ms(case, terms) <= case.now_ms:
            return None
        progress.settled_ms = None
    if not is_for(case.state, terms.tiers):
        progress.due_ms = None
        return None
    if progress.due_ms is not None and progress.due_ms > case.now_ms and not _is_older_than_all(case):
        return None
    begins_ms = _begins_ms(case, terms)
    if begins_ms > case.now_ms:
        progress.due_ms = begins_ms
        return None
    progress.due_ms, progress.settled_ms = None, case.now_ms
    return Offer()


def _begins_ms(case: Case, terms: Dormant) -> int:
    """Gives the instant from which the customer is dormant, if no transaction comes before it."""
    state = case.state
    last_ms = state.last_transaction_ms
    if last_ms is None:
        last_ms = state.newest_ms if state.first_event_ms is None else state.first_event_ms
    return case.policy.calendar.days_later_ms(last_ms, terms.days)


def _is_older_than_all(case: Case) -> bool:
    """Says whether the event happened before the first event that arrived. The customer may be dormant sooner then."""
    event, first_ms = case.event, case.state.first_event_ms
    return event is not None and first_ms is not None and event.at_ms < first_ms
