"""What an audit found: the differences, each readable as a sentence, and counts of what was compared."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from streams.contracts.outputs import TierChangeMessage

# All differences are counted, but only so many are kept.
KEPT = 1_000

Kind = Literal["missing", "doubled", "different", "extra", "out_of_order"]
# not_read: the record is older than what the topic still holds, or its transaction came after the cut.
Verdict = Literal["ok", "missing", "different", "out_of_order", "not_read"]
_SAYS = {
    "missing": "is missing",
    "doubled": "is there twice",
    "different": "differs",
    "extra": "is there, and the replay has no such record",
    "out_of_order": "is out of order",
}


class FieldDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a record, as JSON: what the topic has and what the replay has; None where the field is absent."""

    field: str
    topic: str | None
    replay: str | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between a topic and the replay."""

    kind: Kind
    topic: str
    partition: int
    offset: int | None  # of the record in the topic; None where the record is missing
    what: str  # what the record is about, such as the id of a tier change or the input of a dead letter
    transaction: int | None  # its counter in tier.order, where that is known
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
    """One tier change of the audited customer, as the replay has it, and the verdict on the topic's record."""

    id: str
    sequence: int
    decided_at: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    value: str | None
    currency: str
    cause: str | None  # topic/partition/offset of the event; None for time alone, or another policy
    verdict: Verdict


class Reached(msgspec.Struct, frozen=True):
    """The greatest of some distances in time, and which transaction has it."""

    ms: int = 0
    partition: int = 0
    transaction: int = 0
    what: str = ""  # the id of a tier change, where it is about one


class Report(msgspec.Struct, kw_only=True):
    """The result of an audit: counts of what was replayed and compared, and what was found."""

    partitions: int = 0
    transactions: int = 0
    events: int = 0
    repeated_differently: int = 0  # events with a known id and other content than the first time
    changes: int = 0
    triggers: int = 0
    candidates: int = 0  # those of the topic
    risks: int = 0  # loan decisions and alerts
    erasures: int = 0
    dead_letters: int = 0
    sourced: int = 0  # events and dead letters that came of the sources of a mapping (sources.py)
    customers: int = 0  # whose newest record of tier.current was compared
    states: int = 0  # of customers, in the changelog
    later_transactions: int = 0  # written while the audit ran, and not part of it
    clock_apart: Reached = Reached()  # the workers' wall clock and the timestamps of their records
    clock_ahead: Reached = Reached()  # a partition's clock and the wall clock: it never goes back
    latest_decision: Reached = Reached()  # a decision by time alone, and when it was due
    other_zone_data: set[str] = set()  # versions of time zone data that transactions were worked with, if not ours
    differences: int = 0
    seconds: float = 0.0
    found: list[Difference] = []
    notes: list[str] = []
    customer: list[AuditedChange] = []

    def add(self, difference: Difference) -> None:
        """Counts a difference, and keeps it if fewer than KEPT are kept."""
        self.differences += 1
        if len(self.found) < KEPT:
            self.found.append(difference)


def audited(change: TierChangeMessage, verdict: Verdict) -> AuditedChange:
    """Tells a tier change of the replay, and the verdict on the topic's record."""
    cause = change.cause
    return AuditedChange(
        id=change.id,
        sequence=change.sequence,
        decided_at=change.decided_at,
        direction=change.direction,
        previous_tier=change.previous_tier,
        tier=change.tier,
        reason=change.reason,
        value=change.value,
        currency=change.currency,
        cause=None if cause is None else f"{cause.topic}/{cause.partition}/{cause.offset}",
        verdict=verdict,
    )


def field_differences(topic: object, replay: object, path: str = "") -> list[FieldDifference]:
    """Gives the fields in which two decoded JSON values differ. path: the name of the field that holds them."""
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
