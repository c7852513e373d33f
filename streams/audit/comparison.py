"""Holding what a topic has against what the replay expects, record by record, in order.

As long as both agree a record costs one comparison of bytes. Where they do not, records are told apart by what they
are about, looked for further on, and put down as missing, doubled, different, extra or out of order: each fault is
named once, and what follows it is compared on.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from streams.audit.report import Difference, FieldDifference, Kind, Verdict, field_differences
from streams.contracts.envelope import Headers
from streams.kafka.tape import Tape
from streams.partition.work import CAMPAIGNS, CHANGES, DEAD_LETTERS, RISK

# How far ahead a record is looked for: more than the changes of two full batches.
LOOKAHEAD = 12_000


class Line(Protocol):
    """A record as it is compared."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


class Expected(NamedTuple):
    """What the replay would have written."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Identity(NamedTuple):
    """What a record is about: within a group the numbers rise."""

    group: str
    number: int

    def __str__(self) -> str:
        return self.group if self.number < 0 else f"{self.group}:{self.number}"


class _ChangeId(msgspec.Struct):
    customer_id: str
    sequence: int


class _TriggerId(msgspec.Struct):
    customer_id: str
    campaign: str
    sequence: int


class _RiskId(msgspec.Struct):
    id: str


class _LetterId(msgspec.Struct):
    topic: str
    offset: int


class Subject(NamedTuple):
    """A kind of record: how it is told apart, and what of its value is left out of the comparison."""

    identify: Callable[[bytes], Identity]
    ignored: frozenset[str] = frozenset()


_change_id = msgspec.json.Decoder(_ChangeId).decode
_trigger_id = msgspec.json.Decoder(_TriggerId).decode
_risk_id = msgspec.json.Decoder(_RiskId).decode
_letter_id = msgspec.json.Decoder(_LetterId).decode


def _identify_change(value: bytes) -> Identity:
    found = _change_id(value)
    return Identity(found.customer_id, found.sequence)


def _identify_letter(value: bytes) -> Identity:
    found = _letter_id(value)
    return Identity(f"{found.topic} offset {found.offset}", -1)


def _identify_trigger(value: bytes) -> Identity:
    found = _trigger_id(value)
    return Identity(f"{found.customer_id}:{found.campaign}", found.sequence)


def _identify_risk(value: bytes) -> Identity:
    """A decision stands alone; the alerts of a loan are numbered."""
    name = _risk_id(value).id
    group, _, number = name.rpartition(":")
    return Identity(group, int(number)) if number.isdecimal() else Identity(name, -1)


SUBJECTS = {
    CHANGES: Subject(_identify_change),
    CAMPAIGNS: Subject(_identify_trigger),
    RISK: Subject(_identify_risk),
    # A dead letter says when it was written: that is no result of the inputs.
    DEAD_LETTERS: Subject(_identify_letter, frozenset({"at"})),
}
"""By output."""


def identity_of(subject: Subject, line: Line) -> Identity | None:
    """What the record is about; None where it is none of ours."""
    try:
        return subject.identify(line.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Comparison:
    """One partition of one output topic against the replay.

    only: the key of the one customer who is looked at; the tape has no other's records.
    """

    def __init__(self, subject: Subject, tape: Tape, report: Callable[[Difference], None], only: bytes | None) -> None:
        self.compared = 0
        self.skipped = 0  # the topic begins after them
        self._subject = subject
        self._tape = tape
        self._report = report
        self._only = only
        self._begins_late = tape.position > 0
        self._passed: dict[str, int] = {}
        self._early: dict[Identity, Any] = {}  # records of the topic that were read past, and not yet expected
        self._newest_offset = -1

    async def expect(self, lines: Iterable[Expected], transaction: int, *, required: bool = True) -> list[Verdict]:
        """Compares what one transaction should have written; the verdict on each line.

        required: whether it must be there; what is not gets the verdict "not_read", and is no difference.
        """
        wanted = [line for line in lines if self._only is None or line.key == self._only]
        if not wanted:
            return []
        await self._tape.fill(len(wanted) + LOOKAHEAD)
        return [self._expect(line, transaction, required=required) for line in wanted]

    async def is_exhausted(self) -> bool:
        """Whether all that the topic has was expected."""
        await self._tape.fill(1)
        self._drop_repeats()
        return self._tape.at_end and not self._early

    async def finish(self) -> None:
        """Nothing more is expected: what is left in the topic should not be there."""
        for line in self._early.values():
            self._differs("extra", line)
        self._early.clear()
        while not await self.is_exhausted():
            if self._tape.ahead:
                self._differs("extra", self._tape.ahead.popleft())

    def _expect(self, line: Expected, transaction: int, *, required: bool) -> Verdict:
        ahead = self._tape.ahead
        identity = self._subject.identify(line.value or b"")
        if self._begins_late and not self._has_begun(identity):
            self.skipped += 1
            return "not_read"
        self._passed[identity.group] = identity.number
        found = ahead.popleft() if ahead and self._is_same(ahead[0], line) else self._find(identity)
        if found is None:
            if not required:
                return "not_read"
            self._differs("missing", None, identity, transaction)
            return "missing"
        self.compared += 1
        return self._judge(found, line, identity, transaction)

    def _judge(self, found: Any, line: Expected, identity: Identity, transaction: int) -> Verdict:
        if not self._is_same(found, line) and (fields := self._fields(found, line)):
            self._differs("different", found, identity, transaction, fields)
            self._newest_offset = max(self._newest_offset, found.offset)
            return "different"
        if found.offset < self._newest_offset:
            self._differs("out_of_order", found, identity, transaction)
            return "out_of_order"
        self._newest_offset = found.offset
        return "ok"

    def _find(self, identity: Identity) -> Any | None:
        """The topic's record about this: one read past already, or one further on; those between are noted."""
        if identity in self._early:
            return self._early.pop(identity)
        ahead = self._tape.ahead
        while ahead and len(self._early) < LOOKAHEAD:
            line = ahead.popleft()
            found = identity_of(self._subject, line)
            if found == identity:
                return line
            if found is None:
                self._differs("extra", line)
            elif found in self._early or self._is_passed(found):
                self._differs("doubled", line, found)
            else:
                self._early[found] = line
        return None

    def _drop_repeats(self) -> None:
        ahead = self._tape.ahead
        while ahead:
            identity = identity_of(self._subject, ahead[0])
            if identity is None or not self._is_passed(identity):
                return
            self._differs("doubled", ahead.popleft(), identity)

    def _has_begun(self, identity: Identity) -> bool:
        """Whether the expected record is the first that retention has left."""
        ahead = self._tape.ahead
        if ahead and identity_of(self._subject, ahead[0]) == identity:
            self._begins_late = False
        return not self._begins_late

    def _is_passed(self, identity: Identity) -> bool:
        return self._passed.get(identity.group, identity.number - 1) >= identity.number

    def _is_same(self, found: Any, line: Expected) -> bool:
        return bool(found.value == line.value and found.key == line.key and list(found.headers) == line.headers)

    def _fields(self, found: Any, line: Expected) -> list[FieldDifference]:
        differences = field_differences(self._content(found), self._content(line))
        if found.key != line.key:
            differences += field_differences(repr(found.key), repr(line.key), "key")
        return differences + field_differences(_readable(found.headers), _readable(line.headers), "header")

    def _content(self, line: Line) -> object:
        value = msgspec.json.decode(line.value or b"null")
        if isinstance(value, dict):
            return {name: content for name, content in value.items() if name not in self._subject.ignored}
        return value

    def _differs(
        self,
        kind: Kind,
        line: Any | None,
        identity: Identity | None = None,
        transaction: int | None = None,
        fields: Sequence[FieldDifference] = (),
    ) -> None:
        tp = self._tape.tp
        identity = identity or (None if line is None else identity_of(self._subject, line))
        self._report(
            Difference(
                kind=kind,
                topic=tp.topic,
                partition=tp.partition,
                offset=None if line is None else line.offset,
                what="a record of unknown form" if identity is None else str(identity),
                transaction=transaction,
                fields=fields,
            )
        )


def _readable(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in headers}
