"""Repeats: the last 64 event ids of a customer and topic, as 64-bit fingerprints in one string of bytes."""

from streams.engine.state import FINGERPRINT_BYTES, REMEMBERED_PER_TOPIC, CustomerState

_LIMIT_BYTES = REMEMBERED_PER_TOPIC * FINGERPRINT_BYTES


def is_remembered(state: CustomerState, topic: int, mark: bytes) -> bool:
    """Whether this customer's event of this topic was applied before, as far as is remembered."""
    seen = state.remembered[topic]
    at = seen.find(mark)
    while at % FINGERPRINT_BYTES and at >= 0:  # a find across two neighbours is none
        at = seen.find(mark, at + 1)
    return at >= 0


def remember(state: CustomerState, topic: int, mark: bytes) -> None:
    """Adds an event to those remembered; the oldest of 64 goes."""
    state.remembered[topic] = (state.remembered[topic] + mark)[-_LIMIT_BYTES:]
