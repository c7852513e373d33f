"""How many decisions without an event the next batch takes, where more are due than one batch is to have.

A crowd is what falls due at one midnight, or is rated anew under another policy: up to all customers. Each decision
costs less in a large batch, and a live event waits for the whole of it. So batches are as large as fit into BATCH_S,
and after each of them the events that came meanwhile have a batch of their own, which is soon done:

    crowd | events | crowd and events | events | crowd and events | ...

An event waits for the rest of one crowd's batch, and not for the next one, too.
"""

import time
from collections.abc import Callable

from streams.partition.work import Quota

BATCH_S = 0.1
# Fewer, and on a busy machine the batches of events between them would take most of the time.
AT_FIRST, AT_LEAST, AT_MOST = 500, 500, 1_000
# On the event clock nobody waits for an answer.
QUOTA_ON_EVENT_CLOCK = Quota(due=5_000, rerated=5_000)
_NONE = Quota(due=0, rerated=0)


class Crowd:
    """The quotas of one lane's batches on the wall clock. now_s: a clock that does not go back."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._at_once = AT_FIRST
        self._began_s = 0.0
        self._is_next_for_events = False  # the batch before was for the crowd, of which some are left
        self._is_for_events = False

    def quota(self, *, has_events: bool) -> Quota:
        """Gives the quota of the batch that begins now. has_events: whether any wait."""
        self._began_s = self._now_s()
        self._is_for_events = has_events and self._is_next_for_events
        return _NONE if self._is_for_events else Quota(self._at_once, self._at_once)

    def committed(self, *, is_left: bool) -> None:
        """Notes that the batch is committed. is_left: whether decisions are left that its quota had no room for."""
        self._is_next_for_events = is_left and not self._is_for_events
        if self._is_next_for_events:  # it was full, so the time is that of so many
            in_time = self._at_once * BATCH_S / max(self._now_s() - self._began_s, 0.001)
            # Half the way: one slow batch, such as the first one, does not say how the next ones are.
            self._at_once = round(min(max((self._at_once + in_time) / 2, AT_LEAST), AT_MOST))
