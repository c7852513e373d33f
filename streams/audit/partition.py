"""Replays one partition of customers, order record by order record, and compares its outputs with the topics."""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from aiokafka import TopicPartition

from streams.audit.circumstances import Circumstances
from streams.audit.current import Newest
from streams.audit.cut import Cut, Survey, output
from streams.audit.following import each_record
from streams.audit.growth import Held
from streams.audit.order import Order, check_replayable, order_of
from streams.audit.outputs import PartitionOutputs
from streams.audit.report import Verdict, audited, field_differences
from streams.audit.shared import AuditRun
from streams.audit.start import Begun
from streams.audit.states import StatesComparison
from streams.audit.succession import Succession
from streams.contracts.kept import LaneRecord
from streams.contracts.merges import MERGE_ID, headers_of, place_in
from streams.contracts.outputs import OrderMessage, TierChangeMessage
from streams.contracts.packing import renew_state
from streams.kafka.offsets import Span
from streams.partition.outputs import by_output
from streams.partition.work import CHANGES, ORDER, Message
from streams.stages.customers import source_of
from streams.values.calendar import NEVER_MS
from streams.values.events import CUSTOMERS

TURN_EVERY_S = 0.1

_decode_change = msgspec.json.Decoder(TierChangeMessage).decode


class PartitionAudit:
    """The audit of one partition. To be used once."""

    def __init__(self, run: AuditRun, cut: Cut, survey: Survey, partitions: int) -> None:
        """Prepares it. partitions: how many there were when this one was first worked."""
        self._run = run
        self._number = cut.partition
        self._report = run.report
        self._cut = cut
        self._survey = survey
        begun = cut.begun or Begun(LaneRecord(tuple(survey.first_offsets), 0, NEVER_MS), {}, None, {}, {})
        self._topics = run.settings.input_topics()
        self._order = Order(run.settings, run.policies, cut.partition, partitions, begun.lane, run.rates)
        self._order.begin_with(begun.packed)
        # Order records say how far inputs are read. Later transactions may read past the cut, so the tapes have no end.
        spans = [Span(first, sys.maxsize) for first in survey.first_offsets]
        inputs = [TopicPartition(topic, cut.partition) for topic in self._topics]
        self._inputs = [run.tape(tp, span) for tp, span in zip(inputs, spans, strict=True)]
        self._outputs = PartitionOutputs(run, cut, begun.ends)
        self._succession = Succession(run.settings, cut.partition, run.report)
        self._worked = 0  # transactions
        self._turn_at = 0.0
        self._grown: OrderMessage | None = None  # where the replay stands, if that is a growth
        self._circumstances = Circumstances(run.history, run.report, begun.lane, cut.partition)
        self._states = StatesComparison(cut.states, run.report.add, renew_state, run.only, run.opener.state)
        # The changelog's newest transaction. Without a lane record nothing can be said of it.
        self._newest = 0 if cut.states.lane is None else cut.states.lane.counter
        self._has_asked = run.candidates is None  # whether all candidates in the cut are expected

    async def replay(self) -> bool:
        """Replays up to the next growth, or the end of the cut; differences go into the report.

        Gives False if the order breaks: nothing after that can be worked again.
        """
        try:
            return await self._replay()
        finally:
            await self._close()

    async def complete(self) -> None:
        """Compares what is left, once all is replayed."""
        try:
            await self._outputs.read_current()
            await self._look_at_later_transactions()
            await self._see_what_waits()
            await self._outputs.finish()
            await self._finish_states()
        finally:
            await self._close()

    async def _close(self) -> None:
        for tape in self._inputs:
            await tape.close()
        await self._outputs.close()

    # --- more partitions ---

    @property
    def held(self) -> Held:
        """Gives the customers of the replay, as far as it is."""
        return Held(self._order.packed, self._order.lane.clock_ms)

    @property
    def has_grown(self) -> bool:
        """Says whether the replay stands at a growth."""
        return self._grown is not None

    def leave(self, keys: Iterable[bytes]) -> dict[bytes, Newest]:
        """Takes out what `tier.current` should hold of customers who move to another partition."""
        return self._outputs.leave(keys)

    def grow(self, held: Held, newest: Mapping[bytes, Newest], partitions: int) -> None:
        """Goes on with other customers, of whom `newest` is what `tier.current` should hold."""
        self._outputs.join(newest)
        self._order.grow(held.packed, held.clock_ms, partitions)
        if self._grown is not None and self._grown.clock_ms != held.clock_ms:
            clocks = field_differences(self._grown.clock_ms, held.clock_ms, "clock_ms")
            what = f"the growth to {partitions} partitions"
            self._succession.differs("different", what, None, self._grown.counter, clocks)
        self._grown = None
        self._hold_states()

    # --- the audited transactions ---

    async def _replay(self) -> bool:
        """Replays up to the end of the cut; gives False if the order breaks before it."""
        while (record := await self._outputs.order.next()) is not None:
            order = order_of(record)
            match self._succession.look_at(order, record, self._order.lane):
                case "skip":
                    continue
                case "stop":
                    self._report.notes.append(
                        f"partition {self._number}: the order breaks after transaction {self._order.lane.counter}; "
                        f"{self._survey.transactions - self._worked} later ones could not be replayed"
                    )
                    return False
                case "grown":
                    self._grown = order
                    return True
                case "work":
                    await self._work(cast("OrderMessage", order), record)
                    self._worked += 1
                    await self._give_turn()
        return True

    async def _give_turn(self) -> None:
        """Lets the consumers work from time to time: where all is read ahead, nothing else waits for them.

        Their requests would time out, although they are answered.
        """
        if time.monotonic() >= self._turn_at:
            await asyncio.sleep(0)
            self._turn_at = time.monotonic() + TURN_EVERY_S

    async def _work(self, order: OrderMessage, record: Any) -> None:
        report = self._report
        if unlikely := self._circumstances.look_at(order, record):
            self._succession.differs("different", f"transaction {order.counter}", record, order.counter, unlikely)
        records = await self._inputs_of(order)
        work = self._order.work(order, records)
        written = by_output(work)
        self._circumstances.look_at_changes(order, written[CHANGES])
        [told] = written[ORDER]
        self._succession.compare(order, record, told.value)
        verdicts = await self._outputs.expect(written, self._order.partitions, order.counter, required=True)
        if self._run.only is not None:
            self._list(written[CHANGES], verdicts)
        self._hold_states()
        report.transactions += 1
        for topic in order.positions:
            report.repeated_differently += work.tally["events", topic, "repeated_differently"]
        report.events += sum(map(len, records))
        self._run.advance(sum(after - first for first, after in order.positions.values()))

    def _list(self, changes: Sequence[Message], verdicts: Sequence[Verdict]) -> None:
        theirs = [change for change in changes if change.key == self._run.only]
        for change, verdict in zip(theirs, verdicts, strict=True):
            self._report.customer.append(audited(_decode_change(change.value or b""), verdict))

    # --- the inputs ---

    async def _inputs_of(self, order: OrderMessage) -> list[list[Any]]:
        """Gives the inputs of a transaction, by topic number. Its positions follow on those of the one before."""
        found = [
            await tape.before(order.positions[topic][1]) if topic in order.positions else []
            for topic, tape in zip(self._topics, self._inputs, strict=True)
        ]
        for record in found[CUSTOMERS]:
            self._see_handed_on(record)
        return found

    def _see_handed_on(self, record: Any) -> None:
        """Notes a record of `bank.customers` that tierflow wrote, or that was sent again of its dead letters."""
        place = place_in(record.value, source_of(self._run.settings))
        if self._run.handed_on is None or place is None:
            return
        if record.headers and record.headers[0][0] == MERGE_ID:
            self._run.handed_on.see(self._number, record)
        else:
            self._run.handed_on.see_copy(self._number, record, [*headers_of(place), *record.headers])

    async def _see_what_waits(self) -> None:
        """Notes what merges handed on to this partition, and is not worked yet."""
        if self._run.handed_on is None:
            return
        span = Span(self._order.lane.next_offsets[CUSTOMERS], self._cut.inputs[CUSTOMERS].end)
        tape = self._run.tape(self._inputs[CUSTOMERS].tp, span)
        await each_record(tape, self._see_handed_on)

    # --- what came while the audit ran ---

    async def _look_at_later_transactions(self) -> None:
        """Replays later transactions as long as they may explain what else the outputs hold.

        What these transactions should have written need not be there.
        """
        tp = output(self._run.settings, ORDER, self._number)
        end = (await self._run.offsets.written_ends([tp]))[0]
        later = self._run.tape(tp, Span(self._cut.outputs[ORDER].end, end))
        try:
            goes_on = True
            while (record := await later.next()) is not None:
                self._report.later_transactions += 1
                goes_on = goes_on and await self._explain(order_of(record), record)
        finally:
            await later.close()

    async def _explain(self, order: OrderMessage | None, record: Any) -> bool:
        """Replays one later transaction; gives False where that explains nothing more, or cannot be done."""
        lane = self._order.lane
        if await self._outputs.are_exhausted() and self._has_asked and lane.counter >= self._newest:
            return False
        if order is None or order.counter != lane.counter + 1 or order.policy not in self._run.policies:
            return False
        if order.grown is not msgspec.UNSET:
            return False
        check_replayable(self._run.settings, order, record.offset)
        written = by_output(self._order.work(order, await self._inputs_of(order)))
        await self._outputs.expect(written, self._order.partitions, order.counter, required=False)
        self._hold_states()
        self._has_asked = self._has_asked or record.offset >= self._cut.asked_until
        return True

    # --- the states ---

    def _hold_states(self) -> None:
        """Compares the states, if the replay has just worked the transaction that the changelog's are of."""
        lane = self._order.lane
        if lane.counter == self._newest:
            self._states.hold(self._order.packed)
            self._states.hold_lane(lane)

    async def _finish_states(self) -> None:
        worked = self._order.lane.counter
        if worked < self._newest:
            self._succession.lacks(worked + 1, self._newest, ", which the changelog has")
        elif worked and not self._newest:
            self._states.lacks_lane()
        await self._states.finish(self._run.settings.client_options(), self._run.offsets)

    # --- the report ---

    def count(self) -> None:
        """Adds to the report what was compared."""
        report = self._report
        report.partitions += 1
        self._outputs.count()
        report.states += self._states.compared
        if unproven := self._circumstances.unproven:
            report.notes.append(
                f"partition {self._number}: {unproven} changes of policy are older than what is left of "
                f"{self._run.settings.output_topic('policies')}, and could not be held against it"
            )
        self._outputs.note_skipped()
