"""What a downgrade took away, read from its message."""

from decimal import Decimal

import msgspec

from streams.contracts.outputs import Condition
from streams.contracts.shown import ShownChange, decode_change
from streams.explain.sentences import Lost


def lost_by(message: bytes) -> Lost | None:
    """Gives the tier that a downgrade took away; None where the message is none of tierflow's."""
    try:
        change = decode_change(message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if change.previous_tier is None:
        return None
    return Lost(
        tier=change.previous_tier,
        at=change.decided_at,
        direction=change.direction,
        reason=change.reason,
        missing=_missing(change, change.previous_tier),
        currency=change.currency,
    )


def _missing(change: ShownChange, tier: str) -> str | None:
    """Gives the amount that the floor lacked; None where it was none, or more than one, or is not known."""
    above = change.next_tier
    if above is not None and above.tier == tier and above.missing is not None:
        return above.missing if Decimal(above.missing) > 0 else None
    lacks = [one for one in change.conditions if one.tier == tier and one.met is False and one.rule != "keep"]
    return _difference(lacks[0]) if len(lacks) == 1 else None


def _difference(condition: Condition) -> str | None:
    # A number without decimals is a count or a score, and no amount.
    if condition.at_least is None or "." not in condition.at_least or "." not in condition.is_:
        return None
    return str(Decimal(condition.at_least) - Decimal(condition.is_))
