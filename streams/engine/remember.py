"""Which events were applied, and which loans were decided, so that repeats change nothing.

Both are kept as 8-byte fingerprints in one string of bytes: of the last 64 event ids of a topic, and of all loans.
"""

from hashlib import blake2b

from streams.engine.state import FINGERPRINT_BYTES, REMEMBERED_PER_TOPIC, CustomerState

_LIMIT_BYTES = REMEMBERED_PER_TOPIC * FINGERPRINT_BYTES


def is_remembered(state: CustomerState, topic: int, mark: bytes) -> bool:
    """Says whether an event of this customer and topic was applied before, as far back as events are remembered.

    mark: the fingerprint of the event id (contracts/fingerprint.py).
    """
    return _holds(state.remembered[topic], mark)


def remember(state: CustomerState, topic: int, mark: bytes) -> None:
    """Adds an event to those remembered, and drops the oldest where there are more than 64."""
    state.remembered[topic] = (state.remembered[topic] + mark)[-_LIMIT_BYTES:]


def remembered_bytes(state: CustomerState) -> int:
    """Gives how many bytes of a packed state the remembered events take."""
    return sum(map(len, state.remembered))


def is_decided(state: CustomerState, loan_id: str) -> bool:
    """Says whether this loan of the customer was decided before."""
    return _holds(state.decided_loans, _loan_mark(loan_id))


def remember_loan(state: CustomerState, loan_id: str) -> None:
    """Adds a loan to those decided, none of which is ever dropped."""
    state.decided_loans += _loan_mark(loan_id)


def forgotten(state: CustomerState, erased_ms: int) -> CustomerState:
    """Gives the state that an erase leaves (docs/messages.md#bankcustomers).

    It keeps the numbers of changes and triggers and which loans were decided, so that no id is used twice, and the
    erase's own time. All else goes, what is newer than the erase as well: sums do not say what is in them.
    """
    return CustomerState(
        sequence=state.sequence,
        trigger_counts=state.trigger_counts,
        decided_loans=state.decided_loans,
        erased_ms=erased_ms,
    )


def is_erased(state: CustomerState, at_ms: int) -> bool:
    """Says whether an event with this own time is of what an erase has made forgotten: it changes nothing."""
    return state.erased_ms is not None and at_ms <= state.erased_ms


def _holds(seen: bytes, mark: bytes) -> bool:
    at = seen.find(mark)
    while at % FINGERPRINT_BYTES and at >= 0:  # a match that spans two fingerprints is no match
        at = seen.find(mark, at + 1)
    return at >= 0


def _loan_mark(loan_id: str) -> bytes:
    return blake2b(loan_id.encode(), digest_size=FINGERPRINT_BYTES).digest()
