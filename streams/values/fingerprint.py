"""Fingerprints of events, by which repeated ones are known, and those whose content is another one.

They are kept in the state, so they must be the same on every machine and in every release.
"""

from typing import Final

import msgspec
from xxhash import xxh3_64_digest

from streams.values.events import Transaction

FINGERPRINT_BYTES: Final = 7
CONTENT_BYTES: Final = 2
_CENTS_BYTES: Final = 4
AMOUNT_AT: Final = 1  # where in the mark of a transaction's content its amount is
TRANSACTION_CONTENT_BYTES: Final = AMOUNT_AT + _CENTS_BYTES
NO_CONTENT: Final = bytes(CONTENT_BYTES)
NO_TRANSACTION_CONTENT: Final = bytes(TRANSACTION_CONTENT_BYTES)
"""They stand for content that is not known: an earlier release kept none."""
SAID_BYTES: Final = 2
NOT_SAID: Final = bytes(SAID_BYTES)
"""Stands for a mark of what a reversal must say that is not known, in the same way."""
REVERSAL_SAID: Final = b"\xff" * SAID_BYTES
"""Stands in its place where the event is a reversal."""
_INSTEAD: Final = {NOT_SAID: b"\0\1", REVERSAL_SAID: b"\xff\xfe"}
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
    """Gives an event id's fingerprint of 7 bytes.

    An id is taken for one of the 72 that are remembered of its customer and topic about once in 10**15 events, and for
    one of 100,000, which is the most, once in 7 * 10**11.
    """
    return xxh3_64_digest(event_id)[:FINGERPRINT_BYTES]


def content_mark(event: msgspec.Struct) -> bytes:
    """Gives 2 bytes of a hash of an event's values, as they were decoded: another spelling is no other content.

    Of 65,535 events with other content one goes unnoticed. Of a transaction it is 1 byte, and the amount behind it: of
    those that differ in anything but the amount one of 255 goes unnoticed.
    """
    digest = xxh3_64_digest(_encode(event))
    if type(event) is Transaction:
        return (digest[:AMOUNT_AT] if digest[0] else b"\1") + cents_mark(event.amount_e4)
    mark = digest[:CONTENT_BYTES]
    return b"\0\1" if mark == NO_CONTENT else mark


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
    mark = xxh3_64_digest(said)[:SAID_BYTES]
    return _INSTEAD.get(mark, mark)


def cents_mark(amount_e4: int) -> bytes:
    """Gives the amount of what may be reversed: hundredths, rounded up, 42,949,672.95 at most. A part has less."""
    return min(-(-amount_e4 // _ONE_CENT_E4), _MOST_CENTS).to_bytes(_CENTS_BYTES)
