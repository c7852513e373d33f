"""Which events were applied, which loans decided, and what was erased: what comes again, or after it, changes nothing.

Of an event 9 bytes are kept: the fingerprint of its id, and a mark of its content. Of a transaction it is 14, since the
amount is part of that mark, and behind it is one of what else a reversal must say (measures/reversals.py). They stand
one after the other, in blocks: the newest one is being filled, those before it stay packed, and the oldest ones are
dropped as wholes. So an event adds to a short string, however many are remembered. Of transactions a block has the
newest own time that there was when it was full: what was dropped is known not to be newer. Of loans the fingerprints of
all are kept.
"""

from bisect import bisect_left
from hashlib import blake2b

import msgspec

from streams.engine.sections import note, special_of
from streams.engine.state import Blocks, CustomerState
from streams.values.calendar import NEVER_MS
from streams.values.events import TRANSACTIONS
from streams.values.fingerprint import (
    AMOUNT_AT,
    CONTENT_BYTES,
    FINGERPRINT_BYTES,
    NO_CONTENT,
    NO_TRANSACTION_CONTENT,
    SAID_BYTES,
    TRANSACTION_CONTENT_BYTES,
)

LOAN_MARK_BYTES = 8
_SAID_AT = FINGERPRINT_BYTES + TRANSACTION_CONTENT_BYTES  # in the entry of a transaction
_TRANSACTION_BYTES = _SAID_AT + SAID_BYTES
_OTHER_BYTES = FINGERPRINT_BYTES + CONTENT_BYTES
_SHORT_BYTES = 512 * _OTHER_BYTES  # up to here it is faster to go through all of them
_encode_blocks = msgspec.msgpack.Encoder().encode
_decode_blocks = msgspec.msgpack.Decoder(Blocks).decode
_BLOCKS = 8  # so many, and the one that is being filled, hold what has to be remembered


def content_of(state: CustomerState, topic: int, mark: bytes) -> bytes | None:
    """Gives the mark of the content of an event that was applied before; None where none is remembered.

    mark: the fingerprint of the event id (values/fingerprint.py).
    """
    entry = _entry(state, topic, mark)
    return None if entry is None else entry[FINGERPRINT_BYTES : _SAID_AT if topic == TRANSACTIONS else _OTHER_BYTES]


def undoing_of(state: CustomerState, mark: bytes) -> tuple[bytes, bytes] | None:
    """Gives what a reversal must say of a transaction, as a mark, and its amount; None where it is not remembered."""
    entry = _entry(state, TRANSACTIONS, mark)
    return None if entry is None else (entry[_SAID_AT:], entry[FINGERPRINT_BYTES + AMOUNT_AT : _SAID_AT])


def _entry(state: CustomerState, topic: int, mark: bytes) -> bytes | None:
    """Gives what is kept of an event that was applied before; None where none is remembered."""
    recent, packed = state.remembered.get(topic, b""), state.remembered.get(~topic, b"")
    # Of the ways to look for bytes in bytes, `partition` takes the fewest steps; `in` makes an error first, of a mark
    # that is no number.
    if not recent.partition(mark)[1] and (
        not packed or (len(packed) <= _SHORT_BYTES and not packed.partition(mark)[1])
    ):
        return None  # nearly always
    size = _entry_bytes(topic)
    at = _place(recent, mark, size)
    if at >= 0:
        return recent[at : at + size]
    if not packed:
        return None
    blocks = _decode_blocks(packed)
    at = _place_in_blocks(blocks, mark, size)
    return blocks.events[at : at + size] if at >= 0 else None


def remember(state: CustomerState, topic: int, entry: bytes, limit: int) -> None:
    """Adds an event that was just applied to those remembered, and drops the oldest ones; at least `limit` are left.

    entry: the fingerprint of its id, the mark of its content, and of a transaction that of what a reversal must say.
    """
    recent = state.remembered.get(topic, b"") + entry
    state.remembered[topic] = recent
    if len(recent) * _BLOCKS >= limit * len(entry):
        _close_block(state, topic, limit)


def keep_as_block(
    state: CustomerState, topic: int, events: list[bytes], newest_ms: int | None, *, was_full: bool
) -> None:
    """Remembers events as one full block. newest_ms: of transactions, the newest own time that one of them can have.

    was_full: others may have been dropped before them.
    """
    blocks = Blocks(b"".join(sorted(events)), [len(events)])
    if newest_ms is not None:
        blocks.newest_ms = [newest_ms]
        blocks.dropped_ms = newest_ms if was_full else None
    state.remembered[~topic] = _encode_blocks(blocks)


def unite_remembered(state: CustomerState, former: CustomerState) -> None:
    """Remembers the events of another state, too: its blocks stand between those of this one, the newest last.

    So what is dropped next is the oldest of both.
    """
    for topic in sorted({topic if topic >= 0 else ~topic for topic in former.remembered}):
        own, theirs = _blocks_of(state, topic), _blocks_of(former, topic)
        recent = former.remembered.get(topic, b"")
        if recent:
            _add_block(theirs, recent, topic, former)
        if theirs.counts:
            state.remembered[~topic] = _encode_blocks(_between(own, theirs, _entry_bytes(topic)))


def _between(own: Blocks, theirs: Blocks, size: int) -> Blocks:
    """Puts the blocks of one between those of the other, from the newest on."""
    blocks = Blocks()
    own_from, their_from = len(own.events), len(theirs.events)
    events: list[bytes] = []
    for back in range(1, max(len(own.counts), len(theirs.counts)) + 1):
        if back <= len(theirs.counts):
            begin = their_from - theirs.counts[-back] * size
            events.append(theirs.events[begin:their_from])
            their_from = begin
            _note_block(blocks, theirs, back)
        if back <= len(own.counts):
            begin = own_from - own.counts[-back] * size
            events.append(own.events[begin:own_from])
            own_from = begin
            _note_block(blocks, own, back)
    blocks.events = b"".join(reversed(events))
    blocks.counts.reverse()
    blocks.newest_ms.reverse()
    dropped = [at_ms for at_ms in (own.dropped_ms, theirs.dropped_ms) if at_ms is not None]
    blocks.dropped_ms = max(dropped, default=None)
    return blocks


def _note_block(blocks: Blocks, of: Blocks, back: int) -> None:
    """Notes the block that is so far from the newest one."""
    blocks.counts.append(of.counts[-back])
    if of.newest_ms:
        blocks.newest_ms.append(of.newest_ms[-back])


def newest_dropped_ms(state: CustomerState) -> int | None:
    """Gives the newest own time of the transactions that are remembered no more; None where none was dropped."""
    packed = state.remembered.get(~TRANSACTIONS)
    return None if packed is None else _decode_blocks(packed).dropped_ms


def _close_block(state: CustomerState, topic: int, limit: int) -> None:
    """Makes a block of the newest events, and drops the oldest ones that are not needed."""
    blocks = _blocks_of(state, topic)
    _add_block(blocks, state.remembered.pop(topic), topic, state)
    _drop_oldest(blocks, limit, _entry_bytes(topic))
    state.remembered[~topic] = _encode_blocks(blocks)


def _blocks_of(state: CustomerState, topic: int) -> Blocks:
    packed = state.remembered.get(~topic)
    return Blocks() if packed is None else _decode_blocks(packed)


def _add_block(blocks: Blocks, recent: bytes, topic: int, state: CustomerState) -> None:
    """Adds the newest events of a state as one block."""
    blocks.events += _in_order(recent, topic)
    blocks.counts.append(len(recent) // _entry_bytes(topic))
    if topic == TRANSACTIONS:
        blocks.newest_ms.append(NEVER_MS if state.last_transaction_ms is None else state.last_transaction_ms)


def _drop_oldest(blocks: Blocks, limit: int, size: int) -> None:
    left, dropped = sum(blocks.counts), 0
    while left - blocks.counts[dropped] >= limit:
        left -= blocks.counts[dropped]
        dropped += 1
    if not dropped:
        return
    if blocks.newest_ms:
        newest_ms = max(blocks.newest_ms[:dropped])
        blocks.dropped_ms = newest_ms if blocks.dropped_ms is None else max(blocks.dropped_ms, newest_ms)
    del blocks.counts[:dropped], blocks.newest_ms[:dropped]
    blocks.events = blocks.events[-left * size :]


def remembered_bytes(state: CustomerState) -> int:
    """Gives how many bytes of a packed state the remembered events take."""
    return sum(
        len(packed) if topic >= 0 else len(_decode_blocks(packed).events) for topic, packed in state.remembered.items()
    )


def is_decided(state: CustomerState, loan_id: str) -> bool:
    """Says whether this loan of the customer was decided before."""
    return _place(special_of(state).decided_loans, _loan_mark(loan_id), LOAN_MARK_BYTES) >= 0


def remember_loan(state: CustomerState, loan_id: str) -> None:
    """Adds a loan to those decided, none of which is ever dropped."""
    note(state, decided_loans=special_of(state).decided_loans + _loan_mark(loan_id))


def is_erased(state: CustomerState, at_ms: int) -> bool:
    """Says whether an event with this own time is of what an erase has made forgotten: it changes nothing."""
    if state.special is None:
        return False  # nearly always
    erased_ms = state.special.erased_ms
    return erased_ms is not None and at_ms <= erased_ms


def outcome_without_effect(state: CustomerState, topic: int, mark: bytes, content: bytes, at_ms: int) -> str | None:
    """Names the outcome of an event that changes nothing: a repeat, or older than an erase; None for any other.

    mark, content: of the event's id and of its content. at_ms: its own time.
    """
    known = content_of(state, topic, mark)
    if known is not None:
        return "repeated" if known in {content, NO_CONTENT, NO_TRANSACTION_CONTENT} else "repeated_differently"
    return "erased" if is_erased(state, at_ms) else None


def _in_order(entries: bytes, topic: int) -> bytes:
    """Gives the entries of a block by their fingerprints, as they stand in a block that is full."""
    size = _entry_bytes(topic)
    return b"".join(sorted(entries[start : start + size] for start in range(0, len(entries), size)))


def _entry_bytes(topic: int) -> int:
    return _TRANSACTION_BYTES if topic == TRANSACTIONS else _OTHER_BYTES


def _place(entries: bytes, mark: bytes, entry_bytes: int) -> int:
    """Gives where the entry begins that begins with the mark; -1 where none does."""
    at = entries.find(mark)
    while at % entry_bytes and at >= 0:  # a match that is not at an entry's beginning is no match
        at = entries.find(mark, at + 1)
    return at


def _place_in_blocks(blocks: Blocks, mark: bytes, size: int) -> int:
    """Gives the same for the full blocks, each of which is in order: to go through all of them would take long."""
    events, first = blocks.events, 0
    for count in blocks.counts:
        number = bisect_left(range(first, first + count), mark, key=lambda entry: _mark_of(events, entry, size))
        if number < count and _mark_of(events, first + number, size) == mark:
            return (first + number) * size
        first += count
    return -1


def _mark_of(entries: bytes, number: int, size: int) -> bytes:
    start = number * size
    return entries[start : start + FINGERPRINT_BYTES]


def _loan_mark(loan_id: str) -> bytes:
    return blake2b(loan_id.encode(), digest_size=LOAN_MARK_BYTES).digest()
