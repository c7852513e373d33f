"""Holds the states in a changelog against those of the replay, as of one and the same transaction.

A changelog that is read to its end tells by its lane record which transaction that is; the replay is held against it
when it has worked that one. Of the states hashes are kept, not the bytes: there may be a million customers.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError

from streams.audit.report import Difference, FieldDifference, Kind, field_differences
from streams.contracts.kept import LaneRecord
from streams.contracts.packing import ChangelogRecordError
from streams.errors import UsageError
from streams.kafka.changelog import ChangelogError, Recovered, read_changelog
from streams.kafka.offsets import Offsets, Span
from streams.kafka.patience import PATIENCE_S
from streams.kafka.refusals import cannot_connect
from streams.kafka.tape import Tape


class Snapshot(NamedTuple):
    """What a changelog partition held at its end: hashes of the states by key. lane: None where there is no record."""

    tp: TopicPartition
    lane: LaneRecord | None
    digests: Mapping[bytes, int]
    end: int
    unread: frozenset[bytes] = frozenset()  # customers whose states are sealed by keys that are deleted since


Opened = Callable[[bytes, bytes], bytes | None]
"""Gives a state in the clear, by its key; None where it is sealed by a key that is deleted."""


def in_the_clear(_: bytes, packed: bytes) -> bytes | None:
    """Gives a state that is not sealed."""
    return packed


async def read_states(options: dict[str, Any], offsets: Offsets, changelog: str, number: int) -> Recovered:
    """Reads a partition of a changelog to its end; one that was never written to has no lane record.

    Raises:
        UsageError: It cannot be read to its end, another release wrote it, or Kafka does not answer.
    """
    if not (await offsets.written_ends([TopicPartition(changelog, number)]))[0]:
        return Recovered({}, None, 0, 0)
    try:
        return await read_changelog(options, changelog, number, PATIENCE_S)
    except (ChangelogError, ChangelogRecordError, KafkaTimeoutError) as error:
        raise UsageError(str(error)) from error
    except KafkaError as error:
        raise await cannot_connect(options, error) from error


def snapshot(
    changelog: str, number: int, recovered: Recovered, only: bytes | None = None, opened: Opened = in_the_clear
) -> Snapshot:
    """Takes what is compared of a changelog.

    only: the key of the one customer who is audited; None for all. opened: gives a state in the clear, by its key.
    """
    states = {key: opened(key, state) for key, state in recovered.packed.items() if only is None or key == only}
    digests = {key: hash(state) for key, state in states.items() if state is not None}
    unread = frozenset(states.keys() - digests.keys())
    return Snapshot(TopicPartition(changelog, number), recovered.lane, digests, recovered.end_offset, unread)


class StatesComparison:
    """The comparison of one changelog partition with the replay.

    normal: gives a state in the form that this release writes. only, opened: as for `snapshot`.
    """

    def __init__(
        self,
        found: Snapshot,
        report: Callable[[Difference], None],
        normal: Callable[[bytes], bytes],
        only: bytes | None = None,
        opened: Opened = in_the_clear,
    ) -> None:
        self.compared = 0
        self._opened = opened
        self._found = found
        self._report = report
        self._normal = normal
        self._only = only
        self._wrong: dict[bytes, bytes] = {}  # the replay's states of keys whose hash is another; empty: it has none

    def hold(self, packed: Mapping[bytes, bytes]) -> None:
        """Compares the replay's states, which are those of the snapshot's transaction."""
        digests = self._found.digests
        replayed = packed if self._only is None else {key: packed[key] for key in (self._only,) if key in packed}
        unread = self._found.unread
        self._wrong = {
            key: state for key, state in replayed.items() if digests.get(key) != hash(state) and key not in unread
        }
        self._wrong |= {key: b"" for key in digests if key not in replayed}
        self.compared = len(digests.keys() | replayed.keys())

    def hold_lane(self, lane: LaneRecord) -> None:
        """Compares the replay's lane record.

        counter: not compared, since the transaction was found by it. backfill: it may end with any transaction, and
        only the next one's order tells.
        """
        theirs = self._found.lane
        fields: list[FieldDifference] = []
        for name in ("next_offsets", "clock_ms") if theirs is not None else ():
            fields += field_differences(getattr(theirs, name), getattr(lane, name), name)
        if theirs is not None and theirs.backfill and not lane.backfill:
            fields += field_differences(theirs.backfill, lane.backfill, "backfill")
        if fields:
            self._differs("different", "the lane record", fields)

    def lacks_lane(self) -> None:
        """Reports that there is no lane record, although transactions were worked."""
        self._differs("missing", "the lane record, and all states,")

    async def finish(self, options: Mapping[str, Any], offsets: Offsets) -> None:
        """Looks at the states that differ once more, byte for byte, and reports those that do.

        Another form of the same state is none. A state that was written again meanwhile may have been cleaned away.
        """
        if not self._wrong:
            return
        theirs, rewritten = await self._look_again(options, offsets)
        for key, replayed in self._wrong.items():
            state = theirs.get(key)
            name = f"the state of {key.decode(errors='replace')}"
            if state is None:
                if key not in rewritten:
                    self._differs("missing", name)
            elif not replayed:
                self._differs("extra", name)
            elif self._normal(state) != self._normal(replayed):
                self._differs("different", name)

    async def _look_again(
        self, options: Mapping[str, Any], offsets: Offsets
    ) -> tuple[Mapping[bytes, bytes | None], set[bytes]]:
        """Gives the newest states of these keys before the snapshot's end, and the keys that have a newer one."""
        tp = self._found.tp
        span = Span((await offsets.beginnings([tp]))[0], (await offsets.decided_ends([tp]))[0])
        tape = Tape(options, tp, *span, lambda record: record.key in self._wrong, bare=True)
        states: dict[bytes, bytes | None] = {}
        rewritten: set[bytes] = set()
        try:
            while (record := await tape.next()) is not None:
                key = record.key or b""
                if record.offset < self._found.end:
                    states[key] = None if record.value is None else self._opened(key, record.value)
                else:
                    rewritten.add(key)
        finally:
            await tape.close()
        return states, rewritten

    def _differs(self, kind: Kind, what: str, fields: list[FieldDifference] | None = None) -> None:
        tp = self._found.tp
        self._report(
            Difference(
                kind=kind,
                topic=tp.topic,
                partition=tp.partition,
                offset=None,
                what=what,
                transaction=None if self._found.lane is None else self._found.lane.counter,
                fields=fields or [],
            )
        )
