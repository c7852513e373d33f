"""The customers of one partition: decode -> work (fold, decide) -> pack, a batch at a time.

What is kept and opened: states.py; what is decided without an event: by_itself.py; customers with another id now:
merged.py; what goes out: outgoing.py.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET

from streams.contracts.decode import decode
from streams.contracts.fields import no_rate_yet
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import too_large
from streams.contracts.rejection import REVERSAL_MISMATCH, WRONG_PARTITION, Rejection
from streams.contracts.trace import trace_of
from streams.engine.apply import apply_erase, apply_event
from streams.engine.case import Case, Moment
from streams.engine.measures.limits import LimitExceededError, check_limits
from streams.engine.measures.reversals import forget_reversals, mark_for_reversals, says_otherwise
from streams.engine.outcomes import NOTHING, Erasure
from streams.engine.remember import outcome_without_effect, remember
from streams.engine.state import CustomerState
from streams.partition.entries import Entry, LargeRecord, Record
from streams.partition.horizon import too_far_ahead
from streams.partition.merged import MergedCustomers
from streams.partition.opened import Opened, check_room, has_room
from streams.partition.outgoing import order
from streams.partition.setup import PartitionSetup
from streams.partition.work import NO_LIMIT, ORDER, Batch, Message, Quota, Work
from streams.values.calendar import NEVER_MS
from streams.values.events import CUSTOMERS, Cause, CustomerAction, Event, Handed, HandedOn, Loan, Transaction
from streams.values.fingerprint import content_mark, fingerprint


class Customers(MergedCustomers):
    """The states of one partition's customers, as packed records, and the batch that is being worked."""

    def __init__(
        self,
        setup: PartitionSetup,
        packed: dict[bytes, bytes] | None = None,
        lane: LaneRecord | None = None,
        *,
        takes_up: bool = True,
    ) -> None:
        """Takes up a state. takes_up: whether all at once; False: the caller goes through taking_up()."""
        super().__init__(setup, packed, lane)
        if takes_up:
            for _ in self.taking_up():
                pass

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Decodes the records of one input topic. Unusable records sort first: none waits for another topic."""
        policy = self.setup.policy
        entries = []
        for record in records:
            if type(record) is LargeRecord and record.clipped is not None:
                event: Event | Handed | Rejection = too_large(record.clipped)
            else:
                event = decode(topic, record.key, record.value, policy)
            at_ms = NEVER_MS if type(event) is Rejection else event.at_ms
            entries.append(Entry(at_ms, topic, record.offset, event, record))
        return entries

    # --- a batch ---

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
        self._wall_ms, worked = wall_ms, 0
        for refused in self._refused_rates:
            self._out.reject_rate(refused, wall_ms)
        self._refused_rates = []
        self._limit_due(quota.due)
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

    def pack(self, next_offsets: Sequence[int]) -> Work:
        """Gives all that the transaction of this batch writes. next_offsets: where each input topic stands after it."""
        if not self.on_event_clock:  # also where the batch was left before its entries
            self.clock_ms = max(self.clock_ms, self._wall_ms)
        self._out.finish()
        for topic, count in enumerate(self._applied):
            if count:
                self.count("events", self.setup.topics[topic], "applied", by=count)
        for how, decided in (("due", self._due_worked), ("rerated", self._rerated)):
            if decided:
                self.count("by_itself", how, by=decided)
        if self.setup.policy.rates is not None:
            self._rates_read = self.setup.policy.rates.next_offset
            self._looking = True if self._revalued else UNSET
        work = super().pack(next_offsets)
        counts, looks = Quota(self._due_worked, self._rerated), self._begins_to_look
        self._begins_to_look = False
        batch = Batch(work.lane, self._first_offsets, self._wall_ms, counts, looks)
        work.messages.append((ORDER, Message(None, order(self.setup, batch, is_backfill=self._is_backfill), [])))
        return work

    # --- an event ---

    def work_entry(self, entry: Entry) -> bool:  # noqa: PLR0911 - a way out for each reason
        """Works an entry: applies the event, skips a repeated one, or writes a dead letter.

        False where the entry has to wait for what is due before it. The event is not applied then.
        """
        at_ms, topic, event, key = entry.at_ms, entry.topic, entry.event, entry.record.key or b""
        if type(event) is Rejection:
            return self._reject(entry, event)
        customer = self._customer(key)
        if customer is None:
            return self._reject(entry, WRONG_PARTITION)
        if at_ms > self._latest_ms:
            return self._reject(entry, too_far_ahead(self.setup, at_ms))
        if topic == CUSTOMERS and type(event) is not CustomerAction:
            if type(event) is not HandedOn:
                return self._unite(key, customer, entry)
            if event.source != self.setup.source:
                return self._pass_over(entry, "not_counted")
            topic, event = event.topic, event.event
        if customer.state.tier is None:
            into = self._goes_on_to(customer, event)
            if into is not None:
                return self._hand_on(key, customer, entry, topic, event, into)
        return self._work_event(key, customer, entry, topic, event)

    def _work_event(self, key: bytes, customer: Opened, entry: Entry, topic: int, event: Event) -> bool:
        """Works an event of a customer. topic: the number of its own, also where it was handed on by another."""
        mark, content = fingerprint(event.event_id), content_mark(event)
        outcome = outcome_without_effect(customer.state, topic, mark, content, event.at_ms)
        if outcome is not None:
            outcome = self._outcome_of_repeat(customer, entry, event, outcome)
        if outcome is not None:
            return self._pass_over(entry, outcome)
        refused = self._refused(customer, event, entry.at_ms)
        if refused is not None:
            return self._reject(entry, refused)
        moment = self._let_time_pass(key, customer, entry.at_ms)
        if moment is None:
            return False
        self._apply(key, customer, entry, moment, topic, event, mark + content)
        return True

    def _refused(self, customer: Opened, event: Event, at_ms: int) -> Rejection | None:
        """Says why an event cannot be applied to its customer's state; None if it can. at_ms: of its entry."""
        state, policy = customer.state, self.setup.policy
        if type(event) is Loan and policy.rates is not None:  # what is decided on it is not taken back
            now_ms = max(self.clock_ms, at_ms) if self.on_event_clock else self.clock_ms
            if event.currency not in self._policy_at(now_ms).to_value:
                return no_rate_yet(event.currency, policy)
        if type(event) is Transaction and event.reverses is not None and says_otherwise(state, event, policy.calendar):
            return REVERSAL_MISMATCH
        try:
            check_limits(state, event, policy)
            if not has_room(customer):
                check_room(customer, event, self._now())
        except LimitExceededError as error:
            return Rejection("limit_exceeded", str(error))
        return None

    def _apply(  # noqa: PLR0913, PLR0917 - an event, its place and its time
        self, key: bytes, customer: Opened, entry: Entry, moment: Moment, topic: int, event: Event, marks: bytes
    ) -> None:
        """Applies an event, and remembers it. marks: of its id and of its content."""
        placed, offset, state = entry.topic, entry.offset, customer.state
        self.next_offsets[placed] = offset + 1
        due_ms = state.due_ms
        if type(event) is CustomerAction and event.action == "erase":
            # It is remembered, too: repeated, it must not erase what came after it.
            self._out.trace = trace_of(entry.record)
            state = self._erase(key, customer, event, offset)
            self._out.trace = ()
        else:
            outcome = apply_event(state, event, moment, placed, offset)
            if outcome is not NOTHING:
                self._out.trace = trace_of(entry.record)
                self._keep_and_write(key, state, outcome)
                self._out.trace = ()
        if state.due_ms != due_ms and state.due_ms is not None:
            self._due.add(state.due_ms, key)
        if type(event) is Transaction:
            marks += mark_for_reversals(state, event, moment.policy.calendar)
            if event.reverses is not None:
                forget_reversals(state, self.setup.remembered_ids)
        remember(state, topic, marks, self.setup.remembered_ids)
        customer.is_changed = True
        self._applied[placed] += 1

    def _erase(self, key: bytes, customer: Opened, event: CustomerAction, offset: int) -> CustomerState:
        policy = self._policy_at(self.clock_ms)
        case = Case(customer.state, event.customer_id, policy, self.clock_ms, event, CUSTOMERS, offset)
        case.is_history = self._is_backfill
        cause = Cause(event.event_id, CUSTOMERS, offset, event.at_ms)
        erasure = Erasure(event.customer_id, customer.state.sequence, self.clock_ms, cause)
        self._out.erase(key, erasure, self.next_offsets, customer.state.tier)
        outcome = apply_erase(case, event)
        customer.state = case.state
        self._keep_and_write(key, case.state, outcome)
        return case.state

    def _begin(self) -> None:
        super()._begin()
        self._first_offsets = tuple(self.next_offsets)
