"""Compares the records of a topic with those that the replay expects, in order.

While both agree, a record costs one comparison of bytes. Where they differ, records are matched by what they are about:
the expected one is searched further on in the topic. Each fault is reported once, as missing, doubled, different, extra
or out of order, and the comparison goes on after it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from streams.audit.opened import same_outline
from streams.audit.report import Difference, FieldDifference, Kind, Verdict, field_differences
from streams.audit.subjects import Identity, Line, Subject, identity_of
from streams.kafka.tape import Tape
from streams.partition.work import Message

# How many records ahead an expected record is searched.
LOOKAHEAD = 12_000


class Comparison:
    """The comparison of one partition of an output topic with the replay.

    only: the key of the one customer who is audited, of whom alone the tape has records; None for all customers.
    begins_at: the offset of the first record that the replay expects, if none was deleted.
    """

    def __init__(
        self,
        subject: Subject,
        tape: Tape,
        report: Callable[[Difference], None],
        only: bytes | None,
        begins_at: int = 0,
    ) -> None:
        self.compared = 0
        self.skipped = 0  # expected records that are older than the topic's oldest
        self._subject = subject
        self._tape = tape
        self._report = report
        self._only = only
        self._begins_late = tape.position > begins_at
        self._passed: dict[str, int] = {}  # by group, the newest number that was expected
        self._early: dict[Identity, Any] = {}  # records that were read past and not expected yet
        self._newest_offset = -1

    async def expect(self, lines: Iterable[Message], transaction: int, *, required: bool = True) -> list[Verdict]:
        """Compares the records that one transaction should have written, and gives the verdict on each.

        required: whether a record that is not there is missing; if not, its verdict is "not_read".
        """
        wanted = [line for line in lines if self._only is None or line.key == self._only]
        if not wanted:
            return []
        await self._tape.fill(len(wanted) + LOOKAHEAD)
        return [self._expect(line, transaction, required=required) for line in wanted]

    async def is_exhausted(self) -> bool:
        """Says whether every record of the topic was expected."""
        await self._tape.fill(1)
        self._drop_repeats()
        return self._tape.at_end and not self._early

    async def finish(self) -> None:
        """Reports the records that are left in the topic, since nothing more is expected."""
        for line in self._early.values():
            self._differs("extra", line)
        self._early.clear()
        while not await self.is_exhausted():
            if self._tape.ahead:
                self._differs("extra", self._tape.ahead.popleft())

    def _expect(self, line: Message, transaction: int, *, required: bool) -> Verdict:
        ahead = self._tape.ahead
        identity = self._subject.identify(line.value or b"")
        if self._begins_late and not self._has_begun(identity):
            self.skipped += 1
            return "not_read"
        self._passed[identity.group] = identity.number
        if ahead and _is_same(ahead[0], line):
            self.compared += 1
            return self._in_order(ahead.popleft(), identity, transaction)
        found = self._find(identity)
        if found is None:
            if not required:
                return "not_read"
            self._differs("missing", None, identity, transaction)
            return "missing"
        self.compared += 1
        return self._judge(found, line, identity, transaction)

    def _judge(self, found: Any, line: Message, identity: Identity, transaction: int) -> Verdict:
        if not _is_same(found, line) and (fields := self._fields(found, line)):
            self._differs("different", found, identity, transaction, fields)
            self._newest_offset = max(self._newest_offset, found.offset)
            return "different"
        return self._in_order(found, identity, transaction)

    def _in_order(self, found: Any, identity: Identity, transaction: int) -> Verdict:
        if found.offset < self._newest_offset:
            self._differs("out_of_order", found, identity, transaction)
            return "out_of_order"
        self._newest_offset = found.offset
        return "ok"

    def _find(self, identity: Identity) -> Any | None:
        """Finds the topic's record of this identity, read past or further on; keeps or reports those on the way."""
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
        """Says whether the oldest record that retention has left is expected now, or was before."""
        ahead = self._tape.ahead
        if ahead and identity_of(self._subject, ahead[0]) == identity:
            self._begins_late = False
        return not self._begins_late

    def _is_passed(self, identity: Identity) -> bool:
        return self._passed.get(identity.group, identity.number - 1) >= identity.number

    def _fields(self, found: Any, line: Message) -> list[FieldDifference]:
        is_unread = same_outline(found.value, line.value)
        differences = [] if is_unread else field_differences(self._content(found), self._content(line))
        if found.key != line.key:
            differences += field_differences(repr(found.key), repr(line.key), "key")
        return differences + field_differences(_readable(found.headers), _readable(line.headers), "header")

    def _content(self, line: Line) -> object:
        value = msgspec.json.decode(line.value or b"null")
        if isinstance(value, dict):
            found = self._subject.comparable(value)
            return {name: content for name, content in found.items() if name not in self._subject.ignored}
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


def _is_same(found: Any, line: Message) -> bool:
    if found.key != line.key or list(found.headers) != line.headers:
        return False
    return bool(found.value == line.value or same_outline(found.value, line.value))


def _readable(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in headers}
