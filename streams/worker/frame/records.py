"""Records as aiokafka's batch holds them, without a ConsumerRecord for each.

A worker reads only offset, key, value, headers and timestamp. Making a ConsumerRecord, with eleven fields, for every
record costs as much as decoding the event in it. The batch's records name no topic and no partition. This relies on
private names of `PartitionRecords` in aiokafka 0.14.0.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher


def read_bare_records() -> None:
    """Makes all consumers of this process give the records of a batch as they are, from now on."""
    fetcher.PartitionRecords._consumer_record = _bare  # noqa: SLF001 - aiokafka has no option for it
    fetcher.PartitionRecords.__iter__ = _unwrapped


def _bare(_self: fetcher.PartitionRecords, _tp: Any, record: Any) -> Any:
    return record


def _unwrapped(records: fetcher.PartitionRecords) -> Iterator[Any]:
    """Gives the generator itself, which saves a call per record. Iterating again continues where it stopped."""
    iterator: Iterator[Any] | None = records._records_iterator  # noqa: SLF001 - as above
    return iter(()) if iterator is None else iterator
