"""State <-> bytes, for the changelog. The first byte is the version of the form; an unknown one stops a take-over."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from streams.engine.decide import Direction, Reason, TierChange
from streams.engine.events import Cause
from streams.engine.measures import Figures
from streams.engine.money import Figure
from streams.engine.state import CustomerState, StateHeader

VERSION = 1
_VERSION_BYTE = bytes([VERSION])


class UnknownVersionError(ValueError):
    """The record was written by another version of the product, or is none of ours."""


class LaneRecord(msgspec.Struct, frozen=True):
    """What goes into the changelog with every transaction under LANE_KEY: the truth about how far a partition is."""

    next_offsets: tuple[int, ...]  # by the topic numbers of events.TOPICS
    counter: int
    clock_ms: int
    backfill: bool = False  # whether the log is worked from its start and not yet up to its end


class KeptChange(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A customer's newest tier change as the state keeps it: enough to write the very message again.

    Figures are text, a fraction as "n/d", since they pass 64 bits; policy_mark says under which policy it was decided.
    """

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    standing: str | None
    cause: Cause | None
    measures: tuple[str, ...]
    parts: tuple[str, str, str]
    next_offsets: tuple[int, ...]
    policy_mark: int
    backfill: bool = False

    def change(self) -> TierChange:
        """The change itself."""
        figures = Figures(tuple(map(_figure, self.measures)), *map(_figure, self.parts))
        return TierChange(
            self.customer_id,
            self.sequence,
            self.direction,
            self.previous_tier,
            self.tier,
            self.earned_tier,
            self.reason,
            self.decided_at_ms,
            figures,
            self.standing,
            self.cause,
        )


# No UTF-8 text begins with this byte, so it is never a customer's key.
LANE_KEY = b"\xfflane"

_encode = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(CustomerState).decode
_decode_header = msgspec.msgpack.Decoder(StateHeader).decode
_decode_change = msgspec.msgpack.Decoder(KeptChange).decode
_decode_lane = msgspec.msgpack.Decoder(LaneRecord).decode


def pack_state(state: CustomerState) -> bytes:
    """The state as one changelog record."""
    return _VERSION_BYTE + _encode(state)


def unpack_state(packed: bytes) -> CustomerState:
    """A fresh copy of the state in a changelog record."""
    _check_version(packed)
    return _decode_state(memoryview(packed)[1:])


def unpack_header(packed: bytes) -> StateHeader:
    """The tier and the due time in a changelog record, without the rest."""
    _check_version(packed)
    return _decode_header(memoryview(packed)[1:])


def pack_change(change: TierChange, next_offsets: Sequence[int], policy_mark: int, *, backfill: bool = False) -> bytes:
    """The change as CustomerState.change keeps it."""
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
        )
    )


def unpack_change(packed: bytes) -> KeptChange | None:
    """The newest change kept in a state; None where the customer has had none."""
    return _decode_change(packed) if packed else None


def pack_lane(record: LaneRecord) -> bytes:
    """The lane record as a changelog value."""
    return _VERSION_BYTE + _encode(record)


def unpack_lane(packed: bytes) -> LaneRecord:
    """The lane record in a changelog value."""
    _check_version(packed)
    return _decode_lane(memoryview(packed)[1:])


def _check_version(packed: bytes) -> None:
    if packed[:1] != _VERSION_BYTE:
        version = packed[0] if packed else "none"
        raise UnknownVersionError(
            f"a changelog record has version {version}, this worker reads version {VERSION}: "
            "start the release that wrote it"
        )


def _figure(text: str) -> Figure:
    return Fraction(text) if "/" in text else int(text)
