"""What an audit found: differences, each a sentence, and the figures of what was looked at."""

from collections.abc import Sequence
from typing import Literal

import msgspec

# All differences are counted; so many are kept to be shown.
KEPT = 1_000

Kind = Literal["missing", "doubled", "different", "extra", "out_of_order"]
# not_read: the topic begins after it, or it was written after the audit began.
Verdict = Literal["ok", "missing", "different", "out_of_order", "not_read"]
_SAYS = {
    "missing": "is missing",
    "doubled": "is there twice",
    "different": "differs",
    "extra": "is there, and the replay has no such record",
    "out_of_order": "is out of order",
}


class FieldDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a record: what the topic says, and what the replay says; None where it is not there."""

    field: str
    topic: str | None
    replay: str | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in an output topic that is not as the replay has it."""

    kind: Kind
    topic: str
    partition: int
    offset: int | None  # of the record in the topic; None where there is none
    what: str  # a change's id, a dead letter's input, a transaction's number
    transaction: int | None  # its number in tier.order, as far as it is known
    fields: Sequence[FieldDifference] = ()

    def __str__(self) -> str:
        where = f"{self.topic} partition {self.partition}"
        if self.offset is not None:
            where += f" offset {self.offset}"
        if self.transaction is not None:
            where += f" (transaction {self.transaction})"
        lines = [f"{where}: {self.what} {_SAYS[self.kind]}"]
        lines += [
            f"  {field.field}: {_shown(field.topic)} in the topic, {_shown(field.replay)} in the replay"
            for field in self.fields
        ]
        return "\n".join(lines)


class AuditedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the customer that was asked for, as the replay has it, and whether the topic agrees."""

    id: str
    sequence: int
    decided_at: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    value: str | None
    currency: str
    cause: str | None  # where the event stands: topic/partition/offset
    verdict: Verdict


class Report(msgspec.Struct, kw_only=True):
    """The whole audit. `transactions` and the rest count what was replayed and held against the topics."""

    partitions: int = 0
    transactions: int = 0
    events: int = 0
    changes: int = 0
    triggers: int = 0
    candidates: int = 0  # for triggers that a budget grants
    risks: int = 0  # loan decisions and alerts
    dead_letters: int = 0
    customers: int = 0  # whose newest change in tier.current was looked at
    later_transactions: int = 0  # written while the audit ran, and not part of it
    differences: int = 0
    seconds: float = 0.0
    found: list[Difference] = []
    notes: list[str] = []
    customer: list[AuditedChange] = []

    def add(self, difference: Difference) -> None:
        """Counts a difference, and keeps it while there is room."""
        self.differences += 1
        if len(self.found) < KEPT:
            self.found.append(difference)


def field_differences(topic: object, replay: object, path: str = "") -> list[FieldDifference]:
    """Where two decoded JSON values differ, field by field."""
    if isinstance(topic, dict) and isinstance(replay, dict):
        names = [*replay, *(name for name in topic if name not in replay)]
        return [
            difference
            for name in names
            for difference in field_differences(
                topic.get(name, _ABSENT), replay.get(name, _ABSENT), f"{path}.{name}" if path else str(name)
            )
        ]
    if topic == replay:
        return []
    return [FieldDifference(field=path or "value", topic=_written(topic), replay=_written(replay))]


_ABSENT = msgspec.UNSET


def _written(value: object) -> str | None:
    return None if value is _ABSENT else msgspec.json.encode(value).decode()


def _shown(written: str | None) -> str:
    return "not there" if written is None else written
