"""Records as aiokafka's batch holds them, without a ConsumerRecord for each.

A worker reads only offset, key, value, headers and timestamp. Making a ConsumerRecord, with eleven fields, for every
record costs as much as decoding the event in it. The batch's records name no topic and no partition. This relies on
private names of `PartitionRecords` in aiokafka 0.14.0.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords


def read_bare_records() -> None:
    """Makes all consumers of this process give the records of a batch as they are, from now on."""
    PartitionRecords._consumer_record = _bare  # noqa: SLF001 - aiokafka has no option for it
    PartitionRecords.__iter__ = _unwrapped


def _bare(_self: PartitionRecords, _tp: Any, record: Any) -> Any:
    return record


def _unwrapped(records: PartitionRecords) -> Iterator[Any]:
    """Gives the generator itself, which saves a call per record. Iterating again continues where it stopped."""
    iterator: Iterator[Any] | None = records._records_iterator  # noqa: SLF001 - as above
    return iter(()) if iterator is None else iterator
