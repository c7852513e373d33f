"""Compares an output that several partitions write with the replay: by what each record is about.

A record has to be under its key, in the partition of that key, and behind what its source wrote there before it. Of its
value and headers a hash is kept, not the bytes: there may be millions.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.audit.opened import is_unopened
from streams.audit.report import Difference, FieldDifference, Kind, field_differences
from streams.contracts.envelope import Headers
from streams.partition.work import Message

_UNREAD = 1 << 64
"""The digest of what is sealed by a key that is deleted: no hash. Its name, place and order are compared."""

Comparable = Callable[[bytes | None], bytes | None]


class Wanted(NamedTuple):
    """A record that should be there.

    digest: a hash of its content. source: the partition that wrote it. where: the one it should be in. required:
    whether its absence is a difference.
    """

    digest: int
    key: bytes | None
    source: int
    where: int
    required: bool


class Seen(NamedTuple):
    """A record that is there: a hash of its content, its key, its partition and its offset."""

    digest: int
    key: bytes | None
    tp: TopicPartition
    offset: int


class Gathered:
    """The comparison of one topic with the replay, over all its partitions.

    comparable: gives a value as it is compared.
    """

    def __init__(
        self, topic: str, report: Callable[[Difference], None], comparable: Comparable = lambda value: value
    ) -> None:
        self.seen = 0  # records of the topic
        self._topic = topic
        self._report = report
        self._comparable = comparable
        self._wanted: dict[bytes, Wanted] = {}
        self._found: dict[bytes, list[Seen]] = {}
        self._copies: list[tuple[bytes, Seen]] = []  # each with the name of what it is a copy of

    def expect(self, message: Message, source: int, where: int, *, required: bool) -> None:
        """Notes a record that should be there; those of one source in their order.

        source: the partition that wrote it. where: the one it should be in. required: whether its absence is a
        difference.
        """
        key, value, headers = message
        digest = self._digest(value, headers)
        self._wanted[_name_of(key, value, headers)] = Wanted(digest, key, source, where, required)

    def see(self, partition: int, record: Any) -> None:
        """Notes a record of a partition of the topic."""
        self.seen += 1
        tp = TopicPartition(self._topic, partition)
        found = self._found.setdefault(_name_of(record.key, record.value, record.headers), [])
        found.append(Seen(self._digest(record.value, record.headers), record.key, tp, record.offset))

    def see_copy(self, partition: int, record: Any, headers: Headers) -> None:
        """Notes a record that somebody else wrote, such as one of the dead letters that was sent again.

        headers: those of the record that it should be a copy of.
        """
        self.seen += 1
        seen = Seen(
            self._digest(record.value, headers), record.key, TopicPartition(self._topic, partition), record.offset
        )
        self._copies.append((_name_of(record.key, record.value, headers), seen))

    def finish(self) -> None:
        """Compares what should be there with what is there, and reports the differences."""
        newest: dict[tuple[int, TopicPartition], int] = {}  # by source and partition, the newest offset so far
        for name, wanted in self._wanted.items():
            found = self._found.pop(name, [])
            if not found and wanted.required:
                self._differs("missing", TopicPartition(self._topic, -1), None, name)
            for seen in found[:1]:
                self._judge(name, seen, wanted, newest)
            for doubled in found[1:]:
                self._differs("doubled", doubled.tp, doubled.offset, name)
        for name, others in self._found.items():
            for seen in others:
                self._differs("extra", seen.tp, seen.offset, name)
        for name, seen in self._copies:
            copied = self._wanted.get(name)
            if copied is None or (copied.key, copied.digest) != (seen.key, seen.digest):
                self._differs("extra", seen.tp, seen.offset, name)

    def _judge(self, name: bytes, seen: Seen, wanted: Wanted, newest: dict[tuple[int, TopicPartition], int]) -> None:
        fields = field_differences(_text(seen.key), _text(wanted.key), "key")
        if not fields:
            fields = field_differences(seen.tp.partition, wanted.where, "partition")
        before = newest.get((wanted.source, seen.tp), -1)
        newest[wanted.source, seen.tp] = max(before, seen.offset)
        if fields or seen.digest not in {wanted.digest, _UNREAD}:
            self._differs("different", seen.tp, seen.offset, name, fields)
        elif seen.offset < before:
            self._differs("out_of_order", seen.tp, seen.offset, name)

    def _digest(self, value: bytes | None, headers: Headers) -> int:
        return _UNREAD if is_unopened(value) else hash((self._comparable(value), tuple(headers)))

    def _differs(
        self,
        kind: Kind,
        tp: TopicPartition,
        offset: int | None,
        name: bytes,
        fields: Sequence[FieldDifference] = (),
    ) -> None:
        self._report(
            Difference(
                kind=kind,
                topic=tp.topic,
                partition=tp.partition,
                offset=offset,
                what=name.decode(errors="replace") or "a record of unknown form",
                transaction=None,
                fields=fields,
            )
        )


def _name_of(key: bytes | None, value: bytes | None, headers: Headers) -> bytes:
    """Gives what a record is about: the id in its first header (ce_id) or, without headers, its key and value."""
    return headers[0][1] if headers else b" ".join((key or b"", value or b""))


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode(errors="replace")
