"""What hangs in a worker, as sentences: a lane, the follower of policies, the group.

Everything here is asked from time to time, and looks at what is noted elsewhere. What has not moved for STALLED_AFTER_S
hangs, and the process ends: a restart mends it, or says at its start what is wrong.
"""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from aiokafka.errors import (
    CorruptRecordException,
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)

STALLED_AFTER_S = 60.0
LOOK_EVERY_S = 5.0


class WatchedLane(Protocol):
    """What the watchdog asks of a lane (lane.py)."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def progress(self) -> int:
        """How many batches it has committed."""

    @property
    def is_busy(self) -> bool:
        """Whether it has something to do just now."""


class Contact(NamedTuple):
    """How this worker stands with its group and the brokers.

    unassigned_since: since when it has been given no partitions; None while it has an assignment. member_until: until
    when it is a member for certain. Both are times of `time.monotonic`. heard_at_s: epoch time of the newest answer to
    a fetch. trouble: why it cannot join, as far as aiokafka says.
    """

    unassigned_since: float | None
    member_until: float
    heard_at_s: float
    trouble: BaseException | None


class Watchdog:
    """What it has seen so far."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._seen: dict[WatchedLane, tuple[int, float]] = {}  # its progress, and since when that has been so
        self._unheard_since: float | None = None

    def hung(self, lanes: Iterable[WatchedLane], beats: Mapping[str, float]) -> str | None:
        """Names a lane that has something to do and does not get on, or a task that does not look; None: there is none.

        beats: when each task last looked, by its name.
        """
        now = time.monotonic()
        for task, beat in beats.items():
            if now - beat > STALLED_AFTER_S:
                return f"{task} has not looked for {STALLED_AFTER_S:.0f} s"
        seen, self._seen = self._seen, {}
        for lane in lanes:
            progress, since = seen.get(lane, (-1, now))
            moved = lane.progress != progress or not lane.is_busy
            self._seen[lane] = (lane.progress, now if moved else since)
            if not moved and now - since > STALLED_AFTER_S:
                return f"{lane.title} has work and made no progress for {STALLED_AFTER_S:.0f} s"
        return None

    def unheard(self, contact: Contact) -> str | None:
        """Says that the group gives this worker nothing, or does not hear it; None where all is well, or may be soon.

        Brokers that are away while it has its partitions are waited for: nothing of a restart would be better.
        """
        now = time.monotonic()
        if contact.unassigned_since is not None:
            if now - contact.unassigned_since > STALLED_AFTER_S:
                return f"no partitions were assigned for {STALLED_AFTER_S:.0f} s: {self._why(contact.trouble)}"
            return None
        if now < contact.member_until or time.time() - contact.heard_at_s > 2 * LOOK_EVERY_S:
            self._unheard_since = None
            return None
        self._unheard_since = self._unheard_since or now
        if now - self._unheard_since > STALLED_AFTER_S:
            where = f"the coordinator of group {self._group} has answered no heartbeat for {STALLED_AFTER_S:.0f} s"
            return f"{where}, though fetches are answered: {self._why(contact.trouble)}"
        return None

    def _why(self, trouble: BaseException | None) -> str:
        if trouble is None:
            return "the brokers do not say why; see their logs, and whether they are there"
        return _of_the_group(trouble, self._group) or f"{type(trouble).__name__}: {trouble}"


def why_unreadable(error: BaseException, group: str) -> str:
    """Says why the inputs can no longer be read."""
    match error:
        case OffsetOutOfRangeError():
            why = "its records are gone"
        case CorruptRecordException() | UnsupportedCodecError():
            why = "a batch of it is damaged"
        case TopicAuthorizationFailedError():
            why = "this worker's user has no right to read it; give it Read and Describe"
        case _:
            why = _of_the_group(error, group) or "the brokers refuse"
    return f"an input cannot be read on, {why} ({type(error).__name__}): {error}"


def _of_the_group(trouble: BaseException, group: str) -> str | None:
    match trouble:
        case GroupAuthorizationFailedError():
            return f"this worker's user may not join the group {group}; give it Read and Describe on that group"
        case InconsistentGroupProtocolError():
            return (
                f"the group {group} has members that are no workers of tierflow: another program uses that group id; "
                "end it, or give it another"
            )
    return None
