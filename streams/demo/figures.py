"""The figures of the demo: what a subscriber of the output topics has read so far, counted."""

import math
from collections import Counter, deque

from streams.contracts.display import is_held_out, verdict_of
from streams.contracts.log import decode_dead_letter, decode_order
from streams.contracts.shown import ShownChange, ShownRisk, ShownTrigger, decode_change, decode_risk, decode_trigger

NEWEST_SHOWN = 12
DELAYS_KEPT = 100_000


class Figures:
    """The counts of one phase of the demo: the history, or the live events.

    Records are handed in as they are read, with read_committed. sent, worked: numbers of events. newest: the newest
    changes that are not initial ones, the newest first. A delay is from an event's time to the reading of its change.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.worked = 0
        self.customers_by_tier: dict[str, int] = {}
        self.newest: deque[ShownChange] = deque(maxlen=NEWEST_SHOWN)
        self.directions: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.triggers: Counter[str] = Counter()  # by campaign, held-out ones included
        self.held_out: Counter[str] = Counter()
        self.newest_triggers: dict[str, ShownTrigger] = {}  # by campaign
        self.loans: Counter[str] = Counter()  # by outcome
        self.alerts: Counter[str] = Counter()  # by reason
        self.newest_risks: dict[str, ShownRisk] = {}  # by outcome; the newest alert under "alert"
        self._delays_ms: deque[int] = deque(maxlen=DELAYS_KEPT)
        self._awaited: dict[tuple[str, int], int] = {}
        self._reached: dict[tuple[str, int], int] = {}

    def note_sent(self, topic: str, partition: int, offset: int) -> None:
        """Notes where the broker has put an event, so that `all_worked` waits for it."""
        self._awaited[topic, partition] = max(self._awaited.get((topic, partition), 0), offset + 1)

    def see_order(self, value: bytes) -> None:
        """Takes in a record of `tier.order`: what one transaction worked."""
        order = decode_order(value)
        for topic, (first, after) in order.positions.items():
            self.worked += after - first
            self._reached[topic, order.partition] = after

    def see_change(self, value: bytes, now_ms: int) -> None:
        """Takes in a tier change. now_ms: when it was read, in epoch milliseconds."""
        change = decode_change(value)
        self.directions[change.direction] += 1
        self.reasons[change.reason] += 1
        if change.direction != "initial":
            self.newest.appendleft(change)
        if change.cause is not None:
            self._delays_ms.append(max(now_ms - change.cause.occurred_at, 0))

    def see_trigger(self, value: bytes) -> None:
        """Takes in a campaign trigger."""
        trigger = decode_trigger(value)
        self.triggers[trigger.campaign] += 1
        self.held_out[trigger.campaign] += is_held_out(trigger)
        self.newest_triggers[trigger.campaign] = trigger

    def see_risk(self, value: bytes) -> None:
        """Takes in a loan decision or an alert."""
        risk = decode_risk(value)
        if risk.kind == "alert":
            self.alerts[risk.reason or ""] += 1
        else:
            self.loans[verdict_of(risk)] += 1
        self.newest_risks[verdict_of(risk)] = risk

    def see_dead_letter(self, value: bytes) -> None:
        """Counts a dead letter by its reason."""
        self.dead_letters[decode_dead_letter(value).reason] += 1

    @property
    def all_worked(self) -> bool:
        """Says whether every event that the broker has acknowledged is worked."""
        return all(self._reached.get(where, 0) >= offset for where, offset in self._awaited.items())

    def delay_ms(self, share: float) -> int | None:
        """Gives the nearest-rank percentile of the delays; None before the first. share: from 0 to 1."""
        ordered = sorted(self._delays_ms)
        return ordered[max(math.ceil(len(ordered) * share) - 1, 0)] if ordered else None
