"""A customer's newest tier change as bytes, for the state: the engine does not read it."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from streams.contracts.former import Change1
from streams.contracts.kept import DIRECTIONS, REASONS, KeptChange, MergedInto, PackedCause, PackedChange
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import TierChange
from streams.engine.state import CustomerState
from streams.values.events import Cause
from streams.values.money import ONE_E4_E16, SUM_LIMIT_E4, Figure

_WRITTEN_LIMIT_E16: int = SUM_LIMIT_E4 * ONE_E4_E16
_DIRECTIONS = {word: number for number, word in enumerate(DIRECTIONS)}
_REASONS = {word: number for number, word in enumerate(REASONS)}

_encode = msgspec.msgpack.Encoder().encode
_decode_change = msgspec.msgpack.Decoder(PackedChange).decode
_decode_merged = msgspec.msgpack.Decoder(MergedInto).decode
_decode_former = msgspec.msgpack.Decoder(Change1).decode
_FORMER_FIELDS = b"\x9f"  # MessagePack: 15 elements, as release 0.1.0 wrote; later ones have 10 and 12 to 14
_MERGED = b"\x92"  # in place of a change, of an id that is another's customer: 2 elements
_NO_PARTS = (None, 0, 0)


def pack_change(change: TierChange, next_offsets: Sequence[int], policy_mark: int, *, backfill: bool = False) -> bytes:
    """Packs a change for CustomerState.change, whose tier, sequence and decided_at_ms are those of the change.

    next_offsets: by topic number; policy_mark: of the policy that decided.
    """
    figures, tier, earned, cause = change.figures, change.tier, change.earned_tier, change.cause
    measures = [_written(figure) for figure in figures.measures]
    same = bool(measures) and figures.assets == figures.measures[0]
    parts = (None if same else _written(figures.assets), _written(figures.activity), _written(figures.credit))
    fields = (
        _DIRECTIONS[change.direction],
        _REASONS[change.reason],
        change.previous_tier,
        None if earned == tier else earned,
        change.standing,
        None if cause is None else _packed_cause(cause, change.decided_at_ms, next_offsets),
        measures,
        None if parts == _NO_PARTS else parts,
        next_offsets,
        policy_mark,
    )
    if change.rates:
        return _encode((*fields, backfill, change.unrated, None, change.rates))
    return _encode((*fields, backfill, change.unrated) if backfill or change.unrated else fields)


def unpack_change(state: CustomerState, customer_id: str) -> KeptChange | None:
    """Unpacks the newest change that a state keeps; None if the customer has had none."""
    packed = state.change
    if not packed or packed[:1] == _MERGED:
        return None
    if packed[:1] == _FORMER_FIELDS:
        return _former(packed)
    kept = _decode_change(packed)
    return KeptChange(
        customer_id,
        state.sequence,
        kept.direction,
        kept.reason,
        kept.previous_tier,
        state.tier or "",
        kept.earned_tier,
        state.decided_at_ms,
        kept.standing,
        None if kept.cause is None else _cause(kept.cause, state.decided_at_ms, kept.next_offsets),
        kept.measures,
        kept.parts or _NO_PARTS,
        kept.next_offsets,
        kept.policy_mark,
        kept.backfill,
        kept.unrated,
        kept.decided_in,
        kept.rates,
    )


def pack_merged(into: str, at_ms: int) -> bytes:
    """Packs, in place of a change, that the customer is the one of the id `into`; at_ms: since when."""
    return _encode(MergedInto(into, at_ms))


def merged_into(state: CustomerState) -> str | None:
    """Gives the id that a former id's customer has now; None for any other state."""
    packed = state.change
    return _decode_merged(packed).into if packed[:1] == _MERGED else None


def _packed_cause(cause: Cause, decided_at_ms: int, next_offsets: Sequence[int]) -> PackedCause:
    offset = None if cause.offset == next_offsets[cause.topic] - 1 else cause.offset
    return PackedCause(cause.event_id, cause.topic, decided_at_ms - cause.occurred_at_ms, offset)


def _cause(kept: PackedCause, decided_at_ms: int, next_offsets: Sequence[int]) -> Cause:
    offset = next_offsets[kept.topic] - 1 if kept.offset is None else kept.offset
    return Cause(kept.event_id, kept.topic, offset, decided_at_ms - kept.before_ms)


def change_of(kept: KeptChange) -> TierChange:
    """Makes the engine's tier change of a kept one."""
    measures = tuple(map(figure_of, kept.measures))
    assets, activity, credit = (measures[0] if part is None else figure_of(part) for part in kept.parts)
    return TierChange(
        kept.customer_id,
        kept.sequence,
        DIRECTIONS[kept.direction],
        kept.previous_tier,
        kept.tier,
        kept.tier if kept.earned_tier is None else kept.earned_tier,
        REASONS[kept.reason],
        kept.decided_at_ms,
        figures_of(measures, assets, activity, credit),
        kept.standing,
        kept.cause,
        kept.unrated,
        kept.rates,
    )


def of_partition(packed: bytes, partition: int) -> bytes:
    """Gives a packed change as another partition keeps it. partition: the one that held it until now."""
    if not packed or packed[:1] == _MERGED:
        return packed
    if packed[:1] == _FORMER_FIELDS:
        former = _former(packed)
        packed = pack_change(change_of(former), former.next_offsets, former.policy_mark, backfill=former.backfill)
    kept = _decode_change(packed)
    if kept.decided_in is not None:
        return packed
    fields = msgspec.structs.astuple(msgspec.structs.replace(kept, decided_in=partition))
    return _encode(fields if kept.rates else fields[:-1])


def _former(packed: bytes) -> KeptChange:
    """Unpacks a change as release 0.1.0 kept it."""
    former = _decode_former(packed)
    return KeptChange(
        former.customer_id,
        former.sequence,
        _DIRECTIONS[former.direction],
        _REASONS[former.reason],
        former.previous_tier,
        former.tier,
        former.earned_tier,
        former.decided_at_ms,
        former.standing,
        former.cause,
        former.measures,
        former.parts,
        former.next_offsets,
        former.policy_mark,
        former.backfill,
    )


def _written(figure: Figure) -> int | str:
    """Writes a figure as ten-thousandths where it is whole ones within 64 bits, else as text."""
    if isinstance(figure, int) and -_WRITTEN_LIMIT_E16 < figure < _WRITTEN_LIMIT_E16:
        amount_e4, rest = divmod(figure, ONE_E4_E16)
        if not rest:
            return amount_e4
    return str(figure)


def figure_of(written: int | str) -> Figure:
    """Reads a figure as it is packed."""
    if isinstance(written, int):
        return written * ONE_E4_E16
    return Fraction(written) if "/" in written else int(written)
