"""The customers of one partition: decode -> work (fold, decide) -> pack, a batch at a time."""

import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET

from streams.contracts.decode import decode
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import too_large
from streams.contracts.log import encode_json
from streams.contracts.newest_change import pack_change
from streams.contracts.outputs import ENGINE_VERSION, OrderMessage
from streams.contracts.packing import pack_state, renew_state, unpack_header, unpack_state
from streams.contracts.rejection import REVERSAL_MISMATCH, WRONG_PARTITION, Rejection
from streams.engine.apply import apply_due, apply_erase, apply_event, apply_policy, is_rated_by_another
from streams.engine.case import Case, Moment
from streams.engine.measures.limits import LimitExceededError, check_limits
from streams.engine.measures.reversals import forget_reversals, mark_for_reversals, says_otherwise
from streams.engine.outcomes import NOTHING, Outcome
from streams.engine.remember import outcome_without_effect, remember
from streams.engine.state import CustomerState
from streams.partition.ahead import candidate_of, is_change_ahead, is_risk_ahead, is_trigger_ahead, trigger_of
from streams.partition.due import DueTimes
from streams.partition.entries import Entry, LargeRecord, Record
from streams.partition.horizon import latest_ms, too_far_ahead
from streams.partition.ordered import InOrder
from streams.partition.outgoing import Outgoing, Writers
from streams.partition.partition import STEP, Partition
from streams.partition.room import Room
from streams.partition.setup import PartitionSetup
from streams.partition.work import NO_LIMIT, ORDER, Message, Quota, Told, Work
from streams.values.calendar import NEVER_MS
from streams.values.events import CUSTOMERS, TOPICS, TRANSACTIONS, Cause, CustomerAction, Event
from streams.values.fingerprint import REMEMBERED_AT_LEAST, content_mark, fingerprint

DUE_AT_ONCE = 50
"""Decisions by time alone in one step of the work."""


class Customers(Partition):
    """The states of one partition's customers, as packed records, and the batch that is being worked."""

    follows_from_inputs = False

    def __init__(
        self,
        setup: PartitionSetup,
        packed: dict[bytes, bytes] | None = None,
        lane: LaneRecord | None = None,
        *,
        takes_up: bool = True,
    ) -> None:
        """Takes up a state. takes_up: whether all at once; False: the caller goes through taking_up()."""
        self.setup = setup
        self.on_event_clock = setup.clock == "event"
        self.customers_by_tier: Counter[str] = Counter()
        self._due = DueTimes()
        self._stale = InOrder()
        self._writers = Writers(setup)
        super().__init__(len(TOPICS), packed, lane)
        if takes_up:
            for _ in self.taking_up():
                pass

    def taking_up(self) -> Iterator[int]:
        """Notes of every customer the tier, when time alone may decide, and whether another policy rated last."""
        policy, counts = self.setup.policy, self.customers_by_tier
        for number, (key, record) in enumerate(self.packed.items(), 1):
            header = unpack_header(record)
            if header.tier is not None:
                counts[header.tier] += 1
            if header.due_ms is not None:
                self._due.add(header.due_ms, key)
            if is_rated_by_another(header.tier, header.policy_mark, policy):
                self._stale.add(key)
            if not number % STEP:
                yield number

    # --- decode ---

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Decodes the records of one input topic. Unusable records sort first: none waits for another topic."""
        policy = self.setup.policy
        entries = []
        for record in records:
            if isinstance(record, LargeRecord) and record.clipped is not None:
                event: Event | Rejection = too_large(record.clipped)
            else:
                event = decode(topic, record.key, record.value, policy)
            at_ms = NEVER_MS if type(event) is Rejection else event.at_ms
            entries.append(Entry(at_ms, topic, record.offset, event, record))
        return entries

    # --- work a batch ---

    def work(self, entries: Iterable[Entry], next_offsets: Sequence[int], wall_ms: int) -> Work:
        """Works all entries in their order, and all that falls due before them, without a quota."""
        self.work_some(entries, wall_ms, NO_LIMIT)
        return self.pack(next_offsets)

    def working(self, entries: Iterable[Entry], wall_ms: int, quota: Quota) -> Iterator[int]:
        """Works entries, and what falls due, within a quota, a step at a time; each gives how many were worked so far.

        On the wall clock all entries are worked. What is due beyond the quota waits for the next batches, unless an
        event of that customer comes first. On the event clock an event whose time makes more due than the quota waits,
        and so do the entries after it. Last, as many customers as the quota lets are rated anew whom another policy
        rated last.
        """
        self._begin()
        self._wall_ms, self._due_limit = wall_ms, quota.due
        worked, self._due_quota = 0, min(quota.due, DUE_AT_ONCE)
        if not self.on_event_clock:
            while not self._advance(wall_ms) and self._goes_on():
                yield worked
            self.clock_ms = max(self.clock_ms, wall_ms)
        self._latest_ms = self.latest_ms(wall_ms)
        for worked in self._working_entries(entries):
            yield worked
        for _ in self._rerating(quota.rerated):
            yield worked

    def replay(self, entries: Iterable[Entry], next_offsets: Sequence[int], wall_ms: int, counts: Quota) -> Work:
        """Works a batch again as its record of tier.order says. counts: how many decisions it made without an event."""
        self.work_some(entries, wall_ms, Quota(sys.maxsize if self.on_event_clock else counts.due, 0))
        while self._due_worked < counts.due and self._due.next_ms is not None:
            self._work_due()
        for _ in self._rerating(counts.rerated):
            pass
        return self.pack(next_offsets)

    def latest_ms(self, wall_ms: int) -> int:
        """Gives the latest time that an event may have now: a later one is refused, and waits for nobody."""
        return latest_ms(self.setup, wall_ms, self.clock_ms)

    def packing(self) -> Iterator[int]:
        """Packs the states of this batch, a step at a time. What is left of it, `pack` does."""
        loaded, changed = self._loaded, self._changed
        while self._touched:
            key = self._touched.pop()
            changed[key] = pack_state(loaded[key])
            if not len(changed) % STEP:
                yield len(changed)

    def pack(self, next_offsets: Sequence[int]) -> Work:
        """Gives all that the transaction of this batch writes. next_offsets: where each input topic stands after it."""
        if not self.on_event_clock:  # also where the batch was left before its entries
            self.clock_ms = max(self.clock_ms, self._wall_ms)
        first_offsets = self._first_offsets
        self._out.finish()
        for topic, count in enumerate(self._applied):
            if count:
                self.count("events", self.setup.topics[topic], "applied", by=count)
        work = super().pack(next_offsets)
        self._loaded.clear()  # opened, states take several times their size, and would until the next batch
        work.messages.append((ORDER, Message(None, self._order(first_offsets), [])))
        return work

    @property
    def is_stale(self) -> bool:
        """Whether customers are left whom another policy rated last."""
        return bool(self._stale)

    def keep(self, work: Work) -> None:
        """Keeps the states of a committed batch, and how many customers now have each tier."""
        super().keep(work)
        for (metric, *labels), count in work.tally.items():
            if metric == "customers":
                self.customers_by_tier[labels[0]] += count

    def shown(self) -> Mapping[tuple[str, ...], int]:
        """Gives the customers by tier."""
        return {("customers", tier): count for tier, count in self.customers_by_tier.items()}

    def next_due_ms(self) -> int | None:
        """Gives the instant at which time alone may next decide for one of the customers."""
        return self._due.next_ms

    def is_ahead(self, output: str, key: bytes | None, value: bytes, expected: Container[Told]) -> bool:
        """Says whether a message has a number of its customer, or an input offset, that this state has not reached."""
        packed, owns = self.packed, self.setup.owns
        match output:
            case "changes":
                return is_change_ahead(packed, key or b"", value, owns)
            case "campaigns":
                return is_trigger_ahead(packed, trigger_of(value), owns)
            case "candidates":
                return is_trigger_ahead(packed, candidate_of(value).trigger, owns)
            case "risk":
                return is_risk_ahead(dict(zip(self.setup.topics, self.next_offsets, strict=True)), value)
            case _:
                return super().is_ahead(output, key, value, expected)

    def renewed(self, state: bytes) -> bytes:
        """Gives a packed state in the form that this release writes."""
        return renew_state(state)

    def work_entry(self, entry: Entry) -> bool:  # noqa: PLR0911 - a way out for each reason
        """Works an entry: applies the event, skips a repeated one, or writes a dead letter.

        False where the entry has to wait for what is due before it. The event is not applied then.
        """
        at_ms, topic, event, record = entry.at_ms, entry.topic, entry.event, entry.record
        if type(event) is Rejection:
            return self._reject(entry, event)
        key = record.key or b""
        state = self._loaded.get(key) or self._state(key)
        if state is None:
            return self._reject(entry, WRONG_PARTITION)
        if at_ms > self._latest_ms:
            return self._reject(entry, too_far_ahead(self.setup, at_ms))
        mark, content = fingerprint(event.event_id), content_mark(event)
        outcome = outcome_without_effect(state, topic, mark, content, at_ms)
        if outcome is not None:
            return self._pass_over(entry, outcome)
        refused = self._refused(key, state, entry)
        if refused is not None:
            return self._reject(entry, refused)
        if not self._let_time_pass(key, state, at_ms):
            return False
        self._apply(key, state, entry, mark + content)
        return True

    def _begin(self) -> None:
        super()._begin()
        self._wall_ms = self._latest_ms = self.clock_ms
        self._due_quota = self._due_limit = self._due_worked = self._rerated = 0
        self._is_backfill = self.backfill
        self._moment: Moment | None = None
        self._first_offsets = tuple(self.next_offsets)
        self._loaded: dict[bytes, CustomerState] = {}
        self._room = Room(self.packed)
        self._touched: set[bytes] = set()
        self._applied = [0] * len(TOPICS)
        self._out = Outgoing(self.setup, self._writers, self._messages, self._tally)

    def _reject(self, entry: Entry, rejection: Rejection) -> bool:
        """Writes a dead letter. The input changes no state, and no other input waits for it."""
        self._out.reject(entry, rejection, self._wall_ms)
        return self._pass_over(entry, "dead_letter")

    def _pass_over(self, entry: Entry, outcome: str) -> bool:
        """Counts an event that changes nothing."""
        self.count("events", self.setup.topics[entry.topic], outcome)
        return True

    def _refused(self, key: bytes, state: CustomerState, entry: Entry) -> Rejection | None:
        """Says why an event cannot be applied to its customer's state; None if it can."""
        event, policy = entry.event, self.setup.policy
        if entry.topic == TRANSACTIONS and event.reverses is not None and says_otherwise(state, event, policy.calendar):
            return REVERSAL_MISMATCH
        try:
            check_limits(state, event, policy)
            if not self._room.is_certain(key):
                self._room.check(key, state, event, self._now())
        except LimitExceededError as error:
            return Rejection("limit_exceeded", str(error))
        return None

    def _apply(self, key: bytes, state: CustomerState, entry: Entry, marks: bytes) -> None:
        """Applies an event, and remembers it. marks: of its id and of its content."""
        at_ms, topic, offset, event = entry.at_ms, entry.topic, entry.offset, entry.event
        self.next_offsets[topic] = offset + 1
        due_ms = state.due_ms
        if topic == CUSTOMERS and event.action == "erase":
            # It is remembered, too: repeated, it must not erase what came after it.
            state = self._erase(key, state, entry)
        else:
            outcome = apply_event(state, event, self._now(), topic, offset)
            if outcome is not NOTHING:
                self._keep_and_write(key, state, outcome)
        if state.due_ms != due_ms and state.due_ms is not None:
            self._due.add(state.due_ms, key)
        if topic == TRANSACTIONS:
            marks += mark_for_reversals(state, event, self.setup.policy.calendar)
            if event.reverses is not None:
                forget_reversals(state, self.setup.remembered_ids)
        remember(state, topic, marks, at_ms, self.setup.remembered_ids)
        self._touched.add(key)
        self._applied[topic] += 1

    def _now(self) -> Moment:
        """Gives the moment of the partition's clock."""
        moment, now_ms = self._moment, self.clock_ms
        if moment is None or moment.now_ms != now_ms:
            policy = self.setup.policy
            today = policy.calendar.day_of(now_ms)
            self._moment = moment = Moment(policy, now_ms, today, self._is_backfill, self.on_event_clock)
        return moment

    def _erase(self, key: bytes, state: CustomerState, entry: Entry) -> CustomerState:
        event: CustomerAction = entry.event
        self._out.forget(key, state.tier)
        cause = Cause(event.event_id, entry.topic, entry.offset, event.at_ms)
        case = Case(state, event.customer_id, self.setup.policy, self.clock_ms, is_history=self._is_backfill)
        outcome = apply_erase(case, event, cause)
        self._loaded[key] = case.state
        self._keep_and_write(key, case.state, outcome)
        return case.state

    def _state(self, key: bytes) -> CustomerState | None:
        """Gives the state of a customer, a new one where none is kept; None for a customer of another partition."""
        state = self._loaded.get(key)
        if state is None:
            packed = self.packed.get(key)
            if packed is not None:
                state = unpack_state(packed)
            elif self.setup.owns(key):
                state = CustomerState()
            else:
                return None
            self._loaded[key] = state
        return state

    # --- what is decided without an event ---

    def _let_time_pass(self, key: bytes, state: CustomerState, at_ms: int) -> bool:
        """Decides what comes before the customer's event; False where that would pass the quota."""
        if self.on_event_clock and not self._move_clock(at_ms):
            return False
        # What is due for this customer comes first, whatever is left of the quota.
        while state.due_ms is not None and state.due_ms <= self.clock_ms:
            self._decide_due(key, state, state.due_ms)
        if is_rated_by_another(state.tier, state.policy_mark, self.setup.policy):
            self._rerate(key, state)
        return True

    def _move_clock(self, at_ms: int) -> bool:
        """Decides what is due before an event on the event clock; False where that would pass the quota."""
        # Up to the clock, too: customers who came from another partition may be due before it.
        if not self._advance(max(at_ms, self.clock_ms)):
            return False
        if at_ms > self.clock_ms:
            self.clock_ms = at_ms
            if self.setup.ahead_ms is not None:
                self._latest_ms = self.latest_ms(self._wall_ms)
        return True

    def _advance(self, to_ms: int) -> bool:
        """Decides what falls due until an instant, by due time, then by customer; False where the quota is used up."""
        while (due_ms := self._due.next_ms) is not None and due_ms <= to_ms:
            if self._due_worked >= self._due_quota:
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

    def _decide_due(self, key: bytes, state: CustomerState, due_ms: int) -> None:
        case = Case(state, key.decode(), self.setup.policy, due_ms, is_history=self._is_backfill)
        self._came_of_itself(key, state, apply_due(case))

    def _goes_on(self) -> bool:
        """Says whether the quota has room: a step decides DUE_AT_ONCE by time alone, so that none takes long."""
        self._due_quota = min(self._due_worked + DUE_AT_ONCE, self._due_limit)
        return self._due_worked < self._due_quota

    def _rerating(self, quota: int) -> Iterator[int]:
        while self._stale and self._rerated < quota:
            key = self._stale.pop()
            state = self._state(key)
            if state is not None and is_rated_by_another(state.tier, state.policy_mark, self.setup.policy):
                self._rerated += 1
                self._rerate(key, state)
            yield self._rerated

    def _rerate(self, key: bytes, state: CustomerState) -> None:
        case = Case(state, key.decode(), self.setup.policy, self.clock_ms)
        self._came_of_itself(key, state, apply_policy(case))

    def _came_of_itself(self, key: bytes, state: CustomerState, outcome: Outcome) -> None:
        """Keeps the state after a decision without an event, and writes what came of it."""
        self._touched.add(key)
        if state.due_ms is not None:
            self._due.add(state.due_ms, key)
        self._keep_and_write(key, state, outcome)

    # --- what goes out ---

    def _keep_and_write(self, key: bytes, state: CustomerState, outcome: Outcome) -> None:
        """Keeps a tier change in the customer's state, and adds all that came of a decision to the batch."""
        out = self._out
        for change in outcome.changes:
            backfill = self._is_backfill or change.reason == "policy_changed"  # the customer did nothing
            state.change = pack_change(change, self.next_offsets, self.setup.policy.mark, backfill=backfill)
            out.change(key, change, self.next_offsets, backfill=backfill)
        for trigger in outcome.triggers:
            out.trigger(key, trigger)
        for risk in outcome.risks:
            out.risk(key, risk, self.next_offsets, backfill=self._is_backfill)

    def _order(self, first_offsets: Sequence[int]) -> bytes:
        setup = self.setup
        spans = zip(setup.topics, first_offsets, self.next_offsets, strict=True)
        return encode_json(
            OrderMessage(
                partition=setup.partition,
                counter=self.counter,
                clock=setup.clock,
                clock_ms=self.clock_ms,
                wall_ms=self._wall_ms if setup.ahead_ms is None else UNSET,
                policy=setup.policy.digest,
                engine_version=ENGINE_VERSION,
                partitioner=setup.partitioner,
                tzdata=setup.tzdata,
                due=self._due_worked,
                rerated=self._rerated,
                backfill=self._is_backfill,
                remembered_ids=UNSET if setup.remembered_ids == REMEMBERED_AT_LEAST else setup.remembered_ids,
                positions={topic: (first, after) for topic, first, after in spans if after > first},
            )
        )
