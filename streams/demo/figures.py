"""What a subscriber of the output topics has seen so far: changes with why, dead letters, progress, delays."""

import math
from collections import Counter, deque
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

import msgspec

from streams.contracts.changes import NextTier
from streams.contracts.log import decode_dead_letter, decode_order

NEWEST_SHOWN = 12
DELAYS_KEPT = 100_000
_CENT = Decimal("0.01")


class _Cause(msgspec.Struct, frozen=True):
    occurred_at: int


class _Condition(msgspec.Struct, frozen=True):
    is_: str | None = msgspec.field(default=None, name="is")
    at_least: str | None = None
    is_not: str | None = None
    met: bool | None = None


class SeenChange(msgspec.Struct, frozen=True):
    """What is read of a tier change."""

    customer_id: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    decided_at: str
    value: str | None
    currency: str
    conditions: Sequence[_Condition]
    next_tier: NextTier | None
    cause: _Cause | None

    def why(self) -> str:
        """The floor that was reached or missed, or what else decided."""
        capped = [one for one in self.conditions if one.is_not is not None and not one.met]
        if self.reason in ("threshold_crossed", "credit_changed", "correction") and capped:
            return f"standing: {capped[0].is_}"
        reached = [one.at_least for one in self.conditions if one.at_least is not None and one.met]
        missed = [one.at_least for one in self.conditions if one.at_least is not None and not one.met]
        if self.reason == "threshold_crossed" and self.direction == "upgrade" and reached:
            return f"at least {grouped(reached[-1])}"
        if self.reason == "threshold_crossed" and self.direction == "downgrade" and missed:
            return f"below {grouped(missed[0])}"
        return self.reason.replace("_", " ")


class Figures:
    """Everything counted. Records are handed in as they are read, committed ones only."""

    def __init__(self) -> None:
        self.sent = 0
        self.worked = 0
        self.customers_by_tier: dict[str, int] = {}
        self.newest: deque[SeenChange] = deque(maxlen=NEWEST_SHOWN)
        self.directions: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self._delays_ms: deque[int] = deque(maxlen=DELAYS_KEPT)
        self._awaited: dict[tuple[str, int], int] = {}
        self._reached: dict[tuple[str, int], int] = {}

    def note_sent(self, topic: str, partition: int, offset: int) -> None:
        """Notes an event that the broker has acknowledged."""
        self._awaited[topic, partition] = max(self._awaited.get((topic, partition), 0), offset + 1)

    def see_order(self, value: bytes) -> None:
        """Counts what one transaction worked."""
        order = decode_order(value)
        for topic, (first, after) in order.positions.items():
            self.worked += after - first
            self._reached[topic, order.partition] = after

    def see_change(self, value: bytes, now_ms: int) -> None:
        """Takes in a tier change that was read at now_ms."""
        change = _decode_change(value)
        self.directions[change.direction] += 1
        self.reasons[change.reason] += 1
        if change.direction != "initial":
            self.newest.appendleft(change)
        if change.cause is not None:
            self._delays_ms.append(max(now_ms - change.cause.occurred_at, 0))

    def see_dead_letter(self, value: bytes) -> None:
        """Counts a dead letter by its reason."""
        self.dead_letters[decode_dead_letter(value).reason] += 1

    @property
    def all_worked(self) -> bool:
        """Whether every event that the broker has acknowledged is worked."""
        return all(self._reached.get(where, 0) >= offset for where, offset in self._awaited.items())

    def delay_ms(self, share: float) -> int | None:
        """The nearest-rank percentile of the time from an event to its committed change; None before the first."""
        ordered = sorted(self._delays_ms)
        return ordered[max(math.ceil(len(ordered) * share) - 1, 0)] if ordered else None


def grouped(amount: str, rounding: str = ROUND_DOWN) -> str:
    """An amount with its thousands apart and 2 decimals, none where it is whole; it never rounds up to a floor."""
    cents = Decimal(amount).quantize(_CENT, rounding)
    return f"{cents:,.0f}" if cents == cents.to_integral_value() else f"{cents:,}"


_decode_change = msgspec.json.Decoder(SeenChange).decode
