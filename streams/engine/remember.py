"""Repeats, as 64-bit fingerprints in one string of bytes: the last 64 event ids of a topic, and all loans decided."""

from hashlib import blake2b

from streams.engine.state import FINGERPRINT_BYTES, REMEMBERED_PER_TOPIC, CustomerState

_LIMIT_BYTES = REMEMBERED_PER_TOPIC * FINGERPRINT_BYTES


def is_remembered(state: CustomerState, topic: int, mark: bytes) -> bool:
    """Says whether this customer's event of this topic was applied before, as far as is remembered."""
    return _holds(state.remembered[topic], mark)


def remember(state: CustomerState, topic: int, mark: bytes) -> None:
    """Adds an event to those remembered; the oldest of 64 goes."""
    state.remembered[topic] = (state.remembered[topic] + mark)[-_LIMIT_BYTES:]


def is_decided(state: CustomerState, loan_id: str) -> bool:
    """Says whether this loan of the customer has been decided."""
    return _holds(state.decided_loans, _loan_mark(loan_id))


def remember_loan(state: CustomerState, loan_id: str) -> None:
    """Adds a loan to those decided; none is ever forgotten."""
    state.decided_loans += _loan_mark(loan_id)


def forgotten(state: CustomerState) -> CustomerState:
    """Gives what is left after erase: numbers of changes and triggers, and loans decided: no id is used twice."""
    return CustomerState(
        sequence=state.sequence, trigger_counts=state.trigger_counts, decided_loans=state.decided_loans
    )


def _holds(seen: bytes, mark: bytes) -> bool:
    at = seen.find(mark)
    while at % FINGERPRINT_BYTES and at >= 0:  # a find across two neighbours is none
        at = seen.find(mark, at + 1)
    return at >= 0


def _loan_mark(loan_id: str) -> bytes:
    return blake2b(loan_id.encode(), digest_size=FINGERPRINT_BYTES).digest()
