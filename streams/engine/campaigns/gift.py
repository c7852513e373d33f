"""A gift for the first deposit, or balance, of at least so much, in the first days after the first event."""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.measures.account_rows import account_of
from streams.engine.measures.accounts import account_key
from streams.engine.measures.reversals import is_undone
from streams.engine.outcomes import Offer
from streams.engine.state import CustomerState, Progress
from streams.policy.campaigns import Gift
from streams.policy.policy import Policy
from streams.values.events import Balance, Event, TakeIn, Transaction
from streams.values.products import holding_of


def gift_offer(case: Case, terms: Gift, progress: Progress) -> Offer | None:
    """Offers the gift for the first deposit or balance that is large enough, if it comes in time.

    settled_ms: when it came. Whoever is too late with it gets no second chance
    (docs/policies.md#campaigns-a-gift-a-welcome).
    """
    event, state = case.event, case.state
    if progress.settled_ms is not None or event is None or not is_for(case.state, terms.tiers):
        return None
    if _brought_in_e16(event, state, case.policy) < terms.at_least_e16:
        return None
    progress.settled_ms = case.now_ms
    first_ms = event.at_ms if state.first_event_ms is None else state.first_event_ms
    if event.at_ms > case.policy.calendar.days_later_ms(first_ms, terms.within_days):
        return None
    return Offer(amount_e4=terms.amount_e4)


def _brought_in_e16(event: Event | TakeIn, state: CustomerState, policy: Policy) -> int:
    """Gives the amount of a deposit, or of a balance that is now the account's newest, in the policy's currency.

    -1 for any other event: reversals, undone deposits, balances of loans, and balances older than the known one.
    """
    if isinstance(event, Balance):
        account = account_of(state, account_key(event.account_id, event.currency))
        if account is None or account.as_of_ms != event.at_ms or holding_of(account.product) == "loans":
            return -1
        return event.balance_e4 * policy.to_value.get(event.currency, 0)
    if (
        isinstance(event, Transaction)
        and event.type == "deposit"
        and event.reverses is None
        and not is_undone(state, event)
    ):
        return event.amount_e4 * policy.to_value.get(event.currency, 0)
    return -1
