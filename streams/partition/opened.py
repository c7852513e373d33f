"""A customer whose state a batch has opened, and whether an event has room in it (engine/state.py limits its size).

What decides is the exact size of the state before the event and after it: how events fall into batches does not matter.
It costs a packing, and near the limit a trial run. So it is asked for only where a cheap bound, of which the true size
is never above, does not settle it.
"""

from streams.engine.apply import bytes_after
from streams.engine.case import Moment
from streams.engine.codec import kept_bytes
from streams.engine.measures.limits import LimitExceededError
from streams.engine.state import STATE_BYTES_LIMIT, CustomerState
from streams.values.events import Balance, Event, Loan, Transaction

# More than one event, and what falls due before it, can add to a state.
EVENT_BYTES = 64 << 10


class Opened:
    """A customer in a batch. at_most: no more bytes than that does the packed state have."""

    __slots__ = ("at_most", "is_changed", "state")

    def __init__(self, state: CustomerState, at_most: int) -> None:
        """Takes a state that was just unpacked, or is new."""
        self.state = state
        self.at_most = at_most
        self.is_changed = False


def has_room(opened: Opened) -> bool:
    """Says whether there is room for any event, by the bound alone. To be asked before each event."""
    opened.at_most += EVENT_BYTES
    return opened.at_most <= STATE_BYTES_LIMIT


def check_room(opened: Opened, event: Event, moment: Moment) -> None:
    """Checks that a state has room for an event, and changes nothing.

    Credit standings and actions are never refused: they add but a few bytes.

    Raises:
        LimitExceededError: The state would pass STATE_BYTES_LIMIT, and be larger than it is.
    """
    before = kept_bytes(opened.state)
    opened.at_most = before + EVENT_BYTES
    if opened.at_most <= STATE_BYTES_LIMIT or not isinstance(event, Balance | Loan | Transaction):
        return
    if bytes_after(opened.state, event, moment) > max(before, STATE_BYTES_LIMIT):
        raise LimitExceededError(
            f"all that is kept of the customer would pass {STATE_BYTES_LIMIT:,} bytes, the most that is kept"
        )
