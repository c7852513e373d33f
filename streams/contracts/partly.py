"""What can be told of an input that cannot be used: whose it is, and its own time, as far as they can be read."""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.contracts.halves import without_halves
from streams.contracts.times import instant_ms

# The field that holds an event's own time, in the order of events.TOPICS.
_TIME_FIELDS = ("as_of", "occurred_at", "as_of", "applied_at", "at")


def told_by(topic: int, value: bytes | None) -> tuple[str | None, int | None]:
    """Gives the customer_id that a value names, and the event's own time; None where it cannot be read.

    topic: the number of the input topic that it is of.
    """
    try:
        found = _DECODERS[topic](without_halves(value or b""))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    customer_id, written = found.customer_id, getattr(found, _TIME_FIELDS[topic])
    try:
        at_ms = instant_ms(written) if isinstance(written, int | str) else None
    except ValueError:
        at_ms = None
    return customer_id if isinstance(customer_id, str) else None, at_ms


_DECODERS: list[Callable[[bytes], Any]] = [
    msgspec.json.Decoder(msgspec.defstruct("Told", [("customer_id", Any, None), (name, Any, None)])).decode
    for name in _TIME_FIELDS
]
