"""The reader of states of version 1, which release 0.1.0 wrote.

It kept one balance an account, under the number alone, days and remembered events unpacked, and of events nothing but
fingerprints.
"""

from typing import Annotated

import msgspec

from streams.contracts.former import Account1, Bucket1, State1
from streams.engine.codec import encode_loans
from streams.engine.measures.account_rows import keep_account
from streams.engine.measures.accounts import account_key
from streams.engine.measures.days import add_to_bucket
from streams.engine.remember import keep_as_block
from streams.engine.sections import note
from streams.engine.state import Account, Closings, Courses, CustomerState, Tenure
from streams.values.calendar import NEVER_MS
from streams.values.events import TRANSACTION_TYPES, TRANSACTIONS
from streams.values.fingerprint import FINGERPRINT_BYTES, NO_CONTENT, NO_TRANSACTION_CONTENT, NOT_SAID
from streams.values.products import PRODUCT_UNLESS_KNOWN

_REMEMBERED = 64  # so many of a topic at most
_MARK_BYTES = 8  # so long were fingerprints, of which those of now are the beginning

_decode = msgspec.msgpack.Decoder(State1).decode
_BucketName = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(sorted(TRANSACTION_TYPES))})\.[A-Z]{{3}}\Z")]
_decode_buckets = msgspec.msgpack.Decoder(dict[_BucketName, Bucket1]).decode
_SAME = (
    *("tier", "due_ms", "earned_tier", "sequence", "decided_at_ms", "newest_ms", "policy_mark"),
    *("assets_e4_by_currency", "standing", "score", "change", "tier_due_ms", "first_event_ms"),
)


def of_version_1(packed: bytes | memoryview) -> CustomerState:
    """Unpacks a state of version 1, and gives it in the form of now."""
    former = _decode(packed)
    state = CustomerState(**{name: getattr(former, name) for name in _SAME})
    for number, account in former.accounts.items():
        keep_account(state, account_key(number, account.currency), _account(account))
    _keep_parts(state, former)
    state.windows = tuple(former.windows)
    state.loans_e4_by_currency = former.loans_e4_by_currency or None
    for day, buckets in former.days.items():
        for name, bucket in _decode_buckets(buckets).items():
            add_to_bucket(state, day, name, bucket.count, bucket.amount_e4)
    state.standing_as_of_ms = _known(former.standing_as_of_ms)
    state.last_transaction_ms = _known(former.last_transaction_ms)
    for topic, marks in enumerate(former.remembered):
        if marks:
            _remember(state, topic, marks)
    return state


def _keep_parts(state: CustomerState, former: State1) -> None:
    """Keeps what stands in parts now, which many customers have nothing of."""
    if former.first_day is not None:
        state.closings = Closings(former.first_day, former.daily)
    if former.daily:  # of which balances these are made was not kept
        note(state, unplaced_before_ms=max((account.as_of_ms for account in former.accounts.values()), default=None))
    note(state, pin=former.pin, opted_out=former.opted_out, decided_loans=former.decided_loans)
    if former.loans:
        note(state, loans=encode_loans(former.loans))
    if former.progress or former.trigger_counts or former.contacts_ms:
        state.courses = Courses(former.progress, former.trigger_counts, former.contacts_ms)
    if former.tenure != Tenure():
        state.tenure = former.tenure


def _account(former: Account1) -> Account:
    """Gives the account. A product other than the one that counts unless known must have been told."""
    told_ms = NEVER_MS if former.product == PRODUCT_UNLESS_KNOWN else former.as_of_ms
    return Account(former.as_of_ms, former.balance_e4, former.currency, former.product, told_ms)


def _remember(state: CustomerState, topic: int, marks: bytes) -> None:
    """Remembers the fingerprints, without content. When the events were is not known, but not after the newest.

    Where there are as many as that version kept, others may have been dropped.
    """
    starts = range(0, len(marks), _MARK_BYTES)
    unknown = NO_TRANSACTION_CONTENT + NOT_SAID if topic == TRANSACTIONS else NO_CONTENT
    events = [marks[start : start + FINGERPRINT_BYTES] + unknown for start in starts]
    newest_ms = None
    if topic == TRANSACTIONS:
        newest_ms = max(state.newest_ms, state.last_transaction_ms or NEVER_MS)
    keep_as_block(state, topic, events, newest_ms, was_full=len(events) >= _REMEMBERED)


def _known(at_ms: int) -> int | None:
    return None if at_ms == NEVER_MS else at_ms
