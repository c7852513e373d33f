"""Cash back: a share of the transactions of some types, of a whole month at its end, or of each at once.

The rules are in docs/policies.md#cash-back.
"""

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.measures.figures import measure_one
from streams.engine.measures.reversals import is_undone
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import CashBack
from streams.values.calendar import month_text
from streams.values.currencies import minor_decimals
from streams.values.events import Transaction
from streams.values.money import ONE_SHARE, paid_e4


def cash_back_offer(case: Case, terms: CashBack, progress: Progress) -> Offer | None:
    """Offers the share of a single transaction or, at the end of a month, of all that the month had.

    due_ms: the end of the month that is to be paid; None while the customer has given no reason to look at one.
    """
    event, policy = case.event, case.policy
    transaction = event if isinstance(event, Transaction) and event.type in terms.counted.types else None
    if terms.per_transaction:
        is_paid = transaction is not None and transaction.reverses is None and is_for(case, terms.tiers)
        return _payment_of(case, transaction, terms) if transaction is not None and is_paid else None
    if progress.due_ms is None:
        has_come = case.change is not None and case.change.direction != "initial"
        if not is_for(case, terms.tiers) or not (transaction is not None or case.begins_policy or has_come):
            return None
        progress.due_ms = _month_ends_ms(case)
    if progress.due_ms > case.now_ms:
        return None
    last_day = policy.calendar.day_of(progress.due_ms) - 1
    goes_on = bool(case.state.days) and max(case.state.days) > last_day  # transactions ahead of the clock
    progress.due_ms = policy.calendar.next_month_begins_ms(case.now_ms) if goes_on else None
    if not is_for(case, terms.tiers):
        return None
    spent = measure_one(case.state, terms.counted, policy, last_day, is_over=True)
    return _payment(int(spent), terms, policy.currency, month_text(last_day))


def _payment_of(case: Case, transaction: Transaction, terms: CashBack) -> Offer | None:
    if is_undone(case.state, transaction):
        return None
    spent_e16 = transaction.amount_e4 * case.policy.to_value.get(transaction.currency, 0)
    return _payment(spent_e16, terms, case.policy.currency, None)


def _month_ends_ms(case: Case) -> int:
    """Gives the end of the running month.

    If time alone changed the tier at the very instant at which a month ends, that month is the one to pay.
    """
    calendar, now_ms = case.policy.calendar, case.now_ms
    if case.event is None and not case.begins_policy and calendar.month_begins_ms(now_ms) == now_ms:
        return now_ms
    return calendar.next_month_begins_ms(now_ms)


def _payment(spent_e16: int, terms: CashBack, currency: str, period: str | None) -> Offer | None:
    if spent_e16 < terms.at_least_e16:
        return None
    amount_e16 = spent_e16 * terms.rate_e4 // ONE_SHARE
    if terms.at_most_e16 is not None:
        amount_e16 = min(amount_e16, terms.at_most_e16)
    amount_e4 = paid_e4(amount_e16, minor_decimals(currency))
    return Offer(period=period, amount_e4=amount_e4) if amount_e4 > 0 else None
