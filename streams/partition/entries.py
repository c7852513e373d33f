"""Decoded records of a partition's input topics."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from streams.contracts.rejection import Clipped


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


class LargeRecord(NamedTuple):
    """A record of a batch that is too large to be unpacked whole (kafka/unpacking.py).

    clipped: what is known of the value where it was not read whole; None: it was, and `value` is it.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    clipped: Clipped | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Entry(msgspec.Struct, frozen=True, order=True, gc=False):
    """One decoded record. event: what the stage's decode made of it.

    Entries compare by event time, then by topic. A partition works the earliest head of its topics' queues next
    (heads.py), so within a topic offsets decide, even where event times go back.
    """

    at_ms: int
    topic: int
    offset: int
    event: Any
    record: Record
