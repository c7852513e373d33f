"""Whether the order records of a partition follow on one another, and what of them differs from the replay."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from streams.audit.report import Difference, FieldDifference, Report, field_differences
from streams.contracts.kept import LaneRecord
from streams.contracts.outputs import OrderMessage
from streams.settings import Settings

Kind = Literal["missing", "doubled", "different", "extra"]


class Succession:
    """The order records of one partition, each held against the transaction before."""

    def __init__(self, settings: Settings, partition: int, report: Report) -> None:
        self._inputs = settings.input_topics()
        self._topic = settings.output_topic("order")
        self._number = partition
        self._report = report

    def look_at(
        self, order: OrderMessage | None, record: Any, lane: LaneRecord
    ) -> Literal["work", "skip", "stop", "grown"]:
        """Says what to do with an order record, and reports its fault. lane: after the transaction before.

        "work": its number and its positions follow on the transaction before. "skip": it is no order record of this
        partition, or a repeated one. "stop": a transaction is missing, or positions do not follow. "grown": no work was
        done, customers moved.
        """
        if order is None or order.partition != self._number:
            self.differs("extra", "an order record of another form or partition", record, None)
            return "skip"
        if order.counter <= lane.counter:
            self.differs("doubled", f"transaction {order.counter}", record, order.counter)
            return "skip"
        if order.counter > lane.counter + 1:
            self.lacks(lane.counter + 1, order.counter - 1)
            return "stop"
        firsts = dict(zip(self._inputs, lane.next_offsets, strict=True))
        fields = [
            FieldDifference(field=f"positions.{topic}", topic=f"{first} to {after}", replay=f"from {firsts[topic]}")
            for topic, (first, after) in order.positions.items()
            if first != firsts[topic] or after <= first
        ]
        if fields:
            self.differs("different", f"transaction {order.counter}", record, order.counter, fields)
            return "stop"
        return "work" if order.grown is msgspec.UNSET else "grown"

    def compare(self, order: OrderMessage, record: Any, replayed: bytes | None) -> None:
        """Holds an order record against that of the replay."""
        if replayed == record.value:
            return
        fields = msgspec.json.decode(replayed or b"")
        if order.wall_ms is msgspec.UNSET:  # a release that did not note it
            del fields["wall_ms"]
        if different := field_differences(msgspec.json.decode(record.value), fields):
            self.differs("different", f"transaction {order.counter}", record, order.counter, different)

    def lacks(self, first: int, last: int, where: str = "") -> None:
        """Reports that transactions are missing. where: where else they are, as the sentence goes on."""
        missing = " to ".join(map(str, sorted({first, last})))
        self.differs("missing", f"transaction {missing}{where}", None, None)

    def differs(
        self, kind: Kind, what: str, record: Any | None, transaction: int | None, fields: Sequence[FieldDifference] = ()
    ) -> None:
        """Reports a difference. record: that of the topic, where there is one."""
        self._report.add(
            Difference(
                kind=kind,
                topic=self._topic,
                partition=self._number,
                offset=None if record is None else record.offset,
                what=what,
                transaction=transaction,
                fields=fields,
            )
        )
