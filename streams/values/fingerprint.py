"""Fingerprints of events, by which repeated ones are known, and those whose content is another one.

They are kept in the state, so they must be the same on every machine and in every release.
"""

import msgspec
from xxhash import xxh3_64_digest

FINGERPRINT_BYTES = 8
CONTENT_BYTES = 2
NO_CONTENT = bytes(CONTENT_BYTES)
"""Stands for content that is not known: an earlier release kept none."""
NO_MARK = NO_CONTENT
"""Stands for a mark of what a reversal must say that is not known, in the same way."""
REVERSAL_MARK = b"\xff\xff"
"""Stands in its place where the event is a reversal."""
REMEMBERED_AT_LEAST = 64
REMEMBERED_AT_MOST = 100_000
"""How many events of a customer and topic a setting may have remembered; the fewest are the default."""

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
    return xxh3_64_digest(_encode(event))[:CONTENT_BYTES].replace(NO_CONTENT, b"\0\1")


def undoing_mark(*said: str | int) -> bytes:
    """Gives 2 bytes of a hash of what a reversal must say of what it undoes.

    Of 65,534 reversals that say something else one goes unnoticed.
    """
    mark = xxh3_64_digest(_encode(said))[:CONTENT_BYTES]
    return mark.replace(NO_MARK, b"\0\1").replace(REVERSAL_MARK, b"\xff\xfe")
