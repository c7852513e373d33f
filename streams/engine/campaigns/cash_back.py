"""Cash back: a share of the transactions of some types, of a whole month after its end, or of each at once.

    month          |---- purchases ----|
    its end                            |  who is in the tier now, is paid for it
    settled                            |-- settles_after_days --|  pays what was posted by now, and what came late

What comes for a month that is settled, a purchase or a reversal, is in the next payment. What takes more off than there
is to pay is carried to the payment after it. The rules are in docs/policies.md#cash-back.
"""

from streams.engine.campaigns.audience import is_for
from streams.engine.campaigns.each_paid import each_offer, reversal_offer
from streams.engine.case import Case
from streams.engine.measures.days import has_any_since, has_day
from streams.engine.measures.figures import measure_one
from streams.engine.measures.reversals import undone_day, undone_e4
from streams.engine.outcomes import Offer
from streams.engine.state import Progress
from streams.policy.campaigns import CORRECTED_MONTHS, CashBack
from streams.policy.day_rates import on_day
from streams.values.calendar import earliest, month_of, month_start, month_text
from streams.values.currencies import minor_decimals
from streams.values.events import Transaction
from streams.values.money import ONE_SHARE, SUM_LIMIT_E4, paid_e4

_NOTHING = "0"


def cash_back_offer(case: Case, terms: CashBack, progress: Progress) -> Offer | None:
    """Offers the share of a single transaction or, when a month is settled, what is to be paid then.

    due_ms: the end of the month that is looked at next, or when one is settled; None while the customer has given no
    reason to look at one. since_ms: since when the campaign is in force, for customers who were there before it.
    spent_e16: by month, what it had when it was settled last; a month that is paid for is in it from its end on.
    """
    event = case.event
    transaction = event if isinstance(event, Transaction) and event.type in terms.counted.types else None
    if terms.per_transaction:
        return None if transaction is None else _each_offer(case, terms, progress, transaction)
    is_theirs = is_for(case.state, terms.tiers)
    if case.begins_policy and case.tier_before is not None:
        _look_again(case, terms, progress)
        if is_theirs:
            progress.since_ms = case.now_ms
    has_come = case.change is not None and case.change.direction != "initial"
    if is_theirs and (transaction is not None or case.begins_policy or has_come):
        _look_by(progress, _month_ends_ms(case))
    if transaction is not None:
        _note_late(case, terms, progress, transaction)
    if progress.due_ms is None or progress.due_ms > case.now_ms:
        return None
    return _look(case, terms, progress, progress.due_ms)


def _each_offer(case: Case, terms: CashBack, progress: Progress, transaction: Transaction) -> Offer | None:
    share_e4 = _share_e4(case, transaction, terms)
    if transaction.reverses is not None:
        return reversal_offer(case, terms, progress, transaction, share_e4)
    return each_offer(case, terms, progress, transaction, share_e4)


def payments_left(case: Case, terms: CashBack, progress: Progress) -> Progress:
    """Gives what a late erase leaves: what is left of settled months counts as paid; what is carried is forgotten.

    Of a month that has changed since it was settled, no more counts as paid than was settled then.
    """
    state, spent_e16 = case.state, dict.fromkeys(progress.spent_e16, _NOTHING)
    for month in spent_e16:
        if _settled_ms(case, terms, month) <= case.now_ms:
            stands_e16 = _spent_e16(case, terms, month)
            is_owed = month in progress.late_months
            spent_e16[month] = str(min(stands_e16, int(progress.spent_e16[month])) if is_owed else stands_e16)
    left = Progress(due_ms=progress.due_ms, since_ms=progress.since_ms, spent_e16=spent_e16, basis=progress.basis)
    left.late_months = list(progress.late_months)
    left.paid_e4 = {day: noted for day, noted in progress.paid_e4.items() if has_day(state, day)}
    if state.days and not terms.per_transaction:
        _look_by(left, case.policy.calendar.next_month_begins_ms(case.now_ms))
    return left


def leave_to_next_payment(case: Case, terms: CashBack, own: Progress, both: Progress) -> None:
    """Leaves to the next payment what a former id had not settled of months that the id has: a month is told once.

    own: of the id before the former one was put in.
    """
    now_ms, due_ms = case.now_ms, both.due_ms
    if terms.per_transaction or due_ms is None or due_ms > now_ms:
        return
    calendar = case.policy.calendar
    running, due_day = month_of(calendar.day_of(now_ms)), calendar.day_of(due_ms)
    first = max(month_of(due_day - terms.settles_after_days) - 1, running - CORRECTED_MONTHS)
    over = [month for month in range(first, running) if _settled_ms(case, terms, month) <= now_ms]
    if not any(month in own.spent_e16 for month in over):
        return
    is_theirs = is_for(case.state, terms.tiers)
    for month in over:
        if is_theirs:
            both.spent_e16.setdefault(month, _NOTHING)
        if month in both.spent_e16 and month not in both.late_months:
            both.late_months.append(month)
    both.due_ms = _next_due_ms(case, terms, both)
    _look_by(both, calendar.next_month_begins_ms(now_ms))


def _month_ends_ms(case: Case) -> int:
    """Gives the end of the running month.

    If time alone changed the tier at the very instant at which a month ends, that month is the one to pay.
    """
    calendar, now_ms = case.policy.calendar, case.now_ms
    if case.event is None and not case.begins_policy and calendar.month_begins_ms(now_ms) == now_ms:
        return now_ms
    return calendar.next_month_begins_ms(now_ms)


def _look_by(progress: Progress, at_ms: int) -> None:
    progress.due_ms = at_ms if progress.due_ms is None else min(progress.due_ms, at_ms)


def _look_again(case: Case, terms: CashBack, progress: Progress) -> None:
    """Notes when months that ended under another policy are settled; one whose day is over is in the next payment."""
    last_month = month_of(case.policy.calendar.day_of(case.now_ms)) - 1
    for month, spent_e16 in progress.spent_e16.items():
        settled_ms = _settled_ms(case, terms, month)
        if settled_ms > case.now_ms:
            _look_by(progress, settled_ms)
        elif month == last_month and spent_e16 == _NOTHING and month not in progress.late_months:
            progress.late_months.append(month)


def _note_late(case: Case, terms: CashBack, progress: Progress, transaction: Transaction) -> None:
    """Notes a month that has ended and that a transaction has changed: it is to be looked at again."""
    calendar, state = case.policy.calendar, case.state
    day = calendar.day_of(transaction.belongs_at_ms)
    if transaction.reverses is not None:
        root_day = undone_day(state, transaction)
        day = day if root_day is None else root_day
    month, today = month_of(day), calendar.day_of(case.now_ms)
    ends = month_start(month + 1)
    if ends > today or month < month_of(today) - CORRECTED_MONTHS or month in progress.late_months:
        return
    if month not in progress.spent_e16:
        if not _was_theirs(case, terms, progress, calendar.midnight_ms(ends)):
            return
        progress.spent_e16[month] = _NOTHING
    progress.late_months.append(month)
    settled_ms = _settled_ms(case, terms, month)
    if settled_ms > case.now_ms:
        _look_by(progress, settled_ms)


def _was_theirs(case: Case, terms: CashBack, progress: Progress, ended_ms: int) -> bool:
    """Says whether a month is paid for at whose end there was nothing to look at.

    It is if the customer is in the tier and was so at its end, or was not known then.
    """
    was_so = case.tier_before is None or case.state.decided_at_ms < ended_ms
    return was_so and is_for(case.state, terms.tiers) and (progress.since_ms is None or progress.since_ms < ended_ms)


def _look(case: Case, terms: CashBack, progress: Progress, due_ms: int) -> Offer | None:
    """Looks at what is due: the end of a month, a month to be settled, or both at once."""
    day, offer = case.policy.calendar.day_of(due_ms), None
    if month_start(month_of(day)) == day and is_for(case.state, terms.tiers):
        progress.spent_e16.setdefault(month_of(day) - 1, _NOTHING)
    ended = day - terms.settles_after_days
    if month_start(month_of(ended)) == ended and month_of(ended) - 1 in progress.spent_e16:
        offer = _settle(case, terms, progress, month_of(ended) - 1)
    progress.due_ms = _next_due_ms(case, terms, progress)
    return offer


def _next_due_ms(case: Case, terms: CashBack, progress: Progress) -> int | None:
    """Gives when a month is settled next, or ends: the running one, if it has transactions, or they are ahead of it."""
    calendar, now_ms = case.policy.calendar, case.now_ms
    running = month_of(calendar.day_of(now_ms))
    instants = [_settled_ms(case, terms, month) for month in progress.spent_e16]
    if has_any_since(case.state, month_start(running)):
        instants.append(calendar.midnight_ms(month_start(running + 1)))
    return earliest([at_ms for at_ms in instants if at_ms > now_ms])


def _settled_ms(case: Case, terms: CashBack, month: int) -> int:
    """Gives when a month is settled: so many days after its end."""
    return case.policy.calendar.midnight_ms(month_start(month + 1) + terms.settles_after_days)


def _settle(case: Case, terms: CashBack, progress: Progress, month: int) -> Offer | None:
    """Offers what a month comes to, with what has come late for those before it."""
    if progress.basis != terms.basis:  # what was settled by other rates or types is not looked at again
        progress.late_months = [late for late in progress.late_months if progress.spent_e16.get(late) == _NOTHING]
        progress.basis = terms.basis
    total_e16 = int(progress.carried_e16 or _NOTHING)
    for settled in sorted({month, *[late for late in progress.late_months if late <= month]}):
        spent_e16 = _spent_e16(case, terms, settled)
        total_e16 += _owed_e16(spent_e16, terms) - _owed_e16(int(progress.spent_e16[settled]), terms)
        progress.spent_e16[settled] = str(spent_e16)
    oldest = month - CORRECTED_MONTHS
    progress.spent_e16 = {known: spent for known, spent in progress.spent_e16.items() if known > oldest}
    progress.late_months = [late for late in progress.late_months if late > month]
    progress.carried_e16 = str(total_e16) if total_e16 < 0 else ""
    return _payment(total_e16, case, month_text(month_start(month)))


def _spent_e16(case: Case, terms: CashBack, month: int) -> int:
    last_day = month_start(month + 1) - 1
    return int(measure_one(case.state, terms.counted, on_day(case.policy, last_day), last_day, is_over=True))


def _share_e4(case: Case, transaction: Transaction, terms: CashBack) -> int:
    """Gives what is paid of a single transaction, without a part of it that was reversed before it came.

    It is never more than is kept of it, so that a reversal takes all of it back.
    """
    undone, whole_e4 = undone_e4(case.state, transaction), transaction.amount_e4
    to_value = on_day(case.policy, case.policy.calendar.day_of(transaction.belongs_at_ms)).to_value
    spent_e16 = (whole_e4 - undone if undone < whole_e4 else whole_e4) * to_value.get(transaction.currency, 0)
    return min(paid_e4(_owed_e16(spent_e16, terms), minor_decimals(case.policy.currency)), SUM_LIMIT_E4)


def _owed_e16(spent_e16: int, terms: CashBack) -> int:
    """Gives the share of what was spent, before it is rounded to what can be paid."""
    if spent_e16 < terms.at_least_e16:
        return 0
    owed_e16: int = spent_e16 * terms.rate_e4 // ONE_SHARE
    return owed_e16 if terms.at_most_e16 is None else min(owed_e16, terms.at_most_e16)


def _payment(owed_e16: int, case: Case, period: str) -> Offer | None:
    amount_e4 = paid_e4(max(owed_e16, 0), minor_decimals(case.policy.currency))
    return Offer(period=period, amount_e4=amount_e4) if amount_e4 > 0 else None
