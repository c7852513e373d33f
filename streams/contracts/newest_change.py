"""A customer's newest tier change as bytes, for the state: the engine does not read it."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from streams.contracts.former import Change1
from streams.contracts.kept import DIRECTIONS, REASONS, KeptChange
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import TierChange
from streams.values.money import ONE_E4_E16, SUM_LIMIT_E4, Figure

_WRITTEN_LIMIT_E16: int = SUM_LIMIT_E4 * ONE_E4_E16
_DIRECTIONS = {word: number for number, word in enumerate(DIRECTIONS)}
_REASONS = {word: number for number, word in enumerate(REASONS)}

_encode = msgspec.msgpack.Encoder().encode
_decode_change = msgspec.msgpack.Decoder(KeptChange).decode
_decode_former = msgspec.msgpack.Decoder(Change1).decode
_FORMER_FIELDS = b"\x9f"  # MessagePack: 15 elements, as release 0.1.0 wrote; later ones have 14, 16 or 17


def pack_change(change: TierChange, next_offsets: Sequence[int], policy_mark: int, *, backfill: bool = False) -> bytes:
    """Packs a change for CustomerState.change. next_offsets: by topic number; policy_mark: of the one that decided."""
    figures, tier, earned = change.figures, change.tier, change.earned_tier
    measures = [_written(figure) for figure in figures.measures]
    same = bool(measures) and figures.assets == figures.measures[0]
    fields = (
        change.customer_id,
        change.sequence,
        _DIRECTIONS[change.direction],
        _REASONS[change.reason],
        change.previous_tier,
        tier,
        None if earned == tier else earned,
        change.decided_at_ms,
        change.standing,
        change.cause,
        measures,
        (None if same else _written(figures.assets), _written(figures.activity), _written(figures.credit)),
        next_offsets,
        policy_mark,
    )
    return _encode((*fields, backfill, change.unrated) if backfill or change.unrated else fields)


def unpack_change(packed: bytes) -> KeptChange | None:
    """Unpacks the newest change that a state keeps; None if the customer has had none."""
    if not packed:
        return None
    return _former(packed) if packed[:1] == _FORMER_FIELDS else _decode_change(packed)


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
    )


def of_partition(packed: bytes, partition: int) -> bytes:
    """Gives a packed change as another partition keeps it. partition: the one that held it until now."""
    kept = unpack_change(packed)
    if kept is None or kept.decided_in is not None:
        return packed
    return _encode(msgspec.structs.replace(kept, decided_in=partition))


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
