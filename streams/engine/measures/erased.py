"""What an erase leaves: the numbers that keep ids unique and, where it comes late, what is newer than the erase.

    balance   erase's own time   balance, purchase   |  the erase arrives
    - gone -                     - they stay, as if the customer were first heard of with them -

What has a time of its own stays if that is later: balances, standings, consents, pins, watched loans. Transactions are
summed by day: those of the erase's own local day go as a whole, those of the days after it stay.
"""

from msgspec.structs import replace

from streams.engine.codec import decode_loans, encode_loans
from streams.engine.measures.account_rows import all_accounts
from streams.engine.measures.accounts import add_newest
from streams.engine.measures.closing_totals import begin_closings
from streams.engine.measures.closings import keep_timeline, timeline_of
from streams.engine.measures.days import add_to_bucket, all_buckets, days_kept
from streams.engine.measures.reversals import ABSENT, keep_reversals, reversals_of
from streams.engine.measures.standings import standings_kept
from streams.engine.sections import closings_of, courses_of, note, special_of, tenure_of
from streams.engine.state import Courses, CustomerState, Special
from streams.policy.policy import Policy
from streams.values.calendar import NEVER_MS
from streams.values.events import CUSTOMERS
from streams.values.products import PRODUCT_UNLESS_KNOWN


def left_by_erase(state: CustomerState, erased_ms: int, policy: Policy) -> CustomerState:
    """Gives the state that an erase leaves, without a tier; nothing has been decided on it (docs/messages.md).

    Where nothing is newer than the erase, that is the numbers of changes and triggers, which loans were decided, and
    the erase's own time. Else it is also what is newer, and which events are remembered, so that none counts twice.
    """
    special = special_of(state)
    left = _numbers_of(state, erased_ms)
    words_ms = [at_ms for at_ms in (special.consent_ms, special.pinned_ms) if at_ms is not None]
    if max([newest_heard_ms(state), *words_ms]) <= erased_ms:
        return left  # nearly always
    left.remembered = state.remembered
    left.newest_ms = state.newest_ms
    if state.courses is not None and (
        contacts_ms := [at_ms for at_ms in state.courses.contacts_ms if at_ms > erased_ms]
    ):
        courses_of(left).contacts_ms = contacts_ms
    _keep_words(left, state, erased_ms)
    _keep_special(left, special, erased_ms)
    _keep_accounts(left, state, erased_ms, policy)
    _keep_transactions(left, state, erased_ms, policy)
    _keep_first_times(left, state, erased_ms, policy)
    return left


def is_numbers_alone(state: CustomerState) -> bool:
    """Says whether a state is no more than an erase leaves of whom nothing newer is known, and the erase itself."""
    erased_ms = special_of(state).erased_ms
    if erased_ms is None or not state.remembered.keys() <= {CUSTOMERS}:
        return False
    numbers = _numbers_of(state, erased_ms)
    numbers.remembered = state.remembered
    return state == numbers


def newest_heard_ms(state: CustomerState) -> int:
    """Gives the newest own time of the events that are known of a customer, actions aside."""
    heard_ms = [special_of(state).applied_ms, state.standing_as_of_ms, state.last_transaction_ms]
    heard_ms += [account.as_of_ms for _, account in all_accounts(state)]
    heard_ms += [reversal.at_ms for reversal in reversals_of(state)]
    return max((at_ms for at_ms in heard_ms if at_ms is not None), default=NEVER_MS)


def _numbers_of(state: CustomerState, erased_ms: int) -> CustomerState:
    """Gives what keeps ids unique: the numbers of changes and triggers, and which loans were decided."""
    special = Special(erased_ms=erased_ms, decided_loans=special_of(state).decided_loans)
    numbers = CustomerState(sequence=state.sequence, special=special)
    if state.courses is not None and state.courses.trigger_counts:
        numbers.courses = Courses(trigger_counts=state.courses.trigger_counts)
    return numbers


def _keep_words(left: CustomerState, state: CustomerState, erased_ms: int) -> None:
    if _if_newer(state.standing_as_of_ms, erased_ms) is not None:
        left.standing, left.standing_as_of_ms, left.score = state.standing, state.standing_as_of_ms, state.score
        standings = tuple([known for known in standings_kept(state) if known[0] > erased_ms])
        if standings:
            tenure_of(left).standings = standings


def _keep_special(left: CustomerState, special: Special, erased_ms: int) -> None:
    if _if_newer(special.consent_ms, erased_ms) is not None:
        note(left, opted_out=special.opted_out, consent_ms=special.consent_ms)
    if _if_newer(special.pinned_ms, erased_ms) is not None:
        note(left, pin=special.pin, pinned_ms=special.pinned_ms)
    if special.loans:
        loans = {name: loan for name, loan in decode_loans(special.loans).items() if loan.applied_ms > erased_ms}
        note(left, loans=encode_loans(loans) if loans else b"")
    note(
        left,
        applied_ms=_if_newer(special.applied_ms, erased_ms),
        unplaced_before_ms=_if_newer(special.unplaced_before_ms, erased_ms),
        unplaced_until_ms=_if_newer(special.unplaced_until_ms, erased_ms),
    )


def _keep_accounts(left: CustomerState, state: CustomerState, erased_ms: int, policy: Policy) -> None:
    """Keeps the balances, and the words for products, that are newer; makes the totals of them anew."""
    calendar, first_days = policy.calendar, list[int]()
    for key, newest in all_accounts(state):
        timeline = [
            account
            if account.product_told_ms > erased_ms
            else replace(account, product=PRODUCT_UNLESS_KNOWN, product_told_ms=NEVER_MS)
            for account in timeline_of(state, key, newest)
            if account.as_of_ms > erased_ms
        ]
        if timeline:
            first_days.append(calendar.day_of(timeline[0].as_of_ms))
            keep_timeline(left, key, timeline, calendar, first_days[-1])
            add_newest(left, timeline[-1], 1)
    if first_days:
        closings_of(left).first_day = min(first_days)
    begin_closings(left, policy)


def _keep_transactions(left: CustomerState, state: CustomerState, erased_ms: int, policy: Policy) -> None:
    """Keeps the days after that of the erase, and the reversals that are newer."""
    erased_day = policy.calendar.day_of(erased_ms)
    for day, name, bucket in all_buckets(state):
        if day > erased_day:  # one by one, so that the currencies of the others are forgotten, too
            add_to_bucket(left, day, name, bucket.count, bucket.amount_e4)
    reversals = [reversal for reversal in reversals_of(state) if reversal.at_ms > erased_ms]
    for reversal in reversals:
        if reversal.day <= erased_day:
            reversal.origin, reversal.is_taken = ABSENT, False
    if reversals:
        keep_reversals(left, reversals)
    left.last_transaction_ms = _if_newer(state.last_transaction_ms, erased_ms)


def _keep_first_times(left: CustomerState, state: CustomerState, erased_ms: int, policy: Policy) -> None:
    """Keeps the times of the first event that was heard and of the earliest; where they are gone, of what is known."""
    known_ms = _earliest_known_ms(left, policy)
    first_ms, earliest_ms = state.first_event_ms, special_of(state).earliest_ms
    left.first_event_ms = first_ms if first_ms is not None and first_ms > erased_ms else known_ms
    if earliest_ms is not None and left.first_event_ms != known_ms:
        note(left, earliest_ms=earliest_ms if earliest_ms > erased_ms else known_ms)


def _earliest_known_ms(left: CustomerState, policy: Policy) -> int | None:
    known_ms = [timeline_of(left, key, newest)[0].as_of_ms for key, newest in all_accounts(left)]
    known_ms += [at_ms for at_ms, _, _ in standings_kept(left)[:1]]
    known_ms += [policy.calendar.midnight_ms(day) for day in days_kept(left)]
    known_ms += [reversal.at_ms for reversal in reversals_of(left)]
    newest_ms = (special_of(left).applied_ms, left.standing_as_of_ms, left.last_transaction_ms)
    known_ms += [at_ms for at_ms in newest_ms if at_ms is not None]
    return min(known_ms, default=None)


def _if_newer(at_ms: int | None, erased_ms: int) -> int | None:
    return None if at_ms is None or at_ms <= erased_ms else at_ms
