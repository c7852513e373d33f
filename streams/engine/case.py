"""One customer at one instant: what has happened, and what was decided.

Both are plain classes and no structs: compiled, their fields are read and written in one step.
"""

from streams.engine.outcomes import Figures, Reason, TierChange
from streams.engine.state import CustomerState
from streams.policy.policy import Policy
from streams.values.events import Cause, Event, TakeIn


class Moment:
    """An instant at which a partition works, in epoch milliseconds and as a local day, and the rules that hold then.

    is_history: no trigger may come of what happens now. on_event_clock: now is the newest event time, so that what is
    older comes late.
    """

    def __init__(
        self, policy: Policy, now_ms: int, today: int, *, is_history: bool = False, on_event_clock: bool = False
    ) -> None:
        self.policy = policy
        self.now_ms = now_ms
        self.today = today
        self.is_history = is_history
        self.on_event_clock = on_event_clock


class Case:
    """All that one decision looks at.

    An event that may change something occasions it or, with `event` None, time alone or another policy. apply.py makes
    it and hands it to tiers, campaigns and loans in turn; each notes in it what it found. now_ms: the instant of the
    decision, in epoch milliseconds. topic, offset: the place of the event in the log.
    """

    # Known when the case is opened.
    is_history: bool = False  # no trigger may come of it
    begins_policy: bool = False  # another policy rated this customer last, or none has yet
    tier_before: str | None = None  # the tier that was served before

    # What may be decided.
    reason: Reason = "window_moved"
    rises: bool = True  # whether a tier can be gained now
    falls: bool = True  # whether a tier can be lost now
    corrects: bool = False  # the last rating is made again: as a correction, or because another policy made it

    # What was decided. Without figures, the tier was not looked at.
    figures: Figures | None = None
    change: TierChange | None = None
    initial: TierChange | None = None  # the customer's first change, where `change` corrects it at once
    left_in_peace: tuple[str, ...] = ()  # campaigns whose triggers the contact limits held back
    due_moves: bool = False  # the instant at which time alone may decide next has changed

    def __init__(  # noqa: PLR0913, PLR0917 - what has happened to whom
        self,
        state: CustomerState,
        customer_id: str,
        policy: Policy,
        now_ms: int,
        event: Event | TakeIn | None = None,
        topic: int = 0,
        offset: int = 0,
    ) -> None:
        self.state = state
        self.customer_id = customer_id
        self.policy = policy
        self.now_ms = now_ms
        self.event = event
        self.topic = topic
        self.offset = offset

    def cause(self) -> Cause | None:
        """Gives the event as messages tell of it; None where time alone, or another policy, decides."""
        event = self.event
        return None if event is None else Cause(event.event_id, self.topic, self.offset, event.at_ms)
