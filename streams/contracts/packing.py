"""States and lane records as bytes, for the changelog.

The first byte is the version of the form. An unknown version stops a take-over, so that no worker misreads a state. A
form that this decoder cannot read needs a new version, and a reader of the version before here; a new last field with a
default does not (engine/state.py). Version 1 is read, too: it kept one balance an account, under the number alone.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from streams.contracts.kept import Growing, KeptChange, LaneRecord
from streams.engine.codec import decode_header, decode_state, encode_state
from streams.engine.measures.accounts import account_key
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import TierChange
from streams.engine.remember import in_order
from streams.engine.state import STATE_BYTES_LIMIT, CustomerState, Seen, StateHeader, Unplaced
from streams.values.events import TOPICS, TRANSACTIONS
from streams.values.fingerprint import FINGERPRINT_BYTES, NO_CONTENT, NO_MARK
from streams.values.money import Figure
from streams.values.products import PRODUCT_UNLESS_KNOWN

VERSION = 2
_VERSION_BYTE = bytes([VERSION])
_REMEMBERED_BYTES = 12  # of one remembered event, on average, and a share of what is remembered beyond what has to be
_SPARE_BYTES = 256 << 10  # what decisions by time alone may add, which are not refused, and what Kafka adds
_REMEMBERED_IN_VERSION_1 = 64
_KNOWN_VERSIONS = (b"\x01", _VERSION_BYTE)


class UnknownVersionError(ValueError):
    """The error of a changelog record that another release wrote, or that is not tierflow's."""


_FIELDS = len(CustomerState.__struct_fields__)
_LONG_ARRAY = b"\xdc"  # MessagePack: an array of 16 elements and more, whose number follows

# No UTF-8 text begins with this byte, so these are never a customer's key.
LANE_KEY = b"\xfflane"
GROWING_KEY = b"\xffgrowing"

_encode = msgspec.msgpack.Encoder().encode
_decode_change = msgspec.msgpack.Decoder(KeptChange).decode
_decode_growing = msgspec.msgpack.Decoder(Growing).decode
_decode_lane = msgspec.msgpack.Decoder(LaneRecord).decode


def changelog_bytes(remembered_ids: int) -> int:
    """Gives the least that the changelog's limit on records may be, so that every state within its limits fits."""
    return STATE_BYTES_LIMIT + _SPARE_BYTES + len(TOPICS) * remembered_ids * _REMEMBERED_BYTES


def pack_state(state: CustomerState) -> bytes:
    """Packs a state as the value of a changelog record."""
    return _VERSION_BYTE + encode_state(state)


def unpack_state(packed: bytes) -> CustomerState:
    """Unpacks a state; each call gives a new object.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    _check_state(packed)
    state = decode_state(memoryview(packed)[1:])
    return state if packed[:1] == _VERSION_BYTE else _of_version_1(state)


def renew_state(packed: bytes) -> bytes:
    """Gives a packed state in the form that this release writes.

    Raises:
        UnknownVersionError: The record has another version.
    """
    return pack_state(unpack_state(packed))


def unpack_header(packed: bytes) -> StateHeader:
    """Unpacks only the leading fields of a state, which a take-over needs of every customer.

    Raises:
        UnknownVersionError: The record has another version, or a later release wrote it.
    """
    _check_state(packed)
    return decode_header(memoryview(packed)[1:])


def pack_change(change: TierChange, next_offsets: Sequence[int], policy_mark: int, *, backfill: bool = False) -> bytes:
    """Packs a change for CustomerState.change. next_offsets: by topic number; policy_mark: of the one that decided."""
    figures = change.figures
    return _encode(
        KeptChange(
            customer_id=change.customer_id,
            sequence=change.sequence,
            direction=change.direction,
            previous_tier=change.previous_tier,
            tier=change.tier,
            earned_tier=change.earned_tier,
            reason=change.reason,
            decided_at_ms=change.decided_at_ms,
            standing=change.standing,
            cause=change.cause,
            measures=tuple(map(str, figures.measures)),
            parts=(str(figures.assets), str(figures.activity), str(figures.credit)),
            next_offsets=tuple(next_offsets),
            policy_mark=policy_mark,
            backfill=backfill,
            unrated=change.unrated,
        )
    )


def unpack_change(packed: bytes) -> KeptChange | None:
    """Unpacks the newest change that a state keeps; None if the customer has had none."""
    return _decode_change(packed) if packed else None


def change_of(kept: KeptChange) -> TierChange:
    """Makes the engine's tier change of a kept one."""
    measures = tuple(map(_figure, kept.measures))
    return TierChange(
        kept.customer_id,
        kept.sequence,
        kept.direction,
        kept.previous_tier,
        kept.tier,
        kept.earned_tier,
        kept.reason,
        kept.decided_at_ms,
        figures_of(measures, *map(_figure, kept.parts)),
        kept.standing,
        kept.cause,
        kept.unrated,
    )


def moved_state(packed: bytes, partition: int) -> bytes:
    """Gives a customer's state as another partition keeps it. partition: the one that held it until now."""
    state = unpack_state(packed)
    kept = unpack_change(state.change)
    if kept is not None and kept.decided_in is None:
        state.change = _encode(msgspec.structs.replace(kept, decided_in=partition))
    return pack_state(state)


def pack_growing(growing: Growing) -> bytes:
    """Packs the marker of a growth as the value of a changelog record."""
    return _VERSION_BYTE + _encode(growing)


def unpack_growing(packed: bytes) -> Growing:
    """Unpacks the marker of a growth.

    Raises:
        UnknownVersionError: The record has another version.
    """
    _check_version(packed)
    return _decode_growing(memoryview(packed)[1:])


def pack_lane(record: LaneRecord) -> bytes:
    """Packs a lane record as the value of a changelog record."""
    return _VERSION_BYTE + _encode(record)


def unpack_lane(packed: bytes) -> LaneRecord:
    """Unpacks a lane record.

    Raises:
        UnknownVersionError: The record has another version.
    """
    _check_version(packed)
    return _decode_lane(memoryview(packed)[1:])


def _check_version(packed: bytes) -> None:
    if packed[:1] not in _KNOWN_VERSIONS:
        version = packed[0] if packed else "none"
        raise UnknownVersionError(
            f"a changelog record has version {version}, this worker reads versions 1 to {VERSION}: "
            "start the release that wrote it"
        )


def _check_state(packed: bytes) -> None:
    """Checks the version, and that there are no more fields than this release knows: it would not write them back."""
    _check_version(packed)
    if packed[1:2] == _LONG_ARRAY and int.from_bytes(packed[2:4]) > _FIELDS:
        raise UnknownVersionError(
            "a changelog record has fields that this worker does not know: a later release wrote it, start that one"
        )


def _of_version_1(state: CustomerState) -> CustomerState:
    """Keys the accounts by currency, too, and notes that their earlier balances are not known.

    A product other than the one that counts unless known must have been told.
    """
    accounts, state.accounts = state.accounts, {}
    for account_id, account in accounts.items():
        if account.product != PRODUCT_UNLESS_KNOWN:
            account.product_told_ms = account.as_of_ms
        state.accounts[account_key(account_id, account.currency)] = account
    if state.daily:  # of which balances these are made was not kept
        state.unplaced = Unplaced(max((account.as_of_ms for account in accounts.values()), default=None))
    state.seen = {
        topic: _seen_of_version_1(topic, marks, state) for topic, marks in enumerate(state.remembered) if marks
    }
    state.remembered = []
    return state


def _seen_of_version_1(topic: int, marks: bytes, state: CustomerState) -> Seen:
    """Makes entries without content of the fingerprints. When the events were is not known, but not after the newest.

    Where there are as many as that version kept, others may have been dropped.
    """
    starts = range(0, len(marks), FINGERPRINT_BYTES)
    unknown = NO_CONTENT + NO_MARK if topic == TRANSACTIONS else NO_CONTENT
    older = in_order(b"".join(marks[start : start + FINGERPRINT_BYTES] + unknown for start in starts), topic)
    if topic != TRANSACTIONS:
        return Seen(older=older, counts=[len(starts)])
    newest_ms = max(state.newest_ms, state.last_transaction_ms)
    is_full = len(starts) >= _REMEMBERED_IN_VERSION_1
    return Seen(b"", older, [len(starts)], [newest_ms], newest_ms if is_full else None)


def _figure(text: str) -> Figure:
    return Fraction(text) if "/" in text else int(text)
