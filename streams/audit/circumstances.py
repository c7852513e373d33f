"""Holds what `tier.order` tells of a transaction's circumstances against what else is known of them.

The replay takes policy, clock and backfill from there, so a wrong one would explain itself. Against `tier.policies`,
against the transactions before and against the records' own timestamps it does not.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from streams.audit.in_force import History, Walk
from streams.audit.report import FieldDifference, Reached, Report
from streams.contracts.kept import LaneRecord
from streams.contracts.outputs import OrderMessage
from streams.partition.work import Message
from streams.settings import time_zone_data


class _Decided(msgspec.Struct):
    id: str
    decided_at: str


_decode = msgspec.json.Decoder(_Decided).decode


class Circumstances:
    """The circumstances of one partition's transactions, in their order."""

    def __init__(self, history: History, report: Report, lane: LaneRecord, number: int) -> None:
        """Prepares for a partition's number. lane: where its first transaction begins."""
        self._walk = Walk(history)
        self._report = report
        self._number = number
        self._was_live = lane.counter > 0 and not lane.backfill

    @property
    def unproven(self) -> int:
        """Counts the changes of policy that could not be held against `tier.policies`."""
        return self._walk.unproven

    def look_at(self, order: OrderMessage, record: Any) -> list[FieldDifference]:
        """Gives what cannot be, and notes the circumstances that are worth a word."""
        fields = []
        if not self._walk.goes_on_to(order.policy):
            fields.append(FieldDifference(field="policy", topic=order.policy, replay="not published by then"))
        if order.backfill and self._was_live:
            fields.append(FieldDifference(field="backfill", topic="true", replay="false: history was over before"))
        self._was_live = self._was_live or not order.backfill
        if isinstance(order.tzdata, str) and order.tzdata != time_zone_data():
            self._report.other_zone_data.add(order.tzdata)
        self._look_at_clocks(order, record)
        return fields

    def look_at_changes(self, order: OrderMessage, changes: Iterable[Message]) -> None:
        """Notes how late the wall clock's decisions by time alone came."""
        if order.clock != "wall":
            return
        for change in changes:
            value = change.value or b""
            if b'"cause":null' in value and b'"policy_changed"' not in value:
                decided = _decode(value)
                due_ms = int(datetime.fromisoformat(decided.decided_at).timestamp() * 1000)
                self._reach("latest_decision", order, order.clock_ms - due_ms, decided.id)

    def _look_at_clocks(self, order: OrderMessage, record: Any) -> None:
        wall_ms = order.clock_ms if order.wall_ms is msgspec.UNSET else order.wall_ms
        if order.clock == "wall" or order.wall_ms is not msgspec.UNSET:
            self._reach("clock_apart", order, abs(wall_ms - record.timestamp), "")
        if order.clock == "wall":
            self._reach("clock_ahead", order, order.clock_ms - wall_ms, "")

    def _reach(self, name: str, order: OrderMessage, ms: int, what: str) -> None:
        known: Reached = getattr(self._report, name)
        if ms > known.ms:
            setattr(self._report, name, Reached(ms, self._number, order.counter, what))
