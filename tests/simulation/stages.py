"""Two small stages: one with all that customers have, one with all that budgets have, and next to no work.

    in.a, in.b  ->  counts  ->  told, order
                      |
                      +->  routed  ->  grants  ->  granted

`counts` counts the records of each key, in the order in which they were merged; every third is routed by its group to
whoever owns that. `grants` grants each group so many.
"""

import json
from collections.abc import Container, Iterable, Sequence
from zlib import crc32

from streams.contracts.kept import LaneRecord
from streams.partition.entries import Entry, Record
from streams.partition.partition import Partition
from streams.partition.work import ORDER, Message, Told, Work
from streams.stages.stage import Output, Stage

PARTITIONS = 2
INPUTS = ("in.a", "in.b")
GRANTED_AT_MOST = 7
GROUP = "app"


def place(key: bytes, partitions: int) -> int:
    """Gives the partition of a key."""
    return crc32(key) % partitions


def group_of(key: bytes) -> bytes:
    """Gives the group of a customer."""
    return b"g%d" % (crc32(b"group" + key) % 3)


class Counts(Partition):
    """Counts the records of each key."""

    follows_from_inputs = False  # two inputs are merged as they arrive

    def __init__(self, number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> None:
        super().__init__(len(INPUTS), packed, lane)
        self._number = number

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Takes the event time out of the value."""
        return [Entry(int((record.value or b"0").split()[0]), topic, record.offset, None, record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Counts one."""
        key = entry.record.key or b""
        count = int(self.get(key) or 0) + 1
        self.put(key, b"%d" % count)
        self.tell("told", key, b"%d %d:%d" % (count, entry.topic, entry.offset))
        if count % 3 == 0:
            self.tell("routed", group_of(key), b"%d %s %d" % (self._number, key, count))
        self._worked.append((entry.topic, entry.offset))
        return True

    def pack(self, next_offsets: Sequence[int]) -> Work:
        """Adds the order of work."""
        work = super().pack(next_offsets)
        order = {
            "partition": self._number,
            "counter": self.counter,
            "clock": "wall",
            "clock_ms": 0,
            "policy": "",
            "engine_version": 0,
            "positions": {topic: [0, offset] for topic, offset in zip(INPUTS, next_offsets, strict=True)},
            "worked": self._worked,
        }
        work.messages.append((ORDER, Message(None, json.dumps(order).encode(), [])))
        return work

    def is_ahead(self, output: str, key: bytes | None, value: bytes, expected: Container[Told]) -> bool:
        """Says whether a count is higher than the state's."""
        del expected
        said = value.split()
        if output == "told":
            return int(said[0]) > int(self.packed.get(key or b"", b"0"))
        return int(said[0]) == self._number and int(said[2]) > int(self.packed.get(said[1], b"0"))

    def _begin(self) -> None:
        super()._begin()
        self._worked: list[tuple[int, int]] = []


class Grants(Partition):
    """Grants each group so many."""

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Takes records as they are."""
        return [Entry(0, topic, record.offset, None, record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Grants one, or refuses."""
        group = entry.record.key or b""
        count = int(self.get(group) or 0) + 1
        self.put(group, b"%d" % count)
        if count <= GRANTED_AT_MOST:
            _, customer, _ = (entry.record.value or b"").split()
            self.tell("granted", customer, b"%s %s" % (group, entry.record.value))
        return True


def small_stages() -> tuple[Stage, Stage]:
    """Gives both."""
    counts = Stage(
        name="counts",
        title="partition",
        group=GROUP,
        ids_prefix=f"{GROUP}-",
        inputs=INPUTS,
        outputs={"told": Output("told"), ORDER: Output("order"), "routed": Output("routed", place)},
        changelog="counts-changelog",
        open=Counts,
        always=(ORDER,),
        witnesses=("told", "routed"),
    )
    grants = Stage(
        name="grants",
        title="grants",
        group=GROUP,
        ids_prefix=f"{GROUP}-grants-",
        inputs=("routed",),
        outputs={"granted": Output("granted", place)},
        changelog="grants-changelog",
        open=lambda _, packed, lane: Grants(1, packed, lane),
        witnesses=("granted",),
        sleeps=True,
    )
    return counts, grants
