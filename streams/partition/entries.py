"""Decoded records of a partition's input topics."""

from typing import Any, NamedTuple, Protocol


class Record(Protocol):
    """What is read of a Kafka record."""

    @property
    def offset(self) -> int:
        """The offset in its partition."""

    @property
    def key(self) -> bytes | None:
        """The key, as it was read."""

    @property
    def value(self) -> bytes | None:
        """The value, as it was read; None: a tombstone."""


class Entry(NamedTuple):
    """One decoded record. event: what the stage's decode made of it.

    Entries compare by event time, then by topic. A partition works the earliest head of its topics' queues next
    (merging.py), so within a topic offsets decide, even where event times go back.
    """

    at_ms: int
    topic: int
    offset: int
    event: Any
    record: Record
