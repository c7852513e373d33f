"""Which policies `tier.policies` says were in force, one after the other; and whether `tier.order` keeps to it.

A worker takes up what comes into force, in that order; it may leave some out, but turns to an earlier one only where
that was published again. The topic is compacted: where records are gone nothing can be said of that time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

from streams.kafka.offsets import Offsets
from streams.kafka.policies import digest_in_force
from streams.kafka.tape import Tape
from streams.settings import Settings


class Published(NamedTuple):
    """A policy that came into force. follows: whether no record is gone between the one before and this."""

    digest: str
    follows: bool


class History(NamedTuple):
    """What came into force, in that order. follows: whether no record is gone after the newest of them."""

    published: Sequence[Published]
    follows: bool = True


async def read_history(settings: Settings, offsets: Offsets) -> History:
    """Reads what came into force, as far as compaction has left it."""
    tp = TopicPartition(settings.output_topic("policies"), 0)
    end = (await offsets.decided_ends([tp]))[0]
    tape = Tape(settings.client_options(), tp, (await offsets.beginnings([tp]))[0], end)
    found: list[Published] = []
    expected, follows = 0, True
    try:
        while (record := await tape.next()) is not None:
            follows = follows and record.offset == expected
            expected = record.offset + 1
            if (digest := digest_in_force(record)) is not None:
                found.append(Published(digest, follows))
                follows = True
    finally:
        await tape.close()
    return History(found, follows and expected == end)


class Walk:
    """The walk of one partition through the history, policy by policy."""

    def __init__(self, history: History) -> None:
        self.unproven = 0  # turns to another policy that may have been published: the records are gone
        self._history = history
        self._newest = -1  # the place in the history of the policy in force
        self._digest: str | None = None

    def goes_on_to(self, digest: str) -> bool:
        """Takes the policy of the next transaction; says whether it was, or may have been, published by then."""
        if digest == self._digest:
            return True
        self._digest = digest
        published = self._history.published
        later = range(self._newest + 1, len(published))
        for place in later:
            if published[place].digest == digest:
                self._newest = place
                return True
        if all(published[place].follows for place in later) and self._history.follows:
            return False
        self.unproven += 1
        return True
