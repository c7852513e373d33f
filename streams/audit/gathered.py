"""Compares an output that several partitions write with the replay: by what each record is about, in any order.

A record is kept as a hash, not as its bytes: there may be millions.
"""

from collections.abc import Callable
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.audit.report import Difference, Kind
from streams.contracts.envelope import Headers
from streams.partition.work import Message


class Wanted(NamedTuple):
    """A record that should be there: a hash of its content, and whether its absence is a difference."""

    digest: int
    required: bool


class Seen(NamedTuple):
    """A record that is there: a hash of its content, its partition and its offset."""

    digest: int
    tp: TopicPartition
    offset: int


class Gathered:
    """The comparison of one topic with the replay, over all its partitions."""

    def __init__(self, topic: str, report: Callable[[Difference], None]) -> None:
        self.seen = 0  # records of the topic
        self._topic = topic
        self._report = report
        self._wanted: dict[bytes, Wanted] = {}
        self._found: dict[bytes, list[Seen]] = {}

    def expect(self, message: Message, *, required: bool) -> None:
        """Notes a record that should be there. required: whether its absence is a difference."""
        self._wanted[_name_of(message.key, message.value, message.headers)] = Wanted(
            _digest(message.value, message.headers), required
        )

    def see(self, record: ConsumerRecord) -> None:
        """Notes a record of the topic."""
        self.seen += 1
        tp = TopicPartition(record.topic, record.partition)
        found = self._found.setdefault(_name_of(record.key, record.value, record.headers), [])
        found.append(Seen(_digest(record.value, record.headers), tp, record.offset))

    def finish(self) -> None:
        """Compares what should be there with what is there, and reports the differences."""
        for name, wanted in self._wanted.items():
            found = self._found.pop(name, [])
            if not found and wanted.required:
                self._differs("missing", TopicPartition(self._topic, -1), None, name)
            for number, (digest, tp, offset) in enumerate(found):
                if number:
                    self._differs("doubled", tp, offset, name)
                elif digest != wanted.digest:
                    self._differs("different", tp, offset, name)
        for name, others in self._found.items():
            for _, tp, offset in others:
                self._differs("extra", tp, offset, name)

    def _differs(self, kind: Kind, tp: TopicPartition, offset: int | None, name: bytes) -> None:
        what = name.decode(errors="replace") or "a record of unknown form"
        self._report(
            Difference(
                kind=kind, topic=tp.topic, partition=tp.partition, offset=offset, what=what, transaction=None, fields=()
            )
        )


def _name_of(key: bytes | None, value: bytes | None, headers: Headers) -> bytes:
    """Gives what a record is about: the id in its first header (ce_id) or, without headers, its key and value."""
    return headers[0][1] if headers else b" ".join((key or b"", value or b""))


def _digest(value: bytes | None, headers: Headers) -> int:
    return hash((value, tuple(headers)))
