"""Replays one partition of customers, order record by order record, and compares its outputs with the topics."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import msgspec
from aiokafka import TopicPartition

from streams.audit.circumstances import Circumstances
from streams.audit.comparison import SUBJECTS, Comparison
from streams.audit.current import CurrentComparison, Newest
from streams.audit.cut import Cut, Survey, output
from streams.audit.following import each_record
from streams.audit.gathered import Gathered
from streams.audit.granted import has_budget
from streams.audit.growth import Held
from streams.audit.in_force import History
from streams.audit.opened import Opener
from streams.audit.order import Order, check_replayable, order_of
from streams.audit.rates import RatesThen
from streams.audit.report import Difference, FieldDifference, Report, Verdict, audited, field_differences
from streams.audit.start import Begun
from streams.audit.states import StatesComparison
from streams.contracts.kept import LaneRecord
from streams.contracts.merges import MERGE_ID, headers_of, place_in
from streams.contracts.outputs import OrderMessage, TierChangeMessage
from streams.contracts.packing import renew_state
from streams.contracts.sealed import CONTEXTS
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.partition.outputs import by_output
from streams.partition.work import (
    CAMPAIGNS,
    CANDIDATES,
    CHANGES,
    CURRENT,
    DEAD_LETTERS,
    ERASURES,
    MERGES,
    ORDER,
    RISK,
    Message,
)
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.customers import source_of
from streams.stages.placing import place_of_campaigns, place_of_customers
from streams.values.calendar import NEVER_MS
from streams.values.events import CUSTOMERS

COMPARED = (CHANGES, CAMPAIGNS, RISK, ERASURES, DEAD_LETTERS)
"""The outputs that are compared in order: a lane of customers writes its records in the order of its work."""

TURN_EVERY_S = 0.1

_decode_change = msgspec.json.Decoder(TierChangeMessage).decode


class AuditRun(NamedTuple):
    """What the audits of all partitions share."""

    settings: Settings
    offsets: Offsets
    opener: Opener
    policies: Mapping[str, Policy]  # by digest
    history: History  # which of them came into force, and when
    rates: RatesThen
    only: bytes | None  # the key of the one customer who is audited; None for all
    report: Report
    candidates: Gathered | None  # None where only one customer is audited
    granted: Gathered | None  # triggers that a budget granted; None as above
    handed_on: Gathered | None  # what merges handed on; None as above, and where the log's beginning is not audited
    advance: Callable[[int], None]  # called with the number of input offsets that were replayed


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
        self._inputs = [self._tape(tp, span) for tp, span in zip(inputs, spans, strict=True)]
        tapes = {
            name: self._tape(output(run.settings, name, cut.partition), span, self._kept_of(name), _opened(run, name))
            for name, span in cut.outputs.items()
        }
        self._tapes = tapes
        add, only = run.report.add, run.only
        self._comparisons = {
            name: Comparison(SUBJECTS[name], tape, add, only, begun.ends.get(tape.tp.topic, 0))
            for name, tape in tapes.items()
            if name in COMPARED
        }
        self._current = CurrentComparison(tapes[CURRENT], add, only)
        self._worked = 0  # transactions
        self._turn_at = 0.0
        self._grown: OrderMessage | None = None  # where the replay stands, if that is a growth
        self._circumstances = Circumstances(run.history, run.report, begun.lane, cut.partition)
        self._states = StatesComparison(cut.states, add, renew_state, only, run.opener.state)
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
            await self._current.read()
            await self._look_at_later_transactions()
            await self._see_what_waits()
            for comparison in self._comparisons.values():
                await comparison.finish()
            self._current.finish()
            await self._finish_states()
        finally:
            await self._close()

    async def _close(self) -> None:
        for tape in (*self._inputs, *self._tapes.values()):
            await tape.close()

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
        return self._current.leave(keys)

    def grow(self, held: Held, newest: Mapping[bytes, Newest], partitions: int) -> None:
        """Goes on with other customers, of whom `newest` is what `tier.current` should hold."""
        self._current.join(newest)
        self._order.grow(held.packed, held.clock_ms, partitions)
        if self._grown is not None and self._grown.clock_ms != held.clock_ms:
            clocks = field_differences(self._grown.clock_ms, held.clock_ms, "clock_ms")
            what = f"the growth to {partitions} partitions"
            self._differs("different", what, None, self._grown.counter, clocks)
        self._grown = None
        self._hold_states()

    def _tape(
        self,
        tp: TopicPartition,
        span: Span,
        keep: Callable[[Any], bool] | None = None,
        opened: Callable[[Any], Any] | None = None,
    ) -> Tape:
        return Tape(self._run.settings.client_options(), tp, *span, keep, bare=True, opened=opened)

    def _kept_of(self, name: str) -> Callable[[Any], bool] | None:
        """Gives which records of an output are looked at here; None: all."""
        if name == CAMPAIGNS:
            return self._is_lanes_trigger
        return None if name == ORDER or self._run.only is None else self._is_audited

    def _is_audited(self, record: Any) -> bool:
        return self._run.only is None or record.key == self._run.only

    def _is_lanes_trigger(self, record: Any) -> bool:
        """Says whether a trigger is of an audited customer, and a lane of customers wrote it.

        One that a budget granted is passed on to the audit of budgets.
        """
        if not self._is_audited(record):
            return False
        is_granted = has_budget(record.value, self._run.policies)
        if is_granted and self._run.granted is not None:
            self._run.granted.see(self._number, record)
        return not is_granted

    # --- the audited transactions ---

    async def _replay(self) -> bool:
        """Replays up to the end of the cut; gives False if the order breaks before it."""
        while (record := await self._tapes["order"].next()) is not None:
            order = order_of(record)
            match self._look_at(order, record):
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

    def _look_at(self, order: OrderMessage | None, record: Any) -> Literal["work", "skip", "stop", "grown"]:
        """Says what to do with an order record, and reports its fault.

        "work": its number and its positions follow on the transaction before. "skip": it is no order record of this
        partition, or a repeated one. "stop": a transaction is missing, or positions do not follow. "grown": no work was
        done, customers moved.
        """
        lane = self._order.lane
        if order is None or order.partition != self._number:
            self._differs("extra", "an order record of another form or partition", record, None)
            return "skip"
        if order.counter <= lane.counter:
            self._differs("doubled", f"transaction {order.counter}", record, order.counter)
            return "skip"
        if order.counter > lane.counter + 1:
            missing = [str(number) for number in sorted({lane.counter + 1, order.counter - 1})]
            self._differs("missing", f"transaction {' to '.join(missing)}", None, None)
            return "stop"
        firsts = dict(zip(self._topics, lane.next_offsets, strict=True))
        fields = [
            FieldDifference(field=f"positions.{topic}", topic=f"{first} to {after}", replay=f"from {firsts[topic]}")
            for topic, (first, after) in order.positions.items()
            if first != firsts[topic] or after <= first
        ]
        if fields:
            self._differs("different", f"transaction {order.counter}", record, order.counter, fields)
            return "stop"
        return "work" if order.grown is msgspec.UNSET else "grown"

    async def _work(self, order: OrderMessage, record: Any) -> None:
        report = self._report
        if unlikely := self._circumstances.look_at(order, record):
            self._differs("different", f"transaction {order.counter}", record, order.counter, unlikely)
        records = await self._inputs_of(order)
        work = self._order.work(order, records)
        written = by_output(work)
        self._circumstances.look_at_changes(order, written[CHANGES])
        [told] = written[ORDER]
        if told.value != record.value:
            replayed = msgspec.json.decode(told.value or b"")
            if order.wall_ms is msgspec.UNSET:  # a release that did not note it
                del replayed["wall_ms"]
            fields = field_differences(msgspec.json.decode(record.value), replayed)
            if fields:
                self._differs("different", f"transaction {order.counter}", record, order.counter, fields)
        verdicts = await self._expect(written, order.counter, required=True)
        self._current.expect(written[CURRENT])
        if self._run.only is not None:
            self._list(written[CHANGES], verdicts)
        self._hold_states()
        report.transactions += 1
        for topic in order.positions:
            report.repeated_differently += work.tally["events", topic, "repeated_differently"]
        report.events += sum(map(len, records))
        self._run.advance(sum(after - first for first, after in order.positions.values()))

    async def _expect(
        self, written: Mapping[str, Sequence[Message]], transaction: int, *, required: bool
    ) -> list[Verdict]:
        """Compares the records that a transaction should have written; gives the verdicts on its tier changes."""
        if self._run.candidates is not None:
            for candidate in written[CANDIDATES]:
                where = place_of_campaigns()(candidate.key or b"", self._order.partitions)
                self._run.candidates.expect(candidate, self._number, where, required=required)
        if self._run.handed_on is not None:
            place = place_of_customers(self._run.settings)
            for message in written[MERGES]:
                where = place(message.key or b"", self._order.partitions)
                self._run.handed_on.expect(message, self._number, where, required=required)
        verdicts: dict[str, list[Verdict]] = {}
        for name, comparison in self._comparisons.items():
            if written[name]:
                verdicts[name] = await comparison.expect(written[name], transaction, required=required)
        return verdicts.get(CHANGES, [])

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
        tape = self._tape(self._inputs[CUSTOMERS].tp, span)
        await each_record(tape, self._see_handed_on)

    def _list(self, changes: Sequence[Message], verdicts: Sequence[Verdict]) -> None:
        theirs = [change for change in changes if change.key == self._run.only]
        for change, verdict in zip(theirs, verdicts, strict=True):
            self._report.customer.append(audited(_decode_change(change.value or b""), verdict))

    # --- what came while the audit ran ---

    async def _look_at_later_transactions(self) -> None:
        """Replays later transactions as long as they may explain what else the outputs hold.

        What these transactions should have written need not be there.
        """
        settings = self._run.settings
        tp = output(settings, "order", self._number)
        end = (await self._run.offsets.written_ends([tp]))[0]
        later = self._tape(tp, Span(self._cut.outputs["order"].end, end))
        try:
            goes_on = True
            while (record := await later.next()) is not None:
                self._report.later_transactions += 1
                goes_on = goes_on and await self._explain(order_of(record), record)
        finally:
            await later.close()

    async def _explain(self, order: OrderMessage | None, record: Any) -> bool:
        """Replays one later transaction; gives False where that explains nothing more, or cannot be done."""
        exhausted = [await comparison.is_exhausted() for comparison in self._comparisons.values()]
        lane = self._order.lane
        if all(exhausted) and self._current.is_exhausted and self._has_asked and lane.counter >= self._newest:
            return False
        if order is None or order.counter != lane.counter + 1 or order.policy not in self._run.policies:
            return False
        if order.grown is not msgspec.UNSET:
            return False
        check_replayable(self._run.settings, order, record.offset)
        written = by_output(self._order.work(order, await self._inputs_of(order)))
        await self._expect(written, order.counter, required=False)
        self._current.explain(written[CURRENT])
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
            newer = sorted({worked + 1, self._newest})
            self._differs("missing", f"transaction {' to '.join(map(str, newer))}, which the changelog has", None, None)
        elif worked and not self._newest:
            self._states.lacks_lane()
        await self._states.finish(self._run.settings.client_options(), self._run.offsets)

    # --- small parts ---

    def _differs(
        self,
        kind: Literal["missing", "doubled", "different", "extra"],
        what: str,
        record: Any | None,
        transaction: int | None,
        fields: Sequence[FieldDifference] = (),
    ) -> None:
        self._report.add(
            Difference(
                kind=kind,
                topic=self._run.settings.output_topic("order"),
                partition=self._number,
                offset=None if record is None else record.offset,
                what=what,
                transaction=transaction,
                fields=fields,
            )
        )

    def count(self) -> None:
        """Adds to the report what was compared."""
        report = self._report
        report.partitions += 1
        found = self._comparisons
        report.changes += found[CHANGES].compared
        report.triggers += found[CAMPAIGNS].compared
        report.risks += found[RISK].compared
        report.erasures += found[ERASURES].compared
        report.dead_letters += found[DEAD_LETTERS].compared
        report.customers += self._current.compared
        report.states += self._states.compared
        if unproven := self._circumstances.unproven:
            report.notes.append(
                f"partition {self._number}: {unproven} changes of policy are older than what is left of "
                f"{self._run.settings.output_topic('policies')}, and could not be held against it"
            )
        for name, comparison in found.items():
            if comparison.skipped:
                topic = self._run.settings.output_topic(name)
                report.notes.append(
                    f"{topic} partition {self._number} reaches back to offset {self._cut.outputs[name].beginning}: "
                    f"{comparison.skipped} older records were deleted and could not be compared"
                )


def _opened(run: AuditRun, name: str) -> Callable[[Any], Any] | None:
    """Gives what opens the records of an output; None where they are never sealed."""
    return run.opener.record if name in CONTEXTS else None
