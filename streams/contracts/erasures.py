"""The erasure of a customer as subscribers read it (docs/messages.md#tiererasures)."""

from collections.abc import Sequence

from streams.contracts.envelope import Envelope, Headers
from streams.contracts.outputs import ERASED_TYPE, ErasureMessage
from streams.contracts.templates import encode, template
from streams.engine.outcomes import Erasure

_TYPE = ERASED_TYPE.encode()


class ErasureWriter:
    """The writer of one partition's erasures."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        self._message = template(ErasureMessage)

    def value(self, erasure: Erasure, next_offsets: Sequence[int]) -> bytes:
        """Writes the erasure as JSON. next_offsets: where each input topic stands after the erase."""
        envelope = self._envelope
        return self._message % (  # in the order of the message's fields
            encode(erasure_id(erasure)),
            encode(erasure.customer_id),
            encode(envelope.policy.calendar.rfc3339(erasure.cause.occurred_at_ms)),
            envelope.time(erasure.decided_at_ms),
            encode(erasure.last_sequence),
            envelope.cause(erasure.cause),
            envelope.positions(next_offsets),
        )

    def headers(self, erasure: Erasure) -> Headers:
        """Gives the CloudEvents 1.0 headers of the erasure."""
        return self._envelope.headers(erasure_id(erasure), _TYPE, erasure.decided_at_ms, erasure.customer_id)


def erasure_id(erasure: Erasure) -> str:
    """Gives the id of an erasure: customer and own time, which is later than that of the customer's erase before."""
    return f"{erasure.customer_id}:erased:{erasure.cause.occurred_at_ms}"
