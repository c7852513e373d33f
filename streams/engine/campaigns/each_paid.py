"""Cash back of each transaction at once, and what of it is taken back when the transaction is reversed.

    purchase                      its share is told, and noted beside its fingerprint
    its reversal                  the share is taken off the next payments (carried, below 0)
    a reversal of the reversal    the share is owed again: told at once, or with the next payment

What was not told (in another tier, after an opt-out, as history, within a limit on contact) is not noted, so nothing of
it is taken back. What is noted is kept as long as late purchases of a month are (CORRECTED_MONTHS).
"""

from collections.abc import Iterator

from streams.engine.campaigns.audience import is_for
from streams.engine.case import Case
from streams.engine.measures.reversals import Family, is_undone, reversals_of
from streams.engine.outcomes import Offer
from streams.engine.sections import special_of
from streams.engine.state import Progress
from streams.policy.campaigns import CORRECTED_MONTHS, CashBack
from streams.values.calendar import month_of, month_start
from streams.values.events import Transaction
from streams.values.fingerprint import FINGERPRINT_BYTES, fingerprint
from streams.values.money import ONE_E4_E16

_AMOUNT_BYTES = 8
_ENTRY_BYTES = FINGERPRINT_BYTES + _AMOUNT_BYTES
_LIMIT = 1_000  # so many are kept at most


def each_offer(case: Case, terms: CashBack, progress: Progress, transaction: Transaction, owed_e4: int) -> Offer | None:
    """Offers what is to be paid after a transaction of one of the campaign's types.

    owed_e4: its share, as far as it was not reversed before it came. paid_e4: by day, what is noted of its
    transactions; below 0 where that is taken back.
    """
    if owed_e4 <= 0 or not is_for(case.state, terms.tiers):
        return None
    is_never_told = case.is_history or special_of(case.state).opted_out
    if is_undone(case.state, transaction):
        if not is_never_told:
            _note(case, progress, transaction, -owed_e4)
        return None
    total_e4 = carried_e4(progress) + owed_e4
    if total_e4 > 0:
        return Offer(amount_e4=total_e4)
    if not is_never_told:  # all of it makes up for what was taken back
        _carry(progress, total_e4)
        _note(case, progress, transaction, owed_e4)
    return None


def reversal_offer(
    case: Case, terms: CashBack, progress: Progress, reversal: Transaction, share_e4: int
) -> Offer | None:
    """Takes back what a reversal undoes, or offers what it puts back.

    share_e4: of the reversal's own amount; of a part no more than that is taken back.
    """
    total_e4 = carried_e4(progress) + _moved_by_reversal(case, progress, reversal, share_e4)
    _carry(progress, total_e4)
    return Offer(amount_e4=total_e4) if total_e4 > 0 and is_for(case.state, terms.tiers) else None


def note_told(case: Case, progress: Progress, told_e4: int) -> None:
    """Notes what a transaction has brought, once it is told: nothing is carried any more."""
    event = case.event
    if isinstance(event, Transaction) and event.reverses is None:
        _note(case, progress, event, told_e4 - carried_e4(progress))
    _carry(progress, 0)


def carried_e4(progress: Progress) -> int:
    """Gives what is carried to the next payment; below 0 it is taken off."""
    return int(progress.carried_e16 or "0") // ONE_E4_E16


def _carry(progress: Progress, amount_e4: int) -> None:
    progress.carried_e16 = str(amount_e4 * ONE_E4_E16) if amount_e4 else ""


def _moved_by_reversal(case: Case, progress: Progress, reversal: Transaction, share_e4: int) -> int:
    """Gives what a reversal takes back, below 0, or puts back, and notes it; 0 where nothing of it was told."""
    family = Family(fingerprint(reversal.event_id), reversals_of(case.state))
    for day in {member.day for member in family.of_root}:
        noted = progress.paid_e4.get(day, b"")
        for at, mark, amount_e4 in _entries(noted):
            if mark == family.root and (amount_e4 < 0) != (family.taker is not None):
                moved_e4 = -min(amount_e4, share_e4) if amount_e4 > 0 and family.takes_part else -amount_e4
                changed = mark + moved_e4.to_bytes(_AMOUNT_BYTES, signed=True)
                progress.paid_e4[day] = noted[:at] + changed + noted[at + _ENTRY_BYTES :]
                return moved_e4
    return 0


def _note(case: Case, progress: Progress, event: Transaction, amount_e4: int) -> None:
    """Notes what a transaction has brought, and drops what is too old, or too much, to be kept."""
    calendar, noted = case.policy.calendar, progress.paid_e4
    day, oldest = calendar.day_of(event.belongs_at_ms), _oldest_day(case)
    if day < oldest:
        return
    entry = fingerprint(event.event_id) + amount_e4.to_bytes(_AMOUNT_BYTES, signed=True)
    noted[day] = noted.get(day, b"") + entry
    for known in sorted(noted):
        if known >= oldest and sum(map(len, noted.values())) <= _LIMIT * _ENTRY_BYTES:
            return
        noted.pop(known)


def _oldest_day(case: Case) -> int:
    return month_start(month_of(case.policy.calendar.day_of(case.now_ms)) - CORRECTED_MONTHS)


def _entries(noted: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yields of each entry where it begins, the fingerprint and the amount."""
    for at in range(0, len(noted), _ENTRY_BYTES):
        amount = noted[at + FINGERPRINT_BYTES : at + _ENTRY_BYTES]
        yield at, noted[at : at + FINGERPRINT_BYTES], int.from_bytes(amount, signed=True)
