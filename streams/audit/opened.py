"""What is sealed, as the audit compares it: opened by the customers' keys, or marked as what nobody reads any more.

The replay is in the clear. A message of whom was erased since cannot be opened: of it the id, the number, the order and
the headers are compared. That its customer was erased is looked up at the end (`tell`).
"""

from collections import Counter
from typing import Any, NamedTuple

import msgspec

from streams.audit.report import Difference, Report
from streams.contracts.envelope import Headers
from streams.contracts.sealed import STATE, opened_candidate, sealed_of, sealed_trigger_of
from streams.kafka.erasures import read_erasures
from streams.kafka.keys import Keys
from streams.sealing.cipher import SEALED
from streams.settings import Settings


class OpenedRecord(NamedTuple):
    """A record of an output, with its value in the clear."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


class Opener:
    """Opens records and states by the keys as of its making; counts what it could not open, by customer."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self.unopened: Counter[bytes] = Counter()
        self._settings = settings
        self._keys = keys

    async def look(self) -> None:
        """Takes in all keys that are written by now."""
        await self._keys.read_on()

    def record(self, record: Any) -> Any:
        """Gives a record of an output in the clear; as it is where its customer was erased since."""
        sealed = None if record.value is None else sealed_of(record.value)
        if sealed is None:
            return record
        return self._replaced(record, sealed.customer_id, self._keys.at_hand(sealed, record.headers).value)

    def candidate(self, record: Any) -> Any:
        """Gives a candidate with its trigger in the clear; as it is where the customer was erased since."""
        trigger = sealed_trigger_of(record.value or b"")
        if trigger is None:
            return record
        value = self._keys.at_hand(trigger, record.headers).value
        opened = None if value is None else opened_candidate(record.value, value)
        return self._replaced(record, trigger.customer_id, opened)

    def state(self, customer: bytes, packed: bytes) -> bytes | None:
        """Gives a state in the clear; None where its customer was erased since it was read."""
        if packed[:1] != SEALED:
            return packed
        return self._keys.unsealed(customer, STATE, packed).value

    async def tell(self, report: Report) -> None:
        """Notes in the report what could not be opened; of whom no erasure tells, that is a difference."""
        if not self.unopened:
            return
        erasures = await read_erasures(self._settings)
        report.notes.append(
            f"{self.unopened.total():,} messages are sealed by keys that are deleted, for customers who were erased "
            f"({len(self.unopened):,}): their ids, numbers, order and headers were compared"
        )
        for customer, count in self.unopened.items():
            if not erasures.has(customer):
                what = f"the key of {customer.decode(errors='replace')}, who was not erased, for {count:,} messages,"
                report.add(
                    Difference(
                        kind="missing", topic=self._settings.keys_topic, partition=-1, offset=None, what=what,
                        transaction=None,
                    )
                )  # fmt: skip

    def _replaced(self, record: Any, customer_id: str, value: bytes | None) -> Any:
        if value is None:
            self.unopened[customer_id.encode()] += 1
            return record
        return OpenedRecord(record.offset, record.key, value, record.headers, record.timestamp)


def is_unopened(value: bytes | None) -> bool:
    """Says whether a value, of a message or of a candidate, is sealed still."""
    return value is not None and (sealed_of(value) is not None or sealed_trigger_of(value) is not None)


def same_outline(found: bytes | None, expected: bytes | None) -> bool:
    """Says whether a sealed message is about what the one in the clear is about."""
    sealed = None if found is None else sealed_of(found)
    if sealed is None or expected is None:
        return False
    clear = msgspec.json.decode(expected)
    outline: dict[str, object] = {"id": sealed.id, "customer_id": sealed.customer_id}
    if sealed.sequence is not msgspec.UNSET:
        outline["sequence"] = sealed.sequence
    return all(clear.get(name) == content for name, content in outline.items())
