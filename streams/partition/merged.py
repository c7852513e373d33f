"""Customers of whom a bank says that they are one: a merge, and what goes on to the id that the customer has now.

    merge of C1 into C2    C1: state -> bank.customers (take_in), a mark is left; C2: takes the state in
    a late event of C1     C1: event -> bank.customers (hand_on); C2: works it as its own

Both go the same way, so what was first under the former id is first under the other one (docs/merging.md).
"""

import struct
import sys

import msgspec
from msgspec.structs import replace

from streams.contracts.kept import LaneRecord
from streams.contracts.merges import hand_on, has_room, headers_of, take_in
from streams.contracts.newest_change import merged_into, pack_merged
from streams.contracts.packing import pack_state, unpack_state
from streams.contracts.rejection import NOT_COUNTED, Place, Rejection
from streams.contracts.trace import trace_of
from streams.engine.apply import apply_union
from streams.engine.case import Case
from streams.engine.codec import copy_of
from streams.engine.measures.limits import LimitExceededError
from streams.engine.measures.reversals import mark_for_reversals
from streams.engine.measures.united import left_by_union
from streams.engine.remember import is_erased, outcome_without_effect, remember
from streams.partition.by_itself import DecidedByItself
from streams.partition.entries import Entry, LargeRecord
from streams.partition.opened import EVENT_BYTES, Opened
from streams.partition.setup import PartitionSetup
from streams.partition.work import NO_LIMIT_MS
from streams.values.events import CUSTOMERS, TOPICS, CustomerAction, Event, HandedOn, Merge, TakeIn, Transaction
from streams.values.fingerprint import content_mark, fingerprint

_UNREAD = (msgspec.DecodeError, ValueError, KeyError, IndexError, OverflowError, struct.error)
_ROUNDS = 8  # behind the states of ids in a circle an event goes round it two or three times at most
_NO_ROOM = Rejection("limit_exceeded", "it is too large to be handed on to the id that the customer has now")
_NO_END = Rejection("merge_refused", "ids were merged in a circle, and the state of none has come to an end of it yet")
_NO_PLACE = Rejection("merge_refused", "with TIERFLOW_PARTITIONER=none nobody knows where the other id is")


class MergedCustomers(DecidedByItself):
    """The customers, and what becomes of those who have another id now."""

    def __init__(
        self, setup: PartitionSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        self._applied = [0] * len(TOPICS)
        super().__init__(setup, packed, lane)

    # --- inside ---

    def _begin(self) -> None:
        super()._begin()
        self._applied = [0] * len(TOPICS)

    def _goes_on_to(self, customer: Opened, event: Event) -> str | None:
        """Gives the id that an event goes on to; None where the customer has none but this, or is to be erased here."""
        if type(event) is CustomerAction and event.action == "erase":
            return None
        return merged_into(customer.state)

    def _unite(self, key: bytes, customer: Opened, entry: Entry) -> bool:  # noqa: PLR0911 - a way out for each reason
        """Works a merge, or takes in the state of a former id; False where it has to wait for what is due before it."""
        event: Merge | TakeIn = entry.event
        if type(event) is TakeIn and event.source != self.setup.source:
            return self._pass_over(entry, "not_counted")
        content = content_mark(event)
        mark = fingerprint(event.event_id)
        # What an erase has made forgotten is left out of a state one by one.
        at_ms = event.at_ms if type(event) is Merge else NO_LIMIT_MS
        outcome = outcome_without_effect(customer.state, CUSTOMERS, mark, content, at_ms)
        if outcome is not None:
            return self._pass_over(entry, outcome)
        refused = self._merge_refused(customer) if type(event) is Merge else None
        if refused is not None:
            return self._reject(entry, refused)
        if self._let_time_pass(key, customer, entry.at_ms) is None:
            return False
        if type(event) is Merge:
            return self._merge(key, customer, entry, event, mark + content)
        if type(event) is TakeIn:
            into = merged_into(customer.state)
            if into is not None and not _ends_here(event, into):
                return self._pass_on(customer, entry, event, into, mark + content)
            return self._take_in(key, customer, entry, event, mark + content)
        raise AssertionError("what was handed on is worked as an event")

    def _merge_refused(self, customer: Opened) -> Rejection | None:
        into = merged_into(customer.state)
        if into is not None:
            return Rejection("merge_refused", f"its customer is {into[:100]} already - at `$.into`")
        return _NO_PLACE if self.setup.partitioner == "none" else None

    def _merge(self, key: bytes, customer: Opened, entry: Entry, event: Merge, marks: bytes) -> bool:
        """Sends the state to the other id, and leaves a mark that says which one that is."""
        state, id_ = customer.state, event.customer_id
        packed = pack_state(replace(state, change=b"", windows=()))
        sent = TakeIn(event.event_id, id_, event.at_ms, self.setup.source, id_, (), packed)
        value = take_in(self._place(entry), event.into, self._told_ms(), sent)
        if not has_room(value):
            return self._reject(entry, _NO_ROOM)
        self._out.merge(key, state.tier)
        customer.state = left_by_union(state)
        customer.state.change = pack_merged(event.into, self.clock_ms)
        self._note(customer, entry, CUSTOMERS, marks)
        self._applied[CUSTOMERS] += 1
        self._tell_other(entry, event.into, value)
        return True

    def _pass_on(self, customer: Opened, entry: Entry, event: TakeIn, into: str, marks: bytes) -> bool:
        """Sends a state on, since the id that it is for is a former one, too."""
        sent = replace(event, via=(*event.via, event.customer_id))
        value = take_in(self._place(entry), into, self._told_ms(), sent)
        if not has_room(value):
            return self._reject(entry, _NO_ROOM)
        self._note(customer, entry, CUSTOMERS, marks)
        self._tell_other(entry, into, value)
        return self._pass_over(entry, "handed_on")

    def _take_in(self, key: bytes, customer: Opened, entry: Entry, event: TakeIn, marks: bytes) -> bool:
        """Puts the state of a former id into that of the customer."""
        own = copy_of(customer.state)
        if merged_into(own) is not None:
            own.change = b""  # of ids that were merged in a circle this one stays
        case = Case(
            own, event.customer_id, self._policy_at(self.clock_ms), self.clock_ms, event, CUSTOMERS, entry.offset
        )
        try:
            outcome = apply_union(case, unpack_state(event.state))
        except LimitExceededError as error:
            return self._reject(entry, Rejection("limit_exceeded", str(error)))
        except _UNREAD:
            return self._reject(entry, Rejection("malformed", "the state is not as this release writes it"))
        customer.state = case.state
        customer.at_most += len(event.state) + EVENT_BYTES
        self._note(customer, entry, CUSTOMERS, marks)
        self._out.trace = trace_of(entry.record)
        self._keep_and_write(key, case.state, outcome)
        self._out.trace = ()
        if case.state.due_ms is not None:
            self._due.add(case.state.due_ms, key)
        self._applied[CUSTOMERS] += 1
        return True

    def _hand_on(self, key: bytes, customer: Opened, entry: Entry, topic: int, event: Event, into: str) -> bool:  # noqa: PLR0913, PLR0917
        """Hands an event on to the id that the customer has now. It is remembered, so that it goes on once."""
        mark, content = fingerprint(event.event_id), content_mark(event)
        if _times_here(entry.event) >= _ROUNDS:
            return self._reject(entry, _NO_END)
        outcome = outcome_without_effect(customer.state, topic, mark, content, event.at_ms)
        if outcome is not None:
            outcome = self._outcome_of_repeat(customer, entry, event, outcome)
        if outcome is not None:
            return self._pass_over(entry, outcome)
        if self._let_time_pass(key, customer, entry.at_ms) is None:
            return False
        came, value = entry.event, entry.record.value or b""
        if type(came) is HandedOn:
            came = replace(came, via=(*came.via, event.customer_id))
        else:
            source, former = self.setup.source, event.customer_id
            came = HandedOn(event.event_id, former, entry.at_ms, source, former, topic, event, value)
        sent = hand_on(self._place(entry), into, self._told_ms(), came)
        if not has_room(sent):
            return self._reject(entry, _NO_ROOM)
        marks = mark + content
        if type(event) is Transaction:
            marks += mark_for_reversals(customer.state, event, self.setup.policy.calendar)
        self._note(customer, entry, topic, marks)
        self._tell_other(entry, into, sent)
        return self._pass_over(entry, "handed_on")

    def _outcome_of_repeat(self, customer: Opened, entry: Entry, event: Event, outcome: str) -> str | None:
        """Names the outcome of an event that changes nothing; None where it was remembered, and not worked.

        That is so of what this id handed on itself, and what came back to it since it stays of ids that were merged in
        a circle.
        """
        if not _times_here(entry.event):
            return outcome
        return "erased" if is_erased(customer.state, event.at_ms) else None

    def _note(self, customer: Opened, entry: Entry, topic: int, marks: bytes) -> None:
        """Remembers what was worked. topic: the number of its own. marks: of its id and of its content."""
        self.next_offsets[entry.topic] = entry.offset + 1
        remember(customer.state, topic, marks, self.setup.remembered_ids)
        customer.is_changed = True

    def _tell_other(self, entry: Entry, into: str, value: bytes) -> None:
        """Writes what goes on to another id; where all customers are here, it is worked at once."""
        key, headers = into.encode(), headers_of(self._place(entry))
        if not self.setup.is_alone:
            self._out.trace = trace_of(entry.record)
            self._out.hand_on(key, value, headers)
            self._out.trace = ()
            return
        offset = max(self.next_offsets[CUSTOMERS] - 1, 0)
        record = LargeRecord(offset, 0, key, value, None, [*headers, *trace_of(entry.record)])
        [handed] = self.decode(CUSTOMERS, [record])
        while not self.work_entry(handed):
            self._limit_due(sys.maxsize)

    def _told_ms(self) -> int:
        """Gives the time that goes on to another partition, which refuses what is far ahead (horizon.py).

        This one's clock may be: it never goes back after a wall clock that was wrong.
        """
        return self.clock_ms if self.setup.ahead_ms is not None else min(self.clock_ms, self._wall_ms)

    def _place(self, entry: Entry) -> Place:
        return Place(TOPICS[entry.topic], self.setup.partition, entry.offset)

    def _reject(self, entry: Entry, rejection: Rejection) -> bool:
        """Writes a dead letter. The input changes no state, and no other input waits for it."""
        if rejection is NOT_COUNTED:
            return self._pass_over(entry, "not_counted")
        self._out.reject(entry, rejection, self._wall_ms)
        return self._pass_over(entry, "dead_letter")

    def _pass_over(self, entry: Entry, outcome: str) -> bool:
        """Counts an event that changes nothing here."""
        self.count("events", self.setup.topics[entry.topic], outcome)
        return True


def _ends_here(event: TakeIn, into: str) -> bool:
    """Says whether a state that has come to a former id stays there: ids were merged in a circle, and it is the least.

    So a circle leaves one customer, and every state comes to an end. into: the id that it would go on to.
    """
    ids = [event.former, *event.via]
    if into not in ids:
        return False
    last = len(ids) - 1 - ids[::-1].index(into)
    return min([*ids[last:], event.customer_id]) == event.customer_id


def _times_here(event: object) -> int:
    """Counts how often an event was handed on by the very id that it has come to: ids were merged in a circle."""
    return (event.former, *event.via).count(event.customer_id) if type(event) is HandedOn else 0
