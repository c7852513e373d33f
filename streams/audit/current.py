"""Compares `tier.current` with the replay.

The newest record of a customer must be the last tier change, or a tombstone (docs/messages.md#tiercurrent).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streams.audit.opened import is_unopened
from streams.audit.report import Difference, FieldDifference
from streams.contracts.envelope import Headers
from streams.kafka.tape import Tape
from streams.partition.work import Message


class Newest(NamedTuple):
    """The newest record of a customer, as a hash instead of its bytes: there may be a million customers."""

    change_id: bytes | None  # None: a tombstone, or no record
    digest: int
    offset: int = -1


_NOTHING = Newest(None, 0)
_UNREAD = 1 << 64  # no hash: sealed by a key that is deleted


class CurrentComparison:
    """The comparison of one partition of `tier.current` with the replay.

    only: the key of the one customer who is audited; None for all.
    """

    def __init__(self, tape: Tape, report: Callable[[Difference], None], only: bytes | None) -> None:
        self._tape = tape
        self._report = report
        self._only = only
        self._expected: dict[bytes, Newest] = {}
        self._wrong: dict[bytes, Newest] = {}

    @property
    def compared(self) -> int:
        """Counts the customers whose newest record is compared."""
        return len(self._expected)

    @property
    def is_exhausted(self) -> bool:
        """Says whether no customer is left whose newest record is unexplained."""
        return not self._wrong

    def expect(self, current: Iterable[Message]) -> None:
        """Notes the records that one transaction should have written."""
        for key, value, headers in current:
            if self._only is None or key == self._only:
                self._expected[key or b""] = _newest(value, headers)

    def leave(self, keys: Iterable[bytes]) -> dict[bytes, Newest]:
        """Takes out the newest records of customers who move to another partition; tombstones are in their place."""
        theirs = {key: self._expected[key] for key in keys if key in self._expected}
        self._expected.update(dict.fromkeys(theirs, _NOTHING))
        return {key: newest for key, newest in theirs.items() if newest.change_id is not None}

    def join(self, newest: Mapping[bytes, Newest]) -> None:
        """Takes in the newest records of customers who have come from another partition."""
        self._expected.update(newest)

    async def read(self) -> None:
        """Reads the topic, and notes the customers whose newest record is not the expected one."""
        newest: dict[bytes, Newest] = {}
        while (record := await self._tape.next()) is not None:
            key = record.key or b""
            if self._only is None or key == self._only:
                newest[key] = _newest(record.value, record.headers, record.offset)
        for key in newest.keys() | self._expected.keys():
            found = newest.get(key, _NOTHING)
            if not _is_same(found, self._expected.get(key, _NOTHING)):
                self._wrong[key] = found

    def explain(self, current: Iterable[Message]) -> None:
        """Takes in what a transaction after the cut wrote. A record that it explains is no difference."""
        for key, value, headers in current:
            found = self._wrong.get(key or b"")
            if found is not None and _is_same(found, _newest(value, headers)):
                del self._wrong[key or b""]

    def finish(self) -> None:
        """Reports the customers whose newest record is unexplained."""
        for key, found in self._wrong.items():
            expected = self._expected.get(key, _NOTHING)
            tp = self._tape.tp
            self._report(
                Difference(
                    kind="missing"
                    if found.change_id is None
                    else "extra"
                    if expected.change_id is None
                    else "different",
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=found.offset if found.offset >= 0 else None,
                    what=f"the newest change of {key.decode(errors='replace')}",
                    transaction=None,
                    fields=[FieldDifference(field="id", topic=_shown(found), replay=_shown(expected))],
                )
            )


def _newest(value: bytes | None, headers: Headers, offset: int = -1) -> Newest:
    if value is None:
        return Newest(None, 0, offset)
    # The first header of a tier change is ce_id.
    change_id = headers[0][1] if headers else b""
    if is_unopened(value):
        return Newest(change_id, _UNREAD, offset)
    return Newest(change_id, hash((value, tuple(headers))), offset)


def _is_same(found: Newest, expected: Newest) -> bool:
    return found[:2] == expected[:2] or (found.digest == _UNREAD and found.change_id == expected.change_id)


def _shown(newest: Newest) -> str | None:
    return None if newest.change_id is None else newest.change_id.decode(errors="replace")
