"""One customer at one instant: what has happened, and what was decided of it."""

import msgspec

from streams.engine.outcomes import Figures, Reason, TierChange
from streams.engine.state import CustomerState
from streams.policy.policy import Policy
from streams.values.events import Cause, Event


class Case(msgspec.Struct, gc=False):
    """A customer whom an event, time alone (event None) or another policy calls up.

    It is opened by apply.py, and goes through the rooms in their order; each may write down what it found.
    """

    state: CustomerState
    customer_id: str
    policy: Policy
    now_ms: int
    event: Event | None = None
    cause: Cause | None = None

    # What is known when it is opened.
    is_late: bool = False  # the event is older than the time, where time is the events'
    is_history: bool = False  # no campaign is to come of it
    begins: bool = False  # another policy rated this customer last, or none
    tier_before: str | None = None

    # What is to be decided.
    reason: Reason = "window_moved"
    rises: bool = True  # whether customers can rise now
    falls: bool = True  # whether falls are rated now
    corrects: bool = False  # the last rating is made anew: for a correction, or under a policy that did not make it

    # What was decided. No figures: nothing was.
    figures: Figures | None = None
    change: TierChange | None = None
    moves: bool = False  # time alone may decide something at another instant than before
