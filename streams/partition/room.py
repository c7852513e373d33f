"""Whether an event has room in its customer's record, whose size is limited (engine/state.py).

What decides is the exact size of the state before the event and after it: how events fall into batches does not matter.
It costs a packing, and near the limit a trial run. So it is asked for only where a cheap bound, of which the true size
is never above, does not settle it.
"""

from collections.abc import Mapping

from streams.engine.apply import bytes_after
from streams.engine.case import Moment
from streams.engine.codec import kept_bytes
from streams.engine.measures.limits import LimitExceededError
from streams.engine.state import STATE_BYTES_LIMIT, CustomerState
from streams.values.events import Balance, Event, Loan, Transaction

# More than one event, and what falls due before it, can add to a state.
EVENT_BYTES = 64 << 10


class Room:
    """The bounds of the customers of one batch."""

    def __init__(self, packed: Mapping[bytes, bytes]) -> None:
        """Takes the packed states as of the batch's beginning."""
        self._packed = packed
        self._at_most: dict[bytes, int] = {}

    def is_certain(self, key: bytes) -> bool:
        """Says whether there is room for any event, by the bound alone. To be asked before each event."""
        at_most = self._at_most.get(key)
        if at_most is None:
            at_most = len(self._packed.get(key, b""))
        self._at_most[key] = at_most = at_most + EVENT_BYTES
        return at_most <= STATE_BYTES_LIMIT

    def check(self, key: bytes, state: CustomerState, event: Event, moment: Moment) -> None:
        """Checks that a state has room for an event, and changes nothing.

        Credit standings and actions are never refused: they add but a few bytes.

        Raises:
            LimitExceededError: The state would pass STATE_BYTES_LIMIT, and be larger than it is.
        """
        before = kept_bytes(state)
        self._at_most[key] = before + EVENT_BYTES
        if before + EVENT_BYTES <= STATE_BYTES_LIMIT or not isinstance(event, Balance | Loan | Transaction):
            return
        if bytes_after(state, event, moment) > max(before, STATE_BYTES_LIMIT):
            raise LimitExceededError(
                f"all that is kept of the customer would pass {STATE_BYTES_LIMIT:,} bytes, the most that is kept"
            )
