"""Two ids that are one customer: what is known of the former id is put into the state of the other one.

    former id   accounts, days, standing, words, what campaigns did  --+
    id          accounts, days, standing, words, what campaigns did  --+->  one state under the id

Sums come out as if all had come to the one id (docs/merging.md). Of what was said with a time, the newest holds; at
equal times what the id itself has. The tier, the number of its changes and how it is held are those of the id.
"""

from struct import error

from streams.engine.codec import copy_of, decode_loans, encode_loans, kept_bytes
from streams.engine.measures.account_rows import account_of, accounts_kept, all_accounts
from streams.engine.measures.accounts import add_newest
from streams.engine.measures.closings import keep_timeline, timeline_of
from streams.engine.measures.days import add_to_bucket, all_buckets
from streams.engine.measures.erased import left_by_erase
from streams.engine.measures.limits import LimitExceededError
from streams.engine.measures.reversals import keep_reversals, reversals_of
from streams.engine.measures.standings import Standings, keep_standings, standings_kept
from streams.engine.remember import LOAN_MARK_BYTES, unite_remembered
from streams.engine.sections import closings_of, courses_of, note, special_of
from streams.engine.state import (
    ACCOUNTS_LIMIT,
    STATE_BYTES_LIMIT,
    Account,
    Courses,
    CustomerState,
    Progress,
    Reversal,
    Special,
)
from streams.policy.policy import Policy
from streams.values.calendar import Calendar, earliest


def united(state: CustomerState, former: CustomerState, policy: Policy) -> CustomerState:
    """Gives the state of a customer with what is known under a former id put in; both stay as they are.

    Nothing is decided on it: windows and closing totals are to be made anew. What an erase of the customer has made
    forgotten does not come back, and what the campaigns did under the former id stays done all the same.

    Raises:
        LimitExceededError: It is more than is kept of one customer.
    """
    one, former = copy_of(state), copy_of(former)
    courses, erased_ms = former.courses, special_of(one).erased_ms
    if erased_ms is not None:
        former = left_by_erase(former, erased_ms, policy)
    _unite_accounts(one, former, policy.calendar)
    _unite_transactions(one, former)
    _unite_standings(one, former)
    _unite_words(one, special_of(former))
    _unite_loans(one, special_of(former))
    if courses is not None:
        _unite_courses(courses_of(one), courses)
    unite_remembered(one, former)
    _unite_times(one, former)
    one.windows = ()
    _check_size(one)
    return one


def left_by_union(state: CustomerState) -> CustomerState:
    """Gives what is left under a former id: what keeps ids unique, and which events are remembered."""
    special = special_of(state)
    left = CustomerState(sequence=state.sequence, newest_ms=state.newest_ms, remembered=state.remembered)
    note(left, erased_ms=special.erased_ms, decided_loans=special.decided_loans)
    if state.courses is not None and state.courses.trigger_counts:
        left.courses = Courses(trigger_counts=state.courses.trigger_counts)
    return left


def _unite_accounts(one: CustomerState, former: CustomerState, calendar: Calendar) -> None:
    """Puts accounts side by side; of one that both have, the balances are put in one order."""
    first_day = None if former.closings is None else former.closings.first_day
    if first_day is not None:
        known_day = closings_of(one).first_day
        closings_of(one).first_day = first_day if known_day is None else min(first_day, known_day)
    for key, newest in all_accounts(former):
        timeline, known = timeline_of(former, key, newest), account_of(one, key)
        if known is not None:
            add_newest(one, known, -1)
            timeline = _in_one_order(timeline, timeline_of(one, key, known), calendar)
        keep_timeline(one, key, timeline, calendar, calendar.day_of(timeline[0].as_of_ms))
        add_newest(one, timeline[-1], 1)
    if one.closings is not None:
        one.closings.daily = {}
    theirs = special_of(former)
    note(
        one,
        unplaced_before_ms=_newest((special_of(one).unplaced_before_ms, theirs.unplaced_before_ms)),
        unplaced_until_ms=_newest((special_of(one).unplaced_until_ms, theirs.unplaced_until_ms)),
    )


def _in_one_order(former: list[Account], own: list[Account], calendar: Calendar) -> list[Account]:
    """Gives the newest balance of each day, at equal times the one's own."""
    by_day: dict[int, Account] = {}
    for account in sorted([*former, *own], key=_as_of_ms):
        by_day[calendar.day_of(account.as_of_ms)] = account
    return list(by_day.values())


def _unite_transactions(one: CustomerState, former: CustomerState) -> None:
    try:
        for day, name, bucket in all_buckets(former):
            add_to_bucket(one, day, name, bucket.count, bucket.amount_e4)
    except error as too_much:  # the widest row has no room
        raise LimitExceededError("the transactions of a day would pass what is kept of one") from too_much
    kept = reversals_of(one)
    known = {reversal.mark for reversal in kept}
    others = [reversal for reversal in reversals_of(former) if reversal.mark not in known]
    if others:
        keep_reversals(one, sorted([*others, *kept], key=_at_ms))
    one.last_transaction_ms = _newest((one.last_transaction_ms, former.last_transaction_ms))


def _unite_standings(one: CustomerState, former: CustomerState) -> None:
    if standings_kept(one) or standings_kept(former):
        keep_standings(one, sorted([*_standings_of(former), *_standings_of(one)], key=_told_ms))
    as_of_ms = former.standing_as_of_ms
    if as_of_ms is not None and (one.standing_as_of_ms is None or as_of_ms > one.standing_as_of_ms):
        one.standing, one.standing_as_of_ms, one.score = former.standing, as_of_ms, former.score


def _standings_of(state: CustomerState) -> Standings:
    """Gives the standings that are kept, or the newest one alone."""
    kept = standings_kept(state)
    if kept or state.standing is None or state.standing_as_of_ms is None:
        return kept
    return ((state.standing_as_of_ms, state.standing, state.score),)


def _unite_words(one: CustomerState, theirs: Special) -> None:
    """Keeps the newest consent and the newest pin; of two consents of one time the opt-out."""
    consent_ms, pinned_ms = special_of(one).consent_ms, special_of(one).pinned_ms
    if theirs.consent_ms is not None:
        is_newer = consent_ms is None or theirs.consent_ms > consent_ms
        if is_newer or (theirs.consent_ms == consent_ms and theirs.opted_out):
            note(one, opted_out=theirs.opted_out, consent_ms=theirs.consent_ms)
    if theirs.pinned_ms is not None and (pinned_ms is None or theirs.pinned_ms > pinned_ms):
        note(one, pin=theirs.pin, pinned_ms=theirs.pinned_ms)


def _unite_loans(one: CustomerState, theirs: Special) -> None:
    special = special_of(one)
    if theirs.loans:
        own = decode_loans(special.loans) if special.loans else {}
        note(one, loans=encode_loans({**decode_loans(theirs.loans), **own}))
    decided = [*_marks(special.decided_loans), *_marks(theirs.decided_loans)]
    note(
        one,
        decided_loans=b"".join(dict.fromkeys(decided)),
        applied_ms=_newest((special.applied_ms, theirs.applied_ms)),
    )


def _marks(decided: bytes) -> list[bytes]:
    return [decided[at : at + LOAN_MARK_BYTES] for at in range(0, len(decided), LOAN_MARK_BYTES)]


def _unite_courses(own: Courses, former: Courses) -> None:
    """Counts the triggers of both: what came under one id does not come again under the other."""
    for name, count in former.trigger_counts.items():
        own.trigger_counts[name] = own.trigger_counts.get(name, 0) + count
    for name, progress in former.progress.items():
        known = own.progress.get(name)
        own.progress[name] = progress if known is None else _of_both(known, progress)
    own.contacts_ms = sorted([*own.contacts_ms, *former.contacts_ms])


def _of_both(own: Progress, former: Progress) -> Progress:
    """Gives how far a campaign has come: what was dealt with, spent, paid or owed under either id."""
    spent_e16 = dict(own.spent_e16)
    for month, spent in former.spent_e16.items():
        spent_e16[month] = str(int(spent_e16.get(month, "0")) + int(spent))
    paid_e4 = dict(own.paid_e4)
    for day, noted in former.paid_e4.items():
        paid_e4[day] = paid_e4.get(day, b"") + noted
    carried_e16 = int(own.carried_e16 or "0") + int(former.carried_e16 or "0")
    return Progress(
        due_ms=earliest((own.due_ms, former.due_ms)),
        since_ms=own.since_ms,
        settled_ms=_newest((own.settled_ms, former.settled_ms)),
        triggered_ms=_newest((own.triggered_ms, former.triggered_ms)),
        spent_e16=spent_e16,
        late_months=sorted({*own.late_months, *former.late_months}),
        carried_e16=str(carried_e16) if carried_e16 else "",
        basis=own.basis or former.basis,
        paid_e4=paid_e4,
    )


def _unite_times(one: CustomerState, former: CustomerState) -> None:
    """Keeps when the customer was first heard of, under whichever id, and the newest time."""
    if former.first_event_ms is not None:
        heard = (one.heard_ms, former.heard_ms)
        one.heard_ms = former.heard_ms if one.first_event_ms is None else None if None in heard else earliest(heard)
    one.first_event_ms = earliest((one.first_event_ms, former.first_event_ms))
    earliest_ms = earliest((special_of(one).earliest_ms, special_of(former).earliest_ms))
    if earliest_ms is not None and one.first_event_ms is not None and earliest_ms >= one.first_event_ms:
        earliest_ms = None
    note(one, earliest_ms=earliest_ms)
    one.newest_ms = max(one.newest_ms, former.newest_ms)


def _check_size(one: CustomerState) -> None:
    """Checks that all of it may be kept of one customer.

    Raises:
        LimitExceededError: It is too much.
    """
    if accounts_kept(one) > ACCOUNTS_LIMIT:
        raise LimitExceededError(f"both ids have more than {ACCOUNTS_LIMIT} accounts, the most that are kept")
    try:
        is_too_large = kept_bytes(one) > STATE_BYTES_LIMIT
    except OverflowError as too_much:
        raise LimitExceededError("the sums of both ids pass what is kept") from too_much
    if is_too_large:
        raise LimitExceededError(f"all that is kept of both ids would pass {STATE_BYTES_LIMIT:,} bytes")


def _newest(instants: tuple[int | None, int | None]) -> int | None:
    return max([at_ms for at_ms in instants if at_ms is not None], default=None)


def _as_of_ms(account: Account) -> int:
    return account.as_of_ms


def _at_ms(reversal: Reversal) -> int:
    return reversal.at_ms


def _told_ms(known: tuple[int, object, str | None]) -> int:
    return known[0]
