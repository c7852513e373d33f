"""How far ahead of now an event's own time may be: one wrong clock is to cost nobody the time between.

A worker holds events against the wall clock of the batch in hand, on either clock, and not against the partition's
clock. That one never goes back: after one batch on a wall clock that is a year ahead it would let through, for that
year, what is a year ahead. A wall clock that is behind refuses too much instead, and what is refused can be sent again;
what was let in can not be taken back. `tier.order` bears the wall time, so that the audit comes to the same verdicts.
"""

from streams.contracts.rejection import Rejection
from streams.contracts.times import FUTURE_LIMIT_MS
from streams.partition.setup import PartitionSetup
from streams.partition.work import NO_LIMIT_MS
from streams.values.calendar import DAY_MS, NEVER_MS


def latest_ms(setup: PartitionSetup, wall_ms: int, clock_ms: int) -> int:
    """Gives the latest time that an event may have now. clock_ms: the partition's clock.

    Without a wall clock (PartitionSetup.ahead_ms) the first event may have any time: nothing is known to hold it to.
    """
    if setup.ahead_ms is None:
        return wall_ms + FUTURE_LIMIT_MS
    return NO_LIMIT_MS if clock_ms == NEVER_MS else clock_ms + setup.ahead_ms


def too_far_ahead(setup: PartitionSetup, at_ms: int) -> Rejection:
    """Makes the rejection of an event that is later than `latest_ms`."""
    at = setup.policy.calendar.rfc3339(at_ms)
    if setup.ahead_ms is None:
        return Rejection("future_event", f"{at} is more than 24 hours ahead of the wall clock")
    days = setup.ahead_ms // DAY_MS
    return Rejection("future_event", f"{at} is more than {days} days ahead of the newest time so far")
