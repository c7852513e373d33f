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
    UnsupportedCodecError,
)

from streams.errors import named
from streams.kafka.fetching import FetchingEndedError
from streams.kafka.refusals import forbidden, needs

STALLED_AFTER_S = 60.0
LOOK_EVERY_S = 5.0


class WatchedLane(Protocol):
    """What the watchdog asks of a lane (lane.py)."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def progress(self) -> int:
        """How often it got on: batches committed, and full slices of work on them (turns.py)."""

    @property
    def is_busy(self) -> bool:
        """Whether it has something to do just now."""


class Contact(NamedTuple):
    """How this worker stands with its group and the brokers.

    unassigned_since: since when it has been given no partitions; None while it has an assignment. member_until: until
    when it is a member for certain. Both are times of `time.monotonic`. heard_at_s: epoch time of the newest answer to
    a fetch. trouble: why it cannot join, as far as aiokafka says. are_away: whether no broker answers at all.
    is_reading: whether a lane waits for what the next fetch brings.
    """

    unassigned_since: float | None
    member_until: float
    heard_at_s: float
    trouble: BaseException | None
    are_away: bool = False
    is_reading: bool = False


class Watchdog:
    """What it has seen so far, and for how long.

    Its own time stands still while the process does (SIGSTOP, a paused machine): nothing could move meanwhile.
    """

    def __init__(self, group: str) -> None:
        self._group = group
        self._seen: dict[str, tuple[object, float]] = {}  # by what it is: what it is like, and since when
        self._looked_at = time.monotonic()
        self._time_s = 0.0

    def look(self, lanes: Iterable[WatchedLane], beats: Mapping[str, float], contact: Contact) -> str | None:
        """Says what hangs; None where nothing does. To be called every LOOK_EVERY_S.

        beats: when each task last looked, by its name. Brokers that are all away are waited for, and so is what waits
        for them: no restart would help.
        """
        now = time.monotonic()
        self._time_s += min(now - self._looked_at, 2 * LOOK_EVERY_S)
        self._looked_at = now
        waits = contact.are_away
        of_lanes = self._task(beats) or self._lane(lanes, waits) or self._unread(contact)
        return of_lanes or self._unassigned(contact) or self._unheard(contact, now)

    def _task(self, beats: Mapping[str, float]) -> str | None:
        for task, beat in beats.items():
            if self._hangs(task, beat):
                return f"{task} has not looked for {STALLED_AFTER_S:.0f} s"
        return None

    def _lane(self, lanes: Iterable[WatchedLane], waits: bool) -> str | None:  # noqa: FBT001 - as told
        for lane in lanes:
            if self._hangs(lane.title, (lane, lane.progress) if lane.is_busy and not waits else None):
                return f"{lane.title} has work and made no progress for {STALLED_AFTER_S:.0f} s"
        return None

    def _unread(self, contact: Contact) -> str | None:
        """Looks at fetches: of inputs that nobody reads, a lane does not know that they have more."""
        is_awaited = contact.is_reading and not contact.are_away
        if self._hangs("fetches", contact.heard_at_s if is_awaited else None):
            return f"no fetch of the inputs was answered for {STALLED_AFTER_S:.0f} s, though the brokers answer"
        return None

    def _unassigned(self, contact: Contact) -> str | None:
        if self._hangs("assignment", None if contact.are_away else contact.unassigned_since):
            return f"no partitions were assigned for {STALLED_AFTER_S:.0f} s: {self._why(contact.trouble)}"
        return None

    def _unheard(self, contact: Contact, now: float) -> str | None:
        """Looks at the group's coordinator alone."""
        fetches_are_answered = time.time() - contact.heard_at_s < 2 * LOOK_EVERY_S
        is_unheard = contact.unassigned_since is None and now > contact.member_until and fetches_are_answered
        if self._hangs("coordinator", is_unheard or None):
            where = f"the coordinator of group {self._group} has answered no heartbeat for {STALLED_AFTER_S:.0f} s"
            return f"{where}, though fetches are answered: {self._why(contact.trouble)}"
        return None

    def _hangs(self, what: str, is_like: object) -> bool:
        """Says whether something has been like that for STALLED_AFTER_S. None: it is well."""
        known, since_s = self._seen.get(what, (None, 0.0))
        if is_like is None or known != is_like:
            self._seen[what] = (is_like, self._time_s)
            return False
        return self._time_s - since_s > STALLED_AFTER_S

    def _why(self, trouble: BaseException | None) -> str:
        if trouble is None:
            return "the brokers do not say why; see their logs, and whether they are there"
        return _of_the_group(trouble, self._group) or named(trouble)


def why_unreadable(error: BaseException, group: str) -> str:
    """Says why the inputs can no longer be read."""
    match error:
        case OffsetOutOfRangeError():
            why = "its records are gone"
        case CorruptRecordException() | UnsupportedCodecError():
            why = "a batch of it is damaged"
        case FetchingEndedError():
            why = "nothing is fetched any more"
        case _:
            why = _of_the_group(error, group) or forbidden(error, "READ") or "the brokers refuse"
    return f"an input cannot be read on, {why} ({type(error).__name__}): {error}"


def _of_the_group(trouble: BaseException, group: str) -> str | None:
    match trouble:
        case GroupAuthorizationFailedError():
            return needs([f"READ on group {group}"], "worker")
        case InconsistentGroupProtocolError():
            return (
                f"the group {group} has members that are no workers of tierflow: another program uses that group id; "
                "end it, or give it another"
            )
    return None
