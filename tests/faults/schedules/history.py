"""What one stand has written and shown, as it is judged, and the names of what may be wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from aiokafka import TopicPartition

from tests.faults.schedules.ledger import Acknowledged
from tests.faults.schedules.watching import Seen, Shown

Kind = Literal[
    "lost write",
    "duplicate",
    "aborted read",
    "torn transaction",
    "inconsistent offsets",
    "non-monotonic read",
    "wrong value",
    "audit",
    "no progress",
    "unclean end",
    "stays down",
    "unexpected end",
    "not judged",
]


class Anomaly(NamedTuple):
    """One thing that must not be."""

    kind: Kind
    what: str


class History(NamedTuple):
    """All that one schedule left. topics: the newest read of every topic, by partition.

    early: what readers saw while faults happened. names: of topics, by their short ones. group: the group's offsets.
    """

    partitions: int
    names: Mapping[str, str]
    topics: Mapping[TopicPartition, list[Seen]]
    early: list[Mapping[TopicPartition, list[Seen]]]
    shown: list[Shown]
    acknowledged: list[Acknowledged]
    group: Mapping[TopicPartition, int]

    def of(self, name: str, number: int) -> list[Seen]:
        return list(self.topics[TopicPartition(self.names[name], number)])


def twice(number: int, what: str, counted: Mapping[Any, int]) -> Iterator[Anomaly]:
    for at, count in counted.items():
        if count > 1:
            yield Anomaly("duplicate", f"partition {number}: {what} {at} is there {count} times")
