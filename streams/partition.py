"""The way of one event, on one screen: decode -> fold -> decide -> pack, for one partition's customers.

A Partition does no I/O and reads no clock: records and the time are handed in, and what is to be written is handed
back as one `Work`, which becomes one transaction. The worker's lane, the audit and the tests run this very class.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop
from typing import NamedTuple

from streams.contracts.decode import FUTURE_LIMIT_MS, Rejection, decode
from streams.contracts.envelope import Headers
from streams.contracts.fingerprint import fingerprint
from streams.contracts.log import ENGINE_VERSION, OrderMessage, encode_json
from streams.contracts.packing import LaneRecord, pack_state, unpack_header, unpack_state
from streams.due import DueTimes
from streams.engine.apply import Outcome, apply_due, apply_event, apply_policy
from streams.engine.events import TOPICS, Cause, CustomerAction, Event
from streams.engine.limits import LimitExceededError, check_limits
from streams.engine.remember import is_remembered, remember
from streams.engine.state import NEVER_MS, CustomerState
from streams.engine.step import forgotten
from streams.entries import Entry, Record
from streams.outgoing import Message, Outgoing, Writers
from streams.rules import PartitionRules


class Limits(NamedTuple):
    """How many decisions without an event one batch takes: by time alone, and by another policy."""

    due: int
    rerated: int


NO_LIMITS = Limits(sys.maxsize, sys.maxsize)


class Work(NamedTuple):
    """One batch, worked: all that its transaction writes, and what the partition takes over after the commit."""

    states: dict[bytes, bytes]
    changes: list[Message]
    current: dict[bytes, tuple[bytes | None, Headers]]
    campaigns: list[Message]
    candidates: list[Message]
    log: list[tuple[str, bytes]]  # topic and value of all messages, in the order in which they were decided
    risks: list[Message]
    dead_letters: list[tuple[bytes | None, bytes]]
    order: bytes
    lane: LaneRecord
    tiers: Counter[str]  # customers won and lost, by tier
    outcomes: Counter[tuple[int, str]]  # by topic number and outcome
    reasons: Counter[str]  # of dead letters
    kinds: Counter[tuple[str, str, str]]  # of changes: direction, reason, tier
    triggered: Counter[tuple[str, str]]  # by campaign and group
    risk_kinds: Counter[tuple[str, str]]  # decision and outcome, or alert and reason


_WRONG_PARTITION = Rejection("wrong_partition", "the partitioner set by TIERFLOW_PARTITIONER puts this key elsewhere")
_FUTURE_EVENT = Rejection("future_event", "the event's time is more than 24 hours ahead of the clock")


class Partition:
    """The customers of one partition, as packed records; and the batch that is being worked."""

    def __init__(
        self, rules: PartitionRules, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        self.rules = rules
        self._on_wall = rules.clock == "wall"
        self.packed = {} if packed is None else packed
        self.next_offsets = list(lane.next_offsets) if lane else [0] * len(TOPICS)
        self.counter = lane.counter if lane else 0
        self.clock_ms = lane.clock_ms if lane else NEVER_MS
        self.customers_by_tier: Counter[str] = Counter()
        self.backfill = lane.backfill if lane else rules.backfill
        self._due = DueTimes()
        self._stale: list[bytes] = []
        self._writers = Writers.of(rules)
        for key, record in self.packed.items():
            header = unpack_header(record)
            if header.tier is not None:
                self.customers_by_tier[header.tier] += 1
            if header.due_ms is not None:
                self._due.add(header.due_ms, key)
            if header.tier is not None and header.policy_mark != rules.policy.mark:
                self._stale.append(key)
        heapify(self._stale)
        self._begin(self.clock_ms)

    # --- decode ---

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """The records of one input topic as entries. What cannot be used sorts first: it waits for nobody."""
        policy = self.rules.policy
        entries = []
        for record in records:
            event = decode(topic, record.key, record.value, policy)
            at_ms = NEVER_MS if isinstance(event, Rejection) else event.at_ms
            entries.append(Entry(at_ms, topic, record.offset, event, record))
        return entries

    # --- work a batch ---

    def work(self, entries: Iterable[Entry], next_offsets: Sequence[int], wall_ms: int) -> Work:
        """Works the entries in their order, and all that falls due on the way.

        next_offsets is where each topic stands after them. After an exception, or when the transaction of the Work
        fails, this Partition is spent: take over anew.
        """
        self.work_some(entries, wall_ms, NO_LIMITS)
        return self.pack(next_offsets)

    def work_some(self, entries: Iterable[Entry], wall_ms: int, limits: Limits) -> int:
        """Works entries until they, or as many decisions by time alone, are done: how many entries were worked.

        On the wall clock more that is due waits for the next batches, unless an event of that customer comes first.
        On the event clock the event that moved the time on waits with it. Customers whom another policy rated last
        are rated anew behind the entries, as many as the limit lets.
        """
        self._begin(wall_ms, limits.due)
        if self._on_wall:
            self._advance(wall_ms)
            self.clock_ms = max(self.clock_ms, wall_ms)
        worked = 0
        for entry in entries:
            if not self._work_entry(entry):
                break
            worked += 1
        self._rerate_some(limits.rerated)
        return worked

    def replay(self, entries: Iterable[Entry], next_offsets: Sequence[int], wall_ms: int, counts: Limits) -> Work:
        """Works a batch of the log anew, in which so many decisions were made without an event."""
        self.work_some(entries, wall_ms, Limits(counts.due if self._on_wall else sys.maxsize, 0))
        while self._due_worked < counts.due and self._due.next_ms is not None:
            self._work_due()
        self._rerate_some(counts.rerated)
        return self.pack(next_offsets)

    def pack(self, next_offsets: Sequence[int]) -> Work:
        """The batch that was worked, as one transaction; next_offsets is where each topic stands after it."""
        first_offsets, self.next_offsets = self._first_offsets, list(next_offsets)
        self.counter += 1
        return self._packed_work(first_offsets)

    @property
    def lane(self) -> LaneRecord:
        """How far it is: with this and the packed states another Partition goes on, by the same rules or by others."""
        return LaneRecord(tuple(self.next_offsets), self.counter, self.clock_ms, self.backfill)

    @property
    def is_stale(self) -> bool:
        """Whether customers are left whom another policy rated last."""
        return bool(self._stale)

    def merge(self, work: Work) -> None:
        """Takes a committed Work over, so that it is seen."""
        self.packed.update(work.states)
        self.customers_by_tier.update(work.tiers)

    def next_due_ms(self) -> int | None:
        """When time alone may next decide something here."""
        return self._due.next_ms

    def _begin(self, wall_ms: int, due_limit: int = 0) -> None:
        self._wall_ms = wall_ms
        self._due_limit = due_limit
        self._due_worked = self._rerated = 0
        self._is_backfill = self.backfill
        self._first_offsets = tuple(self.next_offsets)
        self._loaded: dict[bytes, CustomerState] = {}
        self._touched: set[bytes] = set()
        self._applied = [0] * len(TOPICS)
        self._outcomes: Counter[tuple[int, str]] = Counter()
        self._out = Outgoing(self.rules, self._writers, is_backfill=self.backfill)

    def _work_entry(self, entry: Entry) -> bool:
        """Works the entry; False where it has to wait for what is due before it."""
        event = entry.event
        worked = event if isinstance(event, Rejection) else self._work_event(entry, event)
        if worked is False:
            return False
        self.next_offsets[entry.topic] = entry.offset + 1
        if isinstance(worked, Rejection):
            self._out.reject(entry, worked, self._wall_ms)
            self._outcomes[entry.topic, "dead_letter"] += 1
        return True

    def _work_event(self, entry: Entry, event: Event) -> Rejection | bool:
        """Works an event that could be read; False where it has to wait.

        A Rejection where it cannot be used here, and then nothing has changed.
        """
        topic, key = entry.topic, entry.record.key or b""
        state = self._state(key)
        if state is None:
            return _WRONG_PARTITION
        if self._on_wall and entry.at_ms > self.clock_ms + FUTURE_LIMIT_MS:
            return _FUTURE_EVENT
        mark = fingerprint(event.event_id)
        if is_remembered(state, topic, mark):
            self._outcomes[topic, "repeated"] += 1
            return True
        policy = self.rules.policy
        try:
            check_limits(state, event, policy)
        except LimitExceededError as error:
            return Rejection("limit_exceeded", str(error))
        # What time alone decides here comes before this event: its positions end before it.
        if self._on_wall:
            if state.due_ms is not None:
                self._catch_up(key, state)
        elif self._advance(entry.at_ms):
            self.clock_ms = max(self.clock_ms, entry.at_ms)
        else:
            return False
        if state.policy_mark != policy.mark and state.tier is not None:
            self._rerate(key, state)
        self.next_offsets[topic] = entry.offset + 1
        if isinstance(event, CustomerAction) and event.action == "erase":
            self._erase(key, state, topic, mark)
        else:
            self._apply(key, state, entry, event)
            remember(state, topic, mark)
        self._touched.add(key)
        self._applied[topic] += 1
        return True

    def _apply(self, key: bytes, state: CustomerState, entry: Entry, event: Event) -> None:
        due_ms = state.due_ms
        cause = Cause(event.event_id, entry.topic, entry.offset, entry.at_ms)
        is_late = not self._on_wall and entry.at_ms < self.clock_ms
        outcome = apply_event(
            state, event, cause, self.rules.policy, self.clock_ms, is_late=is_late, is_history=self._is_backfill
        )
        self._out.tell(key, state, outcome, self.next_offsets)
        if state.due_ms is not None and state.due_ms != due_ms:
            self._due.add(state.due_ms, key)

    def _state(self, key: bytes) -> CustomerState | None:
        """The customer's state, new where there is none; None where the partitioner puts the customer elsewhere."""
        state = self._loaded.get(key)
        if state is None:
            packed = self.packed.get(key)
            if packed is not None:
                state = unpack_state(packed)
            elif self.rules.owns(key):
                state = CustomerState()
            else:
                return None
            self._loaded[key] = state
        return state

    def _advance(self, to_ms: int) -> bool:
        """Decides what falls due until then, by due time, then by customer; False where the batch takes no more."""
        while (due_ms := self._due.next_ms) is not None and due_ms <= to_ms:
            if self._due_worked >= self._due_limit:
                return False
            self._work_due()
        return True

    def _work_due(self) -> None:
        due_ms, key = self._due.pop()
        state = self._state(key)
        if state is None or state.due_ms != due_ms:
            return  # put off or done since it was noted
        self._due_worked += 1
        self.clock_ms = max(self.clock_ms, due_ms)
        self._decide_due(key, state, due_ms)

    def _catch_up(self, key: bytes, state: CustomerState) -> None:
        """What is due for this customer comes before the customer's event, even while others wait for their turn."""
        while state.due_ms is not None and state.due_ms <= self.clock_ms:
            self._decide_due(key, state, state.due_ms)

    def _decide_due(self, key: bytes, state: CustomerState, due_ms: int) -> None:
        self._came_of_itself(
            key, state, apply_due(state, key.decode(), self.rules.policy, due_ms, is_history=self._is_backfill)
        )

    def _rerate_some(self, limit: int) -> None:
        while self._stale and self._rerated < limit:
            key = heappop(self._stale)
            state = self._state(key)
            if state is not None and state.tier is not None and state.policy_mark != self.rules.policy.mark:
                self._rerated += 1
                self._rerate(key, state)

    def _rerate(self, key: bytes, state: CustomerState) -> None:
        self._came_of_itself(key, state, apply_policy(state, key.decode(), self.rules.policy, self.clock_ms))

    def _came_of_itself(self, key: bytes, state: CustomerState, outcome: Outcome) -> None:
        self._touched.add(key)
        if state.due_ms is not None:
            self._due.add(state.due_ms, key)
        self._out.tell(key, state, outcome, self.next_offsets)

    # --- what goes out ---

    def _erase(self, key: bytes, state: CustomerState, topic: int, mark: bytes) -> None:
        self._out.forget(key, state)
        # The request itself is remembered: when it is repeated, what came after it stays.
        self._loaded[key] = erased = forgotten(state)
        remember(erased, topic, mark)

    def _packed_work(self, first_offsets: Sequence[int]) -> Work:
        rules, loaded, out = self.rules, self._loaded, self._out
        spans = zip(rules.topics, first_offsets, self.next_offsets, strict=True)
        order = OrderMessage(
            partition=rules.partition,
            counter=self.counter,
            clock=rules.clock,
            clock_ms=self.clock_ms,
            policy=rules.policy.digest,
            engine_version=ENGINE_VERSION,
            due=self._due_worked,
            rerated=self._rerated,
            backfill=self._is_backfill,
            positions={topic: (first, after) for topic, first, after in spans if after > first},
        )
        self._outcomes.update({(topic, "applied"): count for topic, count in enumerate(self._applied) if count})
        return Work(
            states={key: pack_state(loaded[key]) for key in self._touched},
            changes=out.changes,
            current=out.current,
            campaigns=out.campaigns,
            candidates=out.candidates,
            log=out.log,
            risks=out.risks,
            dead_letters=out.dead_letters,
            order=encode_json(order),
            lane=self.lane,
            tiers=out.tiers,
            outcomes=self._outcomes,
            reasons=out.reasons,
            kinds=out.kinds,
            triggered=out.triggered,
            risk_kinds=out.risk_kinds,
        )
