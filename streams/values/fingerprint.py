"""Fingerprints of events, by which repeated ones are known, and those whose content is another one.

They are kept in the state, so they must be the same on every machine and in every release.
"""

from typing import Final

import msgspec
from xxhash import xxh3_64_digest

FINGERPRINT_BYTES: Final = 8
CONTENT_BYTES: Final = 2
NO_CONTENT: Final = bytes(CONTENT_BYTES)
"""Stands for content that is not known: an earlier release kept none."""
_CENTS_BYTES: Final = 4
UNDOING_BYTES: Final = CONTENT_BYTES + _CENTS_BYTES
NO_MARK: Final = bytes(UNDOING_BYTES)
"""Stands for a mark of what a reversal must say that is not known, in the same way."""
REVERSAL_MARK: Final = b"\xff" * UNDOING_BYTES
"""Stands in its place where the event is a reversal."""
_INSTEAD: Final = {NO_CONTENT: b"\0\1", REVERSAL_MARK[:CONTENT_BYTES]: b"\xff\xfe"}
"""What is written for a hash that would be one of the marks above."""
_MOST_CENTS: Final[int] = 256**_CENTS_BYTES - 1
_ONE_CENT_E4: Final = 100
REMEMBERED_AT_LEAST = 64
REMEMBERED_AT_MOST = 100_000
"""How many events of a customer and topic a setting may have remembered; the fewest are the default."""

# Of a day, customers say few different things: their marks are made once.
_SAID: dict[int, dict[str, bytes]] = {}
_SAID_DAYS: Final = 1_000

_encode = msgspec.msgpack.Encoder().encode


def fingerprint(event_id: str) -> bytes:
    """Gives an event id's fingerprint of 8 bytes.

    Two of 64 ids that are remembered of a customer and topic have the same one about once in 10**16.
    """
    return xxh3_64_digest(event_id)


def content_mark(event: msgspec.Struct) -> bytes:
    """Gives 2 bytes of a hash of an event's values, as they were decoded: another spelling is no other content.

    Of 65,535 events with other content one goes unnoticed.
    """
    mark = xxh3_64_digest(_encode(event))[:CONTENT_BYTES]
    return _INSTEAD[NO_CONTENT] if mark == NO_CONTENT else mark


def said_mark(name: str, day: int) -> bytes:
    """Gives 2 bytes of a hash of what a reversal must say of what it undoes, beside the amount.

    name: "type.currency". Of 65,534 reversals that say something else one goes unnoticed.
    """
    marks = _SAID.get(day)
    if marks is None:
        if len(_SAID) >= _SAID_DAYS:
            _SAID.clear()
        marks = _SAID[day] = {}
    mark = marks.get(name)
    if mark is None:
        marks[name] = mark = _mark_of(f"{name}.{day}")
    return mark


def said_mark_after_erase(name: str, day: int, erased_ms: int) -> bytes:
    """Gives the same on the local day of an erase."""
    return _mark_of(f"{name}.{day}.{erased_ms}")


def _mark_of(said: str) -> bytes:
    mark = xxh3_64_digest(said)[:CONTENT_BYTES]
    return _INSTEAD.get(mark, mark)


def cents_mark(amount_e4: int) -> bytes:
    """Gives the amount of what may be reversed: hundredths, rounded up, 42,949,672.95 at most. A part has a lesser one.

    After `said_mark`, it is the mark that is kept of a transaction.
    """
    return min(-(-amount_e4 // _ONE_CENT_E4), _MOST_CENTS).to_bytes(_CENTS_BYTES)
